"""What README and docs show is what the commands print today; and how that is found out."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "docs" / "regenerate.py"


def load() -> ModuleType:
    """The script, which lies in no package."""
    spec = importlib.util.spec_from_file_location("docs_regenerate", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script on a folder of its own."""
    module = load()
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return module


def look(*pages: str, **surroundings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, "--check", *(str(ROOT / page) for page in pages)],
        env={**os.environ, **surroundings},
        capture_output=True,
        text=True,
    )


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="the pages show what git holds")
def test_every_page_shows_what_its_commands_print() -> None:
    looked = look()
    assert looked.returncode == 0, looked.stderr


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="the pages show what git holds")
def test_a_page_is_the_same_on_any_terminal() -> None:
    other = {"COLUMNS": "40", "FORCE_COLOR": "1", "GITHUB_ACTIONS": "true", "PYTHONHASHSEED": "7"}
    looked = look("docs/cli.md", **other)
    assert looked.returncode == 0, looked.stderr


def test_a_stale_page_is_named_with_the_cure_and_then_cured(
    tmp_path: Path, docs: ModuleType
) -> None:
    page = tmp_path / "page.md"
    page.write_text("Before.\n\n```console\n$ echo one\ntwo\n```\n\nAfter.\n")
    said = docs.bring_up_to_date(page, [], check=True)
    assert said.startswith("page.md is stale; `make docs` writes it anew")
    assert "-two" in said and "+one" in said
    assert docs.bring_up_to_date(page, [], check=False) is None
    assert page.read_text() == "Before.\n\n```console\n$ echo one\none\n```\n\nAfter.\n"
    assert docs.bring_up_to_date(page, [], check=True) is None


def test_a_page_that_is_missing_is_stale(tmp_path: Path, docs: ModuleType) -> None:
    (tmp_path / "docs").mkdir()
    assert "docs/schema.md is stale" in docs.bring_up_to_date(
        tmp_path / "docs" / "schema.md", [], check=True
    )


def test_a_command_that_fails_is_named_unless_the_page_says_so(
    tmp_path: Path, docs: ModuleType
) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ scale frontier nowhere\n```\n")
    said = docs.bring_up_to_date(page, [], check=False)
    assert "page.md is broken: `scale frontier nowhere` ends with exit code 2" in said
    assert "error: nowhere" in said and page.read_text().count("\n") == 3
    page.write_text("```console\n$ scale frontier nowhere\n$ echo $?\n```\n")
    assert docs.bring_up_to_date(page, [], check=False) is None
    assert page.read_text().endswith("\n$ echo $?\n2\n```\n")


def test_blocks_of_python_share_their_names_and_show_what_they_print(docs: ModuleType) -> None:
    page = "```python\na = 3\n```\n```text\nold\n```\n\n```python\nprint(a)\n```\n"
    assert docs.regenerated(page) == (
        "```python\na = 3\n```\n\n```python\nprint(a)\n```\n```text\n3\n```\n"
    )
    with pytest.raises(docs.Broken, match="ZeroDivisionError"):
        docs.regenerated("```python\n1 / 0\n```\n")


def test_other_blocks_are_left_alone(docs: ModuleType) -> None:
    page = "```python not-run\n1 / 0\n```\n\n```sh\nscale nothing\n```\n\n```text\nshown\n```\n"
    assert docs.regenerated(page) == page


def test_long_commands_and_those_of_the_shell_stay_as_they_were_written(docs: ModuleType) -> None:
    page = "```console\n$ echo a \\\n    b\n$ printf 'x  \\n\\ny\\n\\n' | cat\n```\n"
    assert docs.regenerated(page) == page.replace("    b\n", "    b\na b\n").replace(
        "| cat\n", "| cat\nx\n\ny\n"
    )


def test_commands_see_the_committed_files_and_leave_the_checkout_as_it_is(
    tmp_path: Path, docs: ModuleType
) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "a").write_text("kept\n")
    page = tmp_path / "page.md"
    page.write_text("```console\n$ cat results/a\n$ rm results/a\n$ ls results | wc -l\n```\n")
    assert docs.bring_up_to_date(page, ["results/a"], check=False) is None
    assert "$ cat results/a\nkept\n" in page.read_text() and "wc -l\n0\n" in page.read_text()
    assert (tmp_path / "results" / "a").read_text() == "kept\n"


def test_the_page_of_commands_has_every_group_and_command(docs: ModuleType) -> None:
    found = set(docs.commands())
    assert {(), ("run",), ("models",), ("models", "pull"), ("verifiers", "show")} <= found
    page = docs.help_page()
    for words in found:
        title = " ".join(["scale", *words])
        assert f"## `{title}`\n\n```console\n$ {title} --help\n```" in page
