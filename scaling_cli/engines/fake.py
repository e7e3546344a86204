"""An engine whose law is known: for tests of logic, never in place of a model."""

from __future__ import annotations

import asyncio
import hashlib
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scaling_cli.engines.fake_steps import SLIP, StepLaw
from scaling_cli.errors import EngineDied, EngineError
from scaling_cli.types import (
    Architecture,
    Completion,
    EngineFacts,
    Message,
    Model,
    OnTokens,
    Question,
    Request,
)

OPTIONS: dict[str, Any] = {
    "skill": 0.0,
    "spread": 1.5,
    "wrong_answers": 4,
    "mean_tokens": 40,
    "length_of_wrong": 1.0,
    "seconds_per_token": 0.01,
    "latency": 0.0,
    "seeded": True,
    "streams": False,
    "slots": 64,
    "fail_rate": 0.0,
    "die_after": 0,
    "never_stops": False,
    "empty": False,
    "steps": 0,
    "questions": {},
}
"""`skill` shifts every question's chance of success (in logits), `spread` is the standard
deviation of difficulty, `length_of_wrong` how many times longer wrong solutions are.
`steps` makes solutions of that many steps (`engines.fake_steps`); 0 of one piece.
`latency` is real waiting per simulated second; `fail_rate`, `die_after`, `never_stops` and
`empty` break the engine on purpose."""

END = 256
"""The end token: the others are bytes."""

YES, NO = 257, 258
"""Tokens of a judge's one word."""

BLOCK = 16
"""Tokens a block of the emulated prefix cache holds."""


@dataclass(frozen=True, slots=True)
class FakeTokenizer:
    """Bytes as tokens, and a chat template of two tags."""

    hash: str = "bytes"
    stop_ids: tuple[int, ...] = (END,)

    def encode(self, text: str) -> list[int]:
        return list(text.encode("utf-8", "replace"))

    def decode(self, tokens: Sequence[int]) -> str:
        if YES in tokens or NO in tokens:
            words = {YES: "Yes", NO: "No"}
            return "".join(words.get(token, chr(token)) for token in tokens if token != END)
        whole = tokens[:-1] if tokens and tokens[-1] == END else tokens
        # An end token further in is rare, and bytes() refuses it.
        bare = [token for token in whole if token < END] if END in whole else whole
        return bytes(bare).decode("utf-8", "replace")

    def chat(self, messages: Sequence[Message]) -> str:
        return f"{self.transcript(messages)}<assistant>"

    def transcript(self, messages: Sequence[Message]) -> str:
        return "".join(f"<{message.role}>{message.content}\n" for message in messages)

    def document(self, text: str) -> str:
        return text


def fake_model(name: str = "fake-small") -> Model:
    """A model with a small but real architecture, so that its FLOPs can be counted."""
    size = 1 + int.from_bytes(hashlib.sha256(name.encode()).digest()[:1], "big") % 4
    architecture = Architecture(
        family="llama",
        layers=4 * size,
        width=64 * size,
        heads=4 * size,
        kv_heads=2 * size,
        head_dim=16,
        mlp_width=256 * size,
        vocabulary=257,
        windows=(0,) * (4 * size),
        sparse=(False,) * (4 * size),
        parameters=1_000_000 * size**2,
        active_parameters=1_000_000 * size**2,
    )
    digest = hashlib.sha256(f"fake/{name}".encode()).hexdigest()
    return Model(name, digest, None, "remote", "fake", architecture, FakeTokenizer())


async def open_fake(model: Model, options: Mapping[str, Any], seed: int) -> FakeEngine:
    """Ready at once. `questions` maps ids to questions, so that right answers are known."""
    return FakeEngine(model.name, {**OPTIONS, **options}, seed)


