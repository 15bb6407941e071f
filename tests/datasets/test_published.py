"""Data sets of files: Keras's forms made here, found in every place, downloaded from a server."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import re
import tarfile
from pathlib import Path

import numpy as np
import pytest

from geartrain import config, datasets
from geartrain.datasets import (
    boston_housing,
    california_housing,
    cifar10,
    cifar100,
    imdb,
    reuters,
)
from geartrain.errors import GeartrainWarning

FILES = [
    boston_housing.DATA_SET, california_housing.DATA_SET, cifar10.DATA_SET, cifar100.DATA_SET,
    imdb.DATA_SET, imdb.WORD_INDEX, reuters.DATA_SET, reuters.WORD_INDEX,
]  # fmt: skip


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def ragged(lists):
    array = np.empty(len(lists), object)
    array[:] = lists
    return array


def sequences(chance, count):
    return ragged([chance.integers(1, 400, chance.integers(1, 30)).tolist() for _ in range(count)])


CHANCE = np.random.default_rng(0)
REVIEWS = {"x_train": sequences(CHANCE, 40), "y_train": CHANCE.integers(0, 2, 40),
           "x_test": sequences(CHANCE, 30), "y_test": CHANCE.integers(0, 2, 30)}  # fmt: skip
NEWSWIRES = {"x": sequences(CHANCE, 50), "y": CHANCE.integers(0, 46, 50)}


def batch(seed, count, **labels):
    pixels = np.random.default_rng(seed).integers(0, 256, (count, 3072), dtype="uint8")
    return pixels, pickle.dumps({b"data": pixels, b"batch_label": b"a batch", **labels}, 2)


def tarball(files):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


LABELS = [[place, 9 - place] for place in range(6)]
BATCHES = [batch(place, 2, labels=LABELS[place]) for place in range(6)]
TEN = dict(zip(cifar10.DATA_SET.parts, (content for _, content in BATCHES), strict=True))
HUNDRED = {
    name: batch(7, 2, fine_labels=[99, place], coarse_labels=[19, 3])[1]
    for place, name in enumerate(("train", "test"))
}


def as_published(monkeypatch, module, parts, server=None, name="DATA_SET"):
    """Let the hashes be those of these files, and the one mirror on this machine."""
    files = getattr(module, name)
    hashes = {one: hashlib.sha256(content).hexdigest() for one, content in parts.items()}
    files = files._replace(parts=hashes)
    if server is not None:
        content = next(iter(parts.values()))
        if files.archives:
            content = tarball({f"{files.folders[0]}/{one}": parts[one] for one in parts})
            files = files._replace(archive_hash=hashlib.sha256(content).hexdigest())
        server.put("/file", content)
        files = files._replace(mirrors=(f"{server.url}/file",))
    monkeypatch.setattr(module, name, files)
    return files


@pytest.fixture
def offline(monkeypatch):
    def refuse(url, limit, context=None):
        raise ConnectionError(f"{url}: no network")

    monkeypatch.setattr("geartrain.downloads.fetch.fetch", refuse)


def put(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


@pytest.mark.parametrize("files", FILES)
def test_mirrors_are_https_and_hashes_are_whole(files):
    assert all(re.fullmatch(r"https://[^?#]+[^/]", mirror) for mirror in files.mirrors)
    assert all(re.fullmatch("[0-9a-f]{32}|[0-9a-f]{64}", one) for one in files.parts.values())
    assert bool(files.archives) == bool(re.fullmatch("[0-9a-f]{64}", files.archive_hash))


# Each set, downloaded, kept, and in the numbers that the file's have to become.


def test_cifar10(monkeypatch, server, home):
    as_published(monkeypatch, cifar10, TEN, server)
    (x_train, y_train), (x_test, y_test) = cifar10.load_data()
    pixels = np.concatenate([one for one, _ in BATCHES])
    images = pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    for found, expected in [
        (x_train, images[:10]),
        (x_test, images[10:]),
        (y_train, np.reshape(LABELS[:5], (10, 1))),
        (y_test, np.reshape(LABELS[5:], (2, 1))),
    ]:
        assert found.dtype == np.uint8 and np.array_equal(found, expected)
    kept = home / ".cache/geartrain/datasets/cifar-10-batches-py"
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == TEN
    config.set_image_data_format("channels_first")
    (x_train, _), _ = cifar10.load_data()
    assert np.array_equal(x_train, pixels[:10].reshape(10, 3, 32, 32))
    assert server.requests == ["/file"]


@pytest.mark.parametrize(("mode", "labels"), [("fine", [99, 0]), ("coarse", [19, 3])])
def test_cifar100(monkeypatch, server, mode, labels):
    as_published(monkeypatch, cifar100, HUNDRED, server)
    (x_train, y_train), (x_test, _) = cifar100.load_data(mode)
    assert x_train.shape == x_test.shape == (2, 32, 32, 3)
    assert y_train.dtype == np.uint8 and y_train.tolist() == [[one] for one in labels]
    with pytest.raises(ValueError, match=r"label_mode to be 'fine' or 'coarse'. Received: 'all'"):
        cifar100.load_data("all")


ARGUMENTS = [
    {},
    {"num_words": 100},
    {"num_words": 50, "skip_top": 5, "oov_char": None},
    {"maxlen": 12, "seed": 7},
    {"start_char": None, "index_from": 0},
    {"start_char": None, "oov_char": 9, "num_words": 200, "index_from": 5},
    {"maxlen": 20, "oov_char": None, "skip_top": 20},
]


def plain(x, y, random, arguments):
    """The numbers by plain loops: the definition in Keras's documentation."""
    options = {"num_words": None, "skip_top": 0, "maxlen": None, "start_char": 1, "oov_char": 2,
               "index_from": 3} | arguments  # fmt: skip
    order = np.arange(len(x))
    random.shuffle(order)
    texts = [[one + options["index_from"] for one in x[place]] for place in order]
    if options["start_char"] is not None:
        texts = [[options["start_char"], *text] for text in texts]
    pairs = list(zip(texts, y[order].tolist(), strict=True))
    if options["maxlen"]:
        pairs = [pair for pair in pairs if len(pair[0]) < options["maxlen"]]
    return pairs, options


