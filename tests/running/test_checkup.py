"""The doctor's findings: what is there works, what is not has a remedy, and no check can crash."""

from __future__ import annotations

import hashlib
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import metadata
from pathlib import Path
from typing import Any, ClassVar

import pytest

from scaling_cli import models
from scaling_cli.errors import ModelError
from scaling_cli.models.cache import model_folder, sha256_of
from scaling_cli.models.registry import MODELS, RegistryEntry
from scaling_cli.running import engine_checks, machine
from scaling_cli.running.checkup import findings
from scaling_cli.running.finding import Finding

CONTENT = b"weights"
ENTRY = RegistryEntry(
    "tiny", "tiny.gguf", len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), "q0", "none", None, ()
)


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server is named, and the hub is a port that nobody listens on."""
    for name in ("SCALE_BASE_URL", "OPENAI_BASE_URL", "SCALE_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")


def test_every_finding_that_is_not_ok_has_a_remedy() -> None:
    said: list[str] = []
    found = list(findings(said.append, quick=True))
    assert {f.kind for f in found} >= {"machine", "package", "folder", "weights", "grading", "hub"}
    assert all(f.remedy for f in found if f.state != "ok"), found
    assert len({f.what for f in found}) == len(found)
    hub = next(f for f in found if f.kind == "hub")
    assert hub.state == "absent" and not hub.is_fault and "ConnectError" in hub.detail


def test_the_machine_is_described() -> None:
    assert machine.usable_cores() >= 1
    assert "core" in machine.processor().detail
    assert "GiB" in machine.memory().detail or sys.platform != "linux"


@pytest.mark.parametrize(
    ("facts", "state", "said"),
    [
        ("MemTotal:  16777216 kB\nMemAvailable:  8388608 kB\n", "ok", "16.0 GiB, 8.0 free"),
        ("MemTotal:  16777216 kB\nMemAvailable:  1048576 kB\n", "broken", "1.0 free"),
        ("", "ok", "not known"),
    ],
)
def test_little_memory_is_said(
    facts: str, state: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_read", lambda path: facts)
    found = machine.memory()
    assert found.state == state and said in found.detail
    assert found.is_fault == bool(found.remedy) == (state == "broken")


@pytest.mark.parametrize(
    ("script", "state", "said"),
    [
        ("echo 'NVIDIA H100, 81559 MiB, 570.1'", "ok", "H100"),
        ("echo 'no devices were found'; exit 6", "broken", "no devices"),
        ("exit 9", "broken", "ends with 9"),
    ],
)
def test_a_card_is_what_its_driver_says(
    script: str, state: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    found = machine.graphics()
    assert found.state == state and said in found.detail
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert machine.graphics().state == "absent"


def test_packages_are_held_against_what_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    def requires(*lines: str) -> None:
        monkeypatch.setattr(metadata, "requires", lambda name: list(lines))

    requires("numpy>=1", "nothing-of-this-name>=9; extra == 'more'")
    assert machine.requirements().state == "ok"
    requires("numpy>=999", "nothing-of-this-name")
    found = machine.requirements()
    assert found.is_fault and "numpy>=999" in found.detail and found.remedy
    assert "nothing-of-this-name (here: none)" in found.detail


def test_a_folder_that_cannot_be_written_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SCALE_CACHE", str(tmp_path / "file" / "cache"))
    cache, working = machine.folders()
    assert cache.is_fault and "SCALE_CACHE" in cache.remedy
    monkeypatch.setattr(machine, "LITTLE_DISK", 1 << 80)
    assert machine.folders()[1].is_fault and working.detail.endswith("free")


@pytest.mark.parametrize(
    ("body", "state", "said"),
    [
        ("x = 1", "ok", "imports"),
        ("raise ImportError('libcudart.so.13: cannot open')", "broken", "libcudart"),
        ("import os; os.abort()", "broken", "ends with -6"),
    ],
)
def test_an_engine_is_imported_in_a_process_of_its_own(
    body: str, state: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "engine_of_test.py").write_text(body)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    entry = ("engine_of_test", ("no-such-distribution",), "pip install it")
    monkeypatch.setitem(engine_checks.PACKAGES, "test", entry)
    found = engine_checks.importable("test", quick=False)
    assert found.state == state and said in found.detail
    assert engine_checks.importable("test", quick=True).state == "ok"
    assert "engine_of_test" not in sys.modules


def test_an_engine_that_is_not_there_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(engine_checks.PACKAGES, "test", ("no_such_module", (), "pip install it"))
    found = engine_checks.importable("test", quick=False)
    assert found.state == "absent" and found.remedy == "pip install it" and not found.is_fault


class Server(BaseHTTPRequestHandler):
    """Answers as `replies` says: path -> (status, JSON)."""

    replies: ClassVar[dict[str, tuple[int, Any]]] = {}

    def do_GET(self) -> None:
        self._reply()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._reply()

    def _reply(self) -> None:
        status, content = self.replies.get(self.path, (404, {}))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, tuple[int, Any]]]:
    replies: dict[str, tuple[int, Any]] = {}
    handler = type("Handler", (Server,), {"replies": replies})
    running = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("SCALE_BASE_URL", f"http://127.0.0.1:{running.server_port}/v1/")
    yield replies
    running.shutdown()
    running.server_close()
    thread.join()


LISTED = (200, {"data": [{"id": "phi"}]})


@pytest.mark.parametrize(
    ("models", "completions", "state", "said"),
    [
        (LISTED, (200, {}), "ok", "phi answers"),
        (LISTED, (404, {}), "broken", "/completions answers 404"),
        ((401, {}), (200, {}), "broken", "/models answers 401"),
        ((200, {"data": []}), (200, {}), "broken", "lists no model"),
        ((200, "<html>"), (200, {}), "broken", "lists no model"),
    ],
)
def test_a_server_must_list_a_model_and_complete_with_it(
    models: Any, completions: Any, state: str, said: str, server: dict[str, tuple[int, Any]]
) -> None:
    server |= {"/v1/models": models, "/v1/completions": completions}
    found = engine_checks.server()
    assert found.state == state and said in found.detail
    assert (found.kind == "engine") == (state == "ok"), "only what works can sample"


def test_a_server_that_is_down_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCALE_BASE_URL", "http://127.0.0.1:9/v1")
    assert engine_checks.server() == Finding(
        "server", "engine completions", "broken", "ConnectError", "start the server"
    )


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only known model's file, whole."""
    monkeypatch.setenv("SCALE_CACHE", str(tmp_path))
    for name in list(MODELS):
        monkeypatch.delitem(MODELS, name)
    monkeypatch.setitem(MODELS, "tiny", ENTRY)
    file = model_folder("tiny") / ENTRY.file
    file.parent.mkdir(parents=True)
    file.write_bytes(CONTENT)
    return file


