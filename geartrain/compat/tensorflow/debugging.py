"""`tf.debugging`: checks of tensors whose values are known, and `tf.errors`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain.compat.tensorflow.dtypes import as_dtype
from geartrain.errors import describe_value, shown
from geartrain.graph.node import Node
from geartrain.ops.operands import operand


class OpError(Exception):
    """An error of a computation."""

    def __init__(self, node_def: Any = None, op: Any = None, message: Any = None) -> None:
        self.node_def, self.op = node_def, op
        self.message = message if message is not None else str(node_def)
        super().__init__(self.message)


class InvalidArgumentError(OpError, ValueError):
    """A value that does not fit."""


class NotFoundError(OpError, FileNotFoundError):
    """Something that is not there."""


class OutOfRangeError(OpError, IndexError):
    """A place outside of a range."""


class ResourceExhaustedError(OpError, MemoryError):
    """Not enough memory."""


class FailedPreconditionError(OpError):
    """Something that had to be done before."""


class UnimplementedError(OpError, NotImplementedError):
    """Something that is not there for these arguments."""


class AbortedError(OpError):
    """A computation that was ended."""


class AlreadyExistsError(OpError, FileExistsError):
    """Something that is there already."""


class CancelledError(OpError):
    """A computation that was called off."""


class DataLossError(OpError):
    """Data that were damaged."""


class DeadlineExceededError(OpError, TimeoutError):
    """A computation that took too long."""


class InternalError(OpError):
    """Something that should not be."""


class PermissionDeniedError(OpError, PermissionError):
    """Something that is not allowed."""


class UnknownError(OpError):
    """An error of another kind."""


class UnavailableError(OpError):
    """Something that cannot be reached."""


def _check(name: str, holds: Callable[..., Any], about: str) -> Callable[..., Any]:
    """A check of two tensors, element by element; one that is symbolic is not checked."""

    def check(
        x: Any, y: Any, message: Any = None, summarize: Any = None, name: str | None = None
    ) -> None:
        if isinstance(x, Node) or isinstance(y, Node):
            return
        first, second = np.asarray(x), np.asarray(y)
        if not bool(np.all(holds(first, second))):
            raise InvalidArgumentError(
                None, None,
                f"tf.debugging.{check.__name__}: expected {about}. Received: {shown(first)} and "
                f"{shown(second)}. {message or ''}".rstrip(),
            )  # fmt: skip

    check.__name__ = check.__qualname__ = name
    check.__doc__ = f"Raise InvalidArgumentError but for {about}."
    return check


assert_equal = _check("assert_equal", np.equal, "equal elements")
_differ = _check("assert_none_equal", np.not_equal, "elements that all differ")
assert_less = _check("assert_less", np.less, "x < y")
assert_less_equal = _check("assert_less_equal", np.less_equal, "x <= y")
assert_greater = _check("assert_greater", np.greater, "x > y")
assert_greater_equal = _check("assert_greater_equal", np.greater_equal, "x >= y")


def assert_none_equal(
    x: Any, y: Any, summarize: Any = None, message: Any = None, name: str | None = None
) -> None:
    """Raise InvalidArgumentError where elements are equal."""
    _differ(x, y, message)


def assert_near(
    x: Any, y: Any, rtol: Any = None, atol: Any = None, message: Any = None, summarize: Any = None,
    name: str | None = None,
) -> None:  # fmt: skip
    """Raise InvalidArgumentError where elements are apart."""
    if isinstance(x, Node) or isinstance(y, Node):
        return
    first, second = np.asarray(operand(x)), np.asarray(operand(y))
    bound = 10 * np.finfo(first.dtype).eps
    near = np.abs(first - second) <= (bound if atol is None else atol) + (
        bound if rtol is None else rtol) * np.abs(second)  # fmt: skip
    if not near.all():
        raise InvalidArgumentError(
            None, None, f"tf.debugging.assert_near: expected elements near each other. Received: "
            f"{shown(first)} and {shown(second)}. {message or ''}".rstrip(),
        )  # fmt: skip


def _single(name: str, holds: Callable[[Any], Any], about: str) -> Callable[..., Any]:
    def check(x: Any, message: Any = None, summarize: Any = None, name: str | None = None) -> None:
        if not isinstance(x, Node) and not bool(np.all(holds(np.asarray(x)))):
            raise InvalidArgumentError(
                None, None, f"tf.debugging.{check.__name__}: expected {about}. Received: "
                f"{shown(np.asarray(x))}. {message or ''}".rstrip(),
            )  # fmt: skip

    check.__name__ = check.__qualname__ = name
    check.__doc__ = f"Raise InvalidArgumentError but for {about}."
    return check


assert_positive = _single("assert_positive", lambda x: x > 0, "numbers above 0")
assert_non_negative = _single("assert_non_negative", lambda x: x >= 0, "no number below 0")
assert_negative = _single("assert_negative", lambda x: x < 0, "numbers below 0")
assert_non_positive = _single("assert_non_positive", lambda x: x <= 0, "no number above 0")


def assert_all_finite(x: Any, message: Any, name: str | None = None) -> Any:
    """The tensor itself. Raises InvalidArgumentError where an element is infinite or NaN."""
    if not isinstance(x, Node) and not bool(np.isfinite(np.asarray(x)).all()):
        raise InvalidArgumentError(
            None,
            None,
            f"tf.debugging.assert_all_finite: {message} Received: {shown(np.asarray(x))}",
        )
    return x


def check_numerics(tensor: Any, message: Any, name: str | None = None) -> Any:
    """The tensor itself. Raises InvalidArgumentError where an element is infinite or NaN."""
    return assert_all_finite(tensor, message)


def enable_check_numerics(stack_height_limit: int = 30, path_length_limit: int = 50) -> None:
    """Accepted: `keras.callbacks.TerminateOnNaN` watches training."""


def assert_shapes(
    shapes: Any, data: Any = None, summarize: Any = None, message: Any = None,
    name: str | None = None,
) -> None:  # fmt: skip
    """Raise ValueError where tensors have other shapes, or one letter stands for two sizes."""
    known: dict[Any, int] = {}
    for tensor, wanted in shapes.items() if isinstance(shapes, dict) else shapes:
        found = tuple(tensor.shape)
        for size, said in zip(found, wanted, strict=False):
            number = known.setdefault(said, size) if isinstance(said, str) else said
            if number is not None and size is not None and number != size:
                raise ValueError(f"assert_shapes: expected {wanted}. Received: {found}")
        if len(found) != len(tuple(wanted)):
            raise ValueError(f"assert_shapes: expected {wanted}. Received: {found}")


def assert_rank(x: Any, rank: Any, message: Any = None, name: str | None = None) -> None:
    """Raise ValueError where a tensor has another number of axes."""
    if len(tuple(x.shape)) != int(rank):
        raise ValueError(f"assert_rank: expected {rank} axes. Received: {describe_value(x)}")


def assert_type(tensor: Any, tf_type: Any, message: Any = None, name: str | None = None) -> None:
    """Raise TypeError where a tensor is of another type."""
    if as_dtype(tensor.dtype) != as_dtype(tf_type):
        raise TypeError(f"assert_type: expected {tf_type!r}. Received: {describe_value(tensor)}")


def Assert(condition: Any, data: Any, summarize: Any = None, name: str | None = None) -> None:
    """Raise InvalidArgumentError, with data, where a condition is false."""
    if not isinstance(condition, Node) and not bool(np.all(np.asarray(condition))):
        raise InvalidArgumentError(None, None, f"tf.Assert: {shown(data)}")


__all__ = [
    "AbortedError", "Assert", "FailedPreconditionError", "InvalidArgumentError", "NotFoundError",
    "OpError", "OutOfRangeError", "ResourceExhaustedError", "UnavailableError",
    "UnimplementedError", "assert_all_finite", "assert_equal", "assert_greater",
    "assert_greater_equal", "assert_less", "assert_less_equal", "assert_near", "assert_negative",
    "assert_non_negative", "assert_non_positive", "assert_none_equal", "assert_positive",
    "assert_rank", "assert_shapes", "assert_type", "check_numerics", "enable_check_numerics",
]  # fmt: skip
