"""A page in a real browser: everything drawn, nothing complained of, no text become a program.

Skipped where no Chromium is found; `.ci/browser` installs one and asks that it be there.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from scaling_cli.reporting import Wanted, report_data, write_page
from scaling_cli.store import RunFolder
from tests.reporting.hostile import HOSTILE, hostile_run, sampled_cell, write_search
from tests.reporting.test_page import Reading
from tests.small_run import small_run
from tests.small_search import small_search

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--window-size=1100,2400", "--virtual-time-budget=5000",
)  # fmt: skip
PATIENCE = 120
"""Seconds after which a browser that says nothing is given up."""
LIGHT, DARK = "--blink-settings=preferredColorScheme=1", "--blink-settings=preferredColorScheme=0"
POLICY = re.compile(r"<meta http-equiv=.Content-Security-Policy.[^>]*>")
PLAYED = """<script>
const menus = document.querySelectorAll("figure select");
const told = document.documentElement.dataset;
const change = (menu, value) => { menu.value = value; menu.dispatchEvent(new Event("change")); };
const curves = () => document.querySelectorAll("figure[data-figure=frontier] .chart .curve").length;
const before = curves();
document.querySelectorAll(".chip:not([aria-pressed=false])").forEach((chip) => chip.click());
told.hidden = `${before} to ${curves()}`;
document.querySelectorAll(".chip").forEach((chip) => chip.click());
change(menus[0], "tokens");
change(menus[1], "error");
const chart = document.querySelector("figure[data-figure=frontier] .chart");
told.axis = chart.getAttribute("aria-label");
const frame = chart.getBoundingClientRect();
chart.dispatchEvent(new PointerEvent("pointermove",
  { clientX: frame.left + 0.5 * frame.width, clientY: frame.top + 0.2 * frame.height }));
told.hover = document.querySelector(".tip").textContent;
const search = document.querySelector(".explorer input");
search.value = "separator GNISREVER";
search.dispatchEvent(new Event("input"));
told.found = document.querySelectorAll(".list li").length;
const head = document.querySelector("th.number");
const column = () => document.querySelector("table").tBodies[0].rows[0].cells[0].textContent;
head.click();
const down = column();
head.click();
told.sorted = `${down} then ${column()}`;
</script>"""


def find_browser() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)


BROWSER = find_browser()
if BROWSER is None and os.environ.get("SCALE_BROWSER") == "required":
    raise RuntimeError("no Chromium was found, and this run asks for one")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")


def browse(page: Path, profile: Path, *flags: str, address: str = "") -> str:
    """Open the page in a browser without a window; what it prints."""
    assert BROWSER is not None
    profile.mkdir(exist_ok=True)
    command = [BROWSER, *FLAGS, f"--user-data-dir={profile}", *flags, f"file://{page}{address}"]
    done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=True)
    return done.stdout.decode()


def root_of(dom: str) -> dict[str, str]:
    """What the page's script has written on the root element."""
    opening = re.search(r"<html([^>]*)>", dom)
    assert opening is not None, dom[:200]
    return dict(re.findall(r'data-([a-z]+)="([^"]*)"', opening.group(1)))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("browser")
    folder = hostile_run(path)
    write_search(folder, sampled_cell(folder), folder.question_ids()[1])
    file = path / "report.html"
    write_page(file, report_data([folder], Wanted(draws=100)), texts=True)
    return file


@pytest.fixture(scope="module")
def dom(page: Path) -> str:
    """The page with question 1 open, and of its second cell the first sample's text."""
    return browse(page, page.parent / "profile", "--dump-dom", address="#question/1/1/0")


