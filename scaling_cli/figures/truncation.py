"""What a figure says where the models it compares were cut off unequally often."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scaling_cli.frontiers import unequal_truncation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Rates = Mapping[str, Mapping[str, float]]
"""Of each task, the share of every model's samples that a token limit ended."""


def truncation_lines(rates: Rates) -> list[str]:
    """A line for each task whose models differ by more than 2 points; it names the task where
    there are several."""
    cuts = {task: unequal_truncation(models) for task, models in rates.items()}
    return [cut if len(cuts) == 1 else f"{task}: {cut}" for task, cut in cuts.items() if cut]


def truncated(cells: Iterable[Mapping[str, Any]]) -> Rates:
    """The rates of rows that hold `model`, `task` and `truncated`."""
    rates: dict[str, dict[str, float]] = {}
    for cell in cells:
        group = cell.get("group")
        task = cell["task"] if group is None else f"{cell['task']}, {group}"
        rates.setdefault(task, {})[cell["model"]] = float(cell["truncated"])
    return rates


def note_truncation(figure: Figure, rates: Rates) -> None:
    """The lines as a footnote under the figure."""
    note(figure, truncation_lines(rates))


def note(figure: Figure, lines: Sequence[str]) -> None:
    """Words under a figure, a line each."""
    if lines:
        figure.text(0.01, -0.01, "\n".join(lines), fontsize=7, color="#444444", va="top")
