"""What goes from a model into a store of tensors, and back.

Loading changes all or nothing. Each part of the model is matched with what the store has at its
path: how many tensors, their shapes and dtypes. Only if all fit are they read, into new arrays,
and checked; only then do the variables take the new values, together. A layer with a
`load_own_variables` of its own runs it with its assignments held back until that moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from geartrain.errors import describe_value, warn
from geartrain.graph.dtypes import is_float, numpy_dtype
from geartrain.layers.low_rank import LowRank
from geartrain.layers.owner import Owner, wrong_count
from geartrain.optimizers.optimizer import Optimizer
from geartrain.optimizers.state import OptimizerState
from geartrain.runtime.aligned import aligned_empty
from geartrain.runtime.staging import Staging
from geartrain.runtime.variable import Variable
from geartrain.saving.paths import Part, Walk
from geartrain.saving.store import DTYPES, MemoryTensor, Store, StoredTensor, read_tensors

# Those that keep variables as they are, as "0", "1", ... All others are run.
PLAIN_SAVING = (Owner.save_own_variables, OptimizerState.save_own_variables)
PLAIN_LOADING = (Owner.load_own_variables, OptimizerState.load_own_variables)
SHOWN = 10  # so many of the parts that do not fit are told of


def collect(whole: Part, skipped: Iterable[Any] = ()) -> Store:
    """The weights of a model, layer or optimizer as a store, without copying them.

    Args:
        whole: what to save.
        skipped: layers and other parts to leave out.

    Raises:
        TypeError: a `save_own_variables` that keeps something else than numbers.

    >>> from geartrain.layers import Dense
    >>> layer = Dense(2, name="head")
    >>> layer.build((None, 3))
    >>> store = collect(layer)
    >>> [(path, tensor.shape) for path, tensor in store.tensors.items()], store.names
    ([('vars/0', (3, 2)), ('vars/1', (2,))], {'': 'head'})
    """
    store = Store({})

    def keep(path: str, part: Any) -> bool:
        own = own_values(part)
        if own is None:
            return True
        if isinstance(part.name, str):
            store.names[path] = part.name
        for key, value in own.items():
            place = place_of(path, key, part)
            store.tensors[place] = MemoryTensor.of(place, _saved(place, value, part))
        return True

    Walk(keep, skipped).run(whole)
    return store


def variables_of(part: Any) -> list[Variable]:
    """The variables of a layer or an optimizer itself, in the order of files."""
    own: list[Variable] = part.variables if isinstance(part, Optimizer) else part._own_weights()
    return own


def own_values(part: Any) -> dict[str, Any] | None:
    """What a part keeps in files by key, without what is below it; None if it keeps nothing."""
    if not hasattr(part, "save_own_variables"):
        return None
    if _is_plain(part, type(part).save_own_variables, PLAIN_SAVING):
        return {str(place): variable for place, variable in enumerate(variables_of(part))}
    own: dict[str, Any] = {}
    part.save_own_variables(own)
    return own


def _is_plain(part: Any, method: Any, plain: tuple[Any, ...]) -> bool:
    """Whether a part keeps its variables one by one: also one that low rank could adapt, but not
    yet does.
    """
    adapts = method in (LowRank.save_own_variables, LowRank.load_own_variables)
    return method in plain or (adapts and not part.lora_enabled)


def place_of(path: str, key: Any, part: Any) -> str:
    """The place of what the part at `path` keeps under a key."""
    steps = key.split("/") if isinstance(key, str) else [""]
    if any(step in ("", ".", "..") for step in steps):
        raise TypeError(
            f"{type(part).__name__}.save_own_variables: expected keys such as '0'. "
            f"Received: {key!r}"
        )
    return f"{path}/vars/{key}" if path else f"vars/{key}"


def _saved(path: str, value: Any, part: Any) -> np.ndarray:
    array = value.array if isinstance(value, Variable) else np.asarray(value)
    if array.dtype.name not in DTYPES:
        raise TypeError(
            f"{type(part).__name__}.save_own_variables: expected arrays of numbers, at {path!r}. "
            f"Received: {describe_value(array)}"
        )
    return array


class Pair(NamedTuple):
    """A tensor of a store, and the variable that it is for."""

    tensor: StoredTensor
    variable: Variable


class Held(NamedTuple):
    """The assignments of a layer's own `load_own_variables`, held back."""

    values: list[tuple[Variable, Any]]


class Incoming(Mapping[str, np.ndarray]):
    """What a `load_own_variables` is given: arrays by key, each read when it is asked for."""

    def __init__(self, tensors: dict[str, StoredTensor]) -> None:
        self._tensors = tensors

    def __getitem__(self, key: str) -> np.ndarray:
        return self._tensors[key].read()

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)


