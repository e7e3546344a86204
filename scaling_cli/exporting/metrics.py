"""A run's accuracy as metrics that W&B and MLflow take: flat names, numbers, k as the step."""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from itertools import chain, count
from pathlib import Path
from typing import Any

from scaling_cli.exporting.files import Written, write_json
from scaling_cli.exporting.tidy import Source

VALUES = ("accuracy", "lo", "hi", "tokens", "verifier_tokens", "flops", "flops_verifier", "seconds",
          "truncated", "unanswered", "failed")  # fmt: skip
LONGEST = 60
"""Characters of each part of a metric's name."""
WHOLE = 225
"""Characters of a curve's name: MLflow takes 250 in all, the value's name among them."""
NOTHING = "_"
"""A word of which no letter or digit is left, and what stands before a digit."""
APART = ("params", "verifier", "max_tokens", "by", "group", "extraction", "equality")
"""What may tell one curve from another, besides what is always in its name."""


def write_metrics(source: Source, out: Path) -> list[Written]:
    """`metrics.json`: `config` for the run's settings, `summary` for the values at the largest k,
    `history` for all, by rising k: `wandb.log(h["metrics"], step=h["step"])`, or
    `mlflow.log_metrics(h["metrics"], step=h["step"])`."""
    rows = [row for row in source.accuracy().to_pylist() if _is_whole(row, source)]
    names = _names(rows)
    history: defaultdict[int, dict[str, float]] = defaultdict(dict)
    summary: dict[str, float] = {}
    largest: dict[str, int] = {}
    for row in rows:
        name = names[_identity(row)]
        metrics = {f"{name}/{value}": row[value] for value in VALUES if _is_number(row[value])}
        history[row["k"]] |= metrics
        if row["k"] >= largest.get(name, 0):
            largest[name] = row["k"]
            summary |= metrics
    content = {
        "run": source.folder.name,
        "config": _config(source),
        "summary": summary,
        "history": [{"step": k, "metrics": history[k]} for k in sorted(history)],
    }
    return [write_json(out / "metrics.json", content, len(rows))]


def _is_whole(row: Mapping[str, Any], source: Source) -> bool:
    """Whether the row is of the limit the samples were drawn under, not of a simulated one."""
    cell = source.run.cells.get(row["cell"])
    return cell is None or row["max_tokens"] >= int(cell.details.get("max_tokens", 0))


def _identity(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("cell", "selector", "verifier", "by", "group"))


def _names(rows: list[dict[str, Any]]) -> dict[tuple[Any, ...], str]:
    """A name for each curve: task, model, generator, selector; more where two would share one."""
    curves = {_identity(row): row for row in rows}
    names: dict[tuple[Any, ...], str] = {}
    varying = [part for part in APART if len({str(row[part]) for row in rows}) > 1]
    for identity, row in curves.items():
        parts = [row["task"], row["model"], row["strategy"], row["selector"]]
        parts += [row[part] for part in varying]
        words = [_word(str(part)) for part in parts if part is not None]
        name = "/".join(word for word in words if word != NOTHING)[:WHOLE].rstrip("/") or "curve"
        names[identity] = _free(name, names.values())
    return names


def _free(name: str, taken: Collection[str]) -> str:
    """The name, numbered where it is taken."""
    numbered = (f"{name}_{number}" for number in count(2))
    return next(one for one in chain([name], numbered) if one not in taken)


def _word(text: str) -> str:
    """Letters, digits and underscores: W&B sorts and MLflow takes nothing else everywhere."""
    word = re.sub(r"[^A-Za-z0-9_]+", "_", text)[:LONGEST].strip("_")
    return f"{NOTHING}{word}" if not word or word[0].isdigit() else word


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _config(source: Source) -> dict[str, Any]:
    """The sweep's settings, one level deep, lists as JSON texts."""
    flat = {
        key: value if isinstance(value, str | int | float | bool) or value is None
        else json.dumps(value, sort_keys=True)
        for key, value in source.run.sweep.items()
    }  # fmt: skip
    return flat | {f"version_{_word(k)}": v for k, v in source.run.versions.items()}
