"""The command line for every test here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import Scale


@pytest.fixture
def scale(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Scale:
    return Scale(tmp_path, capsys)
