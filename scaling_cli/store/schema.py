"""The columns of every Parquet part: names, types, which may be null, what they mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA_VERSION = 1
"""Written into `run.json` and every part; files of a newer version are refused."""

VERDICTS = ("correct", "wrong", "unanswered", "timeout")
ROLES = ("policy", "verifier")
BOXED = "list<struct<answer_class: int32, end_token: int32>>"


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `allowed` lists the only values a text column may hold, `later` says that
    files written before it was thought of are whole without it."""

    name: str
    type: str
    meaning: str
    nullable: bool = False
    allowed: tuple[str, ...] = ()
    later: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of Parquet file: its path inside the run's folder, columns and sort key."""

    path: str
    meaning: str
    columns: tuple[Column, ...]
    sorted_by: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]


def _optional(name: str, type: str, meaning: str) -> Column:
    return Column(name, type, meaning, nullable=True)


def _later(name: str, type: str, meaning: str) -> Column:
    return Column(name, type, meaning, nullable=True, later=True)


QUESTION_ID = Column(
    "question_id", "string", "`<task>/<split>/<12 hex of SHA-256 of normalised question and gold>`."
)
COUNTS = (
    _optional("prompt_tokens", "int32", "Tokens of the prompt, as the engine reported them."),
    _optional("cached_tokens", "int32", "Prompt tokens the engine served from its cache."),
    _optional("new_tokens", "int32", "Tokens sampled, the end token included."),
)

BANK = Part(
    "bank/<cell>.parquet",
    "Raw completions of the bank lane, one row a sample. Not committed.",
    (
        QUESTION_ID,
        Column("sample", "int32", "Number of the sample within its question, from 0."),
        Column("text", "large_string", "What the model wrote, special tokens left out."),
        _optional("tokens", "list<int32>", "Sampled token ids, the end token included."),
        _optional(
            "logprob_sum",
            "float64",
            "Sum of the sampled tokens' log-probabilities (natural), over those that are told.",
        ),
        _optional(
            "logprobs",
            "list<float32>",
            "Log-probability of each sampled token (natural); null where the engine tells none.",
        ),
        _later("confidence", "list<float32>", "DeepConf's confidence of each token, if asked."),
        _later("certainty", "list<float32>", "Self-certainty of each token, if asked for."),
        _optional("finish_reason", "string", "`stop` or `length`; null when the call failed."),
        *COUNTS,
        Column("seconds", "float64", "From request to reply."),
        Column("seed", "uint64", "The call's seed: of the request, or of the engine's start."),
        Column("start", "int32", "Which start of the engine drew it; 0 where seeds are per call."),
        _optional("error", "string", "Why the call failed; such a sample is drawn again."),
    ),
    ("question_id", "sample"),
)

CANDIDATES = Part(
    "candidates/<cell>.parquet",
    "Graded answers of both lanes, one row a sample or finished trace; no texts.",
    (
        QUESTION_ID,
        Column("index", "int32", "The sample's number, or the trace's place in finishing order."),
        _optional("answer", "string", "The answer as read leniently."),
        _optional("strict_answer", "string", r"The answer of the last `\boxed{}` or `####`."),
        Column(
            "answer_class",
            "int32",
            "0 equal to gold, 1.. other answers by first appearance, -1 none or timeout.",
        ),
        Column("strict_class", "int32", "The same for the strict answer, in the same classes."),
        Column("verdict", "string", "Of the lenient answer.", allowed=VERDICTS),
        Column("strict_verdict", "string", "Of the strict answer.", allowed=VERDICTS),
        Column("truncated", "bool", "Ended by the token limit."),
        _optional(
            "boxed",
            BOXED,
            "Every complete strict answer in order of appearance: its class, and how many tokens "
            "had been sampled when it was complete (-1 unknown).",
        ),
        _optional(
            "logprob_mean",
            "float64",
            "Mean log-probability of the sampled tokens whose it is told.",
        ),
        _optional("rewards", "list<float64>", "The verifier's scores, oldest first."),
        *COUNTS,
        _optional(
            "spent", "int64", "Policy tokens its branch had been charged when this finished."
        ),
        Column("seconds", "float64", "From request to reply; of a search, summed over its calls."),
        _optional("error", "string", "Why it failed; the row stays in the denominator."),
        _later("tree", "int32", "Which independent subtree of a search it comes from."),
        _later("call", "string", "The call of a search that it ends with."),
        _later("score_error", "string", "Why a scoring of its question failed; tried again."),
    ),
    ("question_id", "index"),
)

CHARGES = Part(
    "charges/<cell>.parquet",
    "Raw counts of every call of the search lane, pruned branches included, and of every score; "
    "never a price. Scores of a bank stand in `<cell>.<verifier>`.",
    (
        QUESTION_ID,
        Column("call", "string", "The call's name, unique within its question."),
        Column("role", "string", "Who was charged.", allowed=ROLES),
        _later("model", "string", "The model that was asked."),
        _optional(
            "parent",
            "string",
            "The call whose prefix this one continues; of a verifier's, the one it judges.",
        ),
        _later("score", "float64", "The verifier's score of the trace that ends with this call."),
        *COUNTS,
        _optional("context", "int32", "Tokens of the whole context the call read."),
        _later(
            "known_tokens",
            "int32",
            "First tokens of the context that other calls of the question to this model computed; "
            "0 where its engine cannot read them again.",
        ),
        Column("seconds", "float64", "From request to reply."),
    ),
    ("question_id", "call"),
)

