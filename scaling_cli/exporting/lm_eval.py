"""A run as lm-eval writes one: a results file and a samples file for each cell."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.exporting.files import Written, safe_name, write_json, write_text
from scaling_cli.exporting.tidy import Source
from scaling_cli.store import CellRecord
from scaling_cli.types import Question

if TYPE_CHECKING:
    import pyarrow as pa

    from scaling_cli.types import FloatArray

DATE = "1970-01-01T00-00-00.000000"
"""lm-eval's file names hold a date; the same run must give the same files."""
FILTER = "lenient"
NO_ANSWER = "[invalid]"
Row = dict[str, Any]


def write_lm_eval(source: Source, out: Path) -> list[Written]:
    """`MODEL__TASK__STRATEGY__CELL/results_….json` and `samples_TASK_….jsonl` for every cell.

    `resps` are the completions where `texts` are asked for and at hand, else the answers as
    they were read, boxed: the results file says which.
    """
    held = source.folder.has_part("questions")
    questions = {q.id: q for q in source.folder.read_questions()} if held else {}
    written: list[Written] = []
    for key, cell in source.banks():
        rows = _by_question(source.samples(key, cell))
        folder = out / _folder(key, cell)
        task = safe_name(str(cell.details["task"]))
        results = _results(source, key, cell, rows)
        written.append(write_json(folder / f"results_{DATE}.json", results, len(rows)))
        lines = (json.dumps(line, allow_nan=False) for line in _lines(cell, rows, questions))
        written.append(write_text(folder / f"samples_{task}_{DATE}.jsonl", lines, len(rows)))
    return written


def _folder(key: str, cell: CellRecord) -> str:
    details = cell.details
    strategy = "greedy" if details.get("temperature") == 0 else str(details.get("strategy"))
    names = [str(details["model"]), str(details["task"]), strategy, key[:8]]
    return "__".join(map(safe_name, names))


def _by_question(table: pa.Table) -> dict[str, list[Row]]:
    """The cell's samples, question by question, by number."""
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in table.to_pylist():
        found[row["question_id"]].append(row)
    return dict(found)


def _results(
    source: Source, key: str, cell: CellRecord, rows: Mapping[str, list[Row]]
) -> dict[str, Any]:
    """Totals under lm-eval's names; standard errors over questions."""
    details, task = cell.details, str(cell.details["task"])
    means = np.array([np.mean([row["correct"] for row in group]) for group in rows.values()])
    strict = np.array(
        [np.mean([row["strict_verdict"] == "correct" for row in g]) for g in rows.values()]
    )
    return {
        "results": {
            task: {
                "alias": task,
                f"exact_match,{FILTER}": float(means.mean()),
                f"exact_match_stderr,{FILTER}": _error(means),
                "exact_match,strict": float(strict.mean()),
                "exact_match_stderr,strict": _error(strict),
            }
        },
        "configs": {
            task: {
                "task": task,
                "output_type": "generate_until",
                "repeats": max(map(len, rows.values())),
                "generation_kwargs": {
                    "temperature": details.get("temperature"),
                    "max_gen_toks": details.get("max_tokens"),
                    "do_sample": details.get("temperature") != 0,
                },
            }
        },
        "versions": {task: details.get("task_revision")},
        "n-samples": {task: {"original": len(rows), "effective": len(rows)}},
        "config": {"model": details.get("engine"), "model_args": {"seed": cell.seed}},
        "model_name": details["model"],
        "model_name_sanitized": safe_name(str(details["model"])),
        "scale": {
            "run": source.folder.name,
            "cell": key,
            "resps": "completions" if _has_texts(rows) else "answers, boxed",
            "versions": dict(source.run.versions),
        },
    }


def _error(means: FloatArray) -> float | None:
    """Of the mean over questions."""
    return float(means.std(ddof=1) / math.sqrt(len(means))) if len(means) > 1 else None


def _has_texts(rows: Mapping[str, list[Row]]) -> bool:
    return any(row.get("text") for group in rows.values() for row in group)


def _lines(
    cell: CellRecord, rows: Mapping[str, list[Row]], questions: Mapping[str, Question]
) -> Iterator[Row]:
    """A line a question, its replies in one request, as `repeats` are logged."""
    for number, (identity, group) in enumerate(rows.items()):
        question = questions.get(identity)
        text = question.text if question is not None else ""
        answers = [_answer(row) for row in group]
        single = len(group) == 1
        yield {
            "doc_id": number,
            "doc": {
                "question": text,
                "answer": group[0]["gold"],
                "level": group[0]["level"],
                "subject": group[0]["subject"],
                "question_id": identity,
            },
            "target": group[0]["gold"] or "",
            "arguments": {"gen_args_0": {"arg_0": text, "arg_1": {"until": []}}},
            "resps": [[_reply(row) for row in group]],
            "filtered_resps": answers if single else [answers],
            "filter": FILTER,
            "metrics": ["exact_match"],
            "exact_match": float(np.mean([row["correct"] for row in group])),
        }


def _answer(row: Row) -> str:
    return row["answer"] or NO_ANSWER


def _reply(row: Row) -> str | None:
    """None where the call failed: lm-eval has no other word for it."""
    if row["error"] is not None:
        return None
    if row.get("text") is not None:
        return str(row["text"])
    return "" if not row["answer"] else f"\\boxed{{{row['answer']}}}"
