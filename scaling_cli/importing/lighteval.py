"""The `lighteval` format: its details Parquet files, a row per document."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scaling_cli.importing.files import count, flag, source_files, text
from scaling_cli.importing.lighteval_table import TOKENS, rows
from scaling_cli.importing.rows import ImportedSample, Skipped
from scaling_cli.importing.verdict import finished_answer, gold_to_grade

NAMED = re.compile(r"details_(?P<task>.+)_(?P<date>\d{4}-\d\d-\d\dT[\d.-]+\d)\.parquet")
METRICS = (
    "extractive_match",
    "em",
    "exact_match",
    "acc",
    "pass@k",
    "avg@n",
    "math_pass@1",
    "gpqa_pass@k",
    "pass@1",
)
"""Metrics that judge the reply where there is but one, the first to be had counting."""
LONGEST = 1_000_000
"""Characters of a value written as Python source that are still read."""


def read(path: Path) -> Iterator[ImportedSample | Skipped]:
    """Every reply of every document; a folder's runs of one task are further samples."""
    seen: Counter[tuple[str | None, str | None, str]] = Counter()
    for file in source_files(path, ".parquet"):
        named = NAMED.fullmatch(file.name)
        task, model = named and named["task"], _model(file)
        for place, item in enumerate(rows(file)):
            if isinstance(item, Skipped):
                yield item
                continue
            where, row = item
            fields = _fields(row)
            if fields is None:
                yield Skipped(where, "no doc and model_response, nor example and predictions")
                continue
            question = fields["id"] or str(place)
            found = _replies(where, fields, question, seen[model, task, question], model, task)
            for sample in found:
                yield sample
                seen[model, task, question] += isinstance(sample, ImportedSample)


def _model(file: Path) -> str | None:
    """It writes details/ORGANISATION/MODEL/DATE/details_TASK_DATE.parquet."""
    parts = file.resolve().parts[:-2]
    if "details" not in parts:
        return None
    start = len(parts) - parts[::-1].index("details")
    return "/".join(parts[start:]) or None


def _fields(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The same fields of either layout; None where the row has neither."""
    doc, reply = row.get("doc"), row.get("model_response")
    if isinstance(doc, dict) and isinstance(reply, dict):
        return _of_structs(doc, reply, row.get("metric"))
    if "predictions" in row:
        return _of_columns({name: _value(name, value) for name, value in row.items()})
    return None


def _of_structs(doc: dict[str, Any], reply: dict[str, Any], metric: Any) -> dict[str, Any]:
    """Since 0.11: the structs doc, model_response and metric."""
    return {
        "id": text(doc, "id"),
        "question": text(doc, "original_query", "query"),
        "replies": reply.get("text"),
        "outputs": reply.get("output_tokens"),
        "input": reply.get("input_tokens"),
        "golds": _golds(doc.get("choices"), doc.get("gold_index")),
        "metrics": metric,
        "limit": count(doc.get("generation_size")),
        "specific": doc.get("specific"),
    }


def _of_columns(row: dict[str, Any]) -> dict[str, Any]:
    """Until 0.10: plain columns, until 0.7 each as the text of a Python value."""
    gold, inputs = row.get("gold"), row.get("input_tokens")
    return {
        "id": None,
        "question": text(row, "example", "full_prompt"),
        "replies": row["predictions"],
        "outputs": row.get("cont_tokens"),
        "input": inputs[0] if isinstance(inputs, list) and inputs else inputs,
        "golds": gold if isinstance(gold, list) else [gold],
        "metrics": row.get("metrics"),
        "limit": None,
        "specific": row.get("specifics"),
    }


def _value(name: str, written: Any) -> Any:
    """A list or dict that was written as its Python text; all else as it is."""
    if not isinstance(written, str) or written[:1] not in ("[", "{") or len(written) > LONGEST:
        return written
    try:
        found = ast.literal_eval(written)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return written
    return _counted(found) if name in TOKENS else found


def _counted(tokens: Any) -> Any:
    """Lists of tokens as their lengths, as the table gives them where they are lists."""
    if isinstance(tokens, list) and any(isinstance(one, list) for one in tokens):
        return [_counted(one) for one in tokens]
    return len(tokens) if isinstance(tokens, list) else None


def _replies(
    where: str,
    fields: dict[str, Any],
    question: str,
    start: int,
    model: str | None,
    task: str | None,
) -> Iterator[ImportedSample | Skipped]:
    replies = fields["replies"]
    if not isinstance(replies, list) or not replies or not isinstance(replies[0], str):
        yield Skipped(where, "no text was generated: likelihoods of given choices")
        return
    verdict = _verdict(fields["metrics"]) if len(replies) == 1 else None
    golds = [one for one in fields["golds"] if isinstance(one, str)]
    lengths = _lengths(fields["outputs"], len(replies))
    inputs, specific = fields["input"], fields["specific"]
    facts = specific if isinstance(specific, dict) else {}
    for index, (reply, length) in enumerate(zip(replies, lengths, strict=True)):
        written = reply if isinstance(reply, str) else None
        truncated = None if not length or not fields["limit"] else length >= fields["limit"]
        yield ImportedSample(
            question=question,
            sample=start + index,
            answer=finished_answer(None, written, verdict=verdict, truncated=truncated),
            correct=verdict,
            gold=gold_to_grade(golds[0] if len(golds) == 1 else None, verdict, None),
            text=written,
            question_text=fields["question"],
            new_tokens=length,
            prompt_tokens=count(inputs) or None,
            truncated=truncated,
            level=text(facts, "level", "difficulty"),
            subject=text(facts, "subject", "type", "category"),
            model=model,
            task=task,
            error=None if written is not None else "the source holds no text",
        )


def _golds(choices: Any, index: Any) -> list[Any]:
    """The choices that are right, by the document's index or indices of them."""
    if not isinstance(choices, list):
        return []
    indices = index if isinstance(index, list) else [index]
    return [choices[one] for one in indices if isinstance(one, int) and -1 < one < len(choices)]


def _verdict(metrics: Any) -> bool | None:
    """The best-known metric's, else that of the only one that says 0 or 1.

    A metric's name may carry its setting, as `pass@k:k=1&n=1` does.
    """
    if not isinstance(metrics, dict):
        return None
    said = {str(name): flag(value) for name, value in metrics.items()}
    plain = {name: value for name, value in said.items() if value is not None}
    bare = {name.partition(":")[0]: value for name, value in reversed(plain.items())}
    known = [bare[name] for name in METRICS if name in bare]
    if known:
        return known[0]
    return next(iter(plain.values())) if len(plain) == 1 else None


def _lengths(outputs: Any, replies: int) -> list[int | None]:
    """Tokens of each reply: `outputs[reply]`, once `[1][reply]`; None where they do not match."""
    if isinstance(outputs, list) and len(outputs) == 1 and isinstance(outputs[0], list):
        outputs = outputs[0]
    if not isinstance(outputs, list) or len(outputs) != replies:
        return [None] * replies
    return [count(length) or None for length in outputs]
