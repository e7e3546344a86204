"""The nouns every part shares: frozen values, and the protocols that join the parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    IntArray = NDArray[np.int64]
    FloatArray = NDArray[np.float64]

Verdict = Literal["correct", "wrong", "unanswered", "timeout"]
FinishReason = Literal["stop", "length"]
Role = Literal["policy", "verifier"]
StepEnd = Literal["step", "end", "cap", "repeat"]
"""How a step ended: where the rule says, with the end token, at a token limit, or because it
said the step before once more."""

GOLD = 0
"""Answer class of every answer equal to the gold answer; other classes count from 1."""
UNANSWERED = -1
"""Answer class of a sample that has no answer, or whose grading timed out: it never votes,
unless samples without an answer are asked to vote together."""
FAILED = -2
"""Answer class of a sample of which nothing is known: it is drawn and wrong, and never votes."""
MISSING = -9
"""Answer class of a cell of a ragged `[question, sample]` array that holds no sample."""


@dataclass(frozen=True, slots=True)
class Question:
    """One problem with its gold answer; free of any model.

    `id` is `<task>/<split>/<12 hex of SHA-256 of the normalised question and gold>`.
    """

    id: str
    task: str
    text: str
    answer: str
    level: str | None = None
    subject: str | None = None
    source_index: int | None = None
    source_id: str | None = None


@dataclass(frozen=True, slots=True)
class Sampler:
    """Every sampling setting, sent explicitly so that no engine's default decides."""

    temperature: float = 1.0
    max_tokens: int = 512
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    stop: tuple[str, ...] = ()
    ignore_eos: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether tokens come from the softmax itself, nothing cut off or reweighted."""
        return (
            self.top_p == 1 and self.top_k == 0 and self.min_p == 0 and self.repetition_penalty == 1
        )


@dataclass(frozen=True, slots=True)
class Request:
    """One call to an engine. `prompt` holds token ids, `prompt_text` the same text."""

    name: str
    question_id: str
    prompt: tuple[int, ...]
    prompt_text: str
    sampler: Sampler
    seed: int
    alternatives: int = 0
    """How many of the most likely tokens to report at each position."""


Alternatives = tuple[tuple[int | str, float], ...]
"""The most likely tokens at one position, likeliest first: (token id, or its text where a server
tells no more, raw log-probability)."""


@dataclass(frozen=True, slots=True)
class Completion:
    """An engine's reply. What the engine does not report is `None`, never a made-up number.

    `tokens` are the sampled ids, the end token included; `new_tokens` counts them.
    `logprobs` are natural logarithms under the raw distribution (temperature 1) where the
    engine gives that; NaN at a token whose it does not tell. `seconds` runs from request to
    reply. `stopped_by` is the stop text that ended it, None where it was the end token or a
    limit. `alternatives[position]` stands where the request asked for it, empty where nothing
    is told; `confidence` and `certainty` are made from it, one number a token, NaN where
    nothing is told (`laws.confidence`).
    """

    text: str
    finish_reason: FinishReason
    tokens: tuple[int, ...] | None
    prompt_tokens: int | None
    cached_tokens: int | None
    new_tokens: int | None
    logprobs: tuple[float, ...] | None
    seconds: float
    stopped_by: str | None = None
    alternatives: tuple[Alternatives, ...] | None = None
    confidence: tuple[float, ...] | None = None
    certainty: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Reward:
    """A verifier's reply: its score, and what the score cost.

    `value` is NaN where the trace holds nothing to score yet. That is no failure and no 0: the
    trace has no score, and asking again would tell no more.
    Counts stand only where the verifier has an engine of its own behind it; what it asked
    through `Asking` was charged there.
    """

    value: float
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    new_tokens: int | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Trace:
    """A partial or complete solution: frozen, so that forking one is free.

    `calls` names the calls that made it, oldest first. `steps[step]` is how many tokens the
    trace had when that step ended, `ends[step]` how it ended. `rewards` holds one score for
    each time it was scored, NaN where scoring failed. `spent` is how many tokens its session had
    asked of the policy when it finished.
    """

    tokens: tuple[int, ...] = ()
    text: str = ""
    rewards: tuple[float, ...] = ()
    finished: bool = False
    finish_reason: FinishReason | None = None
    logprobs: tuple[float, ...] | None = ()
    calls: tuple[str, ...] = ()
    steps: tuple[int, ...] = ()
    ends: tuple[StepEnd, ...] = ()
    confidence: tuple[float, ...] | None = ()
    certainty: tuple[float, ...] | None = ()
    spent: int = 0


@dataclass(frozen=True, slots=True)
class StepRule:
    """Where a step ends: at the first of `stops`, which belong to the step they end, or after
    `max_tokens`. Without stops every step has that many tokens."""

    name: str = "blank-line"
    stops: tuple[str, ...] = ("\n\n",)
    max_tokens: int = 256


@dataclass(frozen=True, slots=True)
class Charge:
    """Raw counts of one call, never a price."""

    key: str
    role: Role
    prompt_tokens: int | None
    cached_tokens: int | None
    new_tokens: int | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Architecture:
    """What FLOPs depend on; read from `config.json` or GGUF metadata.

    `windows[layer]` is the sliding window in tokens, 0 for full attention. `sparse[layer]`
    says whether the layer's MLP is a mixture of experts of `expert_width`; otherwise it is
    dense of `mlp_width`. A mixture may add an always-active shared expert.
    `parameters` counts every weight, tied embeddings once; `active_parameters` leaves out
    the experts a token does not visit.
    """

    family: str
    layers: int
    width: int
    heads: int
    kv_heads: int
    head_dim: int
    mlp_width: int
    vocabulary: int
    gated: bool = True
    tied_embeddings: bool = False
    experts: int = 0
    active_experts: int = 0
    expert_width: int = 0
    shared_expert_width: int = 0
    windows: tuple[int, ...] = ()
    sparse: tuple[bool, ...] = ()
    parameters: int | None = None
    active_parameters: int | None = None

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Architecture:
        """The architecture that JSON keeps with lists for tuples."""
        fields: dict[str, Any] = dict(facts)
        for name in ("windows", "sparse"):
            fields[name] = tuple(fields.get(name) or ())
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


class Tokenizer(Protocol):
    """One tokenizer and template per weights' hash."""

    @property
    def hash(self) -> str: ...
    @property
    def stop_ids(self) -> tuple[int, ...]: ...
    def encode(self, text: str) -> list[int]:
        """Token ids of `text`; special tokens written in `text` are recognised."""
        ...

    def decode(self, tokens: Sequence[int]) -> str:
        """Text of `tokens`, special tokens left out."""
        ...

    def chat(self, messages: Sequence[Message]) -> str:
        """The chat template's text, ending where the assistant's answer begins."""
        ...

    def transcript(self, messages: Sequence[Message]) -> str:
        """The chat template's text of a conversation in which nothing is left to answer."""
        ...

    def document(self, text: str) -> str:
        """`text` as the start of a document: behind the token the model was trained to see first,
        where there is one. What a base model continues."""
        ...


