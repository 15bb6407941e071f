"""The server's application: the page's files, what views ask for, and what happens meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from geartrain.page.subject import Subject
from geartrain.page.views import VIEWS

STATIC = Path(__file__).parent / "static"
KEPT_ALIVE = 15.0  # seconds between signs of life to a page that hears of nothing


class Numbers(JSONResponse):
    """JSON of arrays and numbers; numbers that are not finite become null."""

    def render(self, content: Any) -> bytes:
        """The body."""
        return text_of(content).encode()


def text_of(content: Any) -> str:
    """JSON of nested arrays and numbers.

    >>> text_of({"loss": np.float32(0.5), "w": np.array([1.0, np.nan])})
    '{"loss":0.5,"w":[1.0,null]}'
    """
    return json.dumps(_plain(content), separators=(",", ":"), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def application(subject: Subject) -> Starlette:
    """The application that shows a subject."""

    async def ask(request: Request) -> Response:
        view, name = request.path_params["view"], request.path_params["name"]
        found = VIEWS.get(view, {}).get((request.method, name))
        if found is None:
            return Numbers({"error": f"there is no {request.method} {view}/{name}"}, 404)
        given: dict[str, Any] = dict(request.query_params)
        if request.method == "POST":
            body = await request.body()
            given |= {"body": body} if name == "upload" else json.loads(body or b"{}")
        try:
            if getattr(found, "alone", False):  # has no look at weights, or sees to it itself
                return Numbers(await run_in_threadpool(found, subject, **given))
            return Numbers(
                await run_in_threadpool(subject.control.look, lambda: found(subject, **given))
            )
        except (ValueError, TypeError, LookupError, TimeoutError) as error:
            said = error.args[0] if error.args else type(error).__name__
            return Numbers({"error": str(said)}, 422)

    async def events(request: Request) -> Response:
        del request
        loop = asyncio.get_running_loop()
        happened: asyncio.Queue[str] = asyncio.Queue(1000)

        def put(text: str) -> None:
            with contextlib.suppress(asyncio.QueueFull):  # a page that sleeps misses something
                happened.put_nowait(text)

        def told(event: str, data: Any) -> None:
            text = f"event: {event}\ndata: {text_of(data)}\n\n"
            with contextlib.suppress(RuntimeError):  # the server has just ended
                loop.call_soon_threadsafe(put, text)

        async def stream() -> AsyncIterator[str]:
            end = subject.control.subscribe(told)
            try:
                yield ": hello\n\n"
                while True:
                    try:
                        text = await asyncio.wait_for(happened.get(), KEPT_ALIVE)
                        yield text
                        if text.startswith("event: bye"):
                            return
                    except TimeoutError:
                        yield ": still here\n\n"
            finally:
                end()

        return StreamingResponse(stream(), media_type="text/event-stream")

    return Starlette(
        routes=[
            Route("/api/events", events),
            Route("/api/{view}/{name}", ask, methods=["GET", "POST"]),
            Mount("/", StaticFiles(directory=STATIC, html=True)),
        ]
    )
