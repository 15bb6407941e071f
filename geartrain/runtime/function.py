"""From Python functions to graphs: `trace`, `jit`, `grad`, `value_and_grad`.

A function written with `geartrain.ops` is run once with placeholders; the nodes that it returns
are its graph. A `Program` is such a graph ready to run, with the variables that it updates.
"""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from geartrain import config, tree
from geartrain.errors import describe_value, warn
from geartrain.graph.dtypes import FLOATS, numpy_dtype
from geartrain.graph.evaluate import Plan
from geartrain.graph.node import Constant, Node, placeholder, sorted_nodes
from geartrain.graph.rewrite import substitute
from geartrain.graph.shapes import BATCH, Dim, public
from geartrain.ops.elementwise import constant_like
from geartrain.ops.operands import dtype_of, extents_of, operand
from geartrain.ops.rules import gradients
from geartrain.runtime.variable import Trace, Variable, current_trace

if TYPE_CHECKING:
    from geartrain.runtime.executable import Executable
    from geartrain.runtime.frame import Samples

COMPUTED = object()  # stands for a result that a program computes
MOST_SHAPES = 64  # shapes of arrays that are remembered to fit


class Program:
    """A graph ready to run: inputs to outputs, and new values for variables.

    The variables change only after every value is computed, so a run that fails changes nothing.

    Args:
        inputs: placeholder nodes, in the order of `run`'s arrays.
        outputs: the nodes to compute.
        updates: for each variable to change, the node of its new value.
        compiled: whether to run machine code, where that can be had; else the NumPy reference.
    """

    def __init__(
        self,
        inputs: Sequence[Node],
        outputs: Sequence[Node],
        updates: Mapping[Variable, Node] | None = None,
        compiled: bool = False,
    ) -> None:
        self.inputs, self.outputs = list(inputs), list(outputs)
        self.updates = dict(updates or {})
        self.compiled = compiled and native_code()
        self._leaves = [node.leaf for node in self.inputs]
        self.empty: Callable[..., np.ndarray] = np.empty  # makes the arrays of compiled outputs
        self.pace: dict[int, int] = {}  # by rows a step, how many steps a call should do at once
        self._batches: dict[tuple[tuple[int, ...], ...], int | None] = {}  # by the arrays' shapes

    @functools.cached_property
    def plan(self) -> Plan:
        """The steps of the NumPy reference."""
        return Plan([*self.outputs, *self.updates.values()])

    @functools.cached_property
    def executable(self) -> Executable:
        """The compiled code."""
        from geartrain.compiler.targets.target import host
        from geartrain.runtime.executable import Executable

        made = Executable(self.outputs, self.updates, host())
        made.empty = self.empty
        return made

    @property
    def native(self) -> Executable | None:
        """The compiled code, ready to run; None where the NumPy reference is run.

        It is made by one thread, and while no other process is forked.
        """
        if not self.compiled:
            return None
        if "executable" not in self.__dict__:
            from geartrain.runtime import native

            with native.lock, _no_collection():
                return self.executable
        return self.executable

    def batch_of(self, arrays: Sequence[np.ndarray]) -> int | None:
        """The batch size that the arrays agree on; None if no input has a batch axis."""
        shapes = tuple([array.shape for array in arrays])
        if shapes in self._batches:
            return self._batches[shapes]
        batch = self._checked_batch(arrays)
        if len(self._batches) < MOST_SHAPES:
            self._batches[shapes] = batch
        return batch

    def _checked_batch(self, arrays: Sequence[np.ndarray]) -> int | None:
        batch = None
        for node, array in zip(self.inputs, arrays, strict=True):
            fits = array.ndim == node.ndim
            for wanted, size in zip(node.extents, array.shape, strict=False):
                if wanted == BATCH and batch is None:
                    batch = size
                known = wanted.evaluate(batch or 0) if isinstance(wanted, Dim) else wanted
                fits = fits and known == size
            if not fits:
                first = "" if batch is None else f" with a batch of {batch}"
                raise ValueError(
                    f"Input {node.leaf.name if node.leaf else ''!r}: expected shape "
                    f"{public(node.extents)}{first}. Received: {describe_value(array)}"
                )
        return batch

    def run(self, *arrays: np.ndarray) -> list[np.ndarray]:
        """Compute the outputs, then update the variables."""
        batch = self.batch_of(arrays)
        values = dict(zip(self._leaves, arrays, strict=True))
        native = self.native
        if native is not None:
            return native.run(values, batch)
        for node in self.plan.leaves:
            if isinstance(node.leaf, Variable):
                values[node.leaf] = node.leaf.array
        results = self.plan.run(values, batch)
        updates = dict(zip(self.updates, results[len(self.outputs) :], strict=True))
        _assign_all(updates)
        return results[: len(self.outputs)]

    def watch(
        self, arrays: Sequence[np.ndarray], watch: Callable[[Node, np.ndarray], None]
    ) -> None:
        """Compute all by the NumPy reference, and call `watch` with each node and its value.

        Variables stay as they are.
        """
        values: dict[Any, np.ndarray] = dict(zip(self._leaves, arrays, strict=True))
        for node in self.plan.leaves:
            if isinstance(node.leaf, Variable):
                values[node.leaf] = node.leaf.array
        self.plan.run(values, self.batch_of(arrays), watch)

    def direct(self, batch: int) -> Callable[[np.ndarray], np.ndarray] | None:
        """The shortest way to run it for batches of that size; see `Executable.direct`."""
        native = self.native
        return None if native is None else native.direct(batch)

    @functools.cached_property
    def rows_independent(self) -> bool:
        """Whether a batch may be cut or joined in any way, and gives the same rows."""
        from geartrain.compiler.analysis.batch import rows_independent

        return not self.updates and rows_independent(self.outputs)

    def samples(self, arrays: Sequence[np.ndarray]) -> Samples:
        """Whole data for `native.run_steps`, an array for each input; see `Samples`."""
        from geartrain.runtime.frame import Samples

        assert self.native is not None
        return Samples(self.native, dict(zip(self._leaves, arrays, strict=True)))