def test_everything_is_drawn_and_nothing_complained_of(dom: str) -> None:
    assert root_of(dom) == {"errors": "0", "ready": "yes"}
    found = Reading(dom)
    charts = [value for name, value in found.attributes if name == "aria-label" and value]
    assert any(label.startswith("sums.jsonl: accuracy against") for label in charts)
    assert {"alpha: accuracy against samples", "beta: accuracy against samples"} <= set(charts)
    drawn = [value for name, value in found.attributes if name == "class"]
    for kind in ("curve", "band", "frontier", "fresh", "spread", "legend", "votes", "tree"):
        assert kind in drawn, kind
    assert any(value and value.startswith("bar ") for value in drawn), "odds"
    assert drawn.count("chart panel m0") == drawn.count("chart panel m1") == 1
    points = [value for value in drawn if value and value.startswith("point")]
    assert len(points) >= 4, "greedy and one sample of both models"


def test_hostile_texts_stay_texts(dom: str) -> None:
    found = Reading(dom)
    assert "hacked" not in root_of(dom)
    assert found.tags.count("script") == 2 and "img" not in found.tags
    assert found.inside["pre"][0] in (HOSTILE[0], "")
    assert HOSTILE[0] in found.inside["pre"], "the text that was asked for is shown whole"
    listed = " ".join(found.inside["span"])
    for text in HOSTILE[:3]:
        assert text.split("\n")[0][:40] in listed
    assert "⟨U+001B⟩[31mred" in listed and "\x1b" not in dom


def test_a_search_is_a_tree_with_scores_and_tokens(dom: str) -> None:
    found = Reading(dom)
    assert [text for text in found.inside["b"] if "/" in text] == [
        "0/0", "0/2", "0/1", "1/0", "1/2", "1/1",
    ]  # fmt: skip
    scores = [value for name, value in found.attributes if name == "class" and value == "score"]
    assert len(scores) == 4
    states = [value for name, value in found.attributes if name == "class"]
    assert states.count("pruned") == 2 and states.count("kept") == 4


def test_every_search_has_a_colour_of_its_own(tmp_path: Path) -> None:
    verifiers = ["confidence", {"name": "judge", "model": "j", "prompt": "step"}]
    run = small_search(tmp_path, questions=8, verifiers=verifiers)
    file = tmp_path / "searches.html"
    write_page(file, report_data([run], Wanted(draws=100)), texts=True)
    found = Reading(browse(file, tmp_path / "profile", "--dump-dom"))
    classes = [value for name, value in found.attributes if name == "class" and value]
    told = {value for value in classes if re.fullmatch(r"m\d+ told", value)}
    assert told == {f"m{number} told" for number in range(4)}, "the model, beam, REBASE twice"
    assert {f"chip m{number}" for number in range(4)} <= set(classes)
    trees = found.inside["summary"]
    assert any("on finished traces (→)" in text and "pruned (✗)" in text for text in trees)


LOOKS = """<script>
const looks = (where, of) => JSON.stringify([...document.querySelectorAll(where)].map(of));
const shapes = (node) => [...new Set([...node.querySelectorAll(".point.hollow")].map((point) =>
  (point.getAttribute("points") || "circle").split(" ").length))];
const dashes = (node) => [...node.querySelectorAll(".curve")]
  .map((curve) => curve.getAttribute("stroke-dasharray"));
const told = document.documentElement.dataset;
told.cut = [...document.querySelectorAll("section:not(#provenance) .scroll")]
  .filter((table) => table.scrollWidth > table.clientWidth + 1).length;
told.chips = looks("figure[data-figure=frontier] .chip", (chip) =>
  [chip.className, chip.querySelector("svg").innerHTML]);
const strokes = (node) => [...new Set([...node.querySelectorAll(".stroke")]
  .map((stroke) => stroke.getAttribute("d")))];
told.curves = looks("figure[data-figure=frontier] .chart > g:has(.curve)", (group) =>
  [group.getAttribute("class"), dashes(group), shapes(group), strokes(group)]);
</script>"""


