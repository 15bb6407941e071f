"""Data sets of other elements, or of the same ones in another order or number."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from geartrain.data.ahead import made_in_order, on_threads, read_ahead
from geartrain.data.base import (
    INFINITE,
    UNKNOWN,
    Base,
    applied,
    check_dataset,
    check_function,
    whole_number,
)
from geartrain.data.elements import as_element, map_leaves, protected
from geartrain.data.programs import FEWEST, program_of_rows, spec_of_rows, whole
from geartrain.data.rows import Numbers, Rows, shuffled, shuffled_numbers
from geartrain.data.spec import of_results
from geartrain.random import fresh_seed


class Elementwise(Base):
    """The methods that look at one element at a time."""

    def map(
        self,
        map_func: Callable[..., Any],
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
        synchronous: bool | None = None,
        use_unbounded_threadpool: bool = False,
        name: str | None = None,
    ) -> Any:
        """What a function makes of each element.

        Args:
            map_func: takes the element's tensors: a tuple as several arguments, a dict as one. It
                returns a tensor, a tuple or a dict. For hundreds of rows of arrays it is traced
                once, as in TensorFlow, and compiled; it runs on each element where it asks for
                values, or changes what Python holds.
            num_parallel_calls: how many elements are made at a time, `AUTOTUNE` for as many as
                there are threads; in order. A function that draws random numbers makes one after
                the other, so that these are the same each time.
            deterministic, synchronous, use_unbounded_threadpool, name: accepted as in TensorFlow.

        Raises TypeError for what is no function.

        >>> from geartrain.data import Dataset
        >>> list(Dataset.range(3).map(lambda x: x * x))
        [array(0), array(1), array(4)]
        """
        check_function("map", map_func)
        rows = self._rows
        if rows is not None and rows.total >= FEWEST:
            then = program_of_rows(map_func, spec_of_rows(rows))
            if then is not None:
                made = rows.mapped(then)
                return self._of_rows(made, self._count, lambda: spec_of_rows(made))
        threads = 1 if num_parallel_calls is None else int(num_parallel_calls)

        def make() -> Iterator[Any]:
            return made_in_order(lambda element: as_element(applied(map_func, element)),
                                 self._make(), threads)  # fmt: skip

        def spec() -> Any:
            for element in self._make():
                return of_results(self.element_spec, element, applied(map_func, element))
            raise ValueError("element_spec: expected elements to map. Received: an empty data set")

        return self._made(make, self._count, spec)

    def map_on_threads(self, map_func: Callable[..., Any]) -> Any:
        """The same as `map`, where a function reads files: several elements are made at a time.

        Args:
            map_func: must not draw random numbers, nor depend on what was made before.
        """
        make = lambda: on_threads(  # noqa: E731
            lambda element: as_element(applied(map_func, element)), self._make()
        )
        return self._made(make, self._count, self.map(map_func)._spec)

    def filter(self, predicate: Callable[..., Any], name: str | None = None) -> Any:
        """The elements for which a function is true.

        Raises TypeError for what is no function.

        >>> from geartrain.data import Dataset
        >>> list(Dataset.range(4).filter(lambda x: x % 2 == 1))
        [array(1), array(3)]
        """
        check_function("filter", predicate)

        def make() -> Iterator[Any]:
            return (element for element in self._make() if bool(applied(predicate, element)))

        return self._made(make, UNKNOWN, lambda: self.element_spec)

    def take_while(self, predicate: Callable[..., Any], name: str | None = None) -> Any:
        """The elements before the first for which a function is false."""
        check_function("take_while", predicate)
        return self._made(
            lambda: itertools.takewhile(lambda one: bool(applied(predicate, one)), self._make()),
            UNKNOWN,
            lambda: self.element_spec,
        )

    def _cut(self, count: int, rows: slice) -> Any:
        spec = lambda: self.element_spec  # noqa: E731
        if self._rows is not None:
            return self._of_rows(self._rows.cut(rows), count, spec)
        return self._made(
            lambda: itertools.islice(self._make(), rows.start, rows.stop, rows.step), count, spec
        )

    def take(self, count: int, name: str | None = None) -> Any:
        """The first `count` elements; all for -1.

        >>> from geartrain.data import Dataset
        >>> list(Dataset.range(9).take(2))
        [array(0), array(1)]
        """
        count = whole_number("take", "count", count, -1)
        if count < 0:
            return self
        known = min(count, self._count) if self._count >= 0 else UNKNOWN
        if count == 0 or self._count == INFINITE:
            known = count
        return self._cut(known, slice(0, count))

    def skip(self, count: int, name: str | None = None) -> Any:
        """The elements behind the first `count`; none for -1.

        >>> from geartrain.data import Dataset
        >>> list(Dataset.range(4).skip(2))
        [array(2), array(3)]
        """
        count = whole_number("skip", "count", count, -1)
        if count < 0:
            return self.take(0)
        return self._cut(max(0, self._count - count) if self._count >= 0 else self._count,
                         slice(count, None))  # fmt: skip

    def shard(self, num_shards: int, index: int, name: str | None = None) -> Any:
        """Every `num_shards`-th element, from number `index` on.

        Raises ValueError for an index that is not below `num_shards`.

        >>> from geartrain.data import Dataset
        >>> list(Dataset.range(5).shard(2, index=1))
        [array(1), array(3)]
        """
        shards = whole_number("shard", "num_shards", num_shards)
        index = whole_number("shard", "index", index, 0)
        if index >= shards:
            raise ValueError(f"shard: expected index below num_shards={shards}. Received: {index}")
        count = len(range(index, self._count, shards)) if self._count >= 0 else self._count
        return self._cut(count, slice(index, None, shards))

    def repeat(self, count: int | None = None, name: str | None = None) -> Any:
        """The elements `count` times over; without end for None and -1.

        >>> from geartrain.data import Dataset
        >>> list(Dataset.range(2).repeat(2))
        [array(0), array(1), array(0), array(1)]
        """
        count = -1 if count is None else whole_number("repeat", "count", count, -1)
        known = self._count
        if count == 0 or known == 0:
            known = 0
        elif count < 0:
            known = INFINITE
        elif known > 0:
            known *= count

        def again(make: Callable[[], Iterator[Any]]) -> Iterator[Any]:
            for _ in range(count) if count >= 0 else itertools.count():
                some = False
                for item in make():
                    some = True
                    yield item
                if not some:
                    return

        spec = lambda: self.element_spec  # noqa: E731
        if self._rows is not None:
            rows = self._rows
            return self._of_rows(rows.ordered(lambda: again(rows.order)), known, spec)
        return self._made(lambda: again(self._make), known, spec)

    def shuffle(
        self,
        buffer_size: int,
        seed: int | None = None,
        reshuffle_each_iteration: bool | None = None,
        name: str | None = None,
    ) -> Any:
        """The elements in a random order: each drawn from a buffer that the next one fills.

        Args:
            buffer_size: how many elements the buffer holds. The order is uniform if it holds all.
            seed: of the random numbers; by default drawn from the global seed.
            reshuffle_each_iteration: whether each way through has an order of its own, as by
                default.

        Raises ValueError for a buffer of less than one.

        >>> from geartrain.data import Dataset
        >>> sorted(int(x) for x in Dataset.range(5).shuffle(5, seed=1))
        [0, 1, 2, 3, 4]
        """
        size = whole_number("shuffle", "buffer_size", buffer_size)
        seed = fresh_seed() if seed is None else int(seed) & (2**64 - 1)
        again = reshuffle_each_iteration is None or reshuffle_each_iteration
        orders = itertools.count() if again else itertools.repeat(0)

        def random() -> np.random.Generator:
            return np.random.default_rng([seed, next(orders)])

        spec = lambda: self.element_spec  # noqa: E731
        if self._rows is not None:

            def order(pieces: Iterator[Numbers]) -> Iterator[Numbers]:
                return shuffled_numbers(pieces, size, random(), self._count)

            return self._of_rows(self._rows.reordered(order), self._count, spec)
        return self._made(lambda: shuffled(self._make(), size, random()), self._count, spec)

    def prefetch(self, buffer_size: int, name: str | None = None) -> Any:
        """The same elements, made on a thread, `buffer_size` of them ahead.

        Args:
            buffer_size: how many; `AUTOTUNE` for two.

        >>> from geartrain.data import AUTOTUNE, Dataset
        >>> list(Dataset.range(2).prefetch(AUTOTUNE))
        [array(0), array(1)]
        """
        size = whole_number("prefetch", "buffer_size", buffer_size, -1)
        if size == 0:
            return self
        make = lambda: read_ahead(self._make, 2 if size < 0 else size)  # noqa: E731
        made = self._made(make, self._count, lambda: self.element_spec, self._rows)
        made._batched = self._batched
        return made

    def cache(self, filename: Any = "", name: str | None = None) -> Any:
        """The same elements, kept once they were all read: in memory, or in a file.

        What comes before is not done again, so that random changes belong behind it.

        Args:
            filename: where to keep them; by default in memory. A file that is there is read.

        >>> from geartrain.data import Dataset
        >>> squares = Dataset.range(3).map(lambda x: x * x).cache()
        >>> list(squares) == list(squares)
        True
        """
        spec = lambda: self.element_spec  # noqa: E731
        if filename:
            from geartrain.data.storage import cached_in_file

            return self._made(cached_in_file(filename, self._make), self._count, spec)
        rows = self._rows
        if rows is not None and rows.fixed is not None:
            if rows.then is None:
                return self
            count = len(rows.fixed)
            kept = Rows.in_range(lambda: whole(rows.blocks(1024), count), range(count))
            return self._of_rows(kept, self._count, spec)
        held: list[list[Any]] = []

        def make() -> Iterator[Any]:
            if held:
                yield from held[0]
                return
            seen = []
            for element in self._make():
                seen.append(map_leaves(protected, element))
                yield seen[-1]
            held[:] = [seen]

        return self._made(make, self._count, spec)

    def enumerate(self, start: int = 0, name: str | None = None) -> Any:
        """Pairs of a number, counted from `start`, and an element.

        >>> from geartrain.data import Dataset
        >>> list(Dataset.from_tensor_slices([5, 6]).enumerate())
        [(array(0), array(5, dtype=int32)), (array(1), array(6, dtype=int32))]
        """
        numbers = self.root.range(int(start), np.iinfo("int64").max)
        return self.root.zip(numbers, self)

    def scan(
        self, initial_state: Any, scan_func: Callable[..., Any], name: str | None = None
    ) -> Any:
        """What a function makes of each element and of a state that it hands on.

        Args:
            initial_state: the first state, nested.
            scan_func: takes a state and an element; returns the next state and the result.

        >>> from geartrain.data import Dataset
        >>> [int(x) for x in Dataset.range(4).scan(0, lambda total, x: (total + x, total + x))]
        [0, 1, 3, 6]
        """
        check_function("scan", scan_func)

        def make() -> Iterator[Any]:
            state = as_element(initial_state)
            for element in self._make():
                state, found = map(as_element, scan_func(state, element))
                yield found

        return self._made(make, self._count, None)

    def reduce(
        self, initial_state: Any, reduce_func: Callable[..., Any], name: str | None = None
    ) -> Any:
        """The last state: a function makes the next one of a state and an element.

        >>> from geartrain.data import Dataset
        >>> Dataset.range(5).reduce(np.int64(0), lambda total, x: total + x)
        array(10)
        """
        check_function("reduce", reduce_func)
        state = as_element(initial_state)
        for element in self._make():
            state = as_element(reduce_func(state, element))
        return state

    def unique(self, name: str | None = None) -> Any:
        """The elements, each the first time that it comes. They are single tensors.

        >>> from geartrain.data import Dataset
        >>> list(Dataset.from_tensor_slices([1, 3, 1]).unique())
        [array(1, dtype=int32), array(3, dtype=int32)]
        """

        def make() -> Iterator[Any]:
            seen = set()
            for element in self._make():
                key = (element.shape, element.tolist() if element.ndim == 0 else element.tobytes())
                if key not in seen:
                    seen.add(key)
                    yield element

        return self._made(make, UNKNOWN, lambda: self.element_spec)

    def get_single_element(self, name: str | None = None) -> Any:
        """The only element.

        Raises ValueError if there is none, or another.

        >>> from geartrain.data import Dataset
        >>> Dataset.range(3).batch(3).get_single_element()
        array([0, 1, 2])
        """
        found = list(itertools.islice(self._make(), 2))
        if len(found) != 1:
            raise ValueError(
                "get_single_element: expected one element. Received: "
                f"{'more' if found else 'none'}. Batch or take first."
            )
        return found[0]

    def apply(self, transformation_func: Callable[[Any], Any]) -> Any:
        """The data set that a function makes of this one.

        Raises TypeError if it makes something else.

        >>> from geartrain.data import Dataset
        >>> len(Dataset.range(5).apply(lambda data: data.take(2)))
        2
        """
        check_function("apply", transformation_func)
        return check_dataset("apply", transformation_func(self))

    def with_options(self, options: Any, name: str | None = None) -> Any:
        """The same elements: options are accepted as in TensorFlow, and change nothing."""
        return self

    def options(self) -> Any:
        """Options as they are by default."""
        from geartrain.data.options import Options

        return Options()

    def _counted(self, count: int) -> Any:
        """The same elements, said to be so many."""
        count = whole_number("assert_cardinality", "expected_cardinality", count, INFINITE)

        def make() -> Iterator[Any]:
            number = 0
            for element in self._make():
                number += 1
                yield element
            if number != count:
                raise ValueError(
                    f"assert_cardinality: expected {count} elements. Received: {number}"
                )

        return self._made(make, count, lambda: self.element_spec)
