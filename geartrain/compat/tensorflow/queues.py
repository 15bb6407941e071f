"""`tf.queue`: tensors in the order in which they came."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from geartrain.compat.tensorflow import arrays
from geartrain.compat.tensorflow.creation import convert_to_tensor
from geartrain.compat.tensorflow.debugging import OutOfRangeError
from geartrain.compat.tensorflow.tensor import tensor


class FIFOQueue:
    """A queue: first in, first out. An element is a tensor, or a list of them.

    Args:
        capacity: how many elements it holds.
        dtypes: the types of an element's tensors.
        shapes, names, shared_name, name: accepted as in TensorFlow.
    """

    def __init__(
        self, capacity: int, dtypes: Any, shapes: Any = None, names: Any = None,
        shared_name: Any = None, name: str = "fifo_queue",
    ) -> None:  # fmt: skip
        self.capacity, self.dtypes = capacity, dtypes
        self._several = isinstance(dtypes, list | tuple) and len(dtypes) > 1
        self._kinds = list(dtypes) if isinstance(dtypes, list | tuple) else [dtypes]
        self._elements: deque[list[Any]] = deque()
        self._closed = False

    def enqueue(self, vals: Any, name: str | None = None) -> None:
        """Put an element in. Raises OutOfRangeError where it is full."""
        if self._closed or len(self._elements) >= self.capacity:
            state = f"{len(self._elements)} of {self.capacity} elements"
            raise OutOfRangeError(
                None, None, f"FIFOQueue: expected room. Received: a queue with {state}"
                f"{', closed' if self._closed else ''}. Nobody else takes them out meanwhile.",
            )  # fmt: skip
        several = isinstance(vals, list | tuple) and len(self._kinds) == len(vals)
        parts = vals if several else [vals]
        self._elements.append(
            [convert_to_tensor(one, kind) for one, kind in zip(parts, self._kinds, strict=True)]
        )

    def enqueue_many(self, vals: Any, name: str | None = None) -> None:
        """Put each row in as an element."""
        parts = vals if self._several else [vals[0] if isinstance(vals, tuple) else vals]
        for row in zip(*[arrays.unstack(convert_to_tensor(one)) for one in parts], strict=True):
            self.enqueue(list(row))

    def dequeue(self, name: str | None = None) -> Any:
        """Take the first element out. Raises OutOfRangeError where there is none."""
        if not self._elements:
            raise OutOfRangeError(
                None, None, "FIFOQueue: expected an element. Received: an empty queue. Nobody else "
                "puts one in meanwhile.",
            )  # fmt: skip
        parts = self._elements.popleft()
        return parts if self._several else parts[0]

    def dequeue_many(self, n: Any, name: str | None = None) -> Any:
        """Take so many elements out, stacked."""
        rows = [self.dequeue() for _ in range(int(n))]
        if self._several:
            return [arrays.stack(list(column)) for column in zip(*rows, strict=True)]
        return arrays.stack(rows)

    def size(self, name: str | None = None) -> Any:
        """How many elements there are."""
        return tensor(np.int32(len(self._elements)))

    def is_closed(self, name: str | None = None) -> Any:
        """Whether it takes no more."""
        return tensor(np.array(self._closed))

    def close(self, cancel_pending_enqueues: bool = False, name: str | None = None) -> None:
        """Take no more."""
        self._closed = True


__all__ = ["FIFOQueue"]
