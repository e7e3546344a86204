"""The judge: what it asks, and how its replies become a score."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.engines.fake import FakeTokenizer
from scaling_cli.errors import EngineError, ModelError
from scaling_cli.types import Alternatives, Message, Sampler, Trace
from scaling_cli.verifiers import open_verifier
from scaling_cli.verifiers.judge import QUESTIONS, mean_verdict, prompt_text, yes_share

from .asking import FakeAsking, reply, score

WORDS = {1: " Yes", 2: "yes", 3: "No", 4: " no\n", 5: "Maybe", 6: "Yesterday", 7: "NO"}


class Words(FakeTokenizer):
    """A tokenizer of a few words."""

    def decode(self, tokens: object) -> str:
        return "".join(WORDS[token] for token in tokens)  # type: ignore[attr-defined]


class Bare(Words):
    """A base model's: it has no template."""

    template = None

    def chat(self, messages: object) -> str:
        raise ModelError("this model has no chat template")


def likely(**chances: float) -> Alternatives:
    """Alternatives of token t1, t2.. with these chances."""
    pairs = [(int(name[1:]), math.log(value)) for name, value in chances.items()]
    return tuple(sorted(pairs, key=lambda pair: -pair[1]))


def test_yes_against_no_by_hand() -> None:
    """(0.3 + 0.1) / (0.3 + 0.1 + 0.2 + 0.05 + 0.05); other words are left out."""
    told = likely(t1=0.3, t2=0.1, t3=0.2, t4=0.05, t7=0.05, t5=0.2, t6=0.1)
    assert yes_share(told, Words()) == pytest.approx(0.4 / 0.7)
    by_text = tuple((WORDS[int(token)], logprob) for token, logprob in told)
    assert yes_share(by_text, None) == pytest.approx(0.4 / 0.7)
    assert yes_share(likely(t1=0.9), Words()) == 1 and yes_share(likely(t3=0.9), Words()) == 0


async def test_p_yes_is_read_off_one_greedy_token() -> None:
    asking = FakeAsking([reply("No", (likely(t1=0.2, t3=0.6),))], tokenizer=Words())
    assert (await score("judge", Trace(text="2+3=5"), asking, model="m")).value == pytest.approx(
        0.25
    )
    ((text, sampler, count, alternatives),) = asking.asked
    assert sampler == Sampler(temperature=0, max_tokens=1) and (count, alternatives) == (1, 20)
    assert "2+3=5" in text and QUESTIONS["solution"] in text


async def test_neither_yes_nor_no_is_no_score() -> None:
    asking = FakeAsking([reply("Maybe", (likely(t5=0.9, t6=0.1),))], tokenizer=Words())
    with pytest.raises(EngineError, match="neither Yes nor No"):
        await score("judge", Trace(text="x"), asking, model="m")
    with pytest.raises(EngineError, match="tells no likely tokens"):
        await score("judge", Trace(text="x"), FakeAsking([reply("Yes")]), model="m")
    untold = FakeAsking([reply("Yes", (likely(t1=0.9),))], tokenizer=None)
    with pytest.raises(EngineError, match="cannot be read without its tokenizer"):
        await score("judge", Trace(text="x"), untold, model="m")


@pytest.mark.parametrize("tokenizer", [Words(), Bare(), None])
@given(st.text(max_size=40), st.text(min_size=1, max_size=40))
def test_a_steps_prompt_begins_with_that_of_the_step_before(
    tokenizer: FakeTokenizer | None, earlier: str, step: str
) -> None:
    """All but what is asked: so a prefix cache has read it."""
    asked = QUESTIONS["step"]
    before = prompt_text("What?", earlier, asked, tokenizer)
    after = prompt_text("What?", earlier + step, asked, tokenizer)
    shared = before[: before.rindex(f"\n\n{asked}")]
    assert shared.endswith(f"What?\n\nSolution:\n{earlier}")
    assert after.startswith(shared + step)


def test_without_a_template_the_text_ends_where_the_answer_is_due() -> None:
    plain = prompt_text("What?", "5", "Right?", Bare())
    assert plain.endswith("Right?\nAnswer:") and plain == prompt_text("What?", "5", "Right?", None)
    chat = prompt_text("What?", "5", "Right?", Words())
    assert chat.startswith("<user>") and chat.endswith("Right?\n<assistant>")


def test_a_template_that_refuses_is_not_passed_over() -> None:
    @dataclass(frozen=True)
    class Refusing(FakeTokenizer):
        def chat(self, messages: list[Message]) -> str:  # type: ignore[override]
            raise ModelError("the model's chat template refuses")

    with pytest.raises(ModelError, match="refuses"):
        prompt_text("What?", "5", "Right?", Refusing())


async def test_critiques_are_averaged_over_their_verdicts() -> None:
    texts = ["Fine.\nVerdict: Yes", "Hm, **Verdict:** no.", "verdict - YES", "I cannot tell."]
    asking = FakeAsking([reply(text) for text in texts])
    options = {"model": "m", "critiques": 4, "temperature": 0.9, "max_tokens": 300}
    reward = await score("judge", Trace(text="x"), asking, prompt="step", **options)
    assert reward.value == pytest.approx(2 / 3)
    ((text, sampler, count, alternatives),) = asking.asked
    assert (sampler.temperature, sampler.max_tokens, count, alternatives) == (0.9, 300, 4, 0)
    assert QUESTIONS["step"] in text and "`Verdict: Yes`" in text


def test_the_last_verdict_counts_and_the_form_itself_is_none() -> None:
    assert mean_verdict(["Verdict: Yes. No, wait. Verdict: No"]) == 0
    assert mean_verdict(["Verdict: Yes", "I must end with Verdict: Yes/No"]) == 1
    assert mean_verdict(["Verdict: Yes", "the verdict: nothing is wrong"]) == 1
    with pytest.raises(EngineError, match="none of 2 critiques"):
        mean_verdict(["yes", "Verdict: Yes/No"])


async def test_it_says_what_it_is() -> None:
    step = (await open_verifier("judge", {"model": "big", "prompt": "step"})).facts
    whole = (await open_verifier("judge", {"model": "big"})).facts
    assert (step.kind, whole.kind, step.model) == ("process", "outcome", "big")
    assert whole.alternatives == 0 and not whole.upper_bound
