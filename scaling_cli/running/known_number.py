"""One small number, reproduced through the whole of `scale`: prompts, engine, grader, store."""

from __future__ import annotations

import importlib.util
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from scaling_cli import models
from scaling_cli.errors import ScaleError
from scaling_cli.running.finding import Finding
from scaling_cli.running.prepare import prepare
from scaling_cli.running.progress import Progress
from scaling_cli.running.run import run_cells
from scaling_cli.store import RunFolder
from scaling_cli.sweep import EngineSpec, ModelSpec, Sweep, TaskSpec

MODEL = "smollm2-135m-instruct"
TASK = TaskSpec(
    "reasoning-gym/chain_sum",
    seed=0,
    size=8,
    options=(("max_digits", 2), ("max_terms", 2), ("min_digits", 1), ("min_terms", 2)),
    questions=8,
    prompt="brief",
)
OPTIONS = {"llamacpp": (("context", 512), ("slots", 1))}
"""One question at a time, so that no batch changes how sums are rounded."""
FEW = 2
"""So many of the eight answers may differ by rounding on another processor."""

REINSTALL = "pip install -c constraints.txt {part}: this version of it behaves otherwise"
PACKAGE = {"llamacpp": "xllamacpp", "vllm": "vllm"}


@dataclass(frozen=True, slots=True)
class Eight:
    """What the model answers to the first eight problems, greedily.

    `golds` are the problems' answers, by which other problems are told; `prompt_tokens` and
    `new_tokens` are sums.
    """

    golds: tuple[str, ...]
    answers: tuple[str | None, ...]
    right: int
    prompt_tokens: int | None
    new_tokens: int | None
    failed: int = 0


KNOWN = Eight(
    golds=("-28", "3", "6", "-4", "-37", "191", "57", "6"),
    answers=("15", "3", "6", "1", "23", "185", "17", "6"),
    right=3,
    prompt_tokens=488,
    new_tokens=78,
)
"""llama.cpp (xllamacpp 2026.10), smollm2-135m-instruct Q4_1, reasoning-gym 0.1.25."""
KNOWN_BY = {
    "llamacpp": KNOWN,
    "vllm": replace(
        KNOWN, answers=("15", "3", "6", "1", "1", "185", "17", "6"), new_tokens=86
    ),
}  # fmt: skip
"""vLLM 0.32.0 on a CPU, the same weights dequantised to bfloat16. Of other engines only the
server knows what it runs."""
FEW_BY = {"llamacpp": FEW, "vllm": 4}
"""vLLM sums in another order on every kind of device."""


def sweep_of(engine: str) -> Sweep:
    """The eight problems, greedily, and nothing else."""
    return Sweep(
        name="known",
        engine=EngineSpec(engine, OPTIONS.get(engine, ())),
        models=(ModelSpec(MODEL),),
        tasks=(TASK,),
        strategies=(),
        samples=1,
        max_tokens=(48,),
    )


def ask_eight(engine: str, say: Callable[[str], None]) -> Eight:
    """Run the eight problems in a folder of their own; ScaleError where they cannot be."""
    with tempfile.TemporaryDirectory(prefix="scale-doctor-") as scratch:
        folder, sweep = RunFolder.create(Path(scratch) / "known"), sweep_of(engine)
        run_cells(prepare(sweep), sweep, folder, Progress(say=say))
        (key,) = folder.cells("candidates")
        rows = folder.read_part("candidates", key).to_pylist()
        golds = {question.id: question.answer for question in folder.read_questions()}
        order = {identity: place for place, identity in enumerate(golds)}
    rows.sort(key=lambda row: order[row["question_id"]])
    return Eight(
        golds=tuple(golds.values()),
        answers=tuple(row["answer"] for row in rows),
        right=sum(row["verdict"] == "correct" for row in rows),
        prompt_tokens=_sum([row["prompt_tokens"] for row in rows]),
        new_tokens=_sum([row["new_tokens"] for row in rows]),
        failed=sum(row["error"] is not None for row in rows),
    )


def _sum(counts: list[int | None]) -> int | None:
    return None if None in counts else sum(count for count in counts if count is not None)


def reproduce(engine: str, say: Callable[[str], None]) -> Finding:
    """The number on an engine, beside the known one where there is one of that engine."""
    what = f"known number, {engine}"
    lacking = _lacking(engine)
    if lacking:
        return Finding("number", what, "absent", *lacking)
    started = time.perf_counter()
    try:
        found = ask_eight(engine, say)
    except ScaleError as error:
        return Finding("number", what, "broken", error.message, error.hint or "scale --debug run")
    seconds = time.perf_counter() - started
    if engine in KNOWN_BY and not found.failed:
        return judged(what, found, engine)
    if found.failed:
        remedy = "run a small sweep with this engine: its errors name the calls"
        return Finding("number", what, "broken", f"{found.failed} of 8 calls failed", remedy)
    detail = f"answers: {found.right} of 8 right in {seconds:.0f} s, start included"
    return Finding("number", what, "ok", detail)


def _lacking(engine: str) -> tuple[str, str] | None:
    """What the number needs and this machine does not have, with its remedy."""
    if engine != "fake" and not models.is_here(MODEL):
        return f"the weights of {MODEL} are not here", f"scale models pull {MODEL}"
    if importlib.util.find_spec("reasoning_gym") is None:
        return "no module reasoning_gym", "pip install 'scaling-cli[tasks]'"
    return None


def judged(what: str, found: Eight, engine: str = "llamacpp") -> Finding:
    """Where the eight first part from what is known: problems, prompts, or answers."""
    known = KNOWN_BY[engine]
    here = f"{found.right} of 8 right, {found.new_tokens} tokens"
    if found.golds != known.golds:
        detail, part = f"the problems are others; {here}", "reasoning-gym"
        return Finding("number", what, "differs", detail, REINSTALL.format(part=part))
    if found.prompt_tokens != known.prompt_tokens:
        detail = f"prompts of {found.prompt_tokens} tokens, known: {known.prompt_tokens}; {here}"
        return Finding(
            "number", what, "differs", detail, REINSTALL.format(part="tokenizers jinja2")
        )
    apart = sum(a != b for a, b in zip(found.answers, known.answers, strict=True))
    if not apart and found.new_tokens == known.new_tokens:
        return Finding("number", what, "ok", f"{here}, as known")
    told = f"known: {known.right} of 8 right, {known.new_tokens} tokens"
    detail = f"{apart} of 8 answers differ: {here}; {told}"
    if apart <= FEW_BY[engine]:
        remedy = "none: another processor rounds otherwise"
        return Finding("number", what, "close", detail, remedy)
    return Finding("number", what, "differs", detail, REINSTALL.format(part=PACKAGE[engine]))
