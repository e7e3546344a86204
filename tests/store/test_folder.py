"""Paths stay inside the folder; questions are kept without their texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaling_cli.errors import StoreError
from scaling_cli.store import RunFolder
from scaling_cli.types import Question

ONE = Question("t/test/1", "t", "What is 1?", "1", level="5", source_index=3, source_id="x/1")
TWO = Question("t/test/2", "t", "What is \0 2?", "2", subject="algebra")


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "run")


def test_questions_come_back_in_order(folder: RunFolder) -> None:
    folder.write_questions([TWO, ONE])
    assert folder.read_questions() == [TWO, ONE]
    assert folder.question_ids() == [TWO.id, ONE.id]
    assert folder.read_part("questions", "")["split"].to_pylist() == ["test", "test"]


def test_texts_lie_beside_the_bank_only(folder: RunFolder) -> None:
    folder.write_questions([ONE])
    assert b"What is 1" not in folder.part_path("questions").read_bytes()
    folder.part_path("texts").unlink()
    (question,) = folder.read_questions()
    assert (question.text, question.answer) == ("", "1")
    assert folder.cells("bank") == []


def test_a_smaller_selection_keeps_the_others(folder: RunFolder) -> None:
    folder.write_questions([ONE, TWO])
    before = folder.part_path("questions").read_bytes()
    folder.write_questions([TWO])
    assert folder.question_ids() == [TWO.id, ONE.id]
    folder.write_questions([ONE, TWO])
    assert folder.part_path("questions").read_bytes() == before


def test_a_question_twice(folder: RunFolder) -> None:
    with pytest.raises(StoreError, match="question t/test/1 twice"):
        folder.write_questions([ONE, ONE])


def test_cells(folder: RunFolder) -> None:
    for cell in ("b", "a"):
        folder.write_part("candidates", cell, [])
    assert folder.cells("candidates") == ["a", "b"]
    folder.remove_part("candidates", "a")
    folder.remove_part("candidates", "a")
    assert folder.cells("candidates") == ["b"]


@pytest.mark.parametrize("cell", ["", "..", "../x", "a/b", "/etc/x", ".x", "questions", "a\n", "é"])
def test_a_cells_name_cannot_lead_out(folder: RunFolder, cell: str) -> None:
    with pytest.raises(StoreError, match="cannot be a cell's name"):
        folder.part_path("bank", cell)
    with pytest.raises(StoreError, match="cannot be a cell's name"):
        folder.journal_path(cell)


def test_nothing_heavy_is_imported() -> None:
    import os
    import subprocess
    import sys

    code = "import sys, scaling_cli.store; print({'numpy', 'pyarrow'} & set(sys.modules))"
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "set()"
