"""The journal: what is written is what is read, whatever happened in between."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.errors import StoreError
from scaling_cli.running.journal import Journal, Record
from scaling_cli.types import Completion


def record(name: str, text: str = "x") -> Record:
    return Record(name, Completion(text, "stop", (1, 2), 3, None, 2, (-0.1234567891, -0.2), 0.5))


@given(text=st.text(), tokens=st.lists(st.integers(0, 2**31 - 1)), error=st.none() | st.text())
def test_what_is_read_equals_what_is_in_memory(
    tmp_path_factory: pytest.TempPathFactory, text: str, tokens: list[int], error: str | None
) -> None:
    path = tmp_path_factory.mktemp("j") / "c.jsonl"
    completion = Completion(text, "length", tuple(tokens), None, 4, None, None, 0.1)
    journal = Journal(path, ticks=False)
    journal.record(Record("q#0", completion if error is None else None, error, 7, 1))
    journal.record(record("q#1"))
    journal.close()
    assert Journal(path, ticks=False).done == journal.done


def test_a_torn_last_line_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    journal = Journal(path, ticks=False)
    for number in range(3):
        journal.record(record(f"q#{number}"))
    journal.close()
    path.write_bytes(path.read_bytes()[:-20])
    again = Journal(path, ticks=False)
    assert set(again.done) == {"q#0", "q#1"} and again.torn == 1
    again.record(record("q#2"))
    again.close()
    assert set(Journal(path, ticks=False).done) == {"q#0", "q#1", "q#2"}


def test_a_line_of_garbage_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    journal = Journal(path, ticks=False)
    journal.record(record("q#0"))
    journal.close()
    with path.open("ab") as file:
        file.write(b'\x00\xff nonsense\n{"done": 5}\n{"done": [{"name": "q#9"}]}\n')
    again = Journal(path, ticks=False)
    again.record(record("q#1"))
    again.close()
    assert set(Journal(path, ticks=False).done) == {"q#0", "q#1"}


def test_tokens_in_flight_add_up_over_restarts_until_the_call_ends(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    for tokens in ([1, 2], [3]):
        journal = Journal(path, ticks=True)
        journal.sampled("q#0", tokens, [-0.5] * len(tokens))
        journal.close()
    assert Journal(path, ticks=True).partial["q#0"].tokens == [1, 2, 3]
    journal = Journal(path, ticks=True)
    journal.record(record("q#0"))
    journal.close()
    again = Journal(path, ticks=True)
    assert not again.partial and "q#0" in again.done


def test_between_ticks_nothing_reaches_the_file(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "c.jsonl", ticks=True)
    journal.record(record("q#0"))
    journal.sampled("q#1", [1], None)
    assert journal.path.read_bytes() == b""
    journal.flush()
    assert journal.path.read_bytes().count(b"\n") == 1


def test_a_full_disk_keeps_every_earlier_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / "c.jsonl", ticks=False)
    journal.record(record("q#0"))
    file = journal._file

    class Full:
        """Writes half of what it is given, then has no room."""

        def __init__(self) -> None:
            self.half = True

        def __getattr__(self, name: str) -> Any:
            return getattr(file, name)

        def write(self, data: bytes) -> int:
            if not self.half:
                raise OSError(errno.ENOSPC, "No space left on device")
            self.half = False
            return int(file.write(data[: len(data) // 2]) or 0)

    monkeypatch.setattr(journal, "_file", Full())
    with pytest.raises(StoreError, match="No space left"):
        journal.record(record("q#1"))
    file.close()
    again = Journal(tmp_path / "c.jsonl", ticks=False)
    assert set(again.done) == {"q#0"} and again.torn == 0


def test_what_is_dropped_stays_in_the_file_but_not_in_the_records(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    journal = Journal(path, ticks=False)
    journal.record(record("q#0"))
    journal.record(record("q#1"))
    journal.drop(["q#0"])
    journal.close()
    assert set(Journal(path, ticks=False).done) == {"q#1"}
    assert b"q#0" in path.read_bytes()
