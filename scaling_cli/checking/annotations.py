"""A verdict as GitHub workflow commands, which show as annotations of a pull request."""

from __future__ import annotations

from scaling_cli.checking.check import Checked
from scaling_cli.checking.printable import annotation, annotation_property
from scaling_cli.checking.sentences import describe, power_lines, verdict_line

MOST = 10
"""GitHub shows so many errors of a step."""


def workflow_commands(checked: Checked) -> list[str]:
    """An error for each regression, or a notice that there is none and what would have passed."""
    found = checked.regressions
    shown = found if len(found) <= MOST else found[: MOST - 1]
    lines = [_command("error", "scale check", describe(row)) for row in shown]
    if len(found) > len(shown):
        rest = f"and {len(found) - len(shown)} more places: see the summary"
        lines.append(_command("error", "scale check", rest))
    if not found:
        told = " ".join([verdict_line(checked), *power_lines(checked)])
        lines.append(_command("notice", "scale check", told))
    return [*lines, *(_command("warning", "scale check", note) for note in checked.notes)]


def annotation_error(message: str, hint: str) -> str:
    """The annotation of a check that came to no verdict."""
    return _command("error", "scale check cannot compare", f"{message} ({hint})")


def _command(level: str, title: str, message: str) -> str:
    return f"::{level} title={annotation_property(title)}::{annotation(message)}"