class Matching:
    """A model's parts and a store's tensors, put side by side; nothing is read or changed yet.

    Args:
        whole: the model, layer or optimizer.
        store: the tensors.
        skipped: parts to leave as they are.

    Attributes:
        plan: what to do, in order.
        failed: for each part that does not fit, its path and what is wrong.
        notes: what to warn of in any case.
    """

    def __init__(self, whole: Part, store: Store, skipped: Iterable[Any] = ()) -> None:
        self.plan: list[Pair | Held] = []
        self.failed: dict[int, tuple[str, str]] = {}
        self.notes: list[str] = []
        self._groups = store.groups()
        self._used: set[str] = set()
        self._walk = Walk(self._match, skipped)
        self._walk.run(whole)
        self._forgive_older_files(store)
        self._tell_of_rest(whole)

    def _match(self, path: str, part: Any) -> bool:
        if not hasattr(part, "load_own_variables"):
            return True
        found = self._found(path)
        try:
            self.plan += self._steps(part, found)
        except Exception as error:  # whatever a layer's own code raises is told with all others
            self.failed[id(part)] = path, str(error) or repr(error)
            return False
        self._used.update(tensor.path for tensor in found.values())
        self.failed.pop(id(part), None)
        return True

    def _found(self, path: str) -> dict[str, StoredTensor]:
        older = path.replace("layers", "_layer_checkpoint_dependencies")  # Keras 2.13
        return self._groups.get(path) or self._groups.get(older) or {}

    def _steps(self, part: Any, found: dict[str, StoredTensor]) -> list[Pair | Held]:
        if not _is_plain(part, type(part).load_own_variables, PLAIN_LOADING):
            with Staging() as staged:
                part.load_own_variables(Incoming(found))
            return [Held(list(staged.assigned()))]
        variables = variables_of(part)
        if isinstance(part, Optimizer) and _is_new(part) and len(found) == part._before_slots:
            variables = variables[: part._before_slots]  # saved before any step: no slots yet
        if len(found) != len(variables):
            if isinstance(part, Optimizer):
                self.notes.append(_other_state(part, len(found)))
                return []
            raise ValueError(wrong_count(part, variables, len(found)))
        pairs = []
        for place, variable in enumerate(variables):
            if str(place) not in found:
                raise ValueError(
                    f"{part.name!r} expected tensors called 0 to {len(variables) - 1}. "
                    f"Received: {', '.join(found)}"
                )
            pairs.append(Pair(found[str(place)], variable))
            check_fits(*pairs[-1], f"{part.name!r}")
        return list(pairs)

    def _forgive_older_files(self, store: Store) -> None:
        """Let parts in containers of containers be, where files older than Keras 3.15 lack them."""
        if not self.failed:
            return
        known = {*self._groups, *store.names}
        missing = {
            path
            for path in self._walk.nested
            if not any(f"{one}/".startswith(f"{path}/") for one in known)
        }
        for key, (path, _) in list(self.failed.items()):
            if any(path.startswith(f"{one}/") for one in missing):
                del self.failed[key]
                self.notes.append(
                    f"the file has nothing at {path}: Keras before 3.15.0 did not save layers in "
                    "lists of lists. These keep the weights that they have."
                )

    def _tell_of_rest(self, whole: Any) -> None:
        """Note which tensors nothing asked for, so that nothing is lost in silence."""
        absent = {name for name in ("optimizer", "loss") if getattr(whole, name, None) is None}
        unread: dict[str, int] = {}
        for path, tensors in self._groups.items():
            let_be = any(f"{path}/".startswith(f"{one}/") for one in self._walk.left_out | absent)
            failed = any(path == place for place, _ in self.failed.values())
            rest = [one for one in tensors.values() if one.path not in self._used]
            if rest and not let_be and not failed:
                unread[path] = len(rest)
        if unread and not isinstance(whole, Optimizer):
            listed = ", ".join(f"{path or 'the top'} ({n})" for path, n in unread.items())
            self.notes.append(
                f"the file has tensors that the model has no place for, and which are left out: "
                f"{shortened(listed)}. The model may have fewer layers, or others."
            )


def values_of(plan: list[Pair | Held], fresh: bool = False) -> list[tuple[Variable, Any]]:
    """New values for the variables of a plan, read and checked.

    Args:
        plan: what is for which variable; the last one counts.
        fresh: whether nobody has seen the variables yet, so that tensors may be read into their
            arrays at once. What is returned is then what remains to be assigned.
    """
    jobs: dict[tuple[str, int], tuple[StoredTensor, np.ndarray]] = {}
    values: list[tuple[Variable, Any]] = []
    last = {id(step.variable): step for step in plan if isinstance(step, Pair)}
    for step in plan:
        if isinstance(step, Held):
            values += step.values
            continue
        tensor, variable = step
        at_once = fresh and tensor.dtype == variable.dtype and last[id(variable)] is step
        array = variable.array if at_once else _empty_like(tensor)
        jobs[tensor.path, id(variable)] = tensor, array
        if not at_once:
            values.append((variable, array))
    read_tensors(jobs.values())
    return [(variable, converted(variable, value)) for variable, value in values]