@dataclass(frozen=True, slots=True)
class Model:
    """A model ready to be opened: where its weights lie and what is known of them.

    `path` is a GGUF file or a folder of `config.json` and safetensors; `weights_hash` is the
    SHA-256 of the GGUF file or of the sorted list of the folder's weight files' hashes.
    A model behind a server has no path, and may have no tokenizer and no architecture.
    """

    name: str
    weights_hash: str
    path: Path | None = None
    format: Literal["gguf", "safetensors", "remote"] = "gguf"
    quantisation: str | None = None
    architecture: Architecture | None = None
    tokenizer: Tokenizer | None = None


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What an engine is and what it can do.

    `seeds_requests`: the same request with the same seed gives the same reply, so a lost call
    may be drawn again. `streams`: it reports tokens while it samples, so an interrupted
    call can go on from them. `slots`: how many requests it works on at once.
    """

    name: str
    version: str
    dtype: str
    seeds_requests: bool
    streams: bool
    takes_token_ids: bool
    slots: int
    details: Mapping[str, Any] = field(default_factory=dict)


OnTokens = Callable[[Sequence[int], Sequence[float] | None], None]
"""Called by a streaming engine with the ids newly sampled and their log-probabilities."""


class Engine(Protocol):
    """Turns a request into a completion; many may be awaited at once."""

    @property
    def facts(self) -> EngineFacts: ...
    async def generate(self, request: Request, on_tokens: OnTokens | None = None) -> Completion: ...
    async def close(self) -> None: ...


class Session(Protocol):
    """The one door: it names, seeds, journals, replays and charges every call.

    Strategies see this and nothing else of ours.
    """

    @property
    def question(self) -> Question: ...
    async def extend(
        self,
        traces: Sequence[Trace],
        *,
        stop: Sequence[str] = (),
        max_tokens: int | None = None,
        temperature: float | None = None,
    ) -> list[Trace]:
        """Every trace with one more call, to its end or the token limit; the order is kept."""
        ...

    async def step(
        self, traces: Sequence[Trace], *, temperature: float | None = None
    ) -> list[Trace]:
        """Every trace with one more step, as the cell's rule cuts steps. A trace comes back
        finished when it ended, reached the token limit or repeated its last step."""
        ...

    async def score(self, traces: Sequence[Trace]) -> list[Trace]:
        """Every trace with one more reward at the end of `rewards`, NaN where scoring failed."""
        ...

    def branch(self, index: int) -> Session:
        """A session whose calls carry names of their own, for fan-out; each index once."""
        ...


@dataclass(frozen=True, slots=True)
class VerifierFacts:
    """What a verifier is.

    `kind`: whether it scores a whole solution or every step. `upper_bound`: whether it looks at
    the gold answer, so that its results are a bound and no method. `model` is whose tokens its
    calls are, None where it has none. `own_engine`: it has an engine behind it that is not asked
    through `Asking`; its rewards are journalled with their counts. `reads_cache`: whether that
    engine can read a prefix cache. `alternatives`: how many likely tokens it needs to know at
    every position the policy samples. `at_once`: it answers without waiting for anything, so that
    its scores need no tasks of their own.
    """

    name: str
    kind: Literal["outcome", "process"]
    upper_bound: bool = False
    model: str | None = None
    own_engine: bool = False
    reads_cache: bool = True
    alternatives: int = 0
    at_once: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)


class Asking(Protocol):
    """What a verifier is handed for one score: the question, and doors to models.

    Every call goes through the session: named, seeded, journalled, charged to the verifier.
    """

    @property
    def question(self) -> Question: ...
    @property
    def prompt(self) -> tuple[int, ...]:
        """Token ids of the policy's prompt."""
        ...

    @property
    def prompt_text(self) -> str: ...
    @property
    def tokenizer(self) -> Tokenizer | None:
        """The tokenizer of the verifier's own model; None where it has none."""
        ...

    async def ask(
        self, prompt_text: str, sampler: Sampler, *, count: int = 1, alternatives: int = 0
    ) -> list[Completion]:
        """`count` replies of the verifier's own model. Raises EngineError where one fails."""
        ...

    async def roll(
        self, trace: Trace, *, count: int = 1, temperature: float | None = None
    ) -> list[Trace]:
        """`count` continuations by the policy to the end, charged to the verifier."""
        ...

    async def is_right(self, trace: Trace) -> bool:
        """Whether the trace's answer equals gold; for oracles only."""
        ...


