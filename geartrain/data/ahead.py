"""Reading ahead: elements are made on other threads while those before are used."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from geartrain import config
from geartrain.runtime.staging import Staging


def read_ahead(make: Callable[[], Iterator[Any]], size: int) -> Iterator[Any]:
    """The items of an iterator that a thread goes through, at most `size` items ahead.

    What the iterator raises is raised here, in its place. The thread ends when all is read, or when
    nobody reads on.

    >>> list(read_ahead(lambda: iter("abc"), 2))
    ['a', 'b', 'c']
    """
    import threading
    from queue import SimpleQueue

    ready: SimpleQueue[tuple[bool, Any]] = SimpleQueue()
    room, stopped = threading.Semaphore(size), threading.Event()

    def work() -> None:
        try:
            for item in make():
                room.acquire()
                if stopped.is_set():
                    return
                ready.put((True, item))
            ready.put((False, None))
        except BaseException as error:  # the reader's to handle
            ready.put((False, error))

    threading.Thread(target=work, name="geartrain-data", daemon=True).start()
    try:
        while True:
            more, item = ready.get()
            if not more:
                if item is not None:
                    raise item
                return
            yield item
            room.release()
    finally:
        stopped.set()
        room.release()


def on_threads(
    function: Callable[[Any], Any],
    items: Iterator[Any],
    threads: int | None = None,
    most: int | None = None,
) -> Iterator[Any]:
    """What a function makes of each item, in order; several are made at a time.

    Args:
        function: must not depend on what was made before, nor draw random numbers.
        items: what it is given.
        threads: how many call it; by default as many as compute.
        most: how many items are made ahead; by default two for each thread.

    >>> list(on_threads(len, iter(["a", "bc"])))
    [1, 2]
    """
    from concurrent.futures import ThreadPoolExecutor

    count = threads or config.threads()
    ahead = 2 * count if most is None else most
    with ThreadPoolExecutor(count, "geartrain-data") as pool:
        waiting: deque[Any] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for one in waiting:
                one.cancel()


def made_in_order(
    function: Callable[[Any], Any], items: Iterator[Any], threads: int
) -> Iterator[Any]:
    """What a function makes of each item, in order, on threads if it draws no random numbers.

    Args:
        function: of an item.
        items: what it is given.
        threads: how many; -1 for as many as compute, 1 for none.
    """
    if threads == 1:
        yield from map(function, items)
        return
    for item in items:
        made, alone = _observed(function, item)
        yield made
        if alone:
            yield from map(function, items)
        else:
            yield from on_threads(function, items, None if threads < 0 else threads)


def _observed(function: Callable[[Any], Any], item: Any) -> tuple[Any, bool]:
    """The result for the first item, and whether the next one may depend on this one."""
    before = _random_states()
    staged = Staging()
    with staged:
        made = function(item)
    assigned = bool(staged.updates)
    staged.commit()
    return made, assigned or _random_states() != before


def _random_states() -> tuple[Any, ...]:
    return random.getstate(), repr(np.random.get_state(legacy=False))
