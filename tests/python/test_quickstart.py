"""docs/quickstart.md is what a newcomer pastes: its blocks run in order, each in the state that those before it left.

``python`` blocks share one session, as at a prompt. ``sh`` blocks run by bash -eu, with the CLI in front: IPM_CLI, else
``ipm`` of the path, else the newest build*/ipm. Blocks marked ``no-test`` build or install something, or do not end.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "quickstart.md"
SECONDS = 60


class Block(NamedTuple):
    line: int
    language: str
    marks: str
    code: str


def blocks_of(text: str) -> list[Block]:
    fence = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return [
        Block(text.count("\n", 0, found.start()) + 1, found[1], found[2].strip(), found[3])
        for found in fence.finditer(text)
    ]


BLOCKS = [block for block in blocks_of(PAGE.read_text()) if block.language in ("python", "sh")]
RUN = [block for block in BLOCKS if "no-test" not in block.marks.split()]


def cli() -> Path | None:
    if "IPM_CLI" in os.environ:
        return Path(os.environ["IPM_CLI"]).resolve()
    if (found := shutil.which("ipm")) is not None:
        return Path(found)
    built = [path for path in ROOT.glob("build*/ipm") if os.access(path, os.X_OK) and path.is_file()]
    return max(built, key=lambda path: path.stat().st_mtime, default=None)


class Session:
    """A newcomer's terminal: a folder, a shell and a Python prompt."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self.failed: Block | None = None
        (folder / "tests").symlink_to(ROOT / "tests")

    def python(self, code: str, line: int) -> str:
        out = io.StringIO()
        before = os.getcwd()
        os.chdir(self.folder)
        try:
            with contextlib.redirect_stdout(out):
                exec(compile("\n" * line + code, str(PAGE), "exec"), self.names)  # Errors name the line of the page.
        finally:
            os.chdir(before)
        return out.getvalue()

    def sh(self, code: str, ipm: Path) -> str:
        bin = self.folder / "bin"
        if not bin.exists():
            bin.mkdir()
            (bin / "ipm").symlink_to(ipm)
        environment = os.environ | {"PATH": f"{bin}:{os.environ['PATH']}"}
        done = subprocess.run(["bash", "-eu", "-c", code], cwd=self.folder, env=environment, timeout=SECONDS,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)  # fmt: skip
        assert done.returncode == 0, f"docs/quickstart.md: exit status {done.returncode}\n{code}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    os.environ.setdefault("MPLBACKEND", "Agg")
    yield Session(tmp_path_factory.mktemp("quickstart"))
    if "matplotlib" in sys.modules:
        sys.modules["matplotlib"].pyplot.close("all")


@pytest.mark.parametrize("block", RUN, ids=[f"line{block.line}-{block.language}" for block in RUN])
def test_the_blocks_run_in_order(block: Block, session: Session) -> None:
    if session.failed is not None:
        pytest.fail(f"the block at line {session.failed.line} did not run, on which this one may build")
    for module in ("matplotlib", "pandas"):
        if {"matplotlib": "ipm.plot", "pandas": "to_pandas"}[module] in block.code:
            pytest.importorskip(module)
    ipm = cli()
    if block.language == "sh" and ipm is None:
        pytest.skip("no command ipm: build it, or set IPM_CLI")
    if "host.ipmlog" in block.code and ipm is None:
        pytest.skip("needs the recording that the command ipm makes")
    session.failed = block
    output = session.python(block.code, block.line) if block.language == "python" else session.sh(block.code, ipm)  # type: ignore[arg-type]
    session.failed = None
    if "print(" in block.code or block.language == "sh":
        assert output.strip(), "it shows nothing"


def test_few_blocks_are_not_tested() -> None:
    assert len(RUN) >= 15
    assert len(BLOCKS) - len(RUN) <= 5


def test_the_pages_python_says_what_it_means(session: Session) -> None:
    names = session.names
    if "found" not in names or session.failed is not None:
        pytest.skip("only after the blocks of the page")
    assert [alert.kind for alert in names["alerts"]].count("beacon") == 1 and names["alert"].kind == "beacon"
    assert len(names["calls"]) == 50
    assert all(row["app"] is None for row in names["web"])
    assert names["gathered"].total().sum() > 0
    times, found = names["times"], names["found"]
    assert len(times[found["alarm"]]) >= 1 and times[400] in times[found["alarm"]]
    if "ax" in names:
        assert (session.folder / "beacon.png").stat().st_size > 1000
        assert "49 intervals" in names["ax"].get_title()
