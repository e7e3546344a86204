"""The `inspect` format: .eval and JSON logs of inspect_ai, each sample and epoch one reply."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scaling_cli.errors import TaskError
from scaling_cli.importing.files import json_content, source_files, text
from scaling_cli.importing.inspect_archive import Archive, Unreadable
from scaling_cli.importing.inspect_sample import imported
from scaling_cli.importing.rows import ImportedSample, Skipped

MEMBER = re.compile(r"samples/(?P<id>.*)_epoch_(?P<epoch>\d+)\.json$")
LARGEST_JSON = 2**30


@dataclass(frozen=True, slots=True)
class _Log:
    """One log's file and what its header says."""

    file: Path
    header: Mapping[str, Any]

    @property
    def spec(self) -> Mapping[str, Any]:
        found = self.header.get("eval")
        return found if isinstance(found, dict) else {}


def read(path: Path) -> Iterator[ImportedSample | Skipped]:
    """Each epoch of a sample is one reply; further logs of a model and task add theirs.

    Of the logs of one task's retries only the last counts: it holds the finished samples of those
    before it. Samples that ended in an error or that their limit stopped unscored stay in as
    failed, though inspect leaves them out of its accuracy.
    """
    logs = list[_Log]()
    for file in source_files(path, ".eval", ".json"):
        try:
            logs.append(_Log(file, _header(file)))
        except (Unreadable, TaskError) as error:
            if file == path:
                raise _refused(file, error) from error
            why = error.message if isinstance(error, TaskError) else str(error)
            yield Skipped(file.name, why.removeprefix(f"{file.name} "))
    seen: Counter[tuple[str | None, str | None, str]] = Counter()
    last = {_identity(log): log for log in sorted(logs, key=_created)}
    for log in logs:
        if last[_identity(log)] is not log:
            yield Skipped(log.file.name, "retried: the task's later log holds its samples")
            continue
        for sample in _samples(log):
            if isinstance(sample, ImportedSample):
                place = sample.model, sample.task, sample.question
                sample = replace(sample, sample=seen[place])
                seen[place] += 1
            yield sample


def _refused(file: Path, error: Unreadable | TaskError) -> TaskError:
    if isinstance(error, TaskError):
        return error
    return TaskError(f"{file.name}: {error}", "name an .eval or JSON log, or a folder of them")


def _identity(log: _Log) -> tuple[str, str]:
    """The task's id, the same for all its retries; a log without one is its own."""
    return (text(log.spec, "task_id") or str(log.file), text(log.spec, "model") or "")


def _created(log: _Log) -> tuple[str, str]:
    return (text(log.spec, "created") or "", log.file.name)


def _header(file: Path) -> Mapping[str, Any]:
    """What the log says of itself, without its samples; of a run that was cut short, its start."""
    if not _is_archive(file):
        content: Any = {k: v for k, v in _json(file).items() if k != "samples"}
    else:
        with Archive(file) as archive:
            parts = [one for one in ("header.json", "_journal/start.json") if archive.has(one)]
            content = archive.json(parts[0]) if parts else None
    if not isinstance(content, dict) or not isinstance(content.get("eval"), dict):
        raise Unreadable("not a log of inspect_ai")
    return content


def _is_archive(file: Path) -> bool:
    if file.suffix == ".eval":
        return True
    with open(file, "rb") as content:
        return content.read(4) == b"PK\x03\x04"


def _json(file: Path) -> dict[str, Any]:
    if file.stat().st_size > LARGEST_JSON:
        raise Unreadable("over 1 GB of JSON: convert it with inspect log convert --to eval")
    content = json_content(file)
    if not isinstance(content, dict):
        raise Unreadable("not a log of inspect_ai")
    return content


def _samples(log: _Log) -> Iterator[ImportedSample | Skipped]:
    """The log's samples in the order of their epochs, and how many were never run."""
    held = set[tuple[str, int]]()
    for item in _contents(log):
        if isinstance(item, Skipped):
            yield item
            named = MEMBER.search(item.where)
            held.update({(named["id"], int(named["epoch"]))} if named else ())
            continue
        where, content = item
        name, epoch = text(content, "id"), content.get("epoch", 1)
        if name is None or not isinstance(epoch, int):
            yield Skipped(where, "no id and epoch")
        elif (name, epoch) in held:
            yield Skipped(where, "the same sample and epoch a second time")
        else:
            held.add((name, epoch))
            yield imported(where, content, log.spec)
    for name, epoch in sorted(_planned(log) - held):
        where = f"{log.file.name}, sample {name}, epoch {epoch}"
        yield Skipped(where, "planned but not in the log, which ended early")


def _contents(log: _Log) -> Iterator[tuple[str, Mapping[str, Any]] | Skipped]:
    """Where each sample stands, and its fields, or the reason it cannot be read."""
    name = log.file.name
    if not _is_archive(log.file):
        listed = _json(log.file).get("samples")
        found = listed if isinstance(listed, list) else []
        for place in sorted(range(len(found)), key=lambda place: _epoch(found[place])):
            yield _content(f"{name}, sample {place + 1}", found[place])
        return
    with Archive(log.file) as archive:
        for member in sorted(archive.names("samples/"), key=_member_epoch):
            try:
                yield _content(f"{name}, {member}", archive.json(member))
            except Unreadable as error:
                yield Skipped(f"{name}, {member}", str(error))


def _content(where: str, content: Any) -> tuple[str, Mapping[str, Any]] | Skipped:
    return (where, content) if isinstance(content, dict) else Skipped(where, "not a sample")


def _member_epoch(name: str) -> int:
    named = MEMBER.search(name)
    return int(named["epoch"]) if named else 0


def _epoch(sample: Any) -> int:
    found = sample.get("epoch") if isinstance(sample, dict) else None
    return found if isinstance(found, int) else 0


def _planned(log: _Log) -> set[tuple[str, int]]:
    """Sample and epoch of all that was to be run, where the log lists it."""
    dataset, config = log.spec.get("dataset"), log.spec.get("config")
    ids = dataset.get("sample_ids") if isinstance(dataset, dict) else None
    epochs = config.get("epochs") if isinstance(config, dict) else None
    if not isinstance(ids, list) or isinstance(epochs, bool):
        return set()
    count = epochs if isinstance(epochs, int) else 1
    if len(ids) * count > 10_000_000:
        return set()
    return {(str(one), epoch) for one in ids for epoch in range(1, count + 1)}
