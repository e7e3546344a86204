"""The write-ahead log of one cell: every reply on disk before anyone reads it.

One JSON object a line. A line is the state of the cell at one moment: calls that ended since
the line before (`done`), and for engines that stream, tokens of calls still in flight
(`partial`). A line torn by a kill is dropped whole, so what is read back is always a
snapshot taken at a moment that did not depend on what was being sampled; that is what keeps
restarts from favouring short completions (`docs/decisions/0002-restarts.md`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from io import FileIO
from pathlib import Path
from typing import IO, Any

from scaling_cli.errors import StoreError
from scaling_cli.running.records import Partial, Record, read, rounded, rounded_numbers, written
from scaling_cli.store.atomic import replace_file

__all__ = ["Journal", "Partial", "Record"]


class Journal:
    """Records of one cell, appended and read back.

    With `ticks`, nothing reaches the file between two calls of `flush`: finished calls and
    partial ones are written in one line. Without, every record is a line at once.
    """

    def __init__(self, path: Path, *, ticks: bool) -> None:
        self.path = path
        self.ticks = ticks
        self.done: dict[str, Record] = {}
        self.partial: dict[str, Partial] = {}
        self.torn = 0
        self._pending_done: list[Record] = []
        self._pending_tokens: dict[str, Partial] = {}
        self._read()
        self._file = self._open()

    @staticmethod
    def peek(path: Path) -> set[str]:
        """Names of the calls that ended well, read without touching the file."""
        journal = Journal.__new__(Journal)
        journal.path, journal.done, journal.partial, journal.torn = path, {}, {}, 0
        journal._read()
        return {name for name, record in journal.done.items() if record.error is None}

    def record(self, record: Record) -> None:
        """Keep a call that ended; its partial tokens are superseded by it."""
        record = rounded(record)
        self._keep(record)
        self._pending_tokens.pop(record.name, None)
        self._pending_done.append(record)
        if not self.ticks:
            self.flush()

    def sampled(self, name: str, tokens: Sequence[int], logprobs: Sequence[float] | None) -> None:
        """Note tokens of a call still in flight; the next `flush` writes them."""
        part = self._pending_tokens.setdefault(name, Partial())
        part.add(tokens, rounded_numbers(logprobs))

    def drop(self, names: Sequence[str]) -> None:
        """Set records aside to be drawn again; the file keeps them and says so."""
        self._drop(names)
        self._write({"drop": list(names)})

    def flush(self) -> None:
        """Write everything since the last line as one line."""
        if not (self._pending_done or self._pending_tokens):
            return
        line: dict[str, Any] = {}
        if self._pending_done:
            line["done"] = self._pending_done
        if self._pending_tokens:
            line["partial"] = self._pending_tokens
        self._write(line)
        self._pending_done, self._pending_tokens = [], {}

    def close(self) -> None:
        """Write what is pending and let the file go."""
        if not self._file.closed:
            self.flush()
            self._file.close()

    def forget(self, published: Collection[str]) -> None:
        """Drop the calls that stand in the store; the file goes when nothing else is in it.

        Calls of questions that the sweep does not ask this time are kept for the next.
        """
        self.close()
        done = {n: r for n, r in self.done.items() if n not in published and r.error is None}
        partial = {n: part for n, part in self.partial.items() if n not in published}
        if done or partial:
            line = {"done": list(done.values()), "partial": partial}
            replace_file(self.path, lambda file: _put(file, line))
        else:
            self.path.unlink(missing_ok=True)

    def _write(self, line: dict[str, Any]) -> None:
        data = left = written(line)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            # A line cut short would swallow the next one: take it back.
            os.ftruncate(self._file.fileno(), self._end)
            raise StoreError(
                f"cannot write the journal {self.path.name}: {error.strerror}",
                "free some space and run the same command again: everything up to here is kept",
            ) from error
        self._end += len(data)

    def _open(self) -> FileIO:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = FileIO(self.path, "ab")
        if self._torn_end is not None:
            # Cut the torn line off, so that the next one starts on a line of its own.
            os.ftruncate(file.fileno(), self._torn_end)
        self._end = os.fstat(file.fileno()).st_size
        return file

    def _read(self) -> None:
        self._torn_end: int | None = None
        if not self.path.exists():
            return
        for line, start, whole in _lines(self.path):
            try:
                if not whole:
                    raise ValueError
                self._apply(json.loads(line))
            except (ValueError, KeyError, TypeError):
                self.torn += 1
                if not whole:
                    self._torn_end = start

    def _apply(self, line: dict[str, Any]) -> None:
        done, partial = read(line)
        self._drop(line.get("drop", []))
        for name, tokens, logprobs in partial:
            self.partial.setdefault(name, Partial()).add(tokens, logprobs)
        for record in done:
            self._keep(record)

    def _keep(self, record: Record) -> None:
        self.done[record.name] = record
        self.partial.pop(record.name, None)

    def _drop(self, names: Sequence[str]) -> None:
        for name in names:
            for kept in (self.done, self.partial):
                kept.pop(name, None)


def _lines(path: Path) -> Iterator[tuple[bytes, int, bool]]:
    """Each line, where it starts, and whether it is whole."""
    start = 0
    with open(path, "rb") as file:
        for line in file:
            yield line, start, line.endswith(b"\n")
            start += len(line)


def _put(file: IO[bytes], content: Mapping[str, Any]) -> None:
    file.write(written(content))