class FakeEngine:
    """Draws answers from a law that tests can compute in closed form."""

    def __init__(self, name: str, options: Mapping[str, Any], seed: int) -> None:
        self._name = name
        self._options = options
        self._questions: Mapping[str, Question] = options["questions"]
        self._shared = random.Random(seed)
        self.calls = 0
        self._facts = EngineFacts(
            name="fake",
            version="1",
            dtype="fake",
            seeds_requests=bool(options["seeded"]),
            streams=bool(options["streams"]),
            takes_token_ids=True,
            slots=int(options["slots"]),
        )

    @property
    def facts(self) -> EngineFacts:
        return self._facts

    def success_probability(self, question_id: str) -> float:
        """The chance that one solution of this question is right."""
        difficulty = _normal(f"{question_id}/difficulty") * float(self._options["spread"])
        logit = float(self._options["skill"]) - difficulty
        return 1 / (1 + math.exp(-logit))

    def answer_distribution(self, question_id: str) -> dict[str, float]:
        """Every answer the engine may give, with its chance; the gold one first."""
        right = self.success_probability(question_id)
        count = int(self._options["wrong_answers"])
        weights = [1 / (place + 1) for place in range(count)]
        gold = self._questions[question_id].answer if question_id in self._questions else "0"
        wrong = {
            f"{gold}{place + 1}": (1 - right) * w / sum(weights) for place, w in enumerate(weights)
        }
        return {gold: right, **wrong}

    async def generate(self, request: Request, on_tokens: OnTokens | None = None) -> Completion:
        """One solution; the same request and seed give the same one where `seeded`."""
        self.calls += 1
        self._break_if_asked(request)
        # Without seeds the draw depends on the order in which requests come, as in real engines.
        source = random.Random(request.seed) if self._facts.seeds_requests else self._shared
        if request.sampler.temperature == 0:
            source = random.Random(f"{request.question_id}/greedy")
        if request.alternatives and request.sampler.max_tokens == 1:
            return self._verdict(request)
        tokens, logprobs, finished = self._sample(request, source)
        tokens, logprobs, stopped_by = _cut(tokens, logprobs, request)
        finished = finished or stopped_by is not None
        cached = _cached(request)
        seconds = len(tokens) * float(self._options["seconds_per_token"])
        await self._stream(tokens, logprobs, seconds, on_tokens)
        return Completion(
            text=FakeTokenizer().decode(tokens),
            finish_reason="stop" if finished else "length",
            tokens=tuple(tokens),
            prompt_tokens=len(request.prompt),
            cached_tokens=cached,
            new_tokens=len(tokens),
            logprobs=tuple(logprobs),
            seconds=seconds,
            stopped_by=stopped_by,
            alternatives=tuple(((t, p),) for t, p in zip(tokens, logprobs, strict=True))
            if request.alternatives
            else None,
        )

    def value(self, question_id: str, written: str) -> float:
        """The exact chance that a solution that begins with `written` ends right."""
        return self._steps(question_id).value(written)

    def _steps(self, question_id: str) -> StepLaw:
        answers = self.answer_distribution(question_id)
        steps = max(int(self._options["steps"]), 1)
        return StepLaw(steps, answers, max(int(self._options["mean_tokens"]) // steps, 1))

    def _verdict(self, request: Request) -> Completion:
        """A judge's word on the solution in the prompt: Yes is likelier where nothing slipped."""
        solution = request.prompt_text.rpartition("Solution:")[2]
        yes = 0.2 if f"\n{SLIP}" in solution else 0.8
        likely = ((YES, math.log(yes)), (NO, math.log(1 - yes)))
        ranked = tuple(sorted(likely, key=lambda pair: -pair[1]))
        token, logprob = ranked[0]
        text = FakeTokenizer().decode([token])
        counts = len(request.prompt), _cached(request), 1
        return Completion(
            text, "length", (token,), *counts, (logprob,), 0.01, alternatives=(ranked,)
        )

    def _break_if_asked(self, request: Request) -> None:
        if self._options["die_after"] and self.calls > int(self._options["die_after"]):
            raise EngineDied("the fake engine died, as asked", "run the same command again")
        if random.Random(request.seed ^ 0x5EED).random() < float(self._options["fail_rate"]):
            raise EngineError("the fake engine failed, as asked", "run the same command again")

    def _sample(
        self, request: Request, source: random.Random
    ) -> tuple[list[int], list[float], bool]:
        """Token by token, so that a call continued from its prefix has the law of a whole one.

        What is already written decides what may follow: the prompt's tail tells whether a
        solution has begun, and the answer in it is read back.
        """
        if self._options["empty"]:
            return [END], [-0.1], True
        if self._options["steps"]:
            return self._sample_steps(request, source)
        answers = self.answer_distribution(request.question_id)
        begun = _begun(request.prompt_text)
        answer = _begun_answer(begun) or (
            max(answers, key=lambda a: answers[a])
            if request.sampler.temperature == 0
            else source.choices(list(answers), list(answers.values()))[0]
        )
        right = answer == next(iter(answers))
        opening = f"try {answer}:"
        text = opening[len(begun) :] if len(begun) < len(opening) else ""
        tokens = list(text.encode())
        mean = int(self._options["mean_tokens"]) * (
            1.0 if right else float(self._options["length_of_wrong"])
        )
        limit = request.sampler.max_tokens
        ending = [*f" \\boxed{{{answer}}}".encode(), END]
        # After the opening come full stops only, until the ending begins.
        if written := len(begun[len(opening) :].lstrip(".")):
            tokens = ending[written:]
        else:
            # Lengths are geometric, hence memoryless: what went before does not matter.
            room = max(limit - len(tokens), 0)
            stops = room if self._options["never_stops"] else _geometric(source, mean, room)
            tokens += [ord(".")] * stops
            tokens += [] if self._options["never_stops"] else ending
        finished = len(tokens) <= limit and not self._options["never_stops"]
        tokens = tokens[:limit]
        center = -0.2 if right else -0.5
        return (
            tokens,
            [center - 0.3 * source.random() for _ in tokens],
            finished and not request.sampler.ignore_eos,
        )

    def _sample_steps(
        self, request: Request, source: random.Random
    ) -> tuple[list[int], list[float], bool]:
        begun = request.prompt_text.rpartition("<assistant>")[2]
        law = self._steps(request.question_id)
        text, ended = law.write(begun, source, request.sampler.max_tokens)
        tokens = [*text.encode(), *([END] if ended else [])]
        return tokens, [-0.2 - 0.3 * source.random() for _ in tokens], ended

    async def _stream(
        self,
        tokens: Sequence[int],
        logprobs: Sequence[float],
        seconds: float,
        on_tokens: OnTokens | None,
    ) -> None:
        wait = seconds * float(self._options["latency"])
        if on_tokens is None or not self._facts.streams:
            await asyncio.sleep(wait)
            return
        # The answer a solution heads for is told in one piece, since half of it could not be
        # continued; and at once, since which answers are lost must not depend on their length.
        first = tokens.index(ord(":")) + 1 if ord(":") in tokens else 1
        on_tokens(tokens[:first], logprobs[:first])
        pause = wait / max(len(tokens), 1)
        await asyncio.sleep(pause * first)
        for at in range(first, len(tokens)):
            await asyncio.sleep(pause)
            on_tokens(tokens[at : at + 1], logprobs[at : at + 1])

    async def close(self) -> None:
        """Nothing to stop."""


def _cut(
    tokens: list[int], logprobs: list[float], request: Request
) -> tuple[list[int], list[float], str | None]:
    """Tokens up to the end of the first stop text in them, and that text."""
    text = bytes(token for token in tokens if token < END).decode("utf-8", "replace")
    found = [(text.find(stop), stop) for stop in request.sampler.stop if stop in text]
    if not found:
        return tokens, logprobs, None
    at, stop = min(found)
    end = len(text[:at].encode()) + len(stop.encode())
    return tokens[:end], logprobs[:end], stop


def _geometric(source: random.Random, mean: float, most: int) -> int:
    """Failures before a success of chance 1/mean, at most `most`: a whole exponential's part."""
    if mean <= 1:
        return 0
    return min(int(source.expovariate(1.0) / -math.log1p(-1 / mean)), most)


def _cached(request: Request) -> int:
    """Whole blocks of the prompt, for all but a question's first sample.

    By name and not by history, so that what is reported does not depend on restarts.
    """
    if request.name.endswith("#0"):
        return 0
    return (max(len(request.prompt), 1) - 1) // BLOCK * BLOCK


def _begun(prompt: str) -> str:
    """What of a solution stands at the end of a prompt, of a chat or of worked examples."""
    mark = "<assistant>" if "<assistant>" in prompt else "\nAnswer:"
    return prompt.rpartition(mark)[2] if mark in prompt else ""


def _begun_answer(begun: str) -> str | None:
    """The answer a begun solution is heading for."""
    if begun.startswith("try ") and ":" in begun:
        return begun[4:].partition(":")[0]
    return None


def _normal(name: str) -> float:
    """A standard normal number that belongs to a name."""
    return random.Random(name).gauss(0, 1)
