"""Logs that the installed lm-eval, inspect_ai and lighteval write today, against those kept here.

SCALE_PEERS_PYTHON names interpreters that have them (separated as in PATH); `.ci/peers` makes one.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from dataclasses import astuple, replace
from pathlib import Path

import pytest

from tests.importing.reading import LOGS, skipped, taken

PACKAGES = {"lm-eval": "lm_eval", "inspect": "inspect_ai", "lighteval": "lighteval"}
ASK = "import importlib.util as u, sys; sys.exit(u.find_spec(sys.argv[1]) is None)"


@functools.cache
def interpreter(package: str) -> str | None:
    named = os.environ.get("SCALE_PEERS_PYTHON", "").split(os.pathsep)
    for python in filter(None, [*named, sys.executable]):
        if subprocess.run([python, "-c", ASK, package], check=False).returncode == 0:
            return python
    return None


def told(name: str, path: Path) -> tuple[list[str], list[str]]:
    """All that is read, whatever the day it was written and the order it came in."""
    samples = [replace(one, task=(one.task or "").replace("|", "-")) for one in taken(name, path)]
    return sorted(str(astuple(one)) for one in samples), sorted(
        one.why for one in skipped(name, path)
    )


@pytest.mark.parametrize("name", PACKAGES)
def test_a_log_written_today_reads_as_the_one_kept_here(tmp_path: Path, name: str) -> None:
    python = interpreter(PACKAGES[name])
    if python is None:
        assert "SCALE_PEERS_PYTHON" not in os.environ, f"none of these has {PACKAGES[name]}"
        pytest.skip(f"no interpreter with {PACKAGES[name]}: see SCALE_PEERS_PYTHON")
    script = LOGS / f"make_{name.replace('-', '_')}.py"
    made = subprocess.run(
        [python, script, tmp_path / "new"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr[-2000:]
    if name == "inspect":
        for kept in sorted((LOGS / name).iterdir()):
            assert told(name, tmp_path / "new" / kept.name) == told(name, kept)
        return
    samples, refused = told(name, tmp_path / "new" / "out")
    kept_samples, kept_refused = told(name, LOGS / name)
    if name == "lighteval":  # its model is named by the folder, which the kept files have lost
        assert all("canned/model" in one for one in samples)
        samples = [one.replace("'canned/model'", "None") for one in samples]
    assert (samples, refused) == (kept_samples, kept_refused)
