"""What is on the disk after a fault, a kill or a full disk: the former content or the new one."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import geartrain
from tests.file_faults import can_trace
from tests.file_writers import BAD_WRITERS, WRITERS, in_process

KINDS = {
    "kill": "killed at every file operation: the former file or the new one",
    "error": "EIO at every file operation: an error, and the former file or the new one",
    "full": "a full disk from any file operation on: an error, and the former file or the new one",
    "short": "a short write at every write: the file is whole",
    "interrupt": "a signal at every call that it can cut short: the file is whole",
}
GOOD_WRITERS = [name for name in WRITERS if name not in BAD_WRITERS]

needs_tracing = pytest.mark.skipif(
    not can_trace(), reason="faults are injected by ptrace, on Linux on x86-64"
)
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


@needs_tracing
@pytest.mark.parametrize("writer", GOOD_WRITERS)
def test_every_fault_at_every_file_operation(writer, count_cases):
    counts, wrong = in_process("examine", writer)
    assert not wrong, "\n".join(wrong)
    assert counts["kill"] >= 10 and counts["error"] == counts["kill"]
    for kind, count in counts.items():
        count_cases(KINDS[kind], count)


@needs_tracing
@pytest.mark.parametrize("writer", BAD_WRITERS)
def test_a_writer_that_is_not_atomic_is_found_out(writer):
    _, wrong = in_process("examine", writer)
    assert any("a mix is left" in one or "left behind" in one for one in wrong)


RANDOMLY_KILLED = [name for name in GOOD_WRITERS if not WRITERS[name].adds]


@needs_fork
@pytest.mark.parametrize("writer", RANDOMLY_KILLED)
def test_a_kill_at_any_moment(writer, count_cases):
    assert in_process("kill", writer, 10, 0) == []
    count_cases("killed at random moments: the former file or the new one", 10)


@needs_fork
@pytest.mark.nightly
@pytest.mark.parametrize("writer", RANDOMLY_KILLED)
def test_very_many_kills_at_any_moment(writer, count_cases):
    assert in_process("kill", writer, 500, 1) == []
    count_cases("killed at random moments: the former file or the new one", 500)


# -- no writer goes past `files` ------------------------------------------------------------------

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
    makers |= {one.name for one in nodes if isinstance(one, ast.ClassDef)}
    safe: set[str] = set()
    for _ in range(3):  # an archive in a stream, and a member of that archive
        safe |= {name for node in nodes for name in _safe_names(node, makers, safe)}
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    return [f"line {one.lineno}: {ast.unparse(one)}" for one in calls if _writes(one, safe)]


def _safe_names(node: ast.AST, makers: set[str], safe: set[str]) -> Iterator[str]:
    """Names of streams and folders that `files` gives, of streams in memory, and of parameters."""
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
    if _is_safe(call, safe):
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
