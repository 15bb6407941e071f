"""`tf.random`: numbers that `set_seed` makes reproducible. They are not TensorFlow's own."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from geartrain import ops, random
from geartrain.compat.tensorflow.dtypes import as_dtype
from geartrain.compat.tensorflow.shapes import shape_of
from geartrain.compat.tensorflow.tensor import tensor
from geartrain.graph.eager import eager
from geartrain.ops.operands import extents_of, operand
from geartrain.runtime.variable import Variable


def set_seed(seed: int) -> None:
    """Make all that is random after this call reproducible."""
    random.set_random_seed(int(seed) % 2**32)


def _key(seed: Any) -> Any:
    """What the functions of `random` take: a generator, or None for the global one.

    TensorFlow's operations with a seed draw other numbers at each call.
    """
    return seed if isinstance(seed, random.SeedGenerator) else None


def _stateless(seed: Any) -> Any:
    """The key that two numbers are."""
    both = ops.cast(operand(seed), "uint32")
    return both if extents_of(both) == (2,) else ops.stack([both, ops.zeros_like(both)])


def _normal(shape: Any, mean: Any, stddev: Any, dtype: Any, seed: Any) -> Any:
    return eager(random.normal(shape_of(shape), mean, stddev, as_dtype(dtype).name, seed))


def _truncated(shape: Any, mean: Any, stddev: Any, dtype: Any, seed: Any) -> Any:
    return eager(random.truncated_normal(shape_of(shape), mean, stddev, as_dtype(dtype).name, seed))


def _uniform(shape: Any, minval: Any, maxval: Any, dtype: Any, seed: Any) -> Any:
    wanted = as_dtype(dtype)
    if wanted.is_integer:
        if maxval is None:
            raise ValueError("tf.random.uniform: expected maxval for integers. Received: None")
        low, high = _number(minval), _number(maxval)
        return eager(random.randint(shape_of(shape), low, high, wanted.name, seed))
    high = 1.0 if maxval is None else maxval
    return eager(random.uniform(shape_of(shape), minval, high, wanted.name, seed))


def _number(bound: Any) -> Any:
    return bound.item() if isinstance(bound, np.ndarray) and bound.ndim == 0 else bound


def _categorical(logits: Any, num_samples: Any, dtype: Any, seed: Any) -> Any:
    wanted = as_dtype(dtype or "int64").name
    return eager(random.categorical(logits, int(num_samples), wanted, seed))


def _shuffled(value: Any, seed: Any) -> Any:
    if getattr(getattr(value, "dtype", None), "kind", "") in tuple("OSUT"):
        array = np.asarray(value)
        order = np.asarray(random.shuffle(np.arange(len(array)), seed=seed))
        return tensor(array[order])
    return eager(random.shuffle(value, seed=seed))


def normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", seed: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Normal numbers."""
    return _normal(shape, mean, stddev, dtype, _key(seed))


def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", seed: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Normal numbers less than two standard deviations from the mean."""
    return _truncated(shape, mean, stddev, dtype, _key(seed))


