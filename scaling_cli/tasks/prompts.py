"""How a question is put to a model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from scaling_cli.errors import TaskError
from scaling_cli.tasks.data import TaskData
from scaling_cli.tasks.identity import normalise
from scaling_cli.types import Message, Question, Tokenizer

INSTRUCTIONS: dict[str, str] = {
    "boxed": "{question}\n\n"
    "Please reason step by step, and put your final answer within \\boxed{}.",
    "brief": "{question}\n\nGive only the final answer, within \\boxed{}.",
    "hash": "{question}\n\nReason step by step, and end with a line `#### answer`.",
    "letter": "{question}\n\nAnswer with the letter of the right choice within \\boxed{}.",
    "few-shot": "Question: {question}\nAnswer:",
}
"""The styles: four that a chat model is asked in, one that a base model continues."""

FEW_SHOT_STOP = ("\nQuestion:",)
PLACEHOLDER = "<question>"


@dataclass(frozen=True, slots=True)
class Shot:
    """A worked example of a few-shot prompt."""

    id: str
    text: str
    solution: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A style, its worked examples, and where the model is to stop."""

    style: str = "boxed"
    shots: tuple[Shot, ...] = ()

    @property
    def is_chat(self) -> bool:
        return self.style != "few-shot"

    @property
    def label(self) -> str:
        """The style, and how many worked examples: `boxed`, `few-shot, 4 examples`."""
        return f"{self.style}, {len(self.shots)} examples" if self.shots else self.style

    @property
    def stop(self) -> tuple[str, ...]:
        return () if self.is_chat else FEW_SHOT_STOP

    @property
    def shot_ids(self) -> tuple[str, ...]:
        return tuple(shot.id for shot in self.shots)


def render(text: str, prompt: Prompt, tokenizer: Tokenizer | None) -> str:
    """The question as the model will see it, template and all."""
    asked = bare(text, prompt)
    if not prompt.is_chat:
        return asked if tokenizer is None else tokenizer.document(asked)
    if tokenizer is None:
        raise TaskError(
            f"the prompt style {prompt.style} needs the model's chat template",
            "use the style few-shot, or name the model's folder",
        )
    return tokenizer.chat([Message("user", asked)])


def show(data: TaskData, index: int, prompt: Prompt, tokenizer: Tokenizer | None) -> str:
    """Question `index` as the model will see it; without a tokenizer, without its template."""
    if not 0 <= index < len(data.questions):
        raise TaskError(
            f"{data.name} has no question {index}", f"it has 0 to {len(data.questions) - 1}"
        )
    text = data.questions[index].text
    return bare(text, prompt) if tokenizer is None else render(text, prompt, tokenizer)


def bare(text: str, prompt: Prompt) -> str:
    """The question with its instruction and examples, before any chat template."""
    if prompt.style not in INSTRUCTIONS:
        raise TaskError(
            f"there is no prompt style {prompt.style}", f"valid: {', '.join(INSTRUCTIONS)}"
        )
    # Not `format`: a question may hold braces of its own.
    asked = INSTRUCTIONS[prompt.style].replace("{question}", text)
    shots = [f"Question: {shot.text}\nAnswer: {shot.solution}\n\n" for shot in prompt.shots]
    return "".join(shots) + asked


def prompt_hash(prompt: Prompt, tokenizer: Tokenizer | None) -> str:
    """SHA-256 of the prompt around a placeholder: what changes it changes every question."""
    return hashlib.sha256(render(PLACEHOLDER, prompt, tokenizer).encode()).hexdigest()[:16]


def check_shots(shots: Sequence[Shot], questions: Sequence[Question]) -> None:
    """A worked example must not be one of the questions asked."""
    asked = {normalise(question.text) for question in questions}
    for shot in shots:
        if normalise(shot.text) in asked:
            raise TaskError(
                f"the worked example {shot.id} is one of the questions asked",
                "take examples from another split",
            )