def cut(pairs, options, end):
    def known(word):
        return options["skip_top"] <= word < (options["num_words"] or end)

    kept = [
        [word if known(word) else options["oov_char"] for word in text
         if known(word) or options["oov_char"] is not None]
        for text, _ in pairs
    ]  # fmt: skip
    return kept, [label for _, label in pairs]


def check(found, expected):
    (x, y), (texts, labels) = found, expected
    assert x.dtype == object and x.tolist() == texts
    assert {type(word) for text in x for word in text} == {int}
    assert y.dtype == np.int64 and y.tolist() == labels


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=str)
def test_imdb(monkeypatch, server, arguments):
    as_published(monkeypatch, imdb, {"imdb.npz": npz(**REVIEWS)}, server)
    arguments = dict(arguments)
    found = imdb.load_data(**arguments)
    random = np.random.RandomState(arguments.pop("seed", 113))
    halves = [
        plain(REVIEWS[f"x_{one}"], REVIEWS[f"y_{one}"], random, arguments)
        for one in ("train", "test")
    ]
    end = max(max(text) for pairs, _ in halves for text, _ in pairs)
    for one, (pairs, options) in zip(found, halves, strict=True):
        check(one, cut(pairs, options, end))


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=str)
@pytest.mark.parametrize("test_split", [0.2, 0.5])
def test_reuters(monkeypatch, server, arguments, test_split):
    as_published(monkeypatch, reuters, {"reuters.npz": npz(**NEWSWIRES)}, server)
    arguments = dict(arguments)
    train, test = reuters.load_data(test_split=test_split, **arguments)
    random = np.random.RandomState(arguments.pop("seed", 113))
    pairs, options = plain(NEWSWIRES["x"], NEWSWIRES["y"], random, arguments)
    texts, labels = cut(pairs, options, max(max(text) for text, _ in pairs))
    count = int(len(texts) * (1 - test_split))
    check(train, (texts[:count], labels[:count]))
    check(test, (texts[count:], labels[count:]))


def test_an_older_name_of_num_words_and_others(monkeypatch, server):
    as_published(monkeypatch, imdb, {"imdb.npz": npz(**REVIEWS)}, server)
    with pytest.warns(GeartrainWarning, match=r"nb_words in older versions.*Write num_words"):
        (x_train, _), _ = imdb.load_data(nb_words=50)
    assert max(max(one) for one in x_train) < 50
    with pytest.raises(TypeError, match=r"unexpected keyword 'num_word'. Did you mean 'num_words'"):
        imdb.load_data(num_word=50)
    with pytest.raises(ValueError, match=r"expected maxlen to be more .* Received: 1, and none"):
        imdb.load_data(maxlen=1)


