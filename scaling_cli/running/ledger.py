"""What one question was charged: a note of every call, and the rows made from them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from scaling_cli.laws.prefixes import known_prefixes
from scaling_cli.running.journal import Record
from scaling_cli.types import Request, Role


@dataclass(frozen=True, slots=True)
class Note:
    """One call. `prompt` and `new` are token ids where they are known; `reads_cache` is false
    where the engine behind the call must read its whole context each time."""

    name: str
    role: Role
    model: str
    parent: str | None
    prompt: tuple[int, ...] | None
    new: tuple[int, ...] | None
    prompt_tokens: int | None
    cached_tokens: int | None
    new_tokens: int | None
    seconds: float
    reads_cache: bool = True


def note_of(
    record: Record,
    request: Request,
    role: Role,
    model: str,
    parent: str | None,
    *,
    whole: bool,
) -> Note:
    """The note of a call that ended well; `whole` where the request's ids are its whole prompt."""
    completion = record.completion
    assert completion is not None
    return Note(
        name=record.name,
        role=role,
        model=model,
        parent=parent,
        prompt=request.prompt if whole else None,
        new=completion.tokens,
        prompt_tokens=completion.prompt_tokens,
        cached_tokens=completion.cached_tokens,
        new_tokens=completion.new_tokens,
        seconds=completion.seconds,
    )


@dataclass(slots=True)
class Ledger:
    """The notes of one question, by name: a call that is replayed is the same note again."""

    notes: dict[str, Note] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    """Of the trace that ends with the call of that name, as it was last scored; NaN where it has
    no score."""
    failed: dict[str, str] = field(default_factory=dict)
    """Why a scoring failed, by its name, once every attempt had."""

    def note(self, note: Note) -> None:
        self.notes[note.name] = note

    def scored(self, call: str, score: float) -> None:
        self.scores[call] = score

    @property
    def failure(self) -> str | None:
        """Why the first of the failed scorings failed."""
        return self.failed[min(self.failed)] if self.failed else None

    def rows(self, question_id: str) -> list[dict[str, Any]]:
        """A row of `charges` for every call, pruned branches included."""
        known = self._known()
        return [
            _row(question_id, note, known[name], self.scores.get(name))
            for name, note in sorted(self.notes.items())
        ]

    def _known(self) -> dict[str, int | None]:
        """Tokens of each call's context that other calls to the same model have computed."""
        found: dict[str, int | None] = {}
        for model in dict.fromkeys(note.model for note in self.notes.values()):
            found |= _known_of([note for note in self.notes.values() if note.model == model])
        return found


def _known_of(notes: Sequence[Note]) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    told: list[tuple[Note, tuple[int, ...], tuple[int, ...]]] = []
    for note in notes:
        if not note.reads_cache:
            found[note.name] = 0
        elif note.prompt is None or note.new is None:
            # Whose tokens are not known: what its engine says of its own cache is all there is.
            found[note.name] = note.cached_tokens
        else:
            told.append((note, note.prompt, note.new))
    # A call stands behind those it continues: their prompts are shorter.
    told.sort(key=lambda one: (len(one[1]), one[0].name))
    known = known_prefixes([prompt for _, prompt, _ in told], [new for *_, new in told])
    return found | {note.name: count for (note, *_), count in zip(told, known, strict=True)}


def _row(question_id: str, note: Note, known: int | None, score: float | None) -> dict[str, Any]:
    context = len(note.prompt) if note.prompt is not None else note.prompt_tokens
    return {
        "question_id": question_id,
        "call": note.name.rpartition("#")[2],
        "role": note.role,
        "model": note.model,
        "parent": None if note.parent is None else note.parent.rpartition("#")[2],
        "score": None if score is None or math.isnan(score) else score,
        "prompt_tokens": note.prompt_tokens,
        "cached_tokens": note.cached_tokens,
        "new_tokens": note.new_tokens,
        "known_tokens": known,
        "context": context,
        "seconds": note.seconds,
    }
