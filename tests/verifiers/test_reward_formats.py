"""What every family of reward models reads: the published formats, to the token."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.engines.fake import FakeTokenizer
from scaling_cli.errors import EngineError
from scaling_cli.models.tokenizer import TextTokenizer, tokenizer_from_folder
from scaling_cli.types import Tokenizer
from scaling_cli.verifiers.reward import FAMILIES
from scaling_cli.verifiers.reward_family import Family, Prompt

from . import reward_checkpoints as made

QUESTION = "What is 2+3?"
STEPS = ["Add 2 and 3:\n2+3 = 5\n\n", "So it is 5.\n\n\n", " The answer is 5."]
SYSTEM = "Please reason step by step, and put your final answer within \\boxed{}."

WORDS = st.text(alphabet="aки5 +-\n", max_size=12)


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Family]:
    folder = tmp_path_factory.mktemp("tokenizers")
    opened: dict[str, Family] = {}

    def of(name: str) -> Family:
        if name not in opened:
            opened[name] = FAMILIES[name](tokenizer_of(name, folder / name))
        return opened[name]

    return of


def tokenizer_of(name: str, folder: Path) -> TextTokenizer:
    if name == "math-shepherd":
        made.save_tokenizer(folder, made.sentence_pieces(), bos_token="<s>")
    elif name == "rlhflow":
        core = made.byte_level(made.LLAMA_TOKENS)
        made.save_tokenizer(folder, core, bos_token="<|begin_of_text|>", chat_template=made.LLAMA3)
    else:
        core = made.byte_level(made.QWEN_TOKENS)
        made.save_tokenizer(folder, core, bos_token="<|endoftext|>", chat_template=made.CHATML)
    return tokenizer_from_folder(folder)


def text(family: Family, prompt: Prompt) -> str:
    core = family.tokenizer.core  # type: ignore[attr-defined]
    return str(core.decode(list(prompt.tokens), skip_special_tokens=False))


def encoded(family: Family, whole: str) -> list[int]:
    tokenizer: Tokenizer = family.tokenizer  # type: ignore[attr-defined]
    return tokenizer.encode(whole)


def test_an_outcome_model_reads_a_finished_chat(family: Callable[[str], Family]) -> None:
    outcome = family("outcome")
    (prompt,) = outcome.prompts(QUESTION, STEPS)
    assert text(outcome, prompt) == (
        "<|im_start|>system\nBe helpful.<|im_end|>\n"
        f"<|im_start|>user\n{QUESTION}<|im_end|>\n"
        f"<|im_start|>assistant\n{''.join(STEPS)}<|im_end|>\n"
    )
    assert prompt.ends == (len(prompt.tokens) - 1,)


def test_math_shepherd_tags_every_step(family: Callable[[str], Family]) -> None:
    shepherd = family("math-shepherd")
    whole = f"{QUESTION} Add 2 and 3:\n2+3 = 5 ки\nSo it is 5. ки\nThe answer is 5. ки"
    prompts = shepherd.prompts(QUESTION, STEPS)
    assert len(prompts) == 3
    core = shepherd.tokenizer.core  # type: ignore[attr-defined]
    # Its own tokenizer begins texts with <s>.
    assert list(prompts[-1].tokens) == core.encode(whole).ids
    tag, plus, minus = (core.token_to_id(piece) for piece in ("▁ки", "▁+", "▁-"))
    assert shepherd.candidates == (plus, minus)
    at = [place for place, token in enumerate(prompts[-1].tokens) if token == tag]
    assert at == [prompt.ends[0] for prompt in prompts]


def test_rlhflow_answers_every_step_before_with_plus(family: Callable[[str], Family]) -> None:
    rlhflow = family("rlhflow")
    turns = [f"{QUESTION} Add 2 and 3:\n2+3 = 5", "So it is 5.", "The answer is 5."]
    due = "<|start_header_id|>assistant<|end_header_id|>\n\n"
    asked = [f"<|start_header_id|>user<|end_header_id|>\n\n{t}<|eot_id|>{due}" for t in turns]
    prompts = rlhflow.prompts(QUESTION, STEPS)
    for place, prompt in enumerate(prompts):
        whole = "<|begin_of_text|>" + "+<|eot_id|>".join(asked[: place + 1])
        assert text(rlhflow, prompt) == whole
        assert list(prompt.tokens) == encoded(rlhflow, whole)
    assert [encoded(rlhflow, sign) for sign in "+-"] == [[i] for i in rlhflow.candidates]


def test_qwen_separates_steps(family: Callable[[str], Family]) -> None:
    qwen = family("qwen-prm")
    (prompt,) = qwen.prompts(QUESTION, STEPS)
    whole = (
        f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n{QUESTION}<|im_end|>\n"
        "<|im_start|>assistant\n"
        "Add 2 and 3:\n2+3 = 5<extra_0>So it is 5.<extra_0>The answer is 5.<extra_0>"
    )
    assert text(qwen, prompt) == whole and list(prompt.tokens) == encoded(qwen, whole)
    (separator,) = encoded(qwen, "<extra_0>")
    assert [i for i, token in enumerate(prompt.tokens) if token == separator] == list(prompt.ends)


def test_a_separator_a_solution_wrote_itself_is_no_end_of_a_step(
    family: Callable[[str], Family],
) -> None:
    (prompt,) = family("qwen-prm").prompts(QUESTION, ["a<extra_0>b\n\n", "c"])
    (separator,) = encoded(family("qwen-prm"), "<extra_0>")
    assert prompt.tokens.count(separator) == 3 and len(prompt.ends) == 2


def test_skywork_ends_every_line_with_the_token_of_a_newline(
    family: Callable[[str], Family],
) -> None:
    skywork = family("skywork-prm")
    (prompt,) = skywork.prompts(QUESTION, STEPS)
    (newline,) = encoded(skywork, "\n")
    expected = encoded(skywork, f"<|endoftext|>{QUESTION}\n")
    for line in "".join(STEPS).split("\n"):
        expected += [*encoded(skywork, line), newline]
    assert list(prompt.tokens) == expected
    # "\n\n" is a token of its own, which this format never uses.
    assert len(encoded(skywork, "\n\n")) == 1 and encoded(skywork, "\n\n")[0] not in expected
    assert [text(skywork, Prompt(prompt.tokens[: e + 1], ())) for e in prompt.ends] == [
        f"<|endoftext|>{QUESTION}\n{so_far}\n"
        for so_far in (STEPS[0].rstrip(), "".join(STEPS[:2]).rstrip(), "".join(STEPS))
    ]


@pytest.mark.parametrize("name", ["math-shepherd", "rlhflow", "qwen-prm", "skywork-prm"])
@given(steps=st.lists(WORDS, min_size=2, max_size=4), question=WORDS)
def test_a_prompt_begins_with_all_of_the_step_before(
    family: Callable[[str], Family], name: str, steps: list[str], question: str
) -> None:
    last = family(name).prompts(question, steps)[-1].tokens
    ends: list[int] = []
    for count in range(1, len(steps) + 1):
        before = family(name).prompts(question, steps[:count])
        assert last[: len(before[-1].tokens)] == before[-1].tokens
        assert sum(len(prompt.ends) for prompt in before) == count
        ends.append(before[-1].ends[-1])
    assert ends == [e for prompt in family(name).prompts(question, steps) for e in prompt.ends]
    assert ends == sorted(set(ends))


@pytest.mark.parametrize(
    ("name", "said"),
    [("math-shepherd", "no single tokens for"), ("qwen-prm", "no token <extra_0>")],
)
def test_another_models_tokenizer_is_refused(name: str, said: str) -> None:
    with pytest.raises(EngineError, match=said):
        _ = FAMILIES[name](FakeTokenizer()).prompts(QUESTION, STEPS)
        _ = FAMILIES[name](FakeTokenizer()).candidates


@pytest.mark.parametrize(
    ("name", "row", "score"),
    [
        ("outcome", [0.0], 0.5),
        ("outcome", [-1e4], 0.0),
        ("outcome", [1e4], 1.0),
        ("skywork-prm", [1.0986123], 0.75),
        ("qwen-prm", [0.0, 1.0986123], 0.75),
        ("math-shepherd", [-1.0, -2.0986123], 0.75),
        ("rlhflow", [-2.0986123, -1.0], 0.25),
    ],
)
def test_outputs_become_scores(
    family: Callable[[str], Family], name: str, row: list[float], score: float
) -> None:
    assert family(name).value(row) == pytest.approx(score)


@pytest.mark.parametrize("name", ["outcome", "qwen-prm", "skywork-prm"])
def test_a_head_of_another_size_is_refused(family: Callable[[str], Family], name: str) -> None:
    with pytest.raises(EngineError, match="head has 3"):
        family(name).value([1.0, 2.0, 3.0])