class Verifier(Protocol):
    """Scores one trace; many may be awaited at once. EngineError where a score cannot be had."""

    @property
    def facts(self) -> VerifierFacts: ...
    async def score(self, trace: Trace, asking: Asking) -> Reward: ...
    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Grade:
    """How one completion was read and judged.

    `answer_class` is 0 where the (lenient) answer equals gold, 1.. for the classes of
    other answers, -1 for none; `strict_class` the same for the boxed (or ####) answer only.
    `boxed` lists every complete strict answer in order of appearance as
    (answer, end in characters of the graded text, class), so that a token cap can be applied
    afterwards.
    """

    answer: str | None
    strict_answer: str | None
    answer_class: int
    strict_class: int
    verdict: Verdict
    strict_verdict: Verdict
    boxed: tuple[tuple[str, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class SampleBank:
    """A bank as the laws see it; ragged rows are filled with `MISSING`, NaN and 0.

    Shapes: `answer_class`, `tokens`, `reward`, `truncated` are `[question, sample]`;
    `samples` (how many of a row are real) and `prompt_tokens` are `[question]`.
    """

    question_ids: tuple[str, ...]
    answer_class: IntArray
    tokens: IntArray
    reward: FloatArray
    truncated: NDArray[np.bool_]
    samples: IntArray
    prompt_tokens: IntArray | None
