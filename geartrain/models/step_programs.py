"""The programs of a model's steps: each is traced once for each form of the data, and run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from geartrain import config, tree
from geartrain.distribution import current
from geartrain.errors import UnknownSize
from geartrain.graph.node import Node, placeholder
from geartrain.graph.shapes import BATCH
from geartrain.layers.layer import Layer
from geartrain.layers.trials import inferred
from geartrain.models.data import Batch, pack_x_y_sample_weight
from geartrain.models.keys import Held, key_of
from geartrain.models.programs import ProgramKey, Programs
from geartrain.models.staged import StagedProgram
from geartrain.runtime.function import Program, trace
from geartrain.runtime.stage import Stage, dtype_of_data
from geartrain.runtime.variable import Trace

Runnable = Program | StagedProgram


class StepPrograms:
    """The part of a model that traces its steps into programs, and runs these."""

    optimizer: Any
    run_eagerly: bool
    jit_compile: Any
    built: bool
    trainable_variables: list[Any]

    def __init__(self) -> None:
        self._programs = Programs()
        self._fixed_settings: tuple[Any, ...] | None = None  # while `fit` runs
        self._first_batch: Callable[[], Batch] | None = None  # while `fit` runs

    def program_of(self, kind: str, batch: Batch) -> tuple[Runnable, Any]:
        """The program of a step for data of this form, and the form of its result."""
        found: tuple[Runnable, Any] = self._programs[self.traced(kind, batch)]
        return found

    def traced(self, kind: str, batch: Batch) -> ProgramKey:
        """The key of the program of a step for data of this form, once it is there."""
        self._prepare(kind, batch)
        key = self.program_key(kind, batch)
        if key not in self._programs:
            program, result = self._made_program(kind, batch)
            key = self.program_key(kind, batch)  # the step may have made variables
            self._programs[key] = (program, result)
        return key

    def _made_program(self, kind: str, batch: Batch) -> tuple[Runnable, Any]:
        """A new program of a step for data of this form, and the form of its result."""
        stage, result, scope = self._traced_step(kind, batch)
        outputs = [Node.wrap(leaf) for leaf in tree.flatten(result)]
        compiled = bool(self.jit_compile) and not self.run_eagerly
        if not stage.calls:
            return current.program(stage.inputs, outputs, scope.updates, compiled), result

        def again(arrays: list[np.ndarray]) -> Any:
            remaining = iter(arrays)
            other = tree.map_structure(
                lambda leaf: None if leaf is None else next(remaining), tuple(batch)
            )
            return self._made_program(kind, Batch(*other))[0]

        def program(inputs: list[Node], outputs: list[Node]) -> Any:
            return current.program(inputs, outputs, scope.updates, compiled)

        return StagedProgram(stage, outputs, program, again), result

    def _traced_step(self, kind: str, batch: Batch) -> tuple[Stage, Any, Trace]:
        """The stage with the placeholders, the result and the scope of a step for such data.

        A step that must know how many rows there are is traced for this number of them.
        """
        key = self.program_key(kind, batch)
        try:
            return self._traced_for(key, batch)
        except UnknownSize:
            if BATCH not in key.rows:
                raise
        self._programs.of_fixed_rows.add(key.data)
        return self._traced_for(self.program_key(kind, batch), batch)

    def _traced_for(self, key: ProgramKey, batch: Batch) -> tuple[Stage, Any, Trace]:
        kind, rows = key.kind, key.rows
        leaves = [leaf for leaf in tree.flatten(list(batch)) if leaf is not None]
        inputs = [
            placeholder((count, *leaf.shape[1:]), dtype_of_data(leaf), name)
            for count, leaf, name in zip(rows, leaves, self._leaf_names(batch), strict=True)
        ]
        remaining = iter(inputs)
        data = tree.map_structure(
            lambda leaf: None if leaf is None else next(remaining), tuple(batch)
        )
        step = getattr(self, f"{kind}_step")
        with Stage(inputs, leaves) as stage:
            result, scope = trace(lambda: step(pack_x_y_sample_weight(*data)))
        return stage, result, scope

    def program_key(self, kind: str, batch: Batch) -> ProgramKey:
        """What decides which program a step needs: the form of the data, and settings."""
        leaves = [leaf for leaf in tree.flatten(list(batch)) if leaf is not None]
        specs = tuple((leaf.shape[1:], leaf.dtype) for leaf in leaves)
        form: Any = tuple(part is None for part in batch)
        if any(map(tree.is_nested, batch)):
            form = repr(tree.map_structure(lambda leaf: leaf is None, list(batch)))
        fixed = self._rows_are_fixed() or (kind, specs, form) in self._programs.of_fixed_rows
        rows = tuple(len(leaf) if fixed else BATCH for leaf in leaves)
        return ProgramKey(kind, specs, form, rows, self._settings(kind))

    def program_known(self, key: ProgramKey | None) -> tuple[Runnable, Any] | None:
        """The program with this key, if there is one since `compile`, and its result's form."""
        return None if key is None else self._programs.get(key)

    def _rows_are_fixed(self) -> bool:
        """Whether a layer keeps a state for each row, from one batch to the next."""
        return any(layer.stateful for layer in self._flatten_layers())  # type: ignore[attr-defined]

    def _settings(self, kind: str) -> tuple[Any, ...]:
        """What is written into a program and may change: other settings need another program."""
        common = (config.computing(), self.run_eagerly, self.jit_compile, current.key())
        if kind != "train" or self.optimizer is None:
            return common
        if self._fixed_settings is not None:
            return self._fixed_settings
        taking = [self.optimizer]  # and the one inside of it that takes the steps, if any
        if hasattr(self.optimizer, "inner_optimizer"):
            taking.append(self.optimizer.inner_optimizer)
        written = [dict(vars(optimizer)) for optimizer in taking]
        for optimizer, settings in zip(taking, written, strict=True):
            if optimizer.calls_rate:  # no part of a program, only what it gives
                del settings["_learning_rate"]
        keys = (key_of(value) for settings in written for value in settings.values())
        trained = (Held(variable) for variable in self.trainable_variables)
        flags = (layer.trainable for layer in self._flatten_layers())  # type: ignore[attr-defined]
        return (*common, Held(self.optimizer), *keys, *trained, *flags)

    @contextmanager
    def _settings_fixed(self, key: ProgramKey, first: Callable[[], Batch]) -> Iterator[None]:
        """What is trainable and how the optimizer is set stay as in `key`, in a `with` block.

        Meanwhile callbacks have a way to the `first` batch.
        """
        before, self._fixed_settings = self._fixed_settings, key.settings
        self._first_batch = first
        try:
            yield
        finally:
            self._fixed_settings, self._first_batch = before, None

    def _prepare(self, kind: str, batch: Batch) -> None:
        """Make the weights and the optimizer's slots, before anything is traced."""
        if not self.built and self._has_call():
            self.build_from(batch.x)
        elif not self.built:  # a step of its own calls the layers, and so makes their weights
            self._traced_step(kind, batch)
            self.built = True
        if kind == "train" and self.optimizer is not None and not self.optimizer.built:
            self.optimizer.build(self.trainable_variables)

    def build_from(self, x: Any) -> None:
        """Make the weights for inputs like `x`."""
        symbols = tree.map_structure(
            lambda leaf: placeholder((BATCH, *leaf.shape[1:]), dtype_of_data(leaf)), x
        )
        with Stage(tree.flatten(symbols), tree.flatten(x)):
            trace(
                lambda: inferred(
                    lambda args, kwargs: self(*args, **kwargs), (symbols,), {"training": False}
                )
            )

    def _has_call(self) -> bool:
        """Whether the model can be called, or has steps of its own alone."""
        return type(self).call is not Layer.call  # type: ignore[attr-defined]

    def _leaf_names(self, batch: Batch) -> list[str]:
        names = []
        for part, name in zip(batch, batch._fields, strict=True):
            count = len([leaf for leaf in tree.flatten(part) if leaf is not None])
            names += [name if count == 1 else f"{name}[{number}]" for number in range(count)]
        return names

    def run_step(self, kind: str, batch: Batch) -> Any:
        """Run one step; the result has the form that the step returned."""
        program, result = self.program_of(kind, batch)
        if kind == "train" and self.optimizer is not None:
            self.optimizer.refresh_rate()
        leaves = [leaf for leaf in tree.flatten(list(batch)) if leaf is not None]
        return tree.pack_sequence_as(result, program.run(*leaves, **batch.place))
