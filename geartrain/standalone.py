"""Views of the page in a single file of HTML, which needs no server, to mail or to embed.

The file holds the page's own modules, styles and fonts, and the answers that the views ask for.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from geartrain import files

STATIC = Path(__file__).parent / "page" / "static"
_IMPORTED = re.compile(r"""(["`])\.{1,2}/([\w/$.{}]+\.js)(["`])""")
# In place of talk.js: the answers are in the file.
_TALK = """
export const live = false;
export class Refusal extends Error {}
const answers = JSON.parse(document.getElementById("answers").textContent);
export async function get(path, query = {}) {
  const key = [path, ...Object.entries(query).map(([k, v]) => `${k}=${v}`).sort()].join(" ");
  if (!(key in answers)) throw new Refusal(`not in this file: ${key}`);
  return answers[key];
}
export const post = get, upload = get;
export async function listen() {}
"""


def key(path: str, **query: Any) -> str:
    """How an answer is found again.

    >>> key("gears/open", stage="loops", layer="")
    'gears/open layer= stage=loops'
    """
    return " ".join([path, *sorted(f"{name}={value}" for name, value in query.items())])


def save(
    path: str | os.PathLike[str], title: str, views: Sequence[str], answers: Mapping[str, Any]
) -> None:
    """Write views of the page, with what they show, into one file.

    Args:
        path: the file, `.html`.
        title: what the browser calls it.
        views: their names, the first one shown first.
        answers: by `key`, values that JSON can hold.

    Raises ValueError for another ending than .html, OSError where the file cannot be written.
    """
    if Path(path).suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"save: expected a path that ends in .html. Received: {os.fspath(path)!r}")
    with files.replacing(path) as stream:
        stream.write(page(title, views, answers).encode())


def page(title: str, views: Sequence[str], answers: Mapping[str, Any]) -> str:
    """The text of such a file."""
    words = (STATIC / "words.json").read_text("utf-8")
    modules = {"talk.js": _TALK}
    names = ["words.js", "parts.js", "main.js", "libraries/d3.js", "libraries/katex.js"]
    for name in (*names, *(f"views/{view}.js" for view in views)):
        modules[name] = _IMPORTED.sub(r"\1\2\3", (STATIC / name).read_text("utf-8"))
    modules["words.js"] = modules["words.js"].replace(
        'await (await fetch("words.json")).json()', words
    )
    # a view may import from another one, such as a drawing
    imports = {name: _data("text/javascript", text.encode()) for name, text in modules.items()}
    style = _with_fonts((STATIC / "libraries" / "katex.css").read_text("utf-8"))
    style += (STATIC / "style.css").read_text("utf-8")
    frame = (STATIC / "index.html").read_text("utf-8")
    body = frame[frame.index("<body>") : frame.index("</html>")]
    icon = _data("image/svg+xml", (STATIC / "icon.svg").read_bytes())
    body = body.replace('src="icon.svg"', f'src="{icon}"')
    told = json.dumps(answers, ensure_ascii=False).replace("</", r"<\/")
    return "\n".join([
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title>\n<style>{style}</style>",
        f'<script type="application/json" id="answers">{told}</script>',
        f"<script>window.VIEWS = {json.dumps(list(views))}</script>",
        f'<script type="importmap">{json.dumps({"imports": imports})}</script>',
        '<script type="module">import "main.js";</script>\n</head>',
        body, "</html>\n",
    ])  # fmt: skip


def _data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _with_fonts(style: str) -> str:
    """Styles with the fonts that they name inside of them."""

    def font(match: re.Match[str]) -> str:
        content = (STATIC / "libraries" / match[1]).read_bytes()
        return f"url({_data('font/woff2', content)})"

    return re.sub(r"url\((fonts/[^)]+\.woff2)\)", font, style)