def uniform(
    shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32", seed: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Numbers, or with an integer dtype whole numbers, from `minval` to `maxval` without it."""
    return _uniform(shape, minval, maxval, dtype, _key(seed))


def categorical(
    logits: Any, num_samples: Any, dtype: Any = None, seed: Any = None, name: str | None = None
) -> Any:
    """Classes drawn with probabilities `softmax(logits)`."""
    return _categorical(logits, num_samples, dtype, _key(seed))


def shuffle(value: Any, seed: Any = None, name: str | None = None) -> Any:
    """The rows in a random order."""
    return _shuffled(value, _key(seed))


def _gamma(shape: Any, alpha: Any, beta: Any, dtype: Any) -> Any:
    source = np.random.default_rng(random.fresh_seed())
    alpha = np.asarray(operand(alpha, as_dtype(dtype).name))
    beta = 1.0 if beta is None else np.asarray(beta)
    sizes = (*shape_of(shape), *np.broadcast_shapes(alpha.shape, np.shape(beta)))
    return tensor((source.gamma(alpha, size=sizes) / beta).astype(as_dtype(dtype).name))


def gamma(
    shape: Any, alpha: Any, beta: Any = None, dtype: Any = "float32", seed: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Numbers of gamma distributions, so many for each `alpha` (without gradients)."""
    return _gamma(shape, alpha, beta, dtype)


def poisson(
    shape: Any, lam: Any, dtype: Any = "float32", seed: Any = None, name: str | None = None
) -> Any:
    """Numbers of Poisson distributions, so many for each `lam`."""
    source = np.random.default_rng(random.fresh_seed())
    made = source.poisson(np.asarray(lam), (*shape_of(shape), *np.shape(lam)))
    return tensor(made.astype(as_dtype(dtype).name))


def stateless_normal(
    shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32",
    name: str | None = None, alg: Any = "auto_select",
) -> Any:  # fmt: skip
    """Normal numbers, the same for the same seed: two whole numbers."""
    return _normal(shape, mean, stddev, dtype, _stateless(seed))


def stateless_truncated_normal(
    shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32",
    name: str | None = None, alg: Any = "auto_select",
) -> Any:  # fmt: skip
    """Normal numbers within two standard deviations, the same for the same seed."""
    return _truncated(shape, mean, stddev, dtype, _stateless(seed))


def stateless_uniform(
    shape: Any, seed: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32",
    name: str | None = None, alg: Any = "auto_select",
) -> Any:  # fmt: skip
    """Uniform numbers, the same for the same seed."""
    return _uniform(shape, minval, maxval, dtype, _stateless(seed))


def stateless_categorical(
    logits: Any, num_samples: Any, seed: Any, dtype: Any = "int64", name: str | None = None
) -> Any:
    """Classes drawn with probabilities `softmax(logits)`, the same for the same seed."""
    return _categorical(logits, num_samples, dtype, _stateless(seed))


def split(seed: Any, num: int = 2, alg: Any = "auto_select") -> Any:
    """Seeds of so many other sequences: (num, 2)."""
    key = np.asarray(operand(seed)).astype("uint32")
    source = np.random.default_rng(key)
    return tensor(source.integers(0, 2**31, (int(num), 2)).astype(np.asarray(seed).dtype))


def fold_in(seed: Any, data: Any, alg: Any = "auto_select") -> Any:
    """The seed of another sequence, for each whole number."""
    key = np.append(np.asarray(operand(seed)), int(data)).astype("uint32")
    source = np.random.default_rng(key)
    return tensor(source.integers(0, 2**31, 2).astype(np.asarray(seed).dtype))


def random_index_shuffle(
    index: Any, seed: Any, max_index: Any, rounds: int = 4, name: str | None = None
) -> Any:
    """Where a place of 0 to `max_index` comes when all are shuffled by a seed."""
    order = _order(tuple(np.asarray(seed).tolist()), int(max_index))
    return tensor(order[np.asarray(index)].astype(np.asarray(operand(index)).dtype))


@functools.lru_cache(maxsize=4)
def _order(seed: tuple[int, ...], most: int) -> np.ndarray:
    return np.random.default_rng([one % 2**64 for one in seed]).permutation(most + 1)


class Generator:
    """Random numbers of a sequence of its own.

    Args:
        seed: where it begins.
    """

    def __init__(self, seed: Any = None, alg: Any = None) -> None:
        if not isinstance(seed, random.SeedGenerator):
            seed = random.SeedGenerator(None if seed is None else int(seed))
        self._generator = seed

    @classmethod
    def from_seed(cls, seed: Any, alg: Any = None) -> Generator:
        """A generator that begins at a seed."""
        return cls(seed)

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """A generator that begins anywhere."""
        return cls()

    @property
    def state(self) -> Variable:
        """Where it is: a variable."""
        return self._generator.state

    def reset_from_seed(self, seed: Any) -> None:
        """Begin at a seed anew."""
        self.state.assign(random.SeedGenerator(int(seed)).state.numpy())

    def make_seeds(self, count: int = 1) -> Any:
        """Seeds for stateless functions: a column each."""
        keys = [ops.cast(self._generator.next(), "int64") for _ in range(count)]
        return ops.transpose(ops.stack(keys))

    def split(self, count: int = 1) -> list[Generator]:
        """Generators of other sequences."""
        seeds = np.asarray(self.make_seeds(count))
        return [Generator(int(low) + (int(high) << 32)) for low, high in seeds.T]

    def normal(
        self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32",
        name: str | None = None,
    ) -> Any:  # fmt: skip
        """Normal numbers."""
        return _normal(shape, mean, stddev, dtype, self._generator)

    def truncated_normal(
        self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32",
        name: str | None = None,
    ) -> Any:  # fmt: skip
        """Normal numbers within two standard deviations."""
        return _truncated(shape, mean, stddev, dtype, self._generator)

    def uniform(
        self, shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32",
        name: str | None = None,
    ) -> Any:  # fmt: skip
        """Uniform numbers."""
        return _uniform(shape, minval, maxval, dtype, self._generator)

    def binomial(
        self, shape: Any, counts: Any, probs: Any, dtype: Any = "int32", name: str | None = None
    ) -> Any:
        """How often something of probability `probs` comes in `counts` trials."""
        source = np.random.default_rng(np.asarray(self._generator.next()))
        made = source.binomial(np.asarray(counts), np.asarray(probs), shape_of(shape))
        return tensor(made.astype(as_dtype(dtype).name))


_global: list[Generator] = []


def get_global_generator() -> Generator:
    """The generator of those who have none of their own."""
    if not _global:
        _global.append(Generator(random.global_generator("tf.random.Generator")))
    return _global[0]


def set_global_generator(generator: Generator) -> None:
    """Put another in its place."""
    _global[:] = [generator]


__all__ = [
    "Generator", "categorical", "fold_in", "gamma", "get_global_generator", "normal", "poisson",
    "random_index_shuffle", "set_global_generator", "set_seed", "shuffle", "split",
    "stateless_categorical",
    "stateless_normal", "stateless_truncated_normal", "stateless_uniform", "truncated_normal",
    "uniform",
]  # fmt: skip
