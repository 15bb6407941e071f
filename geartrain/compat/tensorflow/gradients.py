"""`tf.GradientTape`: gradients of what is computed in a `with` block.

Step by step, the ops' results are noted (see `graph.taping`); in a traced function, such as a
`train_step` that `fit` compiles, the graph is differentiated, and the tape costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import Any

import numpy as np

from geartrain import ops, tree
from geartrain.compat.tensorflow.tensor import Tensor, tensor
from geartrain.errors import describe_value, shown, warn
from geartrain.graph.dtypes import FLOATS, numpy_dtype
from geartrain.graph.eager import eager
from geartrain.graph.node import Constant, Node
from geartrain.graph.taping import Note, Tape, no_tapes
from geartrain.graph.tracked import recording
from geartrain.ops import rules
from geartrain.ops.operands import dtype_of, operand
from geartrain.runtime.variable import Variable, current_trace


class UnconnectedGradients(Enum):
    """What the gradient is with respect to what the target does not depend on."""

    NONE = "none"
    ZERO = "zero"


class GradientTape:
    """Notes what is computed in its `with` block, and gives gradients of it.

    Args:
        persistent: whether `gradient` may be called more than once.
        watch_accessed_variables: whether trainable variables are watched; others, and tensors, by
            `watch`.

    >>> from geartrain.compat.tensorflow import tensor
    >>> x = tensor.tensor(np.float32(3.0))
    >>> with tensor.installed(), GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = x * x
    >>> tape.gradient(y, x).numpy()
    np.float32(6.0)
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent, self._variables = persistent, watch_accessed_variables
        self._tape: Tape | None = Tape(watch_accessed_variables)
        self._held: dict[Any, Node] = {}  # of a trace: what variables hold at the start
        self._symbols: list[tuple[Any, Node]] = []  # arrays that are symbolic in a trace
        self._used = False

    def __enter__(self) -> GradientTape:
        if self._used and not self._persistent:
            self._tape, self._used = Tape(self._variables), False
        assert self._tape is not None
        recording.tapes.append(self._tape)
        trace = current_trace()
        while trace is not None:
            self._held = {**trace.updates, **self._held}
            trace = trace.outer
        return self

    def __exit__(self, *exception: object) -> None:
        recording.tapes = [tape for tape in recording.tapes if tape is not self._tape]
        for one, _ in self._symbols:
            one.node = None

    def __del__(self) -> None:
        self._tape = None

    # -- what is noted ----------------------------------------------------------------------------

    def watch(self, tensor: Any) -> None:
        """Note what is computed of a tensor, or of each in a nested structure.

        Warns of tensors of integers, of which gradients are None. Raises TypeError for what is no
        tensor or variable.
        """
        assert self._tape is not None
        for one in tree.flatten(tensor):
            if isinstance(one, Variable):
                self._tape.chosen.add(one)
            elif not isinstance(one, Tensor):
                raise TypeError(
                    f"GradientTape.watch: expected a tensor or variable. Received: {shown(one)} of "
                    f"type {type(one).__name__}. Use tf.convert_to_tensor(x) first."
                )
            elif isinstance(one, Node):
                continue
            elif one.dtype.name not in FLOATS:
                warn(
                    f"GradientTape.watch: expected a tensor of floats. Received: "
                    f"{describe_value(one)}, of which there is no gradient. Use tf.cast(x, "
                    "tf.float32) first."
                )
            elif current_trace() is not None:
                plain = one.view(np.ndarray)
                one.node = Node.leaf_of(Constant(plain), plain.shape, plain.dtype.name)
                self._symbols.append((one, one.node))
            else:
                self._tape.watch(one)

    def watched_variables(self) -> tuple[Any, ...]:
        """The variables that were read and are watched."""
        assert self._tape is not None
        return tuple(self._tape.read)

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """A `with` block in which nothing is noted."""
        before = recording.tapes
        recording.tapes = [tape for tape in before if tape is not self._tape]
        try:
            yield
        finally:
            recording.tapes = before

    def reset(self) -> None:
        """Forget what was noted."""
        index = next((i for i, t in enumerate(recording.tapes) if t is self._tape), None)
        self._tape = Tape(self._variables)
        if index is not None:
            recording.tapes[index] = self._tape

    # -- gradients --------------------------------------------------------------------------------

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
    ) -> Any:
        """The gradient of the sum of all elements of the targets, with respect to each source.

        Args:
            target: a tensor, or a nested structure of them.
            sources: tensors that are watched, and variables; in any structure.
            output_gradients: for each target what to multiply its elements with; 1 by default.
            unconnected_gradients: "none" or "zero": what stands where a target does not depend on
                a source.

        Returns:
            A tensor, or None, for each source, in their structure.

        Raises RuntimeError for a second call on a tape that is not persistent.
        """
        if self._used and not self._persistent:
            raise RuntimeError(
                "GradientTape.gradient: expected one call. Received: a second one. Write "
                "tf.GradientTape(persistent=True) for several."
            )
        self._used = True
        targets = [one for one in tree.flatten(target) if one is not None]
        given = [None] * len(targets)
        if output_gradients is not None:
            given = tree.flatten(output_gradients)
        pairs = [
            (one, seed)
            for one, seed in zip(targets, given, strict=True)
            if hasattr(one, "dtype") and dtype_of_target(one) in FLOATS
        ]
        flat = tree.flatten(sources)
        slopes = self._gradients([one for one, _ in pairs], [seed for _, seed in pairs], flat)
        if UnconnectedGradients(unconnected_gradients) is UnconnectedGradients.ZERO:
            slopes = [
                eager(ops.zeros_like(source)) if slope is None else slope
                for slope, source in zip(slopes, flat, strict=True)
            ]
        return tree.pack_sequence_as(sources, slopes) if tree.is_nested(sources) else slopes[0]

    def _gradients(self, targets: list[Any], seeds: list[Any], sources: list[Any]) -> list[Any]:
        symbols = {id(one): node for one, node in self._symbols}
        wrapped = [symbols.get(id(one), one) for one in targets]
        if current_trace() is not None and any(isinstance(operand(x), Node) for x in wrapped):
            nodes = [Node.wrap(operand(one)) for one in wrapped]
            filled = [_seed(node, seed) for node, seed in zip(nodes, seeds, strict=True)]
            wrt = [self._node_of(source, symbols) for source in sources]
            return rules.gradients(nodes, wrt, filled)  # type: ignore[return-value]
        assert self._tape is not None
        reads = [self._tape.read.get(one, [one]) if isinstance(one, Variable) else [one]
                 for one in sources]  # fmt: skip
        targets, further = self._variables_as_read(targets, reads)
        filled = [_seed(one, seed) for one, seed in zip(targets, seeds, strict=True)]
        slopes = iter(
            self._tape.gradients(targets, filled, [one for several in further for one in several])
        )
        return [_sum([next(slopes) for _ in several]) for several in further]

    def _variables_as_read(
        self, targets: list[Any], reads: list[list[Any]]
    ) -> tuple[list[Any], list[list[Any]]]:
        """A variable that is a target itself, as a tensor that it was read as."""
        assert self._tape is not None
        found = list(targets)
        for index, one in enumerate(targets):
            if isinstance(one, Variable):
                known = self._tape.read.get(one)
                found[index] = known[0] if known else one.array
        return found, reads

    def _node_of(self, source: Any, symbols: dict[int, Node]) -> Node:
        if isinstance(source, Variable):
            return self._held.get(source, source.node)
        if isinstance(source, Node):
            return source
        return symbols.get(id(source)) or Node.wrap(np.asarray(source))

    def jacobian(
        self,
        target: Any,
        sources: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: Any = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """The gradient of each element of the target: of shape `target.shape + source.shape`."""
        flat, count = tree.flatten(sources), int(np.prod(target.shape, dtype=int))
        rows = []
        for index in range(count):
            seed = np.zeros(count, numpy_dtype(dtype_of_target(target)))
            seed[index] = 1
            rows.append(self._row(target, flat, seed.reshape(target.shape), unconnected_gradients))
        made = [_stacked(list(column), target.shape) for column in zip(*rows, strict=True)]
        return tree.pack_sequence_as(sources, made) if tree.is_nested(sources) else made[0]

    def _row(self, target: Any, flat: list[Any], seed: np.ndarray, unconnected: Any) -> list[Any]:
        used, persistent = self._used, self._persistent
        self._persistent = True
        try:
            return list(self.gradient(target, flat, seed, unconnected))
        finally:
            self._used, self._persistent = used, persistent

    def batch_jacobian(
        self,
        target: Any,
        source: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: Any = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """The Jacobian of each sample: of shape `(batch, *target.shape[1:], *source.shape[1:])`."""
        inner = tuple(target.shape[1:])
        count = int(np.prod(inner, dtype=int))
        columns = []
        for index in range(count):
            one = np.zeros(count, numpy_dtype(dtype_of_target(target)))
            one[index] = 1
            seed = ops.broadcast_to(one.reshape(inner), ops.shape(target))
            columns.append(self._row(target, [source], seed, unconnected_gradients)[0])
        if columns[0] is None:
            return None
        return ops.reshape(ops.stack(columns, axis=1), (-1, *inner, *tuple(source.shape)[1:]))


def dtype_of_target(target: Any) -> str:
    """The dtype's name of a tensor or variable."""
    return target.dtype if isinstance(target.dtype, str) else str(target.dtype)


def _seed(target: Any, given: Any) -> Any:
    """What enters the gradient at a target: ones, or what was given."""
    if given is not None:
        made = ops.broadcast_to(operand(given, dtype_of(target)), ops.shape(target))
        return Node.wrap(made) if isinstance(target, Node) else made
    if isinstance(target, Node):
        return Node.wrap(ops.ones_like(target))
    return np.ones(np.shape(target), np.asarray(target).dtype)


def _sum(slopes: list[Any]) -> Any:
    found = [slope for slope in slopes if slope is not None]
    if not found:
        return None
    total = found[0]
    for slope in found[1:]:
        total = ops.add(total, slope)
    return eager(total) if isinstance(total, Tensor) else eager(np.asarray(total))


def _stacked(rows: list[Any], shape: Sequence[int]) -> Any:
    if any(row is None for row in rows):
        return None
    return ops.reshape(ops.stack(rows), (*shape, *rows[0].shape))


# -- gradients of one's own -----------------------------------------------------------------------


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: a function whose gradient is written by hand; see `ops.custom_gradient`.

    `f` returns its result, and a function of the result's gradient that returns the arguments'.
    """
    symbolic = ops.custom_gradient(f)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if current_trace() is not None or any(isinstance(x, Node) for x in tree.flatten(args)):
            return symbolic(*args, **kwargs)
        given = [tensor(operand(one)) for one in args]
        with no_tapes():
            result, rule = f(*given, **kwargs)
        made = [tensor(np.array(one)) for one in tree.flatten(result)]

        def backward(entering: Sequence[Any], needed: Sequence[bool]) -> Sequence[Any]:
            filled = [
                tensor(np.zeros_like(np.asarray(one))) if slope is None else slope
                for one, slope in zip(made, entering, strict=True)
            ]
            return list(tree.flatten(rule(*filled)))

        for tape in recording.tapes:
            tape.note(Note(tuple(given), tuple(made), backward))
        return tree.pack_sequence_as(result, made) if tree.is_nested(result) else made[0]

    return wrapped


def recompute_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself: what it computes is kept, not computed again."""
    return f


def stop_gradient(input: Any, name: str | None = None) -> Any:
    """The tensor as a constant: no gradient flows to it."""
    return ops.stop_gradient(input)


def gradients(ys: Any, xs: Any, grad_ys: Any = None, **kwargs: Any) -> Any:
    """Inside `tf.function`: the gradients of the sum of `ys`, one for each of `xs`."""
    if current_trace() is None:
        raise RuntimeError(
            "tf.gradients: expected to be called inside of tf.function. Use tf.GradientTape."
        )
    return GradientTape().gradient(ys, xs, grad_ys)


__all__ = [
    "GradientTape",
    "UnconnectedGradients",
    "custom_gradient",
    "gradients",
    "recompute_grad",
    "stop_gradient",
]
