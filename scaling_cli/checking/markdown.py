"""A verdict as Markdown, for the summary of a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from scaling_cli.checking.check import REGRESSIONS, Checked, Row
from scaling_cli.checking.printable import markdown
from scaling_cli.checking.sentences import power_lines, quantity, telling, title, verdict_line

HEAD = ("", "model", "curve", "k", "at", "baseline", "run", "difference", "band")
SIGNS = {"worse": "❌", "dearer": "❌", "better": "✅", "cheaper": "✅", "bought": "⚠️",
         "unconfirmed": "⚠️"}  # fmt: skip


def markdown_summary(checked: Checked) -> str:
    """Verdict, power, the telling places, and all of them folded away."""
    names = f"{markdown(checked.run)} against {markdown(checked.baseline)}"
    sign = "❌" if checked.regressions else "✅"
    lines = [f"### {sign} scale check: {title(checked)}", "", f"{names}, accuracy at equal "
             f"{markdown(checked.terms.axis)}.", ""]  # fmt: skip
    told = [*power_lines(checked), *checked.notes, verdict_line(checked)]
    lines += [f"* {markdown(line, longest=None)}" for line in told]
    lines += ["", *_table(telling(checked.rows)), ""]
    lines += ["<details><summary>every place</summary>", "", *_table(checked.rows), "",
              "</details>", ""]  # fmt: skip
    return "\n".join(lines)


def markdown_error(message: str, hint: str) -> str:
    """What stands there where there was no verdict."""
    return (
        f"### ⚠️ scale check: cannot compare\n\n* {markdown(message, longest=None)}\n"
        f"* {markdown(hint, longest=None)}\n"
    )


def _table(rows: Iterable[Row]) -> Iterator[str]:
    yield f"| {' | '.join(HEAD)} |"
    yield f"|{'---|' * len(HEAD)}"
    for row in rows:
        yield f"| {' | '.join(_cells(row))} |"


def _cells(row: Row) -> Sequence[str]:
    sign = SIGNS.get(row["verdict"], "")
    model = markdown(f"{row['model']} · {row['strategy']}")
    if row["params"] != "{}":
        model += f" {markdown(row['params'])}"
    if row["limit"] is not None:
        model += f" at {row['limit']} tokens"
    accuracy = row["what"] == "accuracy"
    heights = (
        [f"{100 * row[side]:.1f}%" for side in ("baseline", "run")]
        if accuracy
        else [f"{row[side]:.3g}" for side in ("baseline", "run")]
    )
    unit = " points" if accuracy else "%"
    band = f"[{100 * row['lo']:+.1f}, {100 * row['hi']:+.1f}]"
    bold = "**" if row["verdict"] in REGRESSIONS else ""
    return [
        f"{sign} {row['verdict']}".strip(),
        model,
        markdown(row["selector"] if accuracy else quantity(row)),
        str(row["k"]),
        f"{row['at']:.3g}",
        *heights,
        f"{bold}{100 * row['difference']:+.1f}{unit}{bold}",
        band,
    ]