def test_weights_that_rotted_under_a_remembered_hash_are_found(tiny: Path) -> None:
    assert sha256_of(tiny) == ENTRY.sha256
    models.check("tiny")
    stamp = tiny.stat()
    tiny.write_bytes(CONTENT[::-1])
    remembered = tiny.with_name(tiny.name + ".sha256")
    content = json.loads(remembered.read_text())
    # As on a failing disk: same size, same date, other bytes.
    content["mtime"] = tiny.stat().st_mtime_ns
    remembered.write_text(json.dumps(content))
    assert sha256_of(tiny) == ENTRY.sha256 and stamp.st_size == tiny.stat().st_size
    with pytest.raises(ModelError, match="SHA-256 differs") as refused:
        models.check("tiny")
    assert "scale models pull tiny" in refused.value.hint


def test_altered_weights_are_a_fault_and_absent_ones_are_not(tiny: Path) -> None:
    tiny.write_bytes(b"other")
    (found,) = [f for f in findings(lambda line: None, quick=True) if f.kind == "weights"]
    assert found.is_fault and "scale models pull tiny" in found.remedy
    tiny.unlink()
    (found,) = [f for f in findings(lambda line: None, quick=True) if f.kind == "weights"]
    assert found.state == "absent" and found.remedy == "scale models pull tiny"
