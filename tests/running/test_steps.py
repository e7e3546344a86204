"""Where steps end: told apart as the rule, the end token, the limit and repetition."""

from __future__ import annotations

import pytest

from scaling_cli.engines.fake import END, FakeTokenizer
from scaling_cli.running.steps import step_end, stop_text
from scaling_cli.sweep_steps import RULES, rule
from scaling_cli.types import Completion, FinishReason

BLANK = rule("blank-line", 64)


def reply(
    text: str, reason: FinishReason, *, told: str | None = None, end: bool = False
) -> Completion:
    tokens = (*text.encode(), *([END] if end else []))
    return Completion(text, reason, tokens, 1, 0, len(tokens), None, 0.0, stopped_by=told)


@pytest.mark.parametrize(
    ("completion", "earlier", "expected"),
    [
        (reply("a\n\n", "stop", told="\n\n"), "", "step"),
        (reply("a\n\n", "stop"), "", "step"),
        (reply("a", "stop", end=True), "", "end"),
        (reply("a\n\nb", "stop", end=True), "", "end"),
        (reply("a", "length"), "", "cap"),
        (reply("a\n\n", "stop", told="\n\n"), " a\n\n", "repeat"),
        (reply("a", "length"), "a", "repeat"),
        (reply("\n\n", "stop", told="\n\n"), "\n\n", "step"),
        (reply("a", "stop", end=True), "a", "end"),
        (reply("Question:", "stop", told="Question:"), "", "end"),
    ],
)
def test_how_a_step_ended(completion: Completion, earlier: str, expected: str) -> None:
    told = stop_text(completion, ("Question:", *BLANK.stops), FakeTokenizer())
    assert step_end(completion, told, BLANK, earlier, completion.text) == expected


def test_without_stops_a_number_of_tokens_is_a_step() -> None:
    assert step_end(reply("a", "length"), None, rule("tokens", 8), "", "a") == "step"


@pytest.mark.parametrize("name", list(RULES))
def test_every_rule_has_its_texts_and_its_length(name: str) -> None:
    found = rule(name, 7)
    assert (found.name, found.stops, found.max_tokens) == (name, RULES[name], 7)
    solution = "First.\n\nStep 2: next.\nThen.\n\n## Step 3: last.\n"
    assert (name == "tokens") != any(stop in solution for stop in found.stops)
