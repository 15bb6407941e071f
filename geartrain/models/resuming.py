"""How `fit` keeps checkpoints, and goes on from one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from geartrain.distribution.current import ranks, together
from geartrain.distribution.together import shared
from geartrain.files import nothing_written
from geartrain.models.replaying import Replayer
from geartrain.models.training import Training
from geartrain.resume.replaying import Request, request_for

if TYPE_CHECKING:
    from geartrain.resume.folder import RunFolder
    from geartrain.resume.settings import Checkpoints


@contextmanager
def keeping(training: Training, resume: Any, settings: dict[str, Any]) -> Iterator[None]:
    """Keep checkpoints of a training in a `with` block, and let it go on from the last one.

    Args:
        training: ready to run.
        resume: what `fit` was given, None to keep none.
        settings: the arguments of `fit` that must be the same where it goes on.

    Raises ValueError for a folder that holds another training, RuntimeError for one that another
    process has, OSError for one that cannot be written.
    """
    found = ((one, one._former_state(training)) for one in training.listeners.callbacks)
    former = [(state, str(one.backup_dir)) for one, state in found if state is not None]
    for state, place in shared(former):
        _take_up(training, state, place, exact=True)
    if resume is not None and ranks().rank and together():  # rank 0 keeps them
        state = shared(None)
        if state is not None:
            _take_up(training, state, str(resume), exact=True)
        resume = None
    if resume is None:
        yield
        return
    from geartrain.resume.folder import RunFolder
    from geartrain.resume.identity import identity_of
    from geartrain.resume.settings import Checkpoints

    chosen = Checkpoints.of(resume)
    folder = RunFolder(chosen.folder, chosen.keep)
    held = training.validating
    training.identity = identity_of(
        training.model, training.loop.data, held and held.data, settings
    )
    request = request_for(chosen.folder)
    if request is None:
        block = _kept(training, chosen, folder)
    else:
        block = _replayed(training, chosen, folder, request)
    with block:
        yield


@contextmanager
def _kept(training: Training, chosen: Checkpoints, folder: RunFolder) -> Iterator[None]:
    """Keep checkpoints in a folder, and go on from the last one there."""
    from geartrain.resume.keeper import Keeper

    folder.open()
    try:
        keeper = training.keeper = Keeper(chosen, folder, training.state)
        state = shared(folder.latest())
        if state is not None:
            _take_up(training, state, str(chosen.folder), chosen.exact)
            keeper.best = state.facts["best"]
            if training.listeners.params.get("verbose"):
                print(f"Going on after step {state.step}, from {str(chosen.folder)!r}.")
        training.loop.most = lambda done: keeper.until(training.steps + done - training.batch)
        try:
            yield
        except BaseException:
            keeper.close()
            raise
        keeper.finish()
    finally:
        folder.close()


@contextmanager
def _replayed(
    training: Training, chosen: Checkpoints, folder: RunFolder, request: Request
) -> Iterator[None]:
    """Look at steps instead of training: `Done` is raised once all is known."""
    state = folder.latest(request.first)
    if state is not None:
        _take_up(training, state, str(chosen.folder), chosen.exact)
    training.keeper = Replayer(training, request, 0 if state is None else state.step)
    training.loop.most = training.keeper.until_done
    with nothing_written():
        yield
    raise request.missed(training.steps)


def _take_up(training: Training, state: Any, folder: str, exact: bool) -> None:
    from geartrain.resume.identity import check_same

    training.take_up(state)
    if not (together() and ranks().rank):  # callbacks are rank 0's
        training.check_callbacks(state, folder)
    if training.identity and state.identity:
        check_same(state.identity, training.identity, "fit", folder, exact)
