"""A verdict in sentences: what the questions could show, what was found, and where."""

from __future__ import annotations

from collections.abc import Sequence

from scaling_cli.checking.check import REGRESSIONS, Checked, Row
from scaling_cli.checking.printable import visible
from scaling_cli.configurations import unit_of


def power_lines(checked: Checked) -> list[str]:
    """For each task the smallest losses its questions could have shown: said before the verdict,
    so that silence is not taken for safety."""
    tasks = dict.fromkeys(power["task"] for power in checked.powers)
    return [_power_line(checked, task) for task in tasks]


def _power_line(checked: Checked, task: str) -> str:
    mine = [power for power in checked.powers if power["task"] == task]
    together = {p["what"]: p["smallest_difference"] for p in mine if p["curve"] is None}
    alone = [p for p in mine if p["curve"] is not None and p["what"] == "accuracy"]
    questions = min(power["questions"] for power in mine)
    cost = f"a rise of every cost by {100 * together['cost']:.2g}%" if together["cost"] else (
        "any rise of every cost")  # fmt: skip
    return (
        f"{questions} questions of {visible(task)} show with 80% power a drop of "
        f"{_points(together['accuracy'])} points that is the same on every curve, "
        f"{_alone(alone)}{cost}; a smaller loss may pass unseen"
    )


def _alone(powers: Sequence[Row]) -> str:
    """The smallest drops of single curves, if there are several."""
    least, *_, most = sorted([powers[0], *powers], key=lambda p: float(p["smallest_difference"]))
    if len(powers) == 1:
        return "and "
    low, high = (_points(one["smallest_difference"]) for one in (least, most))
    if low == high:
        return f"{low} on one alone, and "
    return f"{low} ({_curve(least)}) to {high} ({_curve(most)}) on one alone, and "


def _points(fraction: float) -> str:
    return f"{100 * fraction:.1f}"


def _curve(row: Row) -> str:
    name = row.get("curve") or _cell(row)
    return f"{name}, {_selector(row)}" if row["strategy"] != "greedy" else str(name)


def _selector(row: Row) -> str:
    return "one sample" if row["selector"] == "first" else visible(row["selector"])


def _cell(row: Row) -> str:
    parts = [row["model"], row["strategy"]]
    if row["params"] != "{}":
        parts.append(row["params"])
    if row["limit"] is not None:
        parts.append(f"{row['limit']} tokens")
    return visible(" · ".join(parts))


def title(checked: Checked) -> str:
    """The verdict in a few words."""
    found = checked.regressions
    if not found:
        return "no regression"
    kinds = [
        f"{word} at {count} of {_counted(checked, what)}"
        for what, word, verdict in (("accuracy", "less accurate", "worse"),
                                    ("cost", "dearer", "dearer"))
        if (count := sum(row["verdict"] == verdict for row in found))
    ]  # fmt: skip
    return f"regression: {', '.join(kinds)}"


def _counted(checked: Checked, what: str) -> str:
    places = sum(row["what"] == what for row in checked.rows)
    return f"{places} place{'s' if places > 1 else ''}"


def verdict_line(checked: Checked) -> str:
    """The verdict, how sure it is, and whether fresh samples have confirmed it."""
    doubted = sum(row["verdict"] == "unconfirmed" for row in checked.rows)
    line = title(checked)
    if checked.confirmed_by is None:
        sure = "a run that has not changed fails at most one time in twenty"
    else:
        sure = (
            f"sampled again in {visible(checked.confirmed_by)}; a run that has not changed fails "
            "at most one time in a hundred"
        )
    if doubted:
        line += f", {doubted} of the first look not confirmed"
    elif not checked.regressions and all(row["verdict"] == "equal" for row in checked.rows):
        line += ": the run repeats the baseline"
    return f"{line} ({sure})"


def describe(row: Row) -> str:
    """One place: where, before and after, and how much with its band."""
    where = f"{_cell(row)} on {visible(row['task'])}"
    low, high = row["lo"], row["hi"]
    if row["what"] == "cost":
        unit = unit_of(row["axis"])
        return (
            f"{where}, k = {row['k']}: {quantity(row)} {row['baseline']:.3g} → {row['run']:.3g} "
            f"{unit}, {100 * row['difference']:+.1f}% [{100 * low:+.1f}, {100 * high:+.1f}]"
        )
    how = _selector(row) if row["selector"] == "first" else f"{_selector(row)} of {row['k']}"
    return (
        f"{where}, {how} at {row['at']:.3g} {unit_of(row['axis'])}: accuracy "
        f"{100 * row['baseline']:.1f}% → {100 * row['run']:.1f}%, "
        f"{100 * row['difference']:+.1f} points [{100 * low:+.1f}, {100 * high:+.1f}]"
    )


def quantity(row: Row) -> str:
    """Cost, or the accuracy or cost of the curves it is of."""
    if row["selector"] is None:
        return str(row["what"])
    return f"{row['what']} of {visible(row['selector'])}"


def telling(rows: Sequence[Row]) -> list[Row]:
    """What a person wants to see: every place that is not undecided or equal, and of each curve
    where it comes closest to a fall."""
    kept: dict[int, Row] = {}
    curves: dict[tuple[object, ...], list[int]] = {}
    for number, row in enumerate(rows):
        curve = tuple(row[name] for name in ("task", "model", "strategy", "params", "limit",
                                             "what", "selector"))  # fmt: skip
        curves.setdefault(curve, []).append(number)
        if row["verdict"] in (*REGRESSIONS, "bought", "unconfirmed"):
            kept[number] = row
    for members in curves.values():
        if not any(number in kept for number in members):
            closest = min(members, key=lambda number: _distance(rows[number]))
            kept[closest] = rows[closest]
    return [kept[number] for number in sorted(kept)]


def _distance(row: Row) -> float:
    """How far the band lies from a loss; the least of a curve's places is the closest."""
    return float(row["hi"] if row["what"] == "accuracy" else -row["lo"])
