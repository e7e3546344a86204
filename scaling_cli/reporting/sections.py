"""The parts of a page that need no script: answer, tables, lists; every value escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from scaling_cli.configurations import RECORDED
from scaling_cli.reporting.numbers import worded

Row = Mapping[str, Any]
Columns = Mapping[str, str]

CONFIGURATIONS = {
    "configuration": "configuration", "k": "k", "max_tokens": "limit",
    "accuracy": "accuracy", "interval": "95% interval", "cost": "cost", "tokens": "tokens",
    "truncated": "cut off", "unanswered": "unanswered", "odds": "odds",
    "standing": "standing",
}  # fmt: skip
OPTIMAL = {
    "cost": "cost", "configuration": "configuration", "k": "k", "max_tokens": "token limit",
    "accuracy": "accuracy", "interval": "95% interval", "cross_fitted": "cross-fitted",
    "odds": "odds",
}  # fmt: skip
LIMITS = {
    "model": "model", "selector": "selector", "k": "k", "accuracy": "accuracy at k",
    "limit": "limit, k → ∞", "interval": "95% interval", "right": "right", "undecided":
    "undecided", "never": "never", "coverage": "coverage", "auroc": "AUROC",
}  # fmt: skip
SENSITIVITY = {
    "assumption": "assumption", "survives": "survives", "then": "then best",
    "cross_fitted": "cross-fitted", "odds_of_choice": "odds of the choice", "note": "note",
}  # fmt: skip
LEDGER = {
    "run": "run", "cell": "cell", "role": "role", "calls": "calls", "prompt_tokens": "prompt",
    "cached_tokens": "of it cached", "new_tokens": "new", "seconds": "seconds",
}  # fmt: skip
CELLS = {
    "cell": "cell", "model": "model", "task": "task", "strategy": "strategy", "params":
    "parameters", "temperature": "temperature", "max_tokens": "token limit", "samples": "samples",
    "questions": "questions", "engine": "engine", "dtype": "precision", "task revision":
    "task revision", "prompt": "prompt hash", "seed": "seed",
}  # fmt: skip
WIDE = ("cell", "note", "assumption")
SHORT = ("configuration", "interval", "standing", "model", "role")
FRACTIONS = ("accuracy", "cross_fitted", "odds", "truncated", "unanswered", "limit", "coverage",
             "odds_of_choice", "auroc", "lo", "hi")  # fmt: skip


def task_section(number: int, task: Row) -> str:
    """One task: what to run, both figures, what stands behind them."""
    return "".join(
        [
            f'<section class="task"><h2>{escape(task["task"])} '
            f"<small>{escape(_extent(task))}</small></h2>",
            _answer(task["answer"]),
            "".join(f'<p class="note">{escape(line)}</p>' for line in task["notes"]),
            _figure(number, "frontier", "Accuracy against compute") if task["axes"] else "",
            _figure(number, "curves", "Accuracy against samples") if task["panels"] else "",
            _tables(task),
            "</section>",
        ]
    )


def _extent(task: Row) -> str:
    """How many questions, in which runs, and whether their answers are at hand."""
    lacking = "" if task["graded"] else " · summary only"
    return f"{worded(task['questions'])} questions · {', '.join(task['runs'])}{lacking}"


def _answer(answer: Row) -> str:
    said = "".join(f"<p>{escape(sentence)}</p>" for sentence in answer["sentences"])
    how = f'<p class="how">{escape(answer["how"])}</p>' if answer["how"] else ""
    return f'<div class="answer">{said}{how}</div>'


def _figure(number: int, kind: str, title: str) -> str:
    return (
        f'<figure data-figure="{kind}" data-task="{number}"><figcaption><h3>{title}</h3>'
        '</figcaption><div class="controls"></div><div class="drawing"></div></figure>'
    )


def _tables(task: Row) -> str:
    axis = task["axis"] or "nothing known"
    return "".join(
        [
            table(
                f"Compute-optimal points, cost in {axis} a question", OPTIMAL,
                [_with_interval(row) for row in task["optimal"]],
            ),
            table(
                f"Configurations at their best point, cost in {axis} a question", CONFIGURATIONS,
                [_with_interval(row) for row in task["configurations"]],
            ),
            _list("Beaten at every budget", task["dominated"]),
            _list("What overtakes what", task["crossings"]),
            table("Where voting ends with ever more samples", LIMITS,
                  [_with_interval(row) for row in task["limits"]]),
            "".join(f'<p class="note">{escape(line)}</p>' for line in task["limits_said"]),
            table("Does the answer survive other assumptions?", SENSITIVITY,
                  [_assumption(row) for row in task["sensitivity"]]),
        ]
    )  # fmt: skip


def _with_interval(row: Row) -> Row:
    if row.get("lo") is None or row.get("hi") is None:
        return {**row, "interval": None}
    return {**row, "interval": f"{row['lo']:.3f} – {row['hi']:.3f}"}


def _assumption(row: Row) -> Row:
    """What would be best under it, in one cell."""
    if row.get("model") is None:
        return {**row, "then": None}
    led = "" if row.get("verifier") in RECORDED else f" by {row['verifier']}"
    how = f"{row['model']} · {row['strategy']}{led} · {row['selector']}"
    return {**row, "then": f"{how}, k = {row['k']}, at most {row['max_tokens']} tokens"}


def _list(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<h3>{escape(title)}</h3><ul>{items}</ul>"


def table(title: str, columns: Columns, rows: Sequence[Row]) -> str:
    """A table whose columns hold something in some row; nothing without rows."""
    if not rows:
        return ""
    shown = {
        name: head for name, head in columns.items() if any(r.get(name) is not None for r in rows)
    }
    right = {name for name in shown if any(_is_number(row.get(name)) for row in rows)}
    kinds = {name: _kind(name, name in right) for name in shown}
    head = "".join(f"<th{kinds[name]}>{escape(text)}</th>" for name, text in shown.items())
    body = "".join(
        "<tr>" + "".join(_cell(name, row.get(name), kinds[name]) for name in shown) + "</tr>"
        for row in rows
    )
    return (
        f'<h3>{escape(title)}</h3><div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _kind(name: str, right: bool) -> str:
    """How wide a column may be: sentences want room, names want no break."""
    if right:
        return ' class="number"'
    return {name: ' class="wide"' for name in WIDE}.get(
        name, ' class="short"' if name in SHORT else ""
    )


def _cell(name: str, value: Any, kind: str) -> str:
    """One cell; its exact value stands beside it, so that the page can sort."""
    text = f"{value:.3f}" if name in FRACTIONS and _is_number(value) else worded(value)
    sort = f' data-value="{value!r}"' if _is_number(value) else ""
    return f"<td{kind}{sort}>{escape(text)}</td>"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def ledger_section(rows: Sequence[Row]) -> str:
    """Tokens by role; a count that one call did not report is not known for all."""
    said = (
        "Tokens of every call, as the engine reported them. A dash: some call did not say."
        if rows
        else "No counts of calls are at hand, only the summary of the run."
    )
    found = table("Tokens by role", LEDGER, rows)
    return f'<section id="ledger"><h2>Ledger</h2><p class="note">{said}</p>{found}</section>'


def provenance_section(runs: Sequence[Row]) -> str:
    """Each run's facts and cells."""
    parts = []
    for run in runs:
        facts = "".join(
            f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>"
            for name, value in run["facts"]
            if value
        )
        parts.append(f"<h3>{escape(run['run'])}</h3><dl>{facts}</dl>")
        parts.append(table("Cells", CELLS, run["cells"]))
    return f'<section id="provenance"><h2>Provenance</h2>{"".join(parts)}</section>'
