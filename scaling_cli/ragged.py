"""What a curve is averaged over where questions have unequal numbers of samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def ragged_remarks(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A sentence for each cell (and group) whose accuracy rows do not all hold every question.

    A question with fewer samples than k is in no mean at that k, neither of accuracy nor of cost.
    """
    cells: dict[tuple[Any, ...], dict[int, int]] = {}
    names: dict[tuple[Any, ...], str] = {}
    for row in rows:
        place = row["run"], row["cell"], row["group"]
        cells.setdefault(place, {})[row["k"]] = row["questions"]
        group = "" if row["group"] is None else f", {row['group']}"
        names[place] = f"{row['model']}, {row['task']}{group}"
    lines = []
    for place, questions in cells.items():
        most = max(questions.values())
        whole = [k for k, held in questions.items() if held == most]
        last = max(questions)
        if questions[last] < most:
            lines.append(
                f"{names[place]}: beyond k = {max(whole)} only questions with that many samples "
                f"count, {questions[last]} of {most} at k = {last}"
            )
    return list(dict.fromkeys(lines))
