"""docs/api.md, run from top to bottom: what it prints is what the page says."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "api.md"
BLOCK = re.compile(r"```python\n(.*?)```\n(?:```text\n(.*?)```)?", re.DOTALL)


def prepare(folder: Path) -> None:
    """The committed run that the page looks at."""
    shutil.copytree(ROOT / "results" / "gsm8k-qwen-coder", folder / "results/gsm8k-qwen-coder")


def blocks() -> list[tuple[str, str | None]]:
    """The code of the page, and the output it shows after each piece."""
    return [(code, shown) for code, shown in BLOCK.findall(PAGE.read_text())]


def run_page() -> list[str]:
    """What every block prints, one namespace for all of them."""
    names: dict[str, Any] = {}
    printed = []
    for code, _ in blocks():
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(compile(code, str(PAGE), "exec"), names)
        printed.append("\n".join(line.rstrip() for line in out.getvalue().splitlines()))
    return printed


def rewrite(printed: list[str]) -> str:
    """The page with what its blocks print."""
    outputs = iter(printed)

    def block(found: re.Match[str]) -> str:
        code, output = found.group(1), next(outputs)
        return f"```python\n{code}```\n" + (f"```text\n{output}\n```" if output else "")

    return BLOCK.sub(block, PAGE.read_text())


def test_the_page_runs_and_prints_what_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert len(blocks()) > 8
    for printed, (code, shown) in zip(run_page(), blocks(), strict=True):
        assert printed == (shown or "").rstrip("\n"), code


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
        prepare(Path(scratch))
        PAGE.write_text(rewrite(run_page()))
