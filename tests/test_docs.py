"""The examples of the docs, run."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest
import typer
import yaml

from scaling_cli.cli.main import app
from scaling_cli.cli.sweeps import read_sweep
from scaling_cli.engines.fake import OPTIONS, FakeEngine, FakeTokenizer
from scaling_cli.running.journal import Journal
from scaling_cli.running.session import Door, QuestionSession
from scaling_cli.sweep import cells
from scaling_cli.tasks import load
from scaling_cli.types import Asking, Question, Request, Sampler, Trace
from scaling_cli.verifiers import VERIFIERS, open_verifier, options_of

ROOT = Path(__file__).parent.parent
QUESTION = Question("t/s/1", "t", "What is 2+3?", "5")


def example(page: str) -> dict[str, Any]:
    """What the first Python block of a page defines."""
    match = re.search(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)
    assert match is not None
    names: dict[str, Any] = {}
    exec(match.group(1), names)
    return names


def test_the_strategy_draws_its_samples(tmp_path: Path) -> None:
    strategy = example("add-a-strategy.md")["two_halves"]
    engine = FakeEngine("a", {**OPTIONS, "questions": {QUESTION.id: QUESTION}}, 0)
    journal = Journal(tmp_path / "j.jsonl", ticks=False)
    door = Door("c", engine, journal, FakeTokenizer(), Sampler(max_tokens=80))
    session = QuestionSession(door, QUESTION, prompt_text="<assistant>", prompt=[1])
    traces = asyncio.run(strategy(session, samples=5))
    assert len(traces) == 5 and len(journal.done) == 5
    assert len({trace.calls for trace in traces}) == 5


def test_the_engine_answers() -> None:
    engine = example("add-an-engine.md")["Constant"]()
    reply = asyncio.run(engine.generate(Request("n", "q", (1, 2), "", Sampler(), 0)))
    assert reply.text == "\\boxed{42}" and reply.prompt_tokens == 2
    assert engine.facts.name == "constant"


def test_the_verifier_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    page = SimpleNamespace(**example("add-a-verifier.md"))
    monkeypatch.setitem(sys.modules, "brevity", cast(ModuleType, page))
    monkeypatch.setitem(VERIFIERS, "brevity", "brevity:open_brevity")
    verifier = asyncio.run(open_verifier("brevity", {"tokens": 10}))
    scores = [
        asyncio.run(verifier.score(Trace(tokens=(1,) * length), cast(Asking, None))).value
        for length in (0, 5, 50)
    ]
    assert scores[0] == 1 and scores == sorted(scores, reverse=True) and scores[2] > 0
    assert verifier.facts.name == "brevity" and not verifier.facts.upper_bound


def test_every_verifier_has_its_paragraph_and_its_options() -> None:
    page = (ROOT / "docs" / "verifiers.md").read_text()
    for name in VERIFIERS:
        paragraph = page.partition(f"## `{name}`\n")[2].partition("\n## ")[0]
        assert paragraph and all(f"`{option}" in paragraph for option in options_of(name))


def test_the_task_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    example("add-a-task.md")
    data = load("doubles.jsonl")
    assert len(data.questions) == 8 and data.questions[3].answer == "8"


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHOWN = [page for page in PAGES if page.name != "LOG.md" and page.parent.name != "decisions"]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_what_is_linked_is_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text())
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


def test_the_index_names_every_page_and_the_readme_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert pages == set(re.findall(r"\]\(([\w-]+\.md)\)", index))
    assert "](docs/README.md)" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("page", SHOWN, ids=name)
def test_every_block_says_what_it_is(page: Path) -> None:
    """Outputs stand in blocks that are run (docs/regenerate.py); the others say what they hold."""
    fences = re.findall(r"^```(.*)$", page.read_text(), re.MULTILINE)
    kinds = {"console", "python", "python not-run", "text", "sh", "yaml", "json"}
    assert set(fences[0::2]) <= kinds and set(fences[1::2]) <= {""}


@pytest.mark.parametrize("page", SHOWN, ids=name)
def test_every_command_and_option_that_is_named_is_there(page: Path) -> None:
    text = page.read_text()
    blocks = re.findall(r"^```(?:sh|yaml)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    inline = re.findall(r"`(scale [^`\n]+)`", prose)
    for line in [*lines, *inline]:
        for command in re.findall(r"(?:^|[;&|] *|- |run: )(scale [^;&|]*)", line.split("  #")[0]):
            assert unknown(command) == [], command
    assert set(re.findall(r"`(--[a-z-]+)", prose)) <= options(typer.main.get_command(app))


def options(command: Any) -> set[str]:
    """Of a command and all commands below it, `--help` apart."""
    own = {one for param in command.params for one in (*param.opts, *param.secondary_opts)}
    return own.union(*map(options, getattr(command, "commands", {}).values()), {"--help"})


def unknown(command: str) -> list[str]:
    """Words of a command line that no command or option answers to."""
    here: Any = typer.main.get_command(app)
    words = command.split()[1:]
    while words and hasattr(here, "commands"):
        # `scale models|tasks list` stands for both, `SWEEP` and `…` for anything.
        names = words.pop(0).split("|")
        if not all(re.fullmatch("[a-z]+", one) for one in names):
            break
        if missing := [one for one in names if one not in here.commands]:
            return missing
        here = here.commands[names[0]]
    known = {one for param in here.params for one in (*param.opts, *param.secondary_opts)}
    options = [re.sub("[^a-z-].*", "", word) for word in words if re.match("--?[a-z]", word)]
    return [option for option in options if option not in {*known, "--help", "-h"}]


@pytest.mark.parametrize("page", SHOWN, ids=name)
def test_every_block_of_yaml_is_yaml_and_every_whole_sweep_a_sweep(
    page: Path, tmp_path: Path
) -> None:
    for block in re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
        found = yaml.safe_load(block)
        assert found
        if {"models", "tasks"} <= set(found):
            (tmp_path / "shown.yaml").write_text(block)
            assert cells(read_sweep(tmp_path / "shown.yaml"))
