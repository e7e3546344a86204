"""The page model as one HTML file: no network, nothing executed but our own hashed script."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import IO, Any

from scaling_cli.reporting.sections import ledger_section, provenance_section, task_section
from scaling_cli.reporting.size import LIMIT, too_large
from scaling_cli.store.atomic import replace_file

SCRIPTS = ("marks.js", "charts.js", "curves.js", "questions.js", "traces.js", "page.js")
STYLE = "page.css"
UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}
"""What could end the JSON's element or begin another; everything not ASCII is escaped too."""


def to_html(model: Mapping[str, Any]) -> str:
    """The whole page."""
    style = _asset(STYLE)
    script = '"use strict";\n' + "\n".join(map(_asset, SCRIPTS))
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_policy(style, script)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{escape(model['title'])} – scale report</title>",
            f"<style>{style}</style>",
            "</head>",
            "<body>",
            *_body(model),
            f'<script type="application/json" id="report">{embedded(model)}</script>',
            f"<script>{script}</script>",
            "</body>",
            "</html>",
            "",
        ]
    )


def write_page(path: Path, model: Mapping[str, Any], *, texts: bool) -> int:
    """Write the page in one step and give its bytes; StoreError where it is too large to send."""
    content = to_html(model).encode()
    if len(content) > LIMIT:
        raise too_large(len(content), texts=texts)

    def write(file: IO[bytes]) -> None:
        file.write(content)

    replace_file(path, write)
    return len(content)


def embedded(model: Mapping[str, Any]) -> str:
    """The model as JSON that no text inside it can break out of."""
    text = json.dumps(model, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for sign, code in UNSAFE.items():
        text = text.replace(sign, code)
    return text


def _asset(name: str) -> str:
    return files("scaling_cli.reporting").joinpath(name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Nothing is loaded or sent anywhere, and only these two texts are applied."""
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _body(model: Mapping[str, Any]) -> list[str]:
    asked = "".join(f'<p class="asked">{escape(question)}</p>' for question in model["asked"])
    return [
        '<header><div class="bar"><span class="brand">scale report</span>'
        '<button type="button" id="theme" hidden>dark</button></div>',
        f"<h1>{escape(model['title'])}</h1>{asked}</header>",
        '<noscript><p class="warning">Figures and questions are drawn by the script of this page, '
        "which is switched off here; the tables below are whole.</p></noscript>",
        "<main>",
        *(task_section(number, task) for number, task in enumerate(model["tasks"])),
        _explorer_section(model["explorer"]),
        ledger_section(model["ledger"]),
        provenance_section(model["provenance"]),
        "</main>",
        f"<footer>Made by scale {escape(model['version'])}. Intervals are 95% over questions."
        "</footer>",
    ]


def _explorer_section(explorer: Mapping[str, Any] | None) -> str:
    """The place of the questions; what is in it comes from the script."""
    if explorer is None or not explorer["questions"]:
        said = "The questions are not shown: only the summary of the run is at hand."
        return f'<section id="questions"><h2>Questions</h2><p>{said}</p></section>'
    lines = []
    if explorer["left_out"]:
        lines.append(f"{explorer['left_out']:,} further questions are counted, but not listed.")
    if not explorer["texts"]:
        lines.append("What the models wrote is not on this page; their answers are.")
    notes = "".join(f'<p class="note">{line}</p>' for line in lines)
    return (
        f'<section id="questions"><h2>Questions</h2>{notes}<div class="explorer"></div></section>'
    )
