"""The `lm-eval` format: its --log_samples files, a line per document and filter."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from scaling_cli.errors import TaskError
from scaling_cli.grading.extract import strict_answer
from scaling_cli.importing.files import records, source_files, text
from scaling_cli.importing.rows import ImportedSample, Skipped
from scaling_cli.importing.verdict import first_verdict, gold_to_grade, own_answer

NAMED = re.compile(r"samples_(?P<task>.+)_(?P<date>\d{4}-\d\d-\d\dT[\d.-]+\d)\.jsonl?")
SEED = re.compile(r",?\bseed=\d+")
NO_ANSWER = ("[invalid]", "[no answer]")
"""What its filters write where they find no answer; lm-eval lets it vote, we do not."""
METRICS = ("exact_match", "acc", "math_verify", "pass@1", "pass_at_1")
"""Metrics that judge one reply right or wrong, the first to be had counting."""
QUESTION = ("question", "problem", "Question", "Problem", "input", "query", "prompt")


@dataclass(slots=True)
class _File:
    """One samples file: whose it is, which filter counts, and which documents came."""

    task: str | None
    model: str | None
    filter: str | None
    documents: set[str] = field(default_factory=set)


def read(path: Path, *, filter: str | None = None) -> Iterator[ImportedSample | Skipped]:
    """Every reply of every document, once; a folder's runs of one task are further samples.

    Every filter repeats the same replies, so only one counts: `filter`, or each file's first. Of a
    document with several replies its metrics judge no single one, and its filters mostly keep
    the first: then the replies are left to be read and graded here.
    """
    seen: Counter[tuple[str | None, str | None, str]] = Counter()
    drawn: dict[tuple[str | None, str | None], tuple[str, Path]] = {}
    for file in _sample_files(path):
        named = NAMED.fullmatch(file.name)
        results = _results(file, named["date"]) if named else {}
        source = _File(named and named["task"], text(results, "model_name"), filter)
        _check_settings(file, source, results, drawn)
        for item in records(file):
            if isinstance(item, Skipped):
                yield item
                continue
            for sample in _replies(*item, source):
                if isinstance(sample, Skipped):
                    yield sample
                    continue
                place = sample.model, sample.task, sample.question
                yield replace(sample, sample=seen[place])
                seen[place] += 1


def _sample_files(path: Path) -> list[Path]:
    files = source_files(path, ".jsonl", ".json")
    named = [file for file in files if file.name.startswith("samples_")]
    found = named or [file for file in files if not file.name.startswith("results")]
    if not found:
        raise TaskError(
            f"{path} holds only totals",
            "run lm-eval with --log_samples, and name the samples_*.jsonl file or its folder",
        )
    return found


def _results(file: Path, date: str) -> Mapping[str, Any]:
    """What the results file of the same run holds; nothing where it cannot be read."""
    try:
        content = json.loads((file.parent / f"results_{date}.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _check_settings(
    file: Path,
    source: _File,
    results: Mapping[str, Any],
    drawn: dict[tuple[str | None, str | None], tuple[str, Path]],
) -> None:
    """TaskError where a model's runs of a task were sampled in different ways: a greedy answer is
    no further sample. What the results files do not say cannot differ."""
    settings = _settings(results, source.task)
    if settings is None:
        return
    before, other = drawn.setdefault((source.model, source.task), (settings, file))
    if before != settings:
        raise TaskError(
            f"{file.parent} and {other.parent} hold {source.task} of {source.model} sampled in "
            "different ways",
            "name one of the two folders: their replies are no samples of one kind",
        )


def _settings(results: Mapping[str, Any], task: str | None) -> str | None:
    """How the task was sampled: its own generation_kwargs, and those of the command line; runs
    under several seeds are further samples."""
    configs, config = results.get("configs"), results.get("config")
    own = configs.get(task) if isinstance(configs, dict) else None
    kwargs = own.get("generation_kwargs") if isinstance(own, dict) else None
    said = config.get("gen_kwargs") if isinstance(config, dict) else None
    if kwargs is None and said is None:
        return None
    return json.dumps([_seedless(kwargs), _seedless(said)], sort_keys=True)


def _seedless(settings: Any) -> Any:
    if isinstance(settings, dict):
        return {name: value for name, value in settings.items() if name != "seed"}
    return SEED.sub("", settings) if isinstance(settings, str) else settings


def _replies(
    where: str, row: Mapping[str, Any], source: _File
) -> Iterator[ImportedSample | Skipped]:
    question = text(row, "doc_id")
    if question is None or "resps" not in row:
        yield Skipped(where, "no doc_id and resps: not a line of --log_samples")
        return
    used = text(row, "filter")
    source.filter = source.filter or used
    if used is not None and used != source.filter:
        yield Skipped(where, f"the same replies under the filter {used}; {source.filter} is used")
        return
    replies = _generated(row)
    if replies is None:
        yield Skipped(where, "likelihoods of given texts: nothing was sampled")
        return
    if question in source.documents:
        yield Skipped(where, "the same document a second time, for another filter")
        return
    source.documents.add(question)
    answers = _answers(row, replies)
    verdict = first_verdict(row, METRICS) if len(replies) == 1 else None
    document = row["doc"] if isinstance(row.get("doc"), dict) else {}
    for reply, answer in zip(replies, answers, strict=True):
        yield ImportedSample(
            question=question,
            sample=0,
            answer=answer,
            correct=verdict,
            gold=gold_to_grade(_gold(text(row, "target")), verdict, answer),
            text=reply,
            question_text=text(document, *QUESTION) or _prompt(row),
            level=text(document, "level", "difficulty"),
            subject=text(document, "subject", "type", "category"),
            model=source.model,
            task=source.task,
            error=None if reply is not None else "the source holds no text",
        )


def _generated(row: Mapping[str, Any]) -> list[str | None] | None:
    """The replies to the document's one request; None where it asked for likelihoods."""
    requests = row["resps"]
    if not isinstance(requests, list) or len(requests) != 1 or not isinstance(requests[0], list):
        return None
    first = _request(row)
    if first is not None and (len(first) < 2 or not isinstance(first[1], dict)):
        return None
    if any(isinstance(reply, list) for reply in requests[0]):
        return None
    return [reply if isinstance(reply, str) else None for reply in requests[0]]


