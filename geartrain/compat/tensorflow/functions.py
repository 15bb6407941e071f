"""`tf.function`: a function as a compiled program, traced anew for other shapes and settings."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain import config, tree
from geartrain.compat.tensorflow.creation import convert_to_tensor
from geartrain.compat.tensorflow.tensor import tensors
from geartrain.errors import describe_value, warn
from geartrain.graph.node import Node
from geartrain.graph.tracked import recording
from geartrain.runtime.function import jit
from geartrain.runtime.repeating import structure_of
from geartrain.runtime.variable import current_trace

_eagerly = [False]


def run_functions_eagerly(run_eagerly: bool) -> None:
    """Let functions run step by step from now on, or compiled."""
    _eagerly[0] = bool(run_eagerly)


def functions_run_eagerly() -> bool:
    """Whether functions run step by step."""
    return _eagerly[0]


class Function:
    """A function that is traced for each form of its arguments, and then only run.

    Tensors and arrays among the arguments are inputs; numbers, texts and objects are part of the
    program. Where Python has to know a tensor's value (`if tf.reduce_sum(x) > 0:`) there is no
    program: for such arguments the function runs step by step, with one hint.
    """

    def __init__(self, python_function: Callable[..., Any], input_signature: Any = None) -> None:
        functools.update_wrapper(self, python_function)
        self.python_function, self.input_signature = python_function, input_signature
        self._programs: dict[Any, Callable[..., Any] | None] = {}
        self._bound: dict[int, tuple[Any, Function]] = {}

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """A method: the function for one object, with programs of its own."""
        if instance is None:
            return self
        found = self._bound.get(id(instance))
        if found is None or found[0] is not instance:
            bound = Function(self.python_function.__get__(instance), self.input_signature)
            found = self._bound[id(instance)] = (instance, bound)
        return found[1]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the program for arguments of this form, made at the first call."""
        if _eagerly[0] or current_trace() is not None or recording.tapes:
            return self.python_function(*args, **kwargs)
        leaves = tree.flatten((args, kwargs))
        if any(isinstance(leaf, Node) for leaf in leaves):
            return self.python_function(*args, **kwargs)
        if self.input_signature is not None:
            args, kwargs = self._as_said(args, kwargs)
            leaves = tree.flatten((args, kwargs))
        key = (
            tuple(map(_form, leaves)),
            structure_of(args),
            structure_of(kwargs),
            config.computing(),
        )
        if key not in self._programs:
            self._programs[key] = _compiled(self.python_function, args, kwargs)
        program = self._programs[key]
        if program is None:
            return self._step_by_step(args, kwargs)
        try:
            return tensors_in(program(*(leaf for leaf in leaves if _is_input(leaf))))
        except TypeError as error:
            if not _needs_value(error):
                raise
        self._programs[key] = None
        warn(
            f"{self._who()}: Python's if, while or for needs the "
            "value of a tensor, so it runs step by step, not compiled. tf.where, tf.cond and "
            "tf.while_loop take tensors."
        )
        return self._step_by_step(args, kwargs)

    def _step_by_step(self, args: Any, kwargs: Any) -> Any:
        """What Python makes of the arguments; its numbers are tensors, as of a program."""
        made = self.python_function(*args, **kwargs)
        return tree.map_structure(
            lambda one: convert_to_tensor(one) if isinstance(one, bool | int | float) else one, made
        )

    def _as_said(self, args: Any, kwargs: Any) -> tuple[Any, Any]:
        """The arguments as tensors of the signature. Raises TypeError for other shapes."""
        given = [*args, *kwargs.values()]
        if len(self.input_signature) != len(given):
            raise TypeError(
                f"{self._who()}: expected {len(self.input_signature)} tensors, as input_signature "
                f"says. Received: {len(given)}"
            )
        made = []
        for spec, value in zip(self.input_signature, given, strict=True):
            if tree.is_nested(spec):
                pairs = zip(tree.flatten(spec), tree.flatten(value), strict=True)
                made.append(tree.pack_sequence_as(spec, [self._fitting(*pair) for pair in pairs]))
            else:
                made.append(self._fitting(spec, value))
        return tuple(made), {}

    def _fitting(self, spec: Any, value: Any) -> Any:
        if not hasattr(spec, "is_compatible_with"):
            return value
        found = convert_to_tensor(value, None if spec.dtype == "string" else spec.dtype)
        if not spec.is_compatible_with(np.asarray(found)):
            raise TypeError(
                f"{self._who()}: expected a tensor as {spec}. Received: {describe_value(found)}"
            )
        return found

    def _who(self) -> str:
        return f"tf.function {getattr(self, '__name__', '')!r}"

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> Any:
        """The function for arguments like these: arrays, or `tf.TensorSpec`s."""
        return self

    def experimental_get_tracing_count(self) -> int:
        """For how many forms of arguments it was traced."""
        return len(self._programs)