SCORES = Part(
    "scores/<cell>.parquet",
    "A verifier's scores of a bank's samples; the name is `<cell>.<verifier>`.",
    (
        QUESTION_ID,
        Column("index", "int32", "The sample's number within its question."),
        _optional(
            "score",
            "float64",
            "The verifier's score; null where scoring failed or there is nothing to score.",
        ),
        _optional("error", "string", "Why scoring failed; it is tried again."),
    ),
    ("question_id", "index"),
)

QUESTIONS = Part(
    "questions.parquet",
    "The questions of the run in their order; no texts.",
    (
        QUESTION_ID,
        Column("task", "string", "The task's name."),
        Column("split", "string", "The split it comes from; empty where the id names none."),
        _optional("source_index", "int64", "Row in the source."),
        _optional("source_id", "string", "The source's own id."),
        _optional("level", "string", "Difficulty, where the source gives one."),
        _optional("subject", "string", "Subject, where the source gives one."),
        Column("gold", "string", "The gold answer."),
    ),
)

TEXTS = Part(
    "bank/questions.parquet",
    "The questions' texts. Not committed.",
    (QUESTION_ID, Column("text", "large_string", "The question as the task gives it.")),
)

SUMMARY = Part(
    "summary.parquet",
    "Accuracy rows: cell × selector × k × cap, derived from the parts. Fractions; counts and "
    "costs are means per question.",
    (
        Column("run", "string", "Name of the run's folder."),
        Column("cell", "string", "The cell's key."),
        Column("model", "string", "The model's name, quantisation included."),
        Column("engine", "string", "The engine's name."),
        Column("task", "string", "The task's name."),
        _optional("task_revision", "string", "Revision or hash of the task's data."),
        Column("strategy", "string", "The generator."),
        Column("params", "string", "The generator's parameters, as canonical JSON."),
        _optional("verifier", "string", "Who scored, if anyone did."),
        Column("selector", "string", "How an answer was picked."),
        Column("k", "int32", "Samples, or the search's width."),
        Column("max_tokens", "int32", "The token cap, real or simulated."),
        Column("samples", "int32", "Samples the bank holds per question."),
        Column("questions", "int32", "Questions in the denominator."),
        Column("accuracy", "float64", "Fraction of questions expected to be answered right."),
        _optional("lo", "float64", "Lower end of the 95% interval over questions."),
        _optional("hi", "float64", "Upper end of that interval."),
        _optional("mc_error", "float64", "Monte-Carlo error; null where the value is exact."),
        _optional("truncated", "float64", "Fraction of samples ended by the token cap."),
        _optional("unanswered", "float64", "Fraction of samples without an answer."),
        _optional("tokens", "float64", "New tokens of the policy."),
        _optional("verifier_tokens", "float64", "Prompt and new tokens of the verifier."),
        _optional("flops", "float64", "Logical FLOPs, policy and verifier; each prefix once."),
        _optional("flops_policy", "float64", "The policy's share of `flops`."),
        _optional("flops_verifier", "float64", "The verifier's share of `flops`."),
        _optional("flops_uncached", "float64", "FLOPs if every call paid its whole context."),
        _optional("flops_engine", "float64", "FLOPs given the engine's reported cached tokens."),
        _optional("flops_2nt", "float64", "2 × all (active) parameters × new policy tokens."),
        _optional("seconds", "float64", "Sum of the calls' seconds under the run's load."),
        Column("extrapolated", "bool", "Whether k exceeds the samples that were drawn."),
        _optional("extraction", "string", "`lenient` or `strict`."),
        _optional("equality", "string", "`math` or `string`."),
        _later("prompt", "string", "The prompt's style, and how many worked examples it has."),
        _later("temperature", "float64", "The sampler's temperature."),
        _later("seed", "int64", "The cell's seed."),
        _optional("timeouts", "float64", "Fraction of samples whose grading timed out."),
        _optional("failed", "float64", "Fraction of samples that failed with an error."),
        _optional("by", "string", "The column by which questions were grouped; null for all."),
        _optional("group", "string", "The group's value."),
    ),
)

PARTS: dict[str, Part] = {
    "bank": BANK,
    "candidates": CANDIDATES,
    "charges": CHARGES,
    "scores": SCORES,
    "questions": QUESTIONS,
    "texts": TEXTS,
    "summary": SUMMARY,
}


def arrow_schema(kind: str) -> pa.Schema:
    """The Arrow schema of one kind of part, its kind and version in the metadata."""
    import pyarrow as pa

    def listed(item: pa.DataType) -> pa.DataType:
        # The name Parquet gives items back under, so that what is read equals what was written.
        return pa.list_(pa.field("element", item))

    boxed = pa.struct([("answer_class", pa.int32()), ("end_token", pa.int32())])
    types: dict[str, pa.DataType] = {
        "string": pa.string(),
        "large_string": pa.large_string(),
        "bool": pa.bool_(),
        "int32": pa.int32(),
        "int64": pa.int64(),
        "uint64": pa.uint64(),
        "float64": pa.float64(),
        "list<int32>": listed(pa.int32()),
        "list<float32>": listed(pa.float32()),
        "list<float64>": listed(pa.float64()),
        BOXED: listed(boxed),
    }
    fields = [
        pa.field(column.name, types[column.type], nullable=column.nullable)
        for column in PARTS[kind].columns
    ]
    metadata = {b"scale.kind": kind.encode(), b"scale.schema": str(SCHEMA_VERSION).encode()}
    return pa.schema(fields, metadata=metadata)