@contextmanager
def _no_collection() -> Iterator[None]:
    """Look for no garbage meanwhile: a program in the making only grows."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _assign_all(updates: Mapping[Variable, np.ndarray]) -> None:
    """Assign to all variables, even if Ctrl-C comes in the middle: a step is done or not done."""
    try:
        for variable, new in updates.items():
            variable.assign(new)
    except BaseException:
        for variable, new in updates.items():
            variable.assign(new)
        raise


@functools.cache
def native_code() -> bool:
    """Whether programs can be compiled here; warns once if they cannot."""
    from geartrain.runtime import native

    if native.available():
        return True
    warn(
        "llvmlite cannot be imported, so programs run on NumPy, several times slower. Install it: "
        "pip install llvmlite"
    )
    return False


def trace(function: Callable[..., Any], *arguments: Any) -> tuple[Any, Trace]:
    """Run `function` symbolically; what it returned, and the assignments it made."""
    with Trace() as scope:
        result = function(*arguments)
    return result, scope


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Node | Variable | np.ndarray | np.generic | int | float) and (
        not isinstance(value, bool)
    )


def _placeholder_like(value: Any, name: str = "input") -> Node:
    array = operand(value)
    return placeholder(extents_of(array), dtype_of(array), name)


def jit(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` as a program: traced once for each set of shapes and dtypes, then only run.

    Other settings, such as `floatx()`, make another program.

    Arrays and numbers in nested arguments are inputs; anything else is part of the program.
    Variables that the function reads or assigns are read and updated at each call.

    >>> from geartrain import ops
    >>> double = jit(lambda x: ops.sum(x * 2))
    >>> double(np.float32([1, 2, 3]))
    array(12., dtype=float32)
    """
    programs: dict[Any, tuple[Program, Any, list[Any]]] = {}

    @functools.wraps(function)
    def compiled(*args: Any, **kwargs: Any) -> Any:
        leaves = tree.flatten((args, kwargs))
        arrays = [operand(leaf) for leaf in leaves if _is_tensor(leaf)]
        if current_trace() or any(isinstance(array, Node) for array in arrays):
            return function(*args, **kwargs)
        specs = tuple((array.shape, array.dtype.name) for array in arrays)
        static = tuple(None if _is_tensor(leaf) else leaf for leaf in leaves)
        form = repr(tree.map_structure(lambda _: 0, (args, kwargs)))
        key = (specs, static, form, config.computing())
        if key not in programs:
            programs[key] = _program(function, args, kwargs, leaves)
        program, structure, constants = programs[key]
        results = iter(program.run(*arrays))
        filled = [next(results) if made is COMPUTED else made for made in constants]
        return tree.pack_sequence_as(structure, filled)

    return compiled


def program_for(function: Callable[..., Any], *args: Any) -> tuple[Program, list[np.ndarray]]:
    """The program of a function for arguments like these, and the arrays among them.

    Its inputs have the names of the function's parameters.
    """
    import inspect

    leaves = tree.flatten((args, {}))
    arrays = [np.asarray(operand(leaf)) for leaf in leaves if _is_tensor(leaf)]
    try:
        bound = inspect.signature(function).bind(*args).arguments
    except (TypeError, ValueError):  # built in, or arguments that the call will refuse
        bound = {}
    names = [name for name, value in bound.items() for _ in tree.flatten(value)]
    return _program(function, args, {}, leaves, names)[0], arrays


