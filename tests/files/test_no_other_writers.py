"""No part of the library writes to the file system but through `geartrain.files`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import geartrain

PACKAGE = Path(geartrain.__file__).parent
# What writes whenever it is called, and what does where its mode says so.
ALWAYS = {
    "write_text", "write_bytes", "mkdir", "makedirs", "renames", "symlink_to", "symlink", "link",
    "hardlink_to", "touch", "copyfile", "copy2", "copytree", "move", "savetxt", "tofile",
    "NamedTemporaryFile", "TemporaryDirectory", "mkstemp", "mkdtemp", "rename", "truncate",
}  # fmt: skip
BY_MODE = {"open", "fdopen", "FileIO"}
# What writes into a stream that `files.replacing` gives, or one in memory.
INTO_A_STREAM = {"ZipFile", "File", "save", "savez", "savez_compressed", "savefig", "dump"}
# Names that objects of other kinds have too: of these modules, or of paths, they write.
ALSO_OTHERS = {"copy": "shutil", "replace": "os", "link": "os", "rename": "os", "truncate": "os"}


def writes(source: str) -> list[str]:
    """The calls in a module that write to the file system by themselves."""
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    makers = {"io.BytesIO", "io.StringIO", "files.replacing", "replacing", "replacing_folder"}
    makers |= {"tempfile.TemporaryDirectory", "self._whole.enter_context"}
    makers |= {one.name for one in nodes if isinstance(one, ast.ClassDef)}
    safe: set[str] = set()
    for _ in range(3):  # an archive in a stream, and a member of that archive
        safe |= {name for node in nodes for name in _safe_names(node, makers, safe)}
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    return [f"line {one.lineno}: {ast.unparse(one)}" for one in calls if _writes(one, safe)]


def _safe_names(node: ast.AST, makers: set[str], safe: set[str]) -> Iterator[str]:
    """Names of streams and folders that `files` gives, of what is in memory or thrown away.

    Layers write their assets into a folder that saving throws away, once it has read them.
    """
    if isinstance(node, ast.FunctionDef) and node.name == "save_assets":
        yield from (argument.arg for argument in node.args.args[1:])
    annotation = node.annotation if isinstance(node, ast.arg) else None
    if annotation is not None and re.search(r"BinaryIO|IO\[bytes\]", ast.unparse(annotation)):
        yield node.arg
    value, target = None, None
    if isinstance(node, ast.withitem):
        value, target = node.context_expr, node.optional_vars
    elif isinstance(node, ast.Assign):
        value, target = node.value, node.targets[0]
    made = isinstance(value, ast.Call) and ast.unparse(value.func) in makers
    if target is not None and (made or (isinstance(value, ast.Call) and _is_safe(value, safe))):
        yield ast.unparse(target)


def _is_safe(call: ast.Call, safe: set[str]) -> bool:
    """Whether a call is about a safe name: `name.open(...)`, `(name / x).open(...)`, `f(name)`."""
    about = [*call.args[:1], *([call.func.value] if isinstance(call.func, ast.Attribute) else [])]
    for one in about:
        while isinstance(one, ast.BinOp | ast.Attribute):
            one = one.left if isinstance(one, ast.BinOp) else one.value
        if isinstance(one, ast.Name) and one.id in safe:
            return True
    return False


def _writes(call: ast.Call, safe: set[str]) -> bool:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    owner = ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    texts = [one.value for one in values if isinstance(one, ast.Constant)]
    mode = next((one for one in texts if isinstance(one, str) and set(one) <= set("rwxab+t")), "")
    if _is_safe(call, safe) or ast.unparse(call) == "tempfile.TemporaryDirectory()":
        return False
    if name in ALSO_OTHERS:
        return owner == ALSO_OTHERS[name] or (name == "rename" and "path" in owner.lower())
    if name in BY_MODE:
        return bool(set(mode) & set("wxa+")) or (owner == "os" and "O_CREAT" in ast.unparse(call))
    if name in INTO_A_STREAM:
        return owner in ("np", "numpy") or bool(set(mode) & set("wxa"))
    return name in ALWAYS


@pytest.mark.parametrize(
    ("source", "is_found"),
    [
        ("path.open('w')", True), ("open(path, mode='ab')", True), ("path.open('rb')", False),
        ("path.open()", False), ("np.savez(path, x=x)", True),
        ("stream = io.BytesIO(); np.savez(stream, x=x)", False),
        ("h5py.File(path, 'w')", True), ("zipfile.ZipFile(stream, 'w')", True),
        ("with files.replacing(path) as stream: zipfile.ZipFile(stream, 'w')", False),
        ("with replacing_folder(path) as new: (new / 'a').write_bytes(b'')", False),
        ("path.rename(other)", True), ("node.rename('a')", False), ("shutil.copy(a, b)", True),
        ("def f(s: IO[bytes]):\n with ZipFile(s, 'w') as a: a.open('x', 'w')", False),
        ("def save(stream: BinaryIO): zipfile.ZipFile(stream, 'w')", False),
        ("zipfile.ZipFile(path)", False), ("path.write_text(text)", True),
        ("os.open(path, os.O_WRONLY | os.O_CREAT)", True), ("os.replace(a, b)", True),
        ("text.replace(a, b)", False), ("weights.copy()", False), ("path.mkdir()", True),
    ],
)  # fmt: skip
def test_calls_that_write_are_recognised(source, is_found):
    assert bool(writes(source)) is is_found


def test_everything_is_written_through_files():
    """One mechanism: whatever writes by itself would have to earn the promises anew."""
    found = {
        f"{path.relative_to(PACKAGE)} {line}"
        for path in PACKAGE.rglob("*.py")
        if path.parent != PACKAGE / "files"
        for line in writes(path.read_text(encoding="utf-8"))
    }
    nowhere = {one for one in found if "os.devnull" in one}
    assert found == nowhere, "\n".join(sorted(found - nowhere))