def _request(row: Mapping[str, Any]) -> list[Any] | None:
    """The first request's arguments: `{"gen_args_0": {"arg_0": …}}`, once `[[…], …]`."""
    listed = row.get("arguments")
    if isinstance(listed, dict):
        listed = list(listed.values())
    if not isinstance(listed, list) or not listed:
        return None
    first = listed[0]
    if isinstance(first, dict):
        return list(first.values())
    return first if isinstance(first, list) else None


def _prompt(row: Mapping[str, Any]) -> str | None:
    first = _request(row)
    return first[0] if first and isinstance(first[0], str) else None


def _answers(row: Mapping[str, Any], replies: list[str | None]) -> list[str | None]:
    """What the filter read in each reply: "" where it found nothing, None where it did not say."""
    filtered = row.get("filtered_resps")
    found = filtered[0] if isinstance(filtered, list) and len(filtered) == 1 else filtered
    listed = found if isinstance(found, list) else [found]
    if len(listed) != len(replies):
        return [None] * len(replies)
    return [_answer(one, reply) for one, reply in zip(listed, replies, strict=True)]


def _answer(found: Any, reply: str | None) -> str | None:
    if not isinstance(found, str):
        return None
    return "" if found.strip() in NO_ANSWER else own_answer(found, reply)


def _gold(target: str | None) -> str | None:
    """The answer in a target that may be a whole solution; None for a list of several."""
    if target is None or target.startswith(("['", '["')):
        return None
    return strict_answer(target) or target
