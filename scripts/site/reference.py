"""The pages of the reference, one a package, made from signatures and docstrings while MkDocs runs.

Also the front page, which is README.md, and `llms.txt`, a list of all pages for programs that read.
"""

from __future__ import annotations

import importlib
import inspect
import re
import textwrap
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "models": "Models", "layers": "Layers", "ops": "Tensor operations", "losses": "Losses",
    "metrics": "Metrics", "optimizers": "Optimizers", "activations": "Activations",
    "initializers": "Initializers", "regularizers": "Regularizers", "constraints": "Constraints",
    "callbacks": "Callbacks", "data": "Pipelines of data", "datasets": "Data sets",
    "random": "Random numbers", "saving": "Saving", "utils": "Utilities", "tree": "Structures",
    "distribution": "Several machines", "applications": "Networks with weights",
    "preprocessing": "Preprocessing", "wrappers": "Estimators of scikit-learn",
    "export": "Export", "config": "Settings", "dtype_policies": "Data types of layers",
    "summaries": "Summaries for TensorBoard", "plots": "Plots", "naive": "Naive loops",
}  # fmt: skip
SECTIONS = ("Args", "Returns", "Raises", "Attributes", "Yields")


def on_config(config: Any) -> Any:
    """Put the reference's pages into the navigation."""
    for part in config["nav"]:
        if "Reference" in part:
            part["Reference"] = [
                {title: f"reference/{package}.md"} for package, title in PACKAGES.items()
            ]
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that no file holds."""
    made = {f"reference/{name}.md": page(name, title) for name, title in PACKAGES.items()}
    made["index.md"] = front((ROOT / "README.md").read_text("utf-8"))
    made["llms.txt"] = listed(made, config)
    for path, text in made.items():
        files.append(File.generated(config, path, content=text))
    return files


def page(package: str, title: str) -> str:
    """The page of a package: what it is for, then each of its names."""
    module = importlib.import_module(f"geartrain.{package}")
    parts = [f"# {title}: `geartrain.{package}`", body(inspect.getdoc(module) or "")]
    for name in names(module):
        found = getattr(module, name)
        if callable(found) and not inspect.getdoc(found):
            raise ValueError(f"expected a docstring of geartrain.{package}.{name}. Received: none")
        parts += [f"## {name}", described(name, found)]
    return "\n\n".join(parts) + "\n"


def names(module: Any) -> list[str]:
    """The public names of a package, without those of modules, in order."""
    listed = getattr(module, "__all__", None) or [n for n in dir(module) if not n.startswith("_")]
    found = {name: getattr(module, name) for name in listed}
    own = (name for name, one in found.items() if not inspect.ismodule(one) and _is_own(one))
    return sorted(own, key=str.lower)


def _is_own(found: Any) -> bool:
    return str(getattr(found, "__module__", "geartrain")).startswith("geartrain")


def described(name: str, found: Any) -> str:
    """The signature and docstring of a name, and of a class what it can do."""
    text = f"```python\n{name}{signature(found)}\n```\n\n{body(inspect.getdoc(found) or '')}"
    if inspect.isclass(found):
        own = [
            (n, member)
            for n, member in vars(found).items()
            if not n.startswith("_") and inspect.isfunction(member) and member.__doc__
        ]
        rows = [f"| `{n}` | {first_line(member)} |" for n, member in own]
        if rows:
            text += "\n\n| method | |\n| --- | --- |\n" + "\n".join(rows)
    return text


def signature(found: Any) -> str:
    """A callable's arguments as they are written; nothing of other objects."""
    try:
        shown = inspect.signature(found)
    except (TypeError, ValueError):
        return ""
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in shown.parameters.values()]
    plain = re.sub(r"<function (\w+) at 0x\w+>", r"\1", str(inspect.Signature(bare)))
    if len(plain) < 70:
        return plain
    return "(\n    " + textwrap.fill(plain[1:-1], 90, subsequent_indent="    ") + ",\n)"


def first_line(found: Any) -> str:
    """The first sentence of a docstring, fit for a table."""
    return (inspect.getdoc(found) or "").split("\n\n")[0].replace("\n", " ").replace("|", r"\|")


def body(doc: str) -> str:
    """A docstring as Markdown: sections as lists, examples as code, indented lines as they are."""
    lines, out, example, section = doc.splitlines(), [], False, False
    for line in lines:
        if example and not line.strip():
            out += ["```", ""]
            example = False
        elif line.startswith(">>> ") and not example:
            out += ["", "```pycon", line]
            example = True
        elif example:
            out.append(line)
        elif line.rstrip(":") in SECTIONS and line.endswith(":"):
            out += ["", f"**{line.rstrip(':')}**", ""]
            section = True
        elif section and re.match(r"    \S", line):
            out.append(re.sub(r"^    ([\w*, ]+): ", r"- `\1`: ", line).strip())
        elif section and line.startswith("     "):
            out.append(f"    {line.strip()}")
        else:
            section = section and (line.startswith(" ") or not line.strip())
            out.append(line)
    if example:
        out.append("```")
    return "\n".join(out)


def front(readme: str) -> str:
    """README.md as the front page: its links into docs/ are links between pages."""
    text = re.sub(r"\]\(docs/([^)]+)\)", r"](\1)", readme)
    return re.sub(r"\[([^\]]+)\]\((?!https?:|#|[\w./-]+\.(?:md|png))[^)]+\)", r"\1", text)


def listed(made: dict[str, str], config: Any) -> str:
    """`llms.txt`: the name of the project, what it is, and all pages with their first lines."""
    docs = {path.name: path.read_text("utf-8") for path in Path(config["docs_dir"]).glob("*.md")}
    rows = []
    for path, text in sorted({**docs, **made}.items()):
        title = next((line[2:] for line in text.splitlines() if line.startswith("# ")), path)
        rows.append(f"- [{title}]({path.removesuffix('.md')}.html)")
    return f"# Geartrain\n\n> {config['site_description']}\n\n" + "\n".join(rows) + "\n"
