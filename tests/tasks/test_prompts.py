"""Prompts: what the model sees, and the hash that follows it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.errors import TaskError
from scaling_cli.tasks.data import Item, to_data
from scaling_cli.tasks.prompts import (
    INSTRUCTIONS,
    Prompt,
    Shot,
    bare,
    check_shots,
    prompt_hash,
    render,
    show,
)  # fmt: skip
from scaling_cli.types import Message

SHOT = Shot("t/train/1", "2 + 2?", "It is 4.\n#### 4")


class Chat:
    """A tokenizer with a template of its own."""

    hash = "chat"
    stop_ids = (0,)

    def __init__(self, start: str = "<user>") -> None:
        self.start = start

    def encode(self, text: str) -> list[int]:
        return [ord(letter) for letter in text]

    def decode(self, tokens: Sequence[int]) -> str:
        return "".join(map(chr, tokens))

    def chat(self, messages: Sequence[Message]) -> str:
        assert [message.role for message in messages] == ["user"]
        return f"{self.start}{messages[0].content}<assistant>"

    def document(self, text: str) -> str:
        return f"<bos>{text}"


def test_the_boxed_prompt_is_what_the_recorded_runs_were_asked() -> None:
    assert render("1 + 1?", Prompt(), Chat()) == (
        "<user>1 + 1?\n\nPlease reason step by step, and put your final answer within "
        "\\boxed{}.<assistant>"
    )


def test_few_shot_is_plain_text_with_examples_and_a_stop() -> None:
    prompt = Prompt("few-shot", (SHOT,))
    expected = "Question: 2 + 2?\nAnswer: It is 4.\n#### 4\n\nQuestion: 1 + 1?\nAnswer:"
    assert render("1 + 1?", prompt, None) == expected
    # A base model reads it behind the token its documents begin with.
    assert render("1 + 1?", prompt, Chat()) == f"<bos>{expected}"
    assert prompt.stop == ("\nQuestion:",) and not prompt.is_chat
    assert prompt.shot_ids == ("t/train/1",)
    assert Prompt().stop == () and Prompt().is_chat


@given(st.text(max_size=30), st.sampled_from(list(INSTRUCTIONS)))
def test_a_question_is_put_as_it_is(text: str, style: str) -> None:
    before, after = INSTRUCTIONS[style].split("{question}")
    assert bare(text, Prompt(style)) == before + text + after


def test_braces_in_a_question_are_text() -> None:
    assert "{question} {0} {" in bare("{question} {0} {", Prompt("hash"))


def test_the_hash_follows_instruction_template_and_examples() -> None:
    few = Prompt("few-shot")
    hashes = [prompt_hash(Prompt(style), Chat()) for style in INSTRUCTIONS]
    hashes += [
        prompt_hash(Prompt(), Chat("<|user|>")),
        prompt_hash(Prompt("few-shot", (SHOT,)), None),
    ]
    assert len(set(hashes)) == len(hashes)
    assert prompt_hash(Prompt(), Chat()) == prompt_hash(Prompt(), Chat())
    # Behind the first token of a document it is another prompt.
    assert prompt_hash(few, None) != prompt_hash(few, Chat())


def test_a_chat_style_needs_a_template_and_a_style_must_be_known() -> None:
    with pytest.raises(TaskError, match="needs the model's chat template"):
        render("q", Prompt("boxed"), None)
    with pytest.raises(TaskError, match="no prompt style boxd"):
        render("q", Prompt("boxd"), Chat())


def test_show_is_what_is_sent() -> None:
    data = to_data("t", "test", "r", [Item("1 + 1?", "2")])
    assert show(data, 0, Prompt(), Chat()) == render("1 + 1?", Prompt(), Chat())
    assert show(data, 0, Prompt(), None) == bare("1 + 1?", Prompt())
    for index in (1, -1):
        with pytest.raises(TaskError, match="it has 0 to 0"):
            show(data, index, Prompt(), None)


def test_an_example_that_is_asked_is_refused_however_it_is_spaced() -> None:
    questions = to_data("t", "test", "r", [Item(" 2  +\n2?", "4")]).questions
    with pytest.raises(TaskError, match="t/train/1 is one of the questions"):
        check_shots([SHOT], questions)
    check_shots([Shot("x", "3 + 3?", "6")], questions)