def _is_input(leaf: Any) -> bool:
    return isinstance(leaf, np.ndarray | np.generic) and leaf.dtype.kind in "biufV"


def _form(leaf: Any) -> Any:
    """What a program depends on: the shape and dtype of an array, else the object itself."""
    if _is_input(leaf):
        return np.shape(leaf), np.asarray(leaf).dtype.name
    if isinstance(leaf, np.ndarray | np.generic):
        return "text", np.shape(leaf), np.asarray(leaf).tobytes()
    if isinstance(leaf, bool | int | float | str | bytes | None.__class__):
        return type(leaf), leaf
    return _Same(leaf)


class _Same:
    """An object as a key: equal to itself alone, and kept while the key is."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, _Same) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


def _compiled(function: Callable[..., Any], args: Any, kwargs: Any) -> Callable[..., Any]:
    """The program of a function for arguments of which only the arrays may differ."""
    leaves = tree.flatten((args, kwargs))

    def of_inputs(*inputs: Any) -> Any:
        rest = iter(inputs)
        filled = [next(rest) if _is_input(leaf) else leaf for leaf in leaves]
        given, named = tree.pack_sequence_as((args, kwargs), filled)
        return function(*given, **named)

    return jit(of_inputs)


def _needs_value(error: TypeError) -> bool:
    """Whether a trace failed since Python asked for a value."""
    text = str(error)
    return "symbolic" in text or "not known yet" in text


def tensors_in(result: Any) -> Any:
    """What a program returned, with its arrays as tensors."""
    if isinstance(result, dict):
        return {name: tensors_in(one) for name, one in result.items()}
    if isinstance(result, tuple) and hasattr(result, "_fields"):
        return type(result)(*map(tensors_in, result))
    if isinstance(result, list | tuple):
        return type(result)(map(tensors_in, result))
    return tensors(result)


def function(
    func: Any = None, input_signature: Any = None, autograph: bool = True,
    jit_compile: Any = None, reduce_retracing: bool = False,
    experimental_implements: Any = None, experimental_autograph_options: Any = None,
    experimental_attributes: Any = None, experimental_relax_shapes: Any = None,
    experimental_compile: Any = None, experimental_follow_type_hints: Any = None,
) -> Any:  # fmt: skip
    """Compile a function: `tf.function(f)`, `@tf.function`, or `@tf.function(...)`."""
    if func is None:
        return lambda func: Function(func, input_signature)
    return Function(func, input_signature)


def do_not_convert(func: Any = None) -> Any:
    """The function itself."""
    return func if func is not None else lambda func: func


def to_code(entity: Any, recursive: bool = True, experimental_optional_features: Any = None) -> str:
    """The function's source: Python's control flow is not rewritten."""
    import inspect

    return inspect.getsource(getattr(entity, "python_function", entity))


__all__ = [
    "Function", "do_not_convert", "function", "functions_run_eagerly", "run_functions_eagerly",
    "to_code",
]  # fmt: skip