def restore(
    whole: Part,
    store: Store,
    who: str,
    *,
    skip_mismatch: bool = False,
    skipped: Iterable[Any] = (),
    fresh: bool = False,
) -> list[Variable]:
    """Give a model the weights of a store: all, or on any error none.

    Args:
        whole: the model, layer or optimizer.
        store: the tensors.
        who: what messages begin with, as in `"load_weights('m.weights.h5')"`.
        skip_mismatch: whether parts that do not fit are left as they are, with a warning.
        skipped: parts to leave as they are.
        fresh: whether the model was made for this store alone: its arrays are filled at once then,
            and undefined after an error.

    Returns:
        The variables that have new values.

    Raises:
        ValueError: parts that do not fit, all of them named; values that are damaged.
    """
    matching = Matching(whole, store, skipped)
    if matching.failed and not skip_mismatch:
        raise ValueError(_failures(who, matching.failed))
    try:
        values = values_of(matching.plan, fresh)
    except ValueError as error:
        raise ValueError(f"{who}: {error}") from error
    assign_all(values)
    for path, problem in matching.failed.values():
        warn(f"{who}: left {path or 'the model itself'} as it is. {problem}")
    for note in matching.notes:
        warn(f"{who}: {note}")
    steps = matching.plan
    filled = [step.variable for step in steps if isinstance(step, Pair)]
    filled += [variable for step in steps if isinstance(step, Held) for variable, _ in step.values]
    return list(dict.fromkeys(filled))


def assign_all(values: list[tuple[Variable, Any]]) -> None:
    """Give the variables their values. An interrupt waits until all have them."""
    interrupt, done = None, 0
    while done < len(values):
        try:
            for variable, value in values[done:]:
                variable.assign(value)
                done += 1
        except KeyboardInterrupt as error:
            interrupt = error
    if interrupt is not None:
        raise interrupt


def check_fits(tensor: StoredTensor, variable: Variable, who: str) -> None:
    """Refuse a tensor whose shape or kind of numbers is not the variable's.

    Floats become other floats, and whole numbers others, as `converted` allows.
    """
    same_kind = is_float(tensor.dtype) == is_float(variable.dtype) and (
        (tensor.dtype == "bool") == (variable.dtype == "bool")
    )
    if tensor.shape != variable.shape or not same_kind:
        turned = len(tensor.shape) > 1 and tensor.shape == variable.shape[::-1]
        hint = (
            ". The axes are turned, as PyTorch keeps them: transpose the tensor" if turned else ""
        )
        raise ValueError(
            f"{who} expected shape {variable.shape}, dtype {variable.dtype} for {variable.path!r}. "
            f"Received: shape {tensor.shape}, dtype {tensor.dtype} at {tensor.path!r}{hint}"
        )


def converted(variable: Variable, value: Any) -> Any:
    """An array in the variable's dtype.

    Raises:
        ValueError: numbers that the dtype does not have, and which would become others in silence.
    """
    dtype = numpy_dtype(variable.dtype)
    if not isinstance(value, np.ndarray) or value.dtype == dtype:
        return value
    with np.errstate(over="ignore", invalid="ignore"):
        new = value.astype(dtype)
    lost = np.isfinite(value) & ~np.isfinite(new) if is_float(variable.dtype) else new != value
    if lost.any():
        raise ValueError(
            f"{variable.path!r} expected values of dtype {variable.dtype}. Received: "
            f"{value[lost].reshape(-1)[0]}, of dtype {value.dtype}, which it cannot hold"
        )
    return new


def _empty_like(tensor: StoredTensor) -> np.ndarray:
    return aligned_empty(tensor.shape, numpy_dtype(tensor.dtype))


def _is_new(optimizer: Any) -> bool:
    """Whether an optimizer has slots, and has made no step yet, so that they are as at first."""
    return optimizer.built and not optimizer._iterations.array.any()


def _other_state(optimizer: Any, received: int) -> str:
    hint = "" if optimizer.built else " It has not been built yet: train a step first, or call its"
    hint += "" if optimizer.built else " build(model.trainable_variables)."
    return (
        f"Skipping variable loading for optimizer {optimizer.name!r}, because it has "
        f"{len(optimizer.variables)} variables whereas the saved optimizer has {received} "
        f"variables.{hint}"
    )


def _failures(who: str, failed: dict[int, tuple[str, str]]) -> str:
    lines = [f"  {path or 'the model itself'}: {problem}" for path, problem in failed.values()]
    more = [f"  ... and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    listed = "\n".join([*lines[:SHOWN], *more])
    return (
        f"{who}: A total of {len(lines)} objects could not be loaded, so nothing was changed:\n"
        f"{listed}\nThe file must come from a model of the same layers, with the same arguments. "
        "load_weights(..., skip_mismatch=True) loads what fits."
    )


def shortened(text: str, most: int = 300) -> str:
    """A text of at most so many characters."""
    return text if len(text) <= most else f"{text[: most - 3]}..."