@pytest.mark.parametrize("module", [imdb, reuters])
def test_indexes_of_words(monkeypatch, server, module):
    (name,) = module.WORD_INDEX.parts
    content = json.dumps({"the": 1, "naïve": 2}).encode()
    as_published(monkeypatch, module, {name: content}, server, "WORD_INDEX")
    assert module.get_word_index() == {"the": 1, "naïve": 2}
    assert len(reuters.get_label_names()) == 46 and reuters.get_label_names()[45] == "lead"


@pytest.mark.parametrize("module", [boston_housing, california_housing])
def test_housing(monkeypatch, server, module):
    (name,) = module.DATA_SET.parts
    chance = np.random.default_rng(0)
    x, y = chance.normal(size=(700, 8)), chance.normal(size=700)
    as_published(monkeypatch, module, {name: npz(x=x, y=y)}, server)
    order = np.arange(700)
    np.random.RandomState(113).shuffle(order)
    (x_train, y_train), (x_test, y_test) = module.load_data()
    assert np.array_equal(np.concatenate([x_train, x_test]), x[order]) and len(x_train) == 560
    assert np.array_equal(np.concatenate([y_train, y_test]), y[order])
    (x_train, _), (x_test, _) = module.load_data(test_split=0.0, seed=5)
    assert len(x_train) == 700 and len(x_test) == 0 and not np.array_equal(x_train, x[order])
    with pytest.raises(ValueError, match=r"test_split to be at least 0 and below 1.*Received: 1"):
        module.load_data(test_split=1)


def test_the_small_version_of_california(monkeypatch, server):
    x = np.arange(16_000.0, dtype="float32").reshape(2_000, 8)
    as_published(monkeypatch, california_housing, {
        "california_housing.npz": npz(x=x, y=x[:, 0])
    }, server)  # fmt: skip
    (x_train, y_train), (x_test, _) = california_housing.load_data("small")
    assert (len(x_train), len(x_test)) == (480, 120) and x_train.max() == x[599].max()
    assert x_train.dtype == np.float32 and np.array_equal(y_train, x_train[:, 0])
    with pytest.raises(ValueError, match=r"version to be 'small' or 'large'. Received: 'huge'"):
        california_housing.load_data("huge")


# Where files are found


@pytest.mark.parametrize(
    "place", ["given", ".cache/geartrain/datasets", ".keras/datasets", "share/datasets"]
)
@pytest.mark.parametrize(
    "below",
    ["cifar-10-python.tar.gz", "cifar-10-batches-py.tar.gz", "cifar-10-batches-py-target_archive",
     "cifar-10-batches-py", "cifar-10-batches-py-target/cifar-10-batches-py"],
)  # fmt: skip
def test_cifar10_is_found_as_every_version_of_keras_left_it(
    monkeypatch, home, offline, place, below
):
    monkeypatch.setenv("GEARTRAIN_DATA", str(home / "given"))
    as_published(monkeypatch, cifar10, TEN)
    path = home / place / below
    if "archive" in below or below.endswith(".gz"):
        content = tarball({f"cifar-10-batches-py/{k}": v for k, v in TEN.items()})
        put(path.parent, {path.name: content})
    else:
        put(path, TEN)
    assert len(cifar10.load_data()[0][0]) == 10
    monkeypatch.setitem(datasets._DATA_SETS, "cifar10", cifar10.DATA_SET)
    found = datasets.find("cifar10")
    assert found.found == path and home / place == found.folder


def test_a_path_is_read_as_it_is(home, offline):
    put(home / "own", {"texts.npz": npz(**NEWSWIRES)})
    (x_train, _), _ = reuters.load_data(home / "own/texts.npz")
    assert len(x_train) == 40
    put(home / ".keras/datasets", {"texts.npz": npz(**NEWSWIRES)})
    assert len(reuters.load_data("texts.npz")[0][0]) == 40
    with pytest.raises(FileNotFoundError, match=r"a file that exists. Received: 'own/none.npz'"):
        reuters.load_data("own/none.npz")
    with pytest.raises(TypeError, match=r"path to be a path. Received: 5"):
        reuters.load_data(5)


