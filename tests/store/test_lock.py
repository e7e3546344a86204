"""One writer per folder; the lock dies with its holder, whatever the file says."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scaling_cli.errors import StoreError
from scaling_cli.store import RunFolder

ROOT = Path(__file__).parents[2]
HOLDER = """
import os, sys
from pathlib import Path
from scaling_cli.store import RunFolder
with RunFolder(Path(sys.argv[1])).lock("scale run"):
    if "fork" in sys.argv and os.fork() == 0:
        print(os.getpid(), flush=True)
        sys.stdin.read()
        os._exit(0)
    if "fork" not in sys.argv:
        print(os.getpid(), flush=True)
    sys.stdin.read()
"""


def holder(folder: RunFolder, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder.path), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_second_process_hears_who_holds_it(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    with holder(folder) as first:
        pid = said(first)
        with pytest.raises(StoreError) as caught, folder.lock():
            pass
        assert f"held by process {pid} on " in caught.value.message
        assert " since 2" in caught.value.message and "(scale run)" in caught.value.message
        assert str(folder.path) in caught.value.message
        first.send_signal(signal.SIGKILL)
    # What the killed holder left in the file does not hold anyone up.
    assert pid in (folder.path / ".lock").read_text()
    with folder.lock():
        assert str(os.getpid()) in (folder.path / ".lock").read_text()
    assert (folder.path / ".lock").read_text() == ""


def test_a_forked_worker_does_not_keep_the_lock(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    with holder(folder, "fork") as first:
        worker = int(said(first))
        with pytest.raises(StoreError, match=f"process {first.pid}"), folder.lock():
            pass
        first.send_signal(signal.SIGKILL)
        first.wait()
        os.kill(worker, 0)
        with folder.lock():
            pass
        assert first.stdin is not None
        first.stdin.close()


def test_a_second_lock_in_one_process(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    with folder.lock():
        with pytest.raises(StoreError, match=f"held by process {os.getpid()}"), folder.lock():
            pass
        with pytest.raises(StoreError, match="held by"), folder.lock():
            pass


@pytest.mark.parametrize("note", [b"", b"{", b"[]", b'{"pid": "x"}', b"\xff\x00" * 3000])
def test_stale_or_strange_notes(tmp_path: Path, note: bytes) -> None:
    folder = RunFolder.create(tmp_path / "run")
    (folder.path / ".lock").write_bytes(note)
    with folder.lock():
        (folder.path / ".lock").write_bytes(note)
        with pytest.raises(StoreError, match="held by another process"), folder.lock():
            pass


def test_an_error_inside_frees_the_lock(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    with pytest.raises(KeyError), folder.lock():
        raise KeyError
    with folder.lock():
        pass


def test_a_folder_that_cannot_be_locked(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be locked"), RunFolder(tmp_path / "file").lock():
        pass


def test_the_note_holds_no_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "--set=engine.api_key=sk-secret"
    monkeypatch.setattr(sys, "argv", ["/opt/bin/scale", "run", "/home/me/x.yaml", secret])
    folder = RunFolder.create(tmp_path / "run")
    with folder.lock():
        note = (folder.path / ".lock").read_text()
    assert '"command": "scale run"' in note
    assert "secret" not in note and "/opt" not in note


def test_a_reader_is_told_who_writes_and_takes_nothing(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "r")
    assert folder.writer() is None and not (folder.path / ".lock").exists()
    process = holder(folder)
    assert process.stdout is not None
    pid = process.stdout.readline().strip()
    assert f"process {pid} on " in str(folder.writer())
    process.kill()
    process.wait()
    assert folder.writer() is None
    with folder.lock():
        pass
