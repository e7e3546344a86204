"""A sweep's cells made concrete also where the weights are not on this machine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

from scaling_cli.errors import ModelError
from scaling_cli.models import MODELS, is_here
from scaling_cli.running.expected import CHARACTERS_PER_TOKEN
from scaling_cli.running.prepare import PreparedCell, prepare, resolve_model
from scaling_cli.sweep import ModelSpec, Sweep
from scaling_cli.types import Architecture, Message, Model, Question


@dataclass(frozen=True, slots=True)
class StandIn:
    """In place of a tokenizer that is not here: as many tokens as the text should have, and
    turns without a template."""

    hash: str = "absent"
    stop_ids: tuple[int, ...] = ()

    def encode(self, text: str) -> list[int]:
        return [0] * ceil(len(text) / CHARACTERS_PER_TOKEN)

    def decode(self, tokens: Sequence[int]) -> str:
        return ""

    def chat(self, messages: Sequence[Message]) -> str:
        return "\n".join(message.content for message in messages)

    def transcript(self, messages: Sequence[Message]) -> str:
        return self.chat(messages)

    def document(self, text: str) -> str:
        return text


def planned_cells(
    sweep: Sweep, architectures: Mapping[str, Architecture]
) -> tuple[list[PreparedCell], list[str]]:
    """The cells, and a line for each model that is planned for without its files.

    Such a cell's key is not the one it will have, so nothing counts as recorded of it;
    `architectures` gives FLOPs by a model's name where its own are not known.
    """
    notes: dict[str, str] = {}

    def resolve(spec: ModelSpec, engine: str) -> Model:
        try:
            model = resolve_model(spec, engine)
        except ModelError as error:
            notes[spec.name] = f"{spec.name} is planned for without its files: {error.message}"
            digest = hashlib.sha256(f"absent/{spec.name}".encode()).hexdigest()
            model = Model(spec.name, digest, format="remote", tokenizer=StandIn())
        known = architectures.get(spec.name, model.architecture)
        return replace(model, architecture=known)

    return prepare(sweep, resolve=resolve), [*notes.values()]


def is_absent(cell: PreparedCell) -> bool:
    """Whether the cell is planned for without its model's files."""
    return isinstance(cell.model.tokenizer, StandIn)


def prompt_length(cell: PreparedCell, question: Question) -> float:
    """Tokens of a question's prompt, from its characters where nothing can count them."""
    if cell.model.tokenizer is None:
        return len(cell.rendered[question.id]) / CHARACTERS_PER_TOKEN
    return float(len(cell.prompt_tokens(question)))


def bytes_to_fetch(sweep: Sweep) -> int:
    """Bytes of registered models that a run would download first."""
    used = {spec.name: (spec.engine or sweep.engine).name for spec in sweep.models}
    return sum(
        MODELS[name].size
        for name, engine in used.items()
        if name in MODELS and engine not in ("fake", "completions") and not is_here(name)
    )
