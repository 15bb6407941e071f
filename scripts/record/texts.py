"""Layers for texts and categories: what they learn and return."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from record.common import Recording

TEXTS = ["The cat sat!", "", "a-b c\td  THE Ünï É", "the dog (and the cat) sat"]
WORDS = ["the", "cat", "the cat"]
LETTERS = ["a", "b", "c"]
TOKENS = [["a", "z"], ["c", "c"], ["q", "b"]]
NUMBERS = [[12, -1], [35, 36], [12, 12]]
WEIGHTS = [0.5, 0.75, 1.5]

# The layer, its arguments, what to adapt to (None: nothing), and the input.
CASES: list[tuple[str, dict[str, Any], Any, Any]] = [
    *(("StringLookup", {"vocabulary": LETTERS, "output_mode": mode, **more}, None, given)
      for mode in ("int", "one_hot", "multi_hot", "count")
      for more, given in (({"mask_token": ""}, TOKENS), ({"num_oov_indices": 3}, TOKENS),
                          ({}, ["a", "z"]), ({}, [["a"], ["z"]]))),
    ("StringLookup", {"vocabulary": LETTERS, "num_oov_indices": 3, "salt": [1, 2]}, None, TOKENS),
    ("StringLookup", {"vocabulary": LETTERS, "num_oov_indices": 0}, None, [["a", "b"]]),
    ("StringLookup", {"vocabulary": LETTERS, "output_mode": "tf_idf", "idf_weights": WEIGHTS},
     None, TOKENS),
    ("StringLookup", {"vocabulary": LETTERS, "max_tokens": 7, "pad_to_max_tokens": True,
                      "output_mode": "count"}, None, TOKENS),
    ("StringLookup", {"vocabulary": LETTERS, "output_mode": "count"}, None,
     [[["a", "b"]], [["c", "c"]]]),
    ("StringLookup", {}, ["b", "a", "b", "Ü", "[UNK]"], TOKENS),
    ("StringLookup", {"max_tokens": 4, "mask_token": "", "num_oov_indices": 2}, TOKENS, TOKENS),
    ("StringLookup", {"output_mode": "tf_idf"}, TOKENS, TOKENS),
    ("StringLookup", {"output_mode": "tf_idf", "max_tokens": 9, "pad_to_max_tokens": True},
     ["b", "a", "b"], TOKENS),
    *(("IntegerLookup", {"vocabulary": [12, 36], **more}, None, NUMBERS)
      for more in ({}, {"mask_token": 0}, {"num_oov_indices": 3}, {"invert": True},
                   {"mask_token": -1, "output_mode": "multi_hot"}, {"output_mode": "count"},
                   {"num_oov_indices": 3, "oov_method": "farmhash"},
                   {"num_oov_indices": 3, "oov_method": "farmhash", "salt": 7})),
    ("IntegerLookup", {"max_tokens": 3, "mask_token": 0}, [5, 5, 3, 3, 9, 0, -1], NUMBERS),
    ("IntegerLookup", {}, [[5, 5], [36, 3]], NUMBERS),
    *(("TextVectorization", arguments, TEXTS, given)
      for arguments in (
          {}, {"output_sequence_length": 3}, {"output_sequence_length": 8}, {"max_tokens": 4},
          {"standardize": "lower"}, {"standardize": "strip_punctuation"}, {"standardize": None},
          {"split": "character"}, {"split": "character", "output_sequence_length": 5},
          {"ngrams": 2}, {"ngrams": [2, 3]}, {"output_mode": "multi_hot"},
          {"output_mode": "count"}, {"output_mode": "tf_idf"},
          {"output_mode": "count", "ngrams": 2}, {"output_mode": "count", "split": "character"},
          {"output_mode": "tf_idf", "max_tokens": 20, "pad_to_max_tokens": True})
      for given in [TEXTS]),
    *(("TextVectorization", arguments, TEXTS[:1], given)
      for arguments in ({}, {"output_mode": "count"})
      for given in ([[text] for text in TEXTS[:2]], "The cat foo")),
    *(("TextVectorization", {"split": None, "vocabulary": WORDS, **more}, None, given)
      for more in ({}, {"output_sequence_length": 3}, {"output_mode": "count"}, {"ngrams": 2},
                   {"output_mode": "one_hot"})
      for given in (["the", "b"], [["the", "cat"], ["c", "The."]])),
    *(("Hashing", {"num_bins": 5, **more}, None, given)
      for more in ({}, {"salt": 3}, {"salt": [3, 8]}, {"output_mode": "one_hot"},
                   {"output_mode": "multi_hot"}, {"output_mode": "count"}, {"dtype": "int32"})
      for given in (TOKENS, NUMBERS)),
    ("Hashing", {"num_bins": 5, "mask_value": "z"}, None, TOKENS),
    ("Hashing", {"num_bins": 5, "mask_value": -1}, None, NUMBERS),
    ("Hashing", {"num_bins": 1000}, None, ["x" * length for length in range(0, 200, 7)]),
    ("Hashing", {"num_bins": 5}, None, [1.7, -2.2]),
    *(("HashedCrossing", {"num_bins": 11, **more}, None, given)
      for more in ({}, {"output_mode": "one_hot"})
      for given in ([["a", "b"], [1, -2]], [[["a"], ["b"]], [[1], [2]], [["x"], ["y"]]])),
]  # fmt: skip


def record() -> Recording:
    """The results of each case, and the vocabulary."""
    recording = Recording(
        "The layer with `config`, adapted to `data` where there are some, called on `input`: its "
        "`vocabulary`, and the `result`."
    )
    for number, (layer_name, arguments, data, given) in enumerate(CASES):
        config = {
            name: tuple(value) if name == "ngrams" and isinstance(value, list) else value
            for name, value in arguments.items()
        }
        layer = getattr(keras.layers, layer_name)(**config)
        if data is not None:
            layer.adapt(np.array(data))
        several = layer_name == "HashedCrossing"
        result = layer([np.array(one) for one in given] if several else np.array(given))
        vocabulary = layer.get_vocabulary() if hasattr(layer, "get_vocabulary") else None
        recording.case(
            name=f"{number} {layer_name}", layer=layer_name, config=arguments, data=data,
            input=given, result=np.asarray(result).tolist(),
            vocabulary=vocabulary and [v if isinstance(v, str) else int(v) for v in vocabulary],
        )  # fmt: skip
    return recording
