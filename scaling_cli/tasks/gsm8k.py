"""GSM8K (Cobbe et al. 2021): grade-school word problems, gold answers after `####`."""

from __future__ import annotations

from scaling_cli.errors import TaskError
from scaling_cli.tasks.data import Item
from scaling_cli.tasks.rows import Row, pick

HUB = "openai/gsm8k"
CONFIG = "main"


def item(row: Row) -> Item:
    """One row: `question`, and `answer` that ends in `#### 18`."""
    solution = pick(row, ["answer"])
    _, mark, gold = solution.rpartition("####")
    gold = gold.strip().replace(",", "")
    if not mark or not gold:
        raise TaskError(
            f"{row.place}: the answer has no `#### …` line",
            "is this GSM8K? for your own questions name the task by the file's path",
        )
    return Item(pick(row, ["question"]), gold, solution=solution)
