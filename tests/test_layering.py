"""The levels of the design: a module imports only from levels below its own, and never in circles.

The sources are read, not imported, so that an import inside a function counts too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import geartrain

PACKAGE = Path(geartrain.__file__).parent

# Each level's packages and modules; the longest name that fits decides. A module may import from
# levels below its own, from its own package, and where a line says so, from its neighbours.
LEVELS: list[set[str]] = [
    {"_version", "errors", "config", "lazy", "tree", "files"},
    {"compat.names", "downloads"},
    {"registry", "utils", "naive", "datasets", "summaries", "standalone"},
    {"compat"},
    {"graph"},
    {"serialization"},
    {"identifiers", "configurable", "utils.custom_objects", "utils.legacy"},
    {"ops", "compiler.codegen"},  # the rooms of the compiler, from the ground up
    {"compiler.targets"},
    {"compiler.loops"},
    {"compiler.analysis"},
    {"compiler.kernels"},
    {"compiler.kernels.matmul"},
    {"compiler.launch"},
    {"compiler.passes"},
    {"compiler"},  # the pipeline
    {"runtime", "dtype_policies", "random", "functions"},
    {"ops.image", "utils.bounding_boxes"},
    {"initializers", "activations", "regularizers", "constraints", "preprocessing", "data"},
    {"layers", "losses", "metrics", "optimizers", "callbacks", "backend"},
    {"compat.tensorflow", "compat.windows"},
    {"saving", "compat.backend", "compat.tensorflow_datasets"},
    {"resume"},
    {"distribution"},
    {"models"},
    {"preprocessing.image_iterators"},
    {
        "preprocessing.image_generator",
        "plots",
        "diagrams",
        "export",
        "utils.doctor",
        "explanation",
        "wrappers",
        "applications",
    },
    {"page"},
    {"", "script", "commands"},
    {"cli"},
    {"__main__"},
]
# Neighbours of one level that may import from each other, in this direction alone.
ALLOWED = {
    ("random", "runtime"),
    ("metrics", "losses"),
    ("backend", "layers"),
    ("utils.legacy", "utils.custom_objects"),
    ("script", ""),
    ("commands", ""),
    ("commands", "script"),
}


class Import(NamedTuple):
    """`module` imports `target` in `line`; `late` inside a function."""

    module: str
    target: str
    line: int
    late: bool


def modules() -> dict[str, Path]:
    """Every module of the package by its name without `geartrain.`; the package itself is ''."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def level(module: str) -> tuple[int, str]:
    """The level of a module, and the name in LEVELS that gives it."""
    name = module
    while True:
        for number, names in enumerate(LEVELS):
            if name in names:
                return number, name
        assert name, module
        name = name.rpartition(".")[0]
        assert name or module == "", f"geartrain.{module} has no level: enter it in LEVELS"