def test_without_a_network_the_error_says_which_file_to_put_where(home, offline):
    where = re.escape(str(home / ".keras/datasets"))
    with pytest.raises(FileNotFoundError) as told:
        imdb.load_data()
    assert re.search(
        r"^IMDB was not found\. Looked in:\n  GEARTRAIN_DATA: not set\n  Geartrain's cache (.*"
        r"\n)+  https://.*/imdb\.npz: no network\nDownload https://.*/imdb\.npz where there is a "
        rf"network\. Then put imdb\.npz into {where}, or set GEARTRAIN_DATA to the folder",
        str(told.value),
    )
    with pytest.raises(FileNotFoundError, match=r"Then put cifar-10-python\.tar\.gz, or the files"):
        cifar10.load_data()


def test_a_file_that_is_not_the_published_one_is_taken_last_and_with_a_warning(
    monkeypatch, home, server
):
    other = {**NEWSWIRES, "y": np.full(50, 7)}
    put(home / ".keras/datasets", {"reuters.npz": npz(**other)})
    published = as_published(monkeypatch, reuters, {"reuters.npz": npz(**NEWSWIRES)}, server)
    (_, y_train), _ = reuters.load_data()
    assert server.requests == ["/file"] and set(y_train) != {7}
    monkeypatch.setattr(reuters, "DATA_SET", published._replace(parts={"reuters.npz": "0" * 64}))
    with pytest.warns(GeartrainWarning, match=r"is not Reuters as it is published.*is taken\."):
        (_, y_train), _ = reuters.load_data()
    assert server.requests == ["/file"] * 2


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (None, "received another file than is published"),
        (tarball(HUNDRED)[:-100], "expected a whole tar archive"),
        (tarball({"train": b""}), "Received an archive without test"),
        (tarball({"train": b"", "test": b""}), "received another train than is published"),
    ],
    ids=["other", "cut", "test missing", "empty"],
)
def test_a_download_that_is_not_what_is_published_is_refused(
    monkeypatch, server, home, body, message
):
    files = as_published(monkeypatch, cifar100, HUNDRED, server)
    if body is None:
        server.put("/file", b"other")
    else:
        server.put("/file", body)
        digest = hashlib.sha256(body).hexdigest()
        monkeypatch.setattr(cifar100, "DATA_SET", files._replace(archive_hash=digest))
    with pytest.raises(FileNotFoundError, match=rf"/file: .*{message}"):
        cifar100.load_data()
    assert not [path for path in home.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", r": expected JSON\. Received: "),
        (b"\xff", r": expected JSON\. Received: "),
        (b"[" * 100_000, r": expected JSON\. Received: "),
        (b"[]", r": expected a number for each word\. Received: other JSON"),
        (b'{"the": "1"}', r": expected a number for each word\. Received: other JSON"),
    ],
)
def test_an_index_that_is_none_is_refused(tmp_path, body, message):
    put(tmp_path, {"own.json": body})
    with pytest.raises(ValueError, match=message):
        reuters.get_word_index(tmp_path / "own.json")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (npz(x=np.zeros(3), y=np.zeros(3, int)), r"x\.npy: expected elements of the kinds 'O'"),
        (npz(x=ragged([[1], "two"]), y=np.zeros(2, int)), "expected an array of lists"),
        (npz(x=ragged([[1], [2.5]]), y=np.zeros(2, int)), "expected lists of .* whole numbers"),
        (npz(x=NEWSWIRES["x"], y=np.zeros(3, int)), "a label for each of 50 newswires"),
        (npz(x=NEWSWIRES["x"]), r"expected the members \['x.npy', 'y.npy'\]"),
        (npz(x=ragged([{1: print}]), y=np.zeros(1, int)), r"expected data alone.*builtins\.print"),
        (npz(**NEWSWIRES)[:-50], r"expected a whole \.npz archive"),
        (b"", r"expected a whole \.npz archive"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path, content, message):
    put(tmp_path, {"own.npz": content})
    with pytest.raises(ValueError, match=message):
        reuters.load_data(tmp_path / "own.npz")


def test_few_lists_many_times_are_no_way_to_fill_memory(tmp_path):
    one = list(range(10_000))
    put(tmp_path, {"own.npz": npz(x=ragged([one] * 10_000), y=np.zeros(10_000, int))})
    with pytest.raises(ValueError, match=r"expected lists of 16777216 whole numbers at most"):
        reuters.load_data(tmp_path / "own.npz")


def test_files_that_are_too_large_are_not_read(tmp_path):
    with Path(tmp_path / "own.npz").open("wb") as file:
        file.truncate(1 << 26)
    with pytest.raises(ValueError, match=r"expected a file of at most 16777216 bytes"):
        reuters.load_data(tmp_path / "own.npz")
