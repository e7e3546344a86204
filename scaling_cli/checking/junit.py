"""A verdict as JUnit XML: a test case for every place, for the test reports of CI systems."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from scaling_cli.checking.check import REGRESSIONS, Checked, Row
from scaling_cli.checking.printable import visible
from scaling_cli.checking.sentences import describe, power_lines, quantity, verdict_line

SUITE = "scale check"


def junit(checked: Checked) -> str:
    """The whole document."""
    root = ET.Element("testsuites")
    failures = len(checked.regressions)
    suite = ET.SubElement(
        root, "testsuite", name=SUITE, tests=str(len(checked.rows)), failures=str(failures),
        errors="0",
    )  # fmt: skip
    properties = ET.SubElement(suite, "properties")
    for name, value in (("run", checked.run), ("baseline", checked.baseline),
                        ("axis", checked.terms.axis)):  # fmt: skip
        ET.SubElement(properties, "property", name=name, value=visible(value))
    for row in checked.rows:
        _case(suite, row)
    lines = [*power_lines(checked), *checked.notes, verdict_line(checked)]
    ET.SubElement(suite, "system-out").text = "\n".join(lines)
    return _text(root)


def _case(suite: ET.Element, row: Row) -> None:
    parts = ("task", "model", "strategy") if row["params"] == "{}" else (
        "task", "model", "strategy", "params")  # fmt: skip
    limit = "" if row["limit"] is None else f", {row['limit']} tokens"
    case = ET.SubElement(
        suite, "testcase",
        classname=".".join(visible(row[part]).replace(".", "_") for part in parts),
        name=f"{quantity(row)} at k = {row['k']}{limit}",
    )  # fmt: skip
    if row["verdict"] in REGRESSIONS:
        failure = ET.SubElement(case, "failure", type=row["verdict"], message=describe(row))
        unit = " points" if row["what"] == "accuracy" else "%"
        smallest = f"{100 * row['smallest_difference']:.1f}{unit}"
        failure.text = f"{describe(row)}\nsmallest loss to be seen here: {smallest}"
    else:
        ET.SubElement(case, "system-out").text = f"{row['verdict']}: {describe(row)}"


def junit_error(message: str, hint: str) -> str:
    """The document of a check that came to no verdict."""
    root = ET.Element("testsuites")
    suite = ET.SubElement(root, "testsuite", name=SUITE, tests="1", failures="0", errors="1")
    case = ET.SubElement(suite, "testcase", classname=SUITE, name="can be compared")
    error = ET.SubElement(case, "error", type="cannot compare", message=_lines(message))
    error.text = _lines(f"{message}\nhint: {hint}")
    return _text(root)


def _lines(text: str) -> str:
    """Whole text, its line breaks kept, without what XML cannot hold."""
    return "\n".join(visible(line, longest=None) for line in text.split("\n"))


def _text(root: ET.Element) -> str:
    ET.indent(root)
    body = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'