def imports_of(module: str) -> Iterator[Import]:
    """The imports of modules of this package; those for type checkers alone do not count."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    stack: list[tuple[ast.AST, bool]] = [(tree, False)]
    while stack:
        node, late = stack.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        late = late or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        stack.extend((child, late) for child in ast.iter_child_nodes(node))
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import in line {node.lineno}"
            names = [
                f"{node.module}.{alias.name}"
                if f"{node.module}.{alias.name}".removeprefix("geartrain.") in MODULES
                else str(node.module)
                for alias in node.names
            ]
        else:
            continue
        for name in names:
            if name == "geartrain" or name.startswith("geartrain."):
                yield Import(module, name.partition(".")[2], node.lineno, late)


ALL = [one for module in MODULES for one in imports_of(module)]


def test_the_imports_are_found():
    assert len(MODULES) > 60
    assert Import("models.steps", "ops", 17, False)._replace(line=0) in {
        one._replace(line=0) for one in ALL
    }
    assert any(one.late for one in ALL)


def test_every_module_imports_from_below():
    wrong = []
    for one in ALL:
        own, own_name = level(one.module)
        other, other_name = level(one.target)
        if other < own or own_name == other_name or (own_name, other_name) in ALLOWED:
            continue
        wrong.append(
            f"geartrain/{one.module.replace('.', '/')} (level {own}), line {one.line}: "
            f"imports geartrain.{one.target} (level {other})"
        )
    assert not wrong, "\n".join(wrong)


def test_every_allowance_is_used():
    used = {(level(one.module)[1], level(one.target)[1]) for one in ALL}
    assert used >= ALLOWED, f"no longer needed: {ALLOWED - used}"


def test_every_name_in_the_levels_exists():
    named = {name for names in LEVELS for name in names}
    assert named <= set(MODULES)


def test_the_compiler_knows_no_op():
    """It dispatches on the kinds of lowering, so a new op needs no change there."""
    assert not [
        one
        for one in ALL
        if one.module.startswith("compiler") and one.target.split(".")[0] == "ops"
    ]


def test_only_codegen_and_targets_write_ir():
    """Kernels say what to do by the methods of a builder: no instruction is spelled elsewhere."""
    spelled = re.compile(r"\.(line|make)\(|\.(prologue|declared)\b|@llvm\.|\bbr i1\b")
    writers = ("compiler.codegen", "compiler.targets")
    rooms = [name for name in MODULES if name.startswith("compiler.")]
    wrong = [
        f"geartrain.{name}: {line.strip()}"
        for name in rooms if not name.startswith(writers)
        for line in MODULES[name].read_text(encoding="utf-8").splitlines() if spelled.search(line)
    ]  # fmt: skip
    assert len(rooms) > 40 and wrong == []


def test_walkers_of_the_graph_know_no_op():
    assert not [
        one for one in ALL if one.module.startswith("graph") and one.target.split(".")[0] == "ops"
    ]


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """The strongly connected components of more than one module (Tarjan, with a stack)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    on_path: list[str] = []
    found: list[list[str]] = []
    for start in edges:
        work = [(start, iter(sorted(edges[start])))] if start not in index else []
        if work:
            index[start] = low[start] = len(index)
            on_path.append(start)
        while work:
            module, targets = work[-1]
            for target in targets:
                if target not in index:
                    index[target] = low[target] = len(index)
                    on_path.append(target)
                    work.append((target, iter(sorted(edges[target]))))
                    break
                if target in on_path:
                    low[module] = min(low[module], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[module])
                if low[module] == index[module]:
                    cut = on_path.index(module)
                    if len(on_path) - cut > 1:
                        found.append(sorted(on_path[cut:]))
                    del on_path[cut:]
    return found


def test_circles_are_recognised():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def edges_of(imports: list[Import]) -> dict[str, set[str]]:
    """What each module imports; a package's `__init__` may name its parts."""
    edges: dict[str, set[str]] = {module: set() for module in MODULES}
    for one in imports:
        inside = one.target == "" or one.module.startswith(f"{one.target}.")
        if not inside and one.target != one.module:
            edges[one.module].add(one.target)
    return edges


def test_no_circles_of_imports():
    """Importing any module first works."""
    assert circles(edges_of([one for one in ALL if not one.late])) == []


# The circles that imports inside functions close. There should be no more of them.
KNOTS = [
    # the gradient of each is made of the others
    ["ops.elementwise", "ops.folds", "ops.views"],
    ["ops.scan", "ops.scan_gradient"],
    ["ops.operands", "ops.shaping"],  # a list of tensors is an operand
    # the classes of all calls are made once one is recorded, which takes 8 ms
    ["layers.function_calls", "layers.operation", "layers.symbolic"],
]


def test_imports_inside_functions_close_no_new_circle():
    assert [one for one in circles(edges_of(ALL)) if one not in KNOTS] == []


@pytest.mark.parametrize("module", sorted(name for name in MODULES if name))
def test_no_relative_imports_and_no_stars_outside_packages(module):
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            assert MODULES[module].name == "__init__.py", f"line {node.lineno}"
