"""Runs every notebook of examples/notebooks without a display, and fails at the first error of each.

    python3 tests/python/run_notebooks.py [NAME…] [--save FOLDER]

The kernel is the running interpreter with its PYTHONPATH. Exit status 77: something that is needed is not installed;
with IPM_REQUIRE_NOTEBOOKS=1 that is a failure. --save keeps the notebooks with their outputs, for looking at them.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

NOTEBOOKS = Path(__file__).resolve().parents[2] / "examples" / "notebooks"
SKIPPED = 77
CELL_SECONDS = 60
NOTEBOOK_SECONDS = 20  # What a reader waits for; only told, since a busy machine takes longer.

try:
    import ipykernel  # noqa: F401
    import matplotlib  # noqa: F401
    import nbformat
    import pandas  # noqa: F401
    from jupyter_client.manager import KernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
except ImportError as error:
    print(f"notebooks: {error}; Debian: python3-nbclient python3-ipykernel python3-matplotlib python3-pandas")
    sys.exit(1 if os.environ.get("IPM_REQUIRE_NOTEBOOKS") == "1" else SKIPPED)


class ThisInterpreter(KernelManager):
    """Whatever kernels are installed: the kernel is the interpreter that runs this file."""

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        connection = ["-f", self.connection_file] + (extra_arguments or [])
        return [sys.executable, "-m", "ipykernel_launcher", *connection]


def complaints(notebook: nbformat.NotebookNode) -> list[str]:
    """What is wrong with the file as it is in the tree."""
    out = []
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and (cell.outputs or cell.execution_count is not None):
            out.append(f"cell {number} has outputs: strip them (jupyter nbconvert --clear-output --inplace)")
    return out


def run(path: Path, save: Path | None) -> bool:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    wrong = complaints(notebook)
    where = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(notebook, timeout=CELL_SECONDS, kernel_manager_class=ThisInterpreter, resources=where)
    begun = time.monotonic()
    try:
        client.execute()
    except CellExecutionError as error:
        wrong.append(str(error))
    seconds = time.monotonic() - begun
    if save is not None:
        nbformat.write(notebook, save / path.name)
    slow = f", more than {NOTEBOOK_SECONDS} s" if seconds > NOTEBOOK_SECONDS else ""
    print(f"{'FAILED' if wrong else 'passed'} {path.name} {seconds:.1f} s{slow}", flush=True)
    for line in wrong:
        print(line)
    return not wrong


def main() -> int:
    parser = argparse.ArgumentParser(description="Runs the notebooks.")
    parser.add_argument("names", nargs="*", help="parts of names; none: all")
    parser.add_argument("--save", type=Path, help="write the notebooks with their outputs here")
    asked = parser.parse_args()
    paths = [path for path in sorted(NOTEBOOKS.glob("*.ipynb")) if not asked.names or any(n in path.name for n in asked.names)]
    if not paths:
        print(f"notebooks: none of that name in {NOTEBOOKS.name}")
        return 1
    # The kernel inherits it. Pictures are drawn into the notebook only where it is kept.
    os.environ["MPLBACKEND"] = "Agg" if asked.save is None else "module://matplotlib_inline.backend_inline"
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    return 0 if all([run(path, asked.save) for path in paths]) else 1


if __name__ == "__main__":
    sys.exit(main())
