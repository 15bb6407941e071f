"""Where random numbers come from: seeds, generators, and the keys that they give."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import ops
from geartrain.configurable import Configurable
from geartrain.errors import describe_value, shown, unknown_keywords
from geartrain.ops.operands import dtype_of
from geartrain.registry import automatic_name, register
from geartrain.runtime.variable import Variable

_global: dict[str, Any] = {"seed": None, "drawn": 0, "generators": {}}


def set_random_seed(seed: int) -> None:
    """Make everything random after this call reproducible.

    Also seeds Python's `random` and `numpy.random`, as Keras does.

    Args:
        seed: an integer in [0, 2**32).

    Raises ValueError for anything else.

    >>> from geartrain.random import uniform
    >>> set_random_seed(7)
    >>> first = uniform((2,))
    >>> set_random_seed(7)
    >>> bool((uniform((2,)) == first).all())
    True
    """
    import random

    if isinstance(seed, bool) or not hasattr(seed, "__index__") or not 0 <= int(seed) < 2**32:
        raise ValueError(
            f"set_random_seed: expected an integer in [0, 2**32 - 1]. Received: {shown(seed)}"
        )
    random.seed(int(seed))
    np.random.seed(int(seed))
    _global.update(seed=int(seed), drawn=0)
    for name, generator in _global["generators"].items():
        generator.state.assign(_key_of(_seed_named(name)))


def fresh_seed() -> int:
    """A seed that nobody has drawn yet: the global seed and a counter, hashed to 32 bits.

    Without `set_random_seed`, Python's `random` gives it: the operating system's entropy, or what
    follows from `random.seed`, as in Keras.
    """
    _global["drawn"] += 1
    return _seed_named(_global["drawn"])


def _seed_named(name: int | str) -> int:
    import random
    from hashlib import blake2b

    if _global["seed"] is None:
        return random.getrandbits(32)
    text = f"{_global['seed']}/{name}".encode()
    return int.from_bytes(blake2b(text, digest_size=4).digest(), "little")


def global_seed() -> int | None:
    """The seed that `set_random_seed` was given last."""
    seed: int | None = _global["seed"]
    return seed


def global_state() -> dict[str, Any]:
    """Where all random numbers of the process are: its seed, Python's and NumPy's generators.

    >>> before = global_state()
    >>> first = np.random.random()
    >>> set_global_state(before)
    >>> np.random.random() == first
    True
    """
    import random

    kind, words, place, has_normal, normal = np.random.get_state()
    version, python, normal_of_python = random.getstate()
    return {
        "seed": _global["seed"],
        "drawn": _global["drawn"],
        "keys": {name: one.state.numpy() for name, one in _global["generators"].items()},
        "numpy": [kind, np.asarray(words), place, has_normal, normal],
        "python": [version, np.asarray(python, np.uint32), normal_of_python],
    }


def set_global_state(state: dict[str, Any]) -> None:
    """Go on with the random numbers where `global_state` was called."""
    import random

    _global.update(seed=state["seed"], drawn=state["drawn"])
    for name, key in state["keys"].items():
        global_generator(name).state.assign(key)
    np.random.set_state(tuple(state["numpy"]))
    version, words, normal = state["python"]
    random.setstate((version, tuple(map(int, words)), normal))


def _key_of(seed: int) -> np.ndarray:
    return np.array([seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF], np.uint32)


@register("random")
class SeedGenerator(Configurable):
    """A sequence of keys for random functions.

    Its `state` is a variable, so a traced function that draws from it goes on at each run.

    Args:
        seed: an integer; by default one drawn from the global seed.
        name: a name for messages and files.

    Raises ValueError for a seed that is not an integer.

    >>> from geartrain.random import uniform
    >>> generator = SeedGenerator(seed=1)
    >>> first, second = uniform((), seed=generator), uniform((), seed=generator)
    >>> bool(first == second), bool(first == uniform((), seed=SeedGenerator(1)))
    (False, True)
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any) -> None:
        if kwargs:
            raise unknown_keywords("SeedGenerator", kwargs, ("seed", "name"))
        if seed is not None and (isinstance(seed, bool) or not hasattr(seed, "__index__")):
            raise ValueError(f"SeedGenerator: expected an integer as seed. Received: {shown(seed)}")
        self.seed = seed
        self.name = name or automatic_name("seed_generator")
        self._first = fresh_seed() if seed is None else int(seed)
        key = _key_of(self._first)
        self.state = Variable(key, dtype="uint32", trainable=False, name="seed_generator_state")
        self.state.is_state = True  # bookkeeping, not a weight

    def _config_value(self, name: str) -> Any:
        return self._first if name == "seed" else super()._config_value(name)

    def _copied_state(self, parts: list[Any]) -> dict[str, Any]:
        return {"key": self.state.array}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Go on where the generator is that this one is a copy of."""
        self.state.assign(state["key"])

    def next(self, ordered: bool = True) -> Any:
        """The current key, a tensor of shape (2,) and dtype uint32; the state moves on."""
        key = self.state.value
        self.state.assign(ops.add(key, np.array([0, 1], np.uint32)))
        return key

    def next_now(self) -> np.ndarray:
        """The same at once, even while a function is traced: for initial values."""
        key = self.state.numpy()
        np.add(key, np.array([0, 1], np.uint32), out=self.state.array)
        return key


def global_generator(name: str = "global_seed_generator") -> SeedGenerator:
    """The generator of that name, the same at every call, which `set_random_seed` starts afresh.

    Its key follows from the global seed and the name alone, and takes nothing from the counter of
    `fresh_seed`: whether and when it was made changes no other numbers.
    """
    generators = _global["generators"]
    if name not in generators:
        generators[name] = SeedGenerator(_seed_named(name), name)
    return generators[name]


def draw_key(seed: Any) -> Any:
    """The key that a `seed` argument means: a tensor of shape (2,) and dtype uint32."""
    if seed is None:
        return global_generator().next()
    if isinstance(seed, SeedGenerator):
        return seed.next()
    if hasattr(seed, "__index__") and not isinstance(seed, bool) and not hasattr(seed, "shape"):
        return _key_of(int(seed))
    if hasattr(seed, "shape") and tuple(seed.shape) == (2,) and dtype_of(seed) == "uint32":
        return seed
    raise ValueError(
        "Expected seed as an integer, a SeedGenerator or None. "
        f"Received: {describe_value(seed)} of type {type(seed).__name__}"
    )
