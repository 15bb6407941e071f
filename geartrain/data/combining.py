"""Data sets made of several others."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from geartrain import config, tree
from geartrain.data.base import (
    INFINITE,
    UNKNOWN,
    Base,
    applied,
    check_dataset,
    check_function,
    whole_number,
)
from geartrain.data.elements import Form, protected
from geartrain.data.programs import FEWEST
from geartrain.data.rows import Rows
from geartrain.errors import shown
from geartrain.random import fresh_seed


class Combining(Base):
    """The methods that put data sets together."""

    @classmethod
    def zip(cls, *args: Any, datasets: Any = None, name: str | None = None) -> Any:
        """Elements that are each one element of every data set; it ends with the shortest.

        Args:
            args: data sets, or one tuple or dict of them.
            datasets: the same as a keyword.
            name: accepted as in TensorFlow.

        Raises TypeError for what are no data sets.

        >>> from geartrain.data import Dataset
        >>> list(Dataset.zip(Dataset.range(2), Dataset.range(5, 9)))
        [(array(0), array(5)), (array(1), array(6))]
        """
        given = datasets if datasets is not None else args[0] if len(args) == 1 else args
        form = Form(given)
        several = [check_dataset("zip", one) for one in form.leaves(given)]
        counts = [one._count for one in several if one._count != INFINITE]
        count = UNKNOWN if UNKNOWN in counts else min(counts, default=INFINITE)

        def make() -> Iterator[Any]:
            for elements in zip(*(one._make() for one in several), strict=False):
                yield form.packed(elements)

        spec = lambda: form.packed([one.element_spec for one in several])  # noqa: E731
        rows = [one._rows for one in several]
        fixed = {one.fixed[: max(0, count)] for one in rows if one and one.fixed is not None}
        plain = [one for one in rows if one and one.fixed is not None and one.then is None]
        if len(fixed) == 1 and len(plain) == len(rows):
            block = lambda: form.packed([one.block for one in plain])  # noqa: E731
            return cls._of_rows(Rows.in_range(block, fixed.pop()), count, spec)
        return cls._made(make, count, spec)

    def concatenate(self, dataset: Any, name: str | None = None) -> Any:
        """The elements of this data set, then those of another.

        >>> from geartrain.data import Dataset
        >>> list(Dataset.range(2).concatenate(Dataset.range(5, 6)))
        [array(0), array(1), array(5)]
        """
        check_dataset("concatenate", dataset)
        counts = (self._count, dataset._count)
        count = INFINITE if INFINITE in counts else UNKNOWN if UNKNOWN in counts else sum(counts)
        return self._made(
            lambda: itertools.chain(self._make(), dataset._make()),
            count,
            lambda: tree.map_structure(_common, self.element_spec, dataset.element_spec),
        )

    def flat_map(self, map_func: Callable[..., Any], name: str | None = None) -> Any:
        """The elements of the data sets that a function makes, one after the other.

        Raises TypeError, on iteration, where it makes something else.

        >>> from geartrain.data import Dataset
        >>> [int(x) for x in Dataset.range(3).flat_map(lambda x: Dataset.range(x))]
        [0, 0, 1]
        """
        made = self._sources("flat_map", map_func)

        def make() -> Iterator[Any]:
            for source in made():
                yield from source._make()

        spec = lambda: _spec_of_first(made())  # noqa: E731
        if self._windows is not None and self._count >= FEWEST:
            windows = self._windows()
            if windows is not None and self._batches_each(map_func, windows):
                rows = Rows.in_range(protected(windows), range(len(windows)))
                return self._of_rows(rows, UNKNOWN, spec)
        return self._made(make, UNKNOWN, spec)

    def _batches_each(self, map_func: Callable[..., Any], windows: np.ndarray) -> bool:
        """Whether a function makes one batch of each window, as it does of the first."""
        first = self.root.from_tensor_slices(windows[0])
        found = map_func(first)
        batched = found._batched if isinstance(found, Base) else None
        if batched is None or batched.rows is not first._rows:
            return False
        return bool(found._count == 1 and batched.total == batched.size)

    def _sources(self, who: str, map_func: Callable[..., Any]) -> Callable[[], Iterator[Any]]:
        """The data sets that a function makes of the elements."""
        check_function(who, map_func)
        return lambda: (check_dataset(who, applied(map_func, one)) for one in self._make())

    def interleave(
        self,
        map_func: Callable[..., Any],
        cycle_length: int | None = None,
        block_length: int | None = None,
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> Any:
        """The elements of the data sets that a function makes, in turns.

        Args:
            map_func: makes a data set of an element.
            cycle_length: how many data sets are open at a time; by default as many as threads.
            block_length: how many elements each gives in its turn; 1 by default.
            num_parallel_calls, deterministic, name: accepted as in TensorFlow.

        >>> from geartrain.data import Dataset
        >>> [int(x) for x in Dataset.range(1, 4).interleave(
        ...     lambda x: Dataset.from_tensors(x).repeat(3), cycle_length=2, block_length=2)]
        [1, 1, 2, 2, 1, 2, 3, 3, 3]
        """
        made = self._sources("interleave", map_func)
        if cycle_length in (None, -1):
            cycle_length = config.threads()
        cycle = whole_number("interleave", "cycle_length", cycle_length)
        length = whole_number("interleave", "block_length", block_length or 1)

        def make() -> Iterator[Any]:
            sources = (source._make() for source in made())
            places: list[Iterator[Any] | None] = [None] * cycle
            place = idle = 0
            while idle < cycle:
                if places[place] is None:
                    places[place] = next(sources, None)
                source = places[place]
                if source is None:
                    idle += 1
                else:
                    idle = 0
                    for _ in range(length):
                        for element in itertools.islice(source, 1):
                            yield element
                            break
                        else:
                            places[place] = None
                            break
                place = (place + 1) % cycle

        return self._made(make, UNKNOWN, lambda: _spec_of_first(made()))

    @classmethod
    def sample_from_datasets(
        cls,
        datasets: Sequence[Any],
        weights: Any = None,
        seed: int | None = None,
        stop_on_empty_dataset: bool = False,
        rerandomize_each_iteration: bool | None = None,
    ) -> Any:
        """Elements of several data sets, each drawn from one at random.

        Args:
            datasets: a list of them.
            weights: the probability of each; equal by default. A data set of them works too.
            seed: of the random numbers.
            stop_on_empty_dataset: whether it ends with the first that ends; else with the last.
            rerandomize_each_iteration: whether each way through draws anew.

        Raises ValueError for another number of weights.

        >>> from geartrain.data import Dataset
        >>> ones = Dataset.from_tensors(1).repeat(3)
        >>> len(list(Dataset.sample_from_datasets([ones, ones], seed=1)))
        6
        """
        several = [check_dataset("sample_from_datasets", one) for one in datasets]
        if isinstance(weights, Base):
            chances: Callable[[], Iterator[Any]] = weights._make
        else:
            given = np.ones(len(several)) if weights is None else np.asarray(weights, "float64")
            if given.shape != (len(several),):
                raise ValueError(
                    f"sample_from_datasets: expected {len(several)} weights, one for each data "
                    f"set. Received: {shown(weights)}"
                )
            chances = lambda: itertools.repeat(given)  # noqa: E731
        random = np.random.default_rng(fresh_seed() if seed is None else int(seed))
        first = int(random.integers(2**63))

        def make() -> Iterator[Any]:
            again = rerandomize_each_iteration
            own = np.random.default_rng(int(random.integers(2**63)) if again else first)
            sources = [one._make() for one in several]
            left = np.ones(len(sources), bool)
            for weight in chances():
                share = np.where(left, np.asarray(weight, "float64"), 0)
                while share.sum() > 0:
                    place = int(own.choice(len(sources), p=share / share.sum()))
                    found = list(itertools.islice(sources[place], 1))
                    if found:
                        yield found[0]
                        break
                    if stop_on_empty_dataset:
                        return
                    left[place] = False
                    share[place] = 0
                if not left.any():
                    return

        return cls._made(make, UNKNOWN, lambda: several[0].element_spec)

    @classmethod
    def choose_from_datasets(
        cls, datasets: Sequence[Any], choice_dataset: Any, stop_on_empty_dataset: bool = True
    ) -> Any:
        """Elements of several data sets, in the order of the numbers that another gives.

        >>> from geartrain.data import Dataset
        >>> letters = [Dataset.from_tensors(x).repeat() for x in (5, 6)]
        >>> chosen = Dataset.choose_from_datasets(letters, Dataset.from_tensor_slices([1, 0, 1]))
        >>> [int(x) for x in chosen]
        [6, 5, 6]
        """
        several = [check_dataset("choose_from_datasets", one) for one in datasets]
        check_dataset("choose_from_datasets", choice_dataset)

        def make() -> Iterator[Any]:
            sources = [one._make() for one in several]
            for choice in choice_dataset._make():
                found = list(itertools.islice(sources[int(choice)], 1))
                if not found and stop_on_empty_dataset:
                    return
                yield from found

        return cls._made(make, UNKNOWN, lambda: several[0].element_spec)

    def rejection_resample(
        self,
        class_func: Callable[..., Any],
        target_dist: Any,
        initial_dist: Any = None,
        seed: int | None = None,
        name: str | None = None,
    ) -> Any:
        """Pairs of a class and an element, some left out so that classes have other shares.

        Args:
            class_func: the number of an element's class.
            target_dist: the share that each class is to have.
            initial_dist: the share that each has; by default it is counted on the way.
            seed: of the random numbers.
            name: accepted as in TensorFlow.

        An element of class c is kept with probability (t_c / p_c) / max_k (t_k / p_k).
        """
        target = np.asarray(target_dist, "float64")
        random = np.random.default_rng(fresh_seed() if seed is None else int(seed))

        def make() -> Iterator[Any]:
            seen = np.ones(len(target))  # each class once, before any is seen
            known = None if initial_dist is None else np.asarray(initial_dist, "float64")
            for element in self._make():
                label = int(applied(class_func, element))
                seen[label] += 1
                shares = seen / seen.sum() if known is None else known
                ratio = np.divide(target, shares, out=np.zeros_like(target), where=shares > 0)
                if random.random() * ratio.max() < ratio[label]:
                    yield np.int64(label), element

        return self._made(make, UNKNOWN, None)


def _spec_of_first(sources: Iterator[Any]) -> Any:
    """The spec of the elements of the first of some data sets."""
    for source in sources:
        return source.element_spec
    raise ValueError("element_spec: expected an element to look at. Received: an empty data set")


def _common(a: Any, b: Any) -> Any:
    """The spec of what may be as one or as the other."""
    if a == b or getattr(a, "shape", None) is None or getattr(b, "shape", None) is None:
        return a
    if len(a.shape) != len(b.shape) or a.dtype != b.dtype:
        raise TypeError(f"concatenate: expected elements of one form. Received: {a} and {b}")
    sizes = (x if x == y else None for x, y in zip(a.shape, b.shape, strict=True))
    return type(a)(tuple(sizes), a.dtype)
