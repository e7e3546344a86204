"""The baseline file: a snapshot as versioned JSON that people read and diffs stay small in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

import numpy as np

from scaling_cli.checking.printable import visible
from scaling_cli.checking.snapshot import Curves, Snapshot
from scaling_cli.errors import StoreError
from scaling_cli.store.atomic import replace_file

if TYPE_CHECKING:
    from scaling_cli.types import FloatArray

VERSION = 1
"""Raised when the meaning of a field changes; files of another version are refused."""
MOST_BYTES = 64 << 20
MOST = 1e300
"""Beyond this a number is a mistake of the hand."""


@dataclass(frozen=True, slots=True)
class BaselineFile:
    """A file's snapshot, and whether somebody has changed the file since it was written."""

    snapshot: Snapshot
    edited: bool


def write_baseline(path: Path, snapshot: Snapshot) -> int:
    """Write the file in one step, a question a line; returns its size in bytes."""
    if path.is_dir():
        raise StoreError(f"{path} is a folder", "name a file, such as baseline.json")
    body = body_of(snapshot)
    head = {"scale_baseline": VERSION, "scale": snapshot.scale, "run": snapshot.run,
            "digest": _digest(body)}  # fmt: skip
    lines = [f" {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    text = "\n".join(["{", *lines, ' "curves": [', body, " ]", "}", ""])

    def write(file: IO[bytes]) -> None:
        file.write(text.encode())

    replace_file(path, write)
    return len(text)


def body_of(snapshot: Snapshot) -> str:
    """The curves as a file holds them: equal values are equal text."""
    return ",\n".join(_entry(_curves(one)) for one in snapshot.curves)


def _digest(body: str) -> str:
    """12 hex of the curves as this scale writes them: spaces in a file do not count."""
    return hashlib.sha256(body.encode()).hexdigest()[:12]


def _curves(one: Curves) -> dict[str, Any]:
    return {
        "model": one.model,
        "task": one.task,
        "strategy": one.strategy,
        "params": one.params,
        "limit": one.limit,
        "seed": one.seed,
        "facts": dict(one.facts),
        "ks": list(one.ks),
        "questions": {
            identity: {
                "accuracy": {name: table[row].tolist() for name, table in one.accuracy.items()},
                "cost": {axis: table[row].tolist() for axis, table in one.costs.items()},
            }
            for row, identity in enumerate(one.question_ids)
        },
    }


def _entry(entry: Mapping[str, Any]) -> str:
    questions = ",\n".join(
        f"    {json.dumps(identity)}: {_line(values)}"
        for identity, values in entry["questions"].items()
    )
    fields = [
        f"   {json.dumps(key)}: {_field(value)},\n"
        for key, value in entry.items()
        if key != "questions"
    ]
    return "".join(["  {\n", *fields, '   "questions": {\n', questions, "\n   }\n  }"])


def _field(value: Any) -> str:
    """Facts one a line; a list of numbers in one."""
    if not isinstance(value, Mapping):
        return json.dumps(value)
    facts = (f"    {json.dumps(name)}: {json.dumps(value[name])}" for name in sorted(value))
    return "{\n" + ",\n".join(facts) + "\n   }"


