"""The HTML of a page: whole, sealed, and no text in it can become part of it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.errors import StoreError
from scaling_cli.reporting import Wanted, report_data, to_html, write_page
from scaling_cli.reporting.page import SCRIPTS, STYLE, embedded
from tests.reporting.hostile import HOSTILE, hostile_run, sampled_cell, write_search


class Reading(HTMLParser):
    """What a browser would make of a page: its elements, and the texts inside some of them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.inside: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self._open.append(tag)
        self.inside.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._open:
            self.inside[self._open[-1]][-1] += data


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = hostile_run(tmp_path_factory.mktemp("hostile"))
    write_search(folder, sampled_cell(folder), folder.question_ids()[1])
    return report_data([folder], Wanted(draws=100))


@pytest.fixture(scope="module")
def html(model: dict[str, Any]) -> str:
    return to_html(model)


@given(st.recursive(st.text() | st.integers() | st.none(), lambda inner: st.lists(inner)))
def test_embedded_values_come_back_and_cannot_end_their_element(value: Any) -> None:
    text = embedded({"value": value, "hostile": list(HOSTILE[:4])})
    assert not set(text) & set("<>&\u2028\u2029") and text.isascii()
    assert json.loads(text) == {"value": value, "hostile": list(HOSTILE[:4])}


def test_no_text_becomes_an_element(html: str) -> None:
    found = Reading(html)
    assert found.tags.count("script") == 2 and found.tags.count("style") == 1
    assert not {"img", "iframe", "object", "link", "base", "form", "embed"} & set(found.tags)
    assert not [name for name, _ in found.attributes if name.startswith("on")]


def test_hostile_names_are_text_too(model: dict[str, Any]) -> None:
    """A model's name, a run's name or a note may come from a file of someone else's."""
    bad = HOSTILE[0]
    task = {**model["tasks"][0], "task": bad, "notes": [bad], "dominated": [bad]}
    task["configurations"] = [{**task["configurations"][0], "configuration": bad}]
    said = to_html({**model, "title": bad, "asked": [bad], "tasks": [task], "version": bad})
    found = Reading(said)
    assert found.tags.count("script") == 2 and found.inside["h1"] == [bad]


def test_the_policy_lets_only_the_pages_own_script_and_style_run(html: str) -> None:
    found = Reading(html)
    (policy,) = [v for n, v in found.attributes if n == "content" and "default-src" in (v or "")]
    assert policy is not None and policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy and "http" not in policy
    for kind, text in (("script", found.inside["script"][1]), ("style", found.inside["style"][0])):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy


def test_the_page_loads_nothing(html: str) -> None:
    addresses = set(re.findall(r"https?://[^\s\"')]+", html))
    assert addresses == {"http://www.w3.org/2000/svg"}  # a name, not a place
    assert "@import" not in html and "url(" not in html


def test_the_script_inserts_text_only_as_text() -> None:
    for name in (*SCRIPTS, STYLE):
        text = files("scaling_cli.reporting").joinpath(name).read_text(encoding="utf-8")
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert way not in text, (name, way)
        assert "</" not in text, f"{name} would end its own element"


def test_the_same_run_is_the_same_page(html: str, model: dict[str, Any]) -> None:
    assert to_html(json.loads(json.dumps(model))) == html


def test_tables_and_answer_stand_without_a_script(html: str, model: dict[str, Any]) -> None:
    body = html[: html.index('<script type="application/json"')]
    for name in ("beta greedy", "Compute-optimal points", "Ledger", "Provenance", "alpha"):
        assert name in body
    assert len(model["tasks"][0]["answer"]["sentences"]) == 2


def test_a_page_that_is_too_large_is_not_written(
    model: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scaling_cli.reporting.page.LIMIT", 1000)
    with pytest.raises(StoreError, match="MB") as refused:
        write_page(tmp_path / "r.html", model, texts=True)
    assert "--questions" in refused.value.hint and not list(tmp_path.iterdir())


def test_a_page_replaces_the_one_before(model: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "deep" / "r.html"
    size = write_page(file, model, texts=True)
    assert write_page(file, model, texts=True) == size == file.stat().st_size
    assert [path.name for path in file.parent.iterdir()] == ["r.html"]
