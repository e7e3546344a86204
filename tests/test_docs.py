"""The examples of the docs, run."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest

from scaling_cli.engines.fake import OPTIONS, FakeEngine, FakeTokenizer
from scaling_cli.running.journal import Journal
from scaling_cli.running.session import Door, QuestionSession
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


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
def test_what_is_linked_is_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text())
    assert links and all((page.parent / link).exists() for link in links)