def _line(values: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """One question: numbers in as few characters as say them."""
    groups = (
        f"{json.dumps(group)}: {{"
        + ", ".join(f"{json.dumps(name)}: [{_numbers(row)}]" for name, row in members.items())
        + "}"
        for group, members in values.items()
    )
    return "{" + ", ".join(groups) + "}"


def _numbers(row: Sequence[float]) -> str:
    return ", ".join(f"{number:.6g}" for number in row)


def read_baseline(path: Path) -> BaselineFile:
    """The file, every value checked; a StoreError names what is wrong with it, and where."""
    reader = _Reader(path)
    content = reader.load()
    version = content.get("scale_baseline")
    if type(version) is not int:
        reader.refuse("it has no scale_baseline version", "make one: scale baseline RUN -o FILE")
    if version != VERSION:
        newer = version > VERSION
        reader.refuse(
            f"it has version {version}, this scale reads version {VERSION}",
            "install the newer scale that wrote it"
            if newer
            else "that version's values cannot "
            "be told from it: make it anew with scale baseline RUN -o FILE",
        )
    curves = content.get("curves")
    if not isinstance(curves, list) or not curves:
        reader.refuse("it holds no curves")
    found = tuple(reader.curves(entry, f"curves[{i}]") for i, entry in enumerate(curves))
    run, scale = (reader.text(content, name, "the head") for name in ("run", "scale"))
    snapshot = Snapshot(run, scale, found)
    return BaselineFile(snapshot, content.get("digest") != _digest(body_of(snapshot)))


class _Reader:
    """Knows the file, so that errors name it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def refuse(self, what: str, hint: str = "make it anew: scale baseline RUN -o FILE") -> NoReturn:
        raise StoreError(f"{self._path} cannot be used as a baseline: {what}", hint)

    def load(self) -> dict[str, Any]:
        try:
            if not self._path.is_file():
                self.refuse("there is no such file", "name a baseline file, or a run's folder")
            if self._path.stat().st_size > MOST_BYTES:
                self.refuse(f"it is larger than {MOST_BYTES >> 20} MB")
            content = json.loads(
                self._path.read_bytes(),
                object_pairs_hook=self._once,
                parse_constant=lambda name: self.refuse(f"it holds {name}, which is no number"),
            )
        except (OSError, ValueError, RecursionError) as error:
            self.refuse(f"it is not JSON: {visible(error)}")
        if not isinstance(content, dict):
            self.refuse("it is not a JSON object")
        return content

    def _once(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            self.refuse(f"{visible(twice)} stands in it twice")
        return found

    def curves(self, entry: Any, where: str) -> Curves:
        if not isinstance(entry, dict):
            self.refuse(f"{where} is not an object")
        model, task, strategy, params = (
            self.text(entry, name, where) for name in ("model", "task", "strategy", "params")
        )
        limit, seed = entry.get("limit"), entry.get("seed")
        if not (limit is None or (type(limit) is int and limit > 0)) or type(seed) is not int:
            self.refuse(f"the limit or the seed of {where} is not a whole number")
        facts, questions = entry.get("facts"), entry.get("questions")
        if not isinstance(facts, dict) or not isinstance(questions, dict) or not questions:
            self.refuse(f"{where} has no facts or no questions")
        ks = self._ks(entry.get("ks"), where)
        tables = {
            group: self._tables(questions, group, len(ks), where) for group in ("accuracy", "cost")
        }
        self._check(tables, len(ks), where)
        return Curves(
            model, task, strategy, params, limit, seed, facts, tuple(questions), ks,
            accuracy=tables["accuracy"], costs=tables["cost"],
        )  # fmt: skip

    def text(self, holder: Mapping[str, Any], name: str, where: str) -> str:
        value = holder.get(name)
        if not isinstance(value, str):
            self.refuse(f"{name} of {where} is not text")
        return value

    def _ks(self, ks: Any, where: str) -> tuple[int, ...]:
        if not isinstance(ks, list) or not ks or any(type(k) is not int or k < 1 for k in ks):
            self.refuse(f"ks of {where} is not a list of whole numbers")
        if sorted(set(ks)) != ks:
            self.refuse(f"ks of {where} do not rise")
        return tuple(ks)

    def _tables(
        self, questions: Mapping[str, Any], group: str, most: int, where: str
    ) -> dict[str, FloatArray]:
        rows: dict[str, list[list[float]]] = {}
        first: list[str] | None = None
        for identity, values in questions.items():
            place = f"{visible(identity)} in {where}"
            members = values.get(group) if isinstance(values, dict) else None
            if not isinstance(members, dict):
                self.refuse(f"{place} has no {group}")
            first = first or list(members)
            if set(first) != set(members):
                self.refuse(f"{place} has other curves than the question before it")
            for name, row in members.items():
                rows.setdefault(name, []).append(
                    self._row(row, most, f"{visible(name)} of {place}")
                )
        for name, table in rows.items():
            if len({len(row) for row in table}) > 1:
                self.refuse(f"{visible(name)} in {where} has rows of different lengths")
        return {name: np.array(table, np.float64) for name, table in rows.items()}

    def _row(self, row: Any, most: int, place: str) -> list[float]:
        if not isinstance(row, list) or not 1 <= len(row) <= most:
            self.refuse(f"{place} does not hold a number for each k")
        if any(type(number) not in (int, float) or not 0 <= number < MOST for number in row):
            self.refuse(f"{place} holds something other than numbers of at least 0")
        return row

    def _check(self, tables: Mapping[str, dict[str, FloatArray]], ks: int, where: str) -> None:
        if not tables["accuracy"]:
            self.refuse(f"{where} holds no accuracy")
        for name, table in tables["accuracy"].items():
            if table.max() > 1:
                self.refuse(f"{visible(name)} in {where} holds an accuracy above 1")
        for axis, table in tables["cost"].items():
            if table.shape[1] != ks or not np.isfinite(table).all() or table.min() <= 0:
                self.refuse(f"{visible(axis)} in {where} is not a cost above 0 at every k")