def _program(
    function: Callable[..., Any], args: Any, kwargs: Any, leaves: list[Any],
    names: Sequence[str] = (),
) -> tuple[Program, Any, list[Any]]:  # fmt: skip
    """The traced program, the form of its result, and its results that are not computed."""
    named = zip(leaves, names or ["input"] * len(leaves), strict=True)
    symbols = [_placeholder_like(leaf, name) if _is_tensor(leaf) else leaf for leaf, name in named]
    call_args, call_kwargs = tree.pack_sequence_as((args, kwargs), symbols)
    result, scope = trace(lambda: function(*call_args, **call_kwargs))
    flat = tree.flatten(result)
    flat = [value.__tensor__() if isinstance(value, Variable) else value for value in flat]
    computed = [value for value in flat if isinstance(value, Node)]
    inputs = [symbol for symbol in symbols if isinstance(symbol, Node)]
    constants = [COMPUTED if isinstance(value, Node) else value for value in flat]
    return Program(inputs, computed, scope.updates, compiled=True), result, constants


def value_and_grad(
    function: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that returns `function`'s value and its gradient.

    Args:
        function: any function of ops that returns a scalar, or with `has_aux` a pair of a scalar
            and anything else, which is passed through.
        argnums: which positional argument(s) to differentiate with respect to. Each may be a
            nested structure; its gradient has the same structure.
        has_aux: see `function`.

    Returns:
        A function of the same arguments that returns `(value, gradient)`. Arrays give arrays;
        symbolic tensors give symbolic tensors, so the result can be differentiated again.

    Raises:
        TypeError: an op without a gradient, or an integer argument.
        ValueError: a result that is not a scalar.

    >>> from geartrain import ops
    >>> value_and_grad(lambda x: ops.sum(x ** 2))(np.float32([1.0, 3.0]))
    (array(10., dtype=float32), array([2., 6.], dtype=float32))
    """
    several = not isinstance(argnums, int)
    positions = list(argnums) if isinstance(argnums, Sequence) else [argnums]

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        chosen = [args[position] for position in positions]
        given = [operand(leaf) for leaf in tree.flatten(chosen)]
        for value in given:
            if dtype_of(value) not in FLOATS:
                raise TypeError(
                    f"grad of {_name(function)}: expected float tensors to differentiate with "
                    f"respect to. Received: {describe_value(value)}. Use ops.cast(x, 'float32')."
                )
        symbols = [_placeholder_like(value) for value in given]
        replaced = list(args)
        for position, argument in zip(
            positions, tree.pack_sequence_as(chosen, symbols), strict=True
        ):
            replaced[position] = argument
        result, scope = trace(lambda: function(*replaced, **kwargs))
        value, aux = result if has_aux else (result, None)
        value = Node.wrap(operand(value))
        if value.extents != ():
            raise ValueError(
                f"grad of {_name(function)}: expected a scalar result. Received shape "
                f"{value.shape}. Reduce it first, with ops.sum or ops.mean."
            )
        seed = Node.wrap(np.ones((), numpy_dtype(value.dtype)))
        slopes = [
            constant_like(symbol, 0.0) if slope is None else slope
            for symbol, slope in zip(symbols, gradients([value], symbols, [seed]), strict=True)
        ]
        nodes = [value, *slopes, *(leaf for leaf in tree.flatten(aux) if isinstance(leaf, Node))]
        done = _conclude(nodes, dict(zip(symbols, given, strict=True)), scope)
        gradient = tree.pack_sequence_as(chosen, done[1 : 1 + len(slopes)])
        auxiliary = iter(done[1 + len(slopes) :])
        aux = tree.map_structure(lambda x: next(auxiliary) if isinstance(x, Node) else x, aux)
        slope = tuple(gradient) if several else gradient[0]
        return ((done[0], aux) if has_aux else done[0]), slope

    return wrapped


def grad(
    function: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that returns the gradient of `function`; see `value_and_grad`.

    >>> cube = lambda x: x ** 3
    >>> grad(cube)(2.0), grad(grad(cube))(2.0)
    (array(12., dtype=float32), array(12., dtype=float32))
    """
    both = value_and_grad(function, argnums, has_aux)

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        value, gradient = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return wrapped


def gradients_of(loss: Any, variables: Sequence[Variable]) -> list[Any]:
    """Inside a trace: the gradient of a scalar with respect to each variable, None without one.

    The variables must still hold what they held when `loss` was computed.
    """
    node = Node.wrap(operand(loss))
    seed = Node.wrap(np.ones((), numpy_dtype(node.dtype)))
    return list(gradients([node], [variable.node for variable in variables], [seed]))


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", repr(function))


def _conclude(nodes: list[Node], given: dict[Node, Any], scope: Trace) -> list[Any]:
    """The nodes with placeholders exchanged for what was given: computed if all is known."""
    mapping = {symbol: Node.wrap(value) for symbol, value in given.items()}
    updated = substitute([*nodes, *scope.updates.values()], mapping)
    outputs, updates = updated[: len(nodes)], updated[len(nodes) :]
    known = all(
        node.leaf is None or isinstance(node.leaf, Constant | Variable)
        for node in sorted_nodes(updated)
    )
    outer = current_trace()
    if outer is not None:
        outer.updates.update(zip(scope.updates, updates, strict=True))
    if outer is not None or not known:
        return outputs
    return list(Program([], outputs, dict(zip(scope.updates, updates, strict=True))).run())
