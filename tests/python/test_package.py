"""The package says of itself what is true: types, names, examples."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import ipm
import pytest
from ipm import _core

PACKAGE = Path(ipm.__file__).resolve().parent
MODULES = [f"ipm.{m.name}" for m in pkgutil.iter_modules([str(PACKAGE)]) if m.name not in ("_core", "_drawing", "plot")]


def _stub_names() -> tuple[set[str], dict[str, set[str]]]:
    top: set[str] = set()
    members: dict[str, set[str]] = {}
    for node in ast.parse((PACKAGE / "_core.pyi").read_text()).body:
        if isinstance(node, ast.ClassDef):
            top.add(node.name)
            members[node.name] = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
        elif isinstance(node, ast.FunctionDef):
            top.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            top.add(node.target.id)
    return top, members


def test_the_stub_has_what_the_module_has() -> None:
    top, members = _stub_names()
    assert top == {name for name in vars(_core) if not name.startswith("__")}
    for name, told in members.items():
        there = {each for each in vars(getattr(_core, name)) if not each.startswith("__") or each == "__len__"}
        assert told - {"__init__"} == there, name


def test_arguments_of_the_stub_are_those_of_the_module() -> None:
    for node in ast.walk(ast.parse((PACKAGE / "_core.pyi").read_text())):
        if not isinstance(node, ast.ClassDef):
            continue
        for each in node.body:
            if isinstance(each, ast.FunctionDef) and not each.decorator_list and each.name != "__len__":
                told = [argument.arg for argument in each.args.args][1:]
                signature = getattr(getattr(_core, node.name), each.name).__doc__.splitlines()[0]
                for argument in told:
                    assert f"{argument}:" in signature, (node.name, each.name, argument, signature)


@pytest.mark.parametrize("module", MODULES + ["ipm"])
def test_examples_of_docstrings(module: str) -> None:
    result = doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS)
    assert result.failed == 0


def test_there_are_examples() -> None:
    found = [t for m in MODULES + ["ipm"] for t in doctest.DocTestFinder().find(importlib.import_module(m)) if t.examples]
    assert len(found) >= 6


def test_everything_public_is_described() -> None:
    for name in ipm.__all__:
        thing = getattr(ipm, name)
        assert inspect.getdoc(thing), name
        if inspect.isclass(thing):
            for member, value in vars(thing).items():
                if not member.startswith("_") and (inspect.isfunction(value) or isinstance(value, property)):
                    if member not in ("closed",):
                        assert inspect.getdoc(value), f"{name}.{member}"


def test_the_version_is_that_of_the_library() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import ipm; print(ipm.__version__)"], capture_output=True, text=True, cwd="/",
        env={**os.environ, "PYTHONPATH": str(Path(ipm.__file__).absolute().parent.parent)},
    )
    assert done.stdout.strip() == ipm.__version__ != ""
    assert (PACKAGE / "py.typed").exists()