def test_more_series_than_colours_are_told_apart(tmp_path: Path) -> None:
    """Fourteen models: the thirteenth has the first one's colour, and shapes along its lines."""
    models = {f"m{number:02}": {"skill": number / 7 - 0.5} for number in range(14)}
    run = small_run(tmp_path, models, questions=8, samples=4)
    looks = looks_of(run, tmp_path)
    assert len(looks["chips"]) == 14 * 4 and len(looks["curves"]) == 14 * 2
    for found in looks.values():
        assert len(set(found)) == len(found)


LONG = ["a-model-with-a-name-as-long-as-some-have-2.5-math-instruct-0.5b"]


def test_choices_by_two_verifiers_are_told_apart(tmp_path: Path) -> None:
    verifiers = ["confidence", {"name": "judge", "model": "j", "prompt": "step"}]
    run = small_search(
        tmp_path, questions=8, verifiers=verifiers, strategies=["sampling"], models=LONG
    )
    looks = looks_of(run, tmp_path)
    assert len(looks["curves"]) == 4  # majority, and the best of three scorers
    for found in looks.values():
        assert len(set(found)) == len(found)


def looks_of(run: RunFolder, path: Path) -> dict[str, list[str]]:
    """How every chip of the frontier's legend and every curve in it is drawn; no table is cut."""
    file = path / "looks.html"
    write_page(file, report_data([run], Wanted(draws=100)), texts=True)
    file.write_text(POLICY.sub("", file.read_text()).replace("</body>", LOOKS + "</body>"))
    told = root_of(browse(file, path / "profile", "--dump-dom"))
    assert told["errors"] == "0" and told["cut"] == "0"
    return {
        name: [json.dumps(look) for look in json.loads(html.unescape(told[name]))]
        for name in ("chips", "curves")
    }


def test_a_foreign_script_is_not_run(page: Path, tmp_path: Path) -> None:
    """The policy holds in a browser, not only on paper."""
    foreign = "<script>document.documentElement.dataset.hacked = 'yes'</script></body>"
    file = tmp_path / "foreign.html"
    file.write_text(page.read_text().replace("</body>", foreign))
    told = root_of(browse(file, tmp_path / "profile", "--dump-dom"))
    assert "hacked" not in told and told["ready"] == "yes" and int(told["errors"]) > 0


def test_it_can_be_explored(page: Path, tmp_path: Path) -> None:
    """Series hidden, the axis chosen, a point hovered, a question found, a table sorted."""
    file = tmp_path / "played.html"
    file.write_text(POLICY.sub("", page.read_text()).replace("</body>", PLAYED + "</body>"))
    told = root_of(browse(file, tmp_path / "profile", "--dump-dom"))
    assert told["errors"] == "0"
    before, after = map(int, told["hidden"].split(" to "))
    assert before > 0 and after == 0
    assert told["axis"] == "sums.jsonl: error against new tokens per question"
    assert "accuracy" in told["hover"] and "tokens" in told["hover"]
    assert told["found"] == "1"
    first, last = told["sorted"].split(" then ")
    assert float(first) > float(last)


def test_it_is_light_or_dark_as_the_reader_likes(page: Path, tmp_path: Path) -> None:
    from PIL import Image

    grounds: list[Any] = []
    for name, flag in (("light", LIGHT), ("dark", DARK)):
        file = tmp_path / f"{name}.png"
        browse(page, tmp_path / name, flag, f"--screenshot={file}")
        with Image.open(file) as image:
            assert image.size == (1100, 2400)
            found = image.convert("RGB")
            grounds.append(found.getpixel((2, 2)))
            colours = found.getcolors(maxcolors=1 << 24)
            assert colours is not None and len(colours) > 100, "something is drawn"
    assert grounds == [(255, 255, 255), (21, 23, 26)]


def test_it_can_be_printed(page: Path, tmp_path: Path) -> None:
    """Light ground also where the screen is dark, and no more than a few pages."""
    file = tmp_path / "report.pdf"
    browse(page, tmp_path / "profile", DARK, f"--print-to-pdf={file}")
    content = file.read_bytes()
    assert content.startswith(b"%PDF")
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", content)) <= 8
