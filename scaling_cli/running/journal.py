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
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from io import FileIO
from pathlib import Path
from typing import IO, Any

import numpy as np

from scaling_cli.errors import StoreError
from scaling_cli.store.atomic import replace_file
from scaling_cli.types import Completion, Reward

DIGITS = 6
"""Decimals kept of a log-probability."""


@dataclass(frozen=True, slots=True)
class Record:
    """What the journal keeps of one call: its reply or its error, and who drew it.

    A score by a verifier with an engine of its own has a `reward` in place of a completion.
    """

    name: str
    completion: Completion | None
    error: str | None = None
    seed: int = 0
    start: int = 0
    reward: Reward | None = None


@dataclass(slots=True)
class Partial:
    """Tokens of a call that had not ended."""

    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] | None = field(default_factory=list)
    seconds: float = 0.0

    def add(self, tokens: Sequence[int], logprobs: Sequence[float] | None) -> None:
        self.tokens.extend(tokens)
        if logprobs is None:
            self.logprobs = None
        elif self.logprobs is not None:
            self.logprobs.extend(logprobs)


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
        self.errors: dict[str, str] = {}
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
        journal.errors = {}
        journal._read()
        return {name for name, record in journal.done.items() if record.error is None}

    def record(self, record: Record) -> None:
        """Keep a call that ended; its partial tokens are superseded by it."""
        record = _rounded(record)
        self._keep(record)
        self._pending_tokens.pop(record.name, None)
        self._pending_done.append(record)
        if not self.ticks:
            self.flush()

    def sampled(self, name: str, tokens: Sequence[int], logprobs: Sequence[float] | None) -> None:
        """Note tokens of a call still in flight; the next `flush` writes them."""
        logprobs = None if logprobs is None else _round(logprobs)
        self._pending_tokens.setdefault(name, Partial()).add(tokens, logprobs)

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
            line["partial"] = [
                [name, part.tokens, part.logprobs] for name, part in self._pending_tokens.items()
            ]
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
            line = {
                "done": list(done.values()),
                "partial": [[n, part.tokens, part.logprobs] for n, part in partial.items()],
            }
            replace_file(self.path, lambda file: _put(file, line))
        else:
            self.path.unlink(missing_ok=True)

    def _write(self, line: dict[str, Any]) -> None:
        data = _line(line)
        end = os.fstat(self._file.fileno()).st_size
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            # A line cut short would swallow the next one: take it back.
            os.ftruncate(self._file.fileno(), end)
            raise StoreError(
                f"cannot write the journal {self.path.name}: {error.strerror}",
                "free some space and run the same command again: everything up to here is kept",
            ) from error

    def _open(self) -> FileIO:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = FileIO(self.path, "ab")
        if self._torn_end is not None:
            # Cut the torn line off, so that the next one starts on a line of its own.
            os.ftruncate(file.fileno(), self._torn_end)
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
        done = [_decode(item) for item in line.get("done", [])]
        self._drop(line.get("drop", []))
        for name, tokens, logprobs in line.get("partial", []):
            self.partial.setdefault(name, Partial()).add(tokens, logprobs)
        for record in done:
            self._keep(record)

    def _keep(self, record: Record) -> None:
        self.done[record.name] = record
        self.partial.pop(record.name, None)
        self.errors.pop(record.name, None)
        if record.error is not None:
            self.errors[record.name] = record.error

    def _drop(self, names: Sequence[str]) -> None:
        for name in names:
            for kept in (self.done, self.partial, self.errors):
                kept.pop(name, None)


def _lines(path: Path) -> Iterator[tuple[bytes, int, bool]]:
    """Each line, where it starts, and whether it is whole."""
    start = 0
    with open(path, "rb") as file:
        for line in file:
            yield line, start, line.endswith(b"\n")
            start += len(line)


def _line(content: dict[str, Any]) -> bytes:
    """One line of JSON; `done` holds records."""
    parts = [
        f'"{key}":[{",".join(map(_encode, value))}]' if key == "done" else f'"{key}":{_json(value)}'
        for key, value in content.items()
    ]
    return ("{" + ",".join(parts) + "}\n").encode()


def _put(file: IO[bytes], content: dict[str, Any]) -> None:
    file.write(_line(content))


_json = json.JSONEncoder(separators=(",", ":")).encode
_COLUMNS = ("logprobs", "confidence", "certainty")
"""Fields of a completion that hold a number a token."""
_COMPLETION = [(one.name, one.default) for one in fields(Completion)]


def _encode(record: Record) -> str:
    """The record's fields; what is as it is by default is left out of a completion."""
    told: dict[str, Any] = {"name": record.name, "error": record.error}
    told |= {"seed": record.seed, "start": record.start}
    if record.reward is not None:
        told["reward"] = {one.name: getattr(record.reward, one.name) for one in fields(Reward)}
    completion = "null" if record.completion is None else _encode_completion(record.completion)
    return f'{_json(told)[:-1]},"completion":{completion}}}'


def _encode_completion(completion: Completion) -> str:
    told: dict[str, Any] = {}
    columns = ""
    for name, default in _COMPLETION:
        value = getattr(completion, name)
        if name in _COLUMNS and value is not None:
            columns += f',"{name}":{_numbers(value)}'
        elif value is not default:
            told[name] = value
    return f"{_json(told)[:-1]}{columns}}}"


def _numbers(values: Sequence[float]) -> str:
    """The numbers, rounded already, as JSON: most of what a journal holds, so it must be fast."""
    text = ",".join([f"%.{DIGITS}f"] * len(values)) % tuple(values)
    # Only nan and inf have this letter; JSON's names for them are others.
    return _json(values) if "n" in text else f"[{text}]"


def _rounded(record: Record) -> Record:
    """What is in memory must equal what a rerun reads back."""
    completion = record.completion
    if completion is None:
        return record
    columns: dict[str, Any] = {
        name: tuple(_round(values))
        for name in _COLUMNS
        if (values := getattr(completion, name)) is not None
    }
    if not columns:
        return record
    completion = replace(completion, **columns)
    return Record(record.name, completion, record.error, record.seed, record.start, record.reward)


def _round(values: Sequence[float]) -> list[float]:
    """Each to `DIGITS` decimals; several times faster than Python's own `round` on each."""
    rounded: list[float] = np.round(np.array(values, np.float64), DIGITS).tolist()
    return rounded


def _decode(told: dict[str, Any]) -> Record:
    completion, reward = told["completion"], told.get("reward")
    if completion is not None:
        completion = Completion(**{name: _tuple(value) for name, value in completion.items()})
    if reward is not None:
        reward = Reward(**reward)
    return Record(**{**told, "completion": completion, "reward": reward})


def _tuple(value: Any) -> Any:
    """Lists as the tuples they were, however deep."""
    return tuple(map(_tuple, value)) if isinstance(value, list) else value
