"""A large bank: the time of its curves, and the memory that reading and grading it takes.

    python benchmarks/bank.py [--questions 5000] [--samples 256] [--draws 2000] [--json]

1. Every curve (first, coverage, majority, best) at every k of a recorded run of 500 questions x 80
   samples with bootstrap bands, in the process: at most 2 s. Beside it the same from the run's
   files, as `scale accuracy` makes it.
2. `scale grade` on a recorded run of 5,000 questions x 256 samples (1.28 million answers), some of
   them only comparable by algebra: a process of its own, at most 1 GB at its peak. The grader's
   worker, a second process, is counted in.

Exit code 1 where a limit is not kept.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scaling_cli.laws.caps import k_grid
from scaling_cli.laws.resample import band, question_weights
from scaling_cli.laws.selectors import curve
from scaling_cli.recorded import Ask
from scaling_cli.store import CellRecord, Run, RunFolder
from scaling_cli.summary import accuracy_rows
from scaling_cli.types import Question, SampleBank

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

SELECTORS = ("first", "coverage", "majority", "best")
CELL = "0123456789abcdef"
MAX_TOKENS = 512
CURVE_LIMIT_SECONDS = 2.0
MEMORY_LIMIT_MB = 1000.0
EXPRESSIONS = 50
"""One question in so many is about an expression, whose answers only algebra can compare."""

Row = dict[str, Any]


def make_run(path: Path, questions: int, samples: int) -> RunFolder:
    """A run with recorded, graded answers: skills from easy to hopeless, wrong answers rare."""
    folder = RunFolder.create(path)
    asked = [_question(number) for number in range(questions)]
    folder.write_questions(asked)
    details: Row = {
        "model": "made-up", "engine": "fake", "task": "sums", "task_revision": None,
        "strategy": "sampling", "params": {}, "temperature": 0.8, "max_tokens": MAX_TOKENS,
        "style": "math", "equality": "math", "architecture": None, "samples": samples,
        "questions": questions,
    }  # fmt: skip
    folder.write_manifest(Run(sweep={}, cells={CELL: CellRecord({}, 0, details=details)}))
    folder.write_part("candidates", CELL, _answers(asked, samples))
    return folder


def _question(number: int) -> Question:
    digest = hashlib.sha256(str(number).encode()).hexdigest()[:12]
    gold = rf"\frac{{x+{number + 1}}}{{2}}" if number % EXPRESSIONS == 0 else str(100 + number)
    return Question(f"sums/test/{digest}", "sums", "", gold, source_index=number)


def _spellings(number: int, gold: str) -> list[str]:
    """Answers a model might give: the gold one, spelled in two ways, then wrong ones."""
    if gold.isdigit():
        return [gold, f"{gold}.0", *(str(100 + number + offset) for offset in range(1, 31))]
    right = [gold, rf"\frac{{1}}{{2}}({number + 1}+x)"]
    return right + [rf"\{{{offset}, {number + 1}\}}" for offset in range(-6, 0)]


def _answers(questions: list[Question], samples: int) -> pa.Table:
    """The candidates table, made column by column."""
    import pyarrow as pa

    rng = np.random.default_rng(0)
    spellings = [_spellings(number, question.answer) for number, question in enumerate(questions)]
    picks = np.stack([_picks(rng, len(some), samples) for some in spellings])
    pick, count = picks.ravel(), picks.size
    offsets = np.concatenate([[0], np.cumsum([len(some) for some in spellings])])
    code = np.repeat(offsets[:-1], samples) + np.maximum(pick, 0)
    answer = pa.DictionaryArray.from_arrays(
        pa.array(code, pa.int32(), mask=pick < 0), [text for some in spellings for text in some]
    ).cast(pa.string())
    group = np.where(pick < 0, -1, np.maximum(pick - 1, 0)).astype(np.int32)
    verdict = np.where(group == 0, "correct", np.where(group > 0, "wrong", "unanswered"))
    tokens = rng.integers(50, MAX_TOKENS, count, dtype=np.int32)
    ends = pa.StructArray.from_arrays(
        [pa.array(group[pick >= 0]), pa.array(tokens[pick >= 0] - 2)], ["answer_class", "end_token"]
    )
    bounds = np.concatenate([[0], np.cumsum(pick >= 0)]).astype(np.int32)
    ids = pa.array([question.id for question in questions])
    return pa.table(
        {
            "question_id": ids.take(pa.array(np.repeat(np.arange(len(questions)), samples))),
            "index": np.tile(np.arange(samples, dtype=np.int32), len(questions)),
            "answer": answer,
            "strict_answer": answer,
            "answer_class": group,
            "strict_class": group,
            "verdict": verdict,
            "strict_verdict": verdict,
            "truncated": tokens > MAX_TOKENS - 20,
            "boxed": pa.ListArray.from_arrays(pa.array(bounds), ends),
            "logprob_mean": -rng.random(count),
            "prompt_tokens": np.full(count, 120, np.int32),
            "cached_tokens": np.full(count, 112, np.int32),
            "new_tokens": tokens,
            "seconds": rng.random(count),
        }
    )


def _picks(rng: np.random.Generator, spellings: int, samples: int) -> NDArray[np.int64]:
    """Which spelling each sample gives: 0 and 1 right, -1 none."""
    skill = rng.beta(0.6, 0.6)
    tail = 1 / np.arange(1, spellings - 1) ** 1.3
    chances = [0.03, 0.9 * skill * 0.97, 0.1 * skill * 0.97]
    return rng.choice(
        np.arange(-1, spellings),
        samples,
        p=np.concatenate([chances, tail / tail.sum() * (1 - skill) * 0.97]),
    )


def all_curves(bank: SampleBank, draws: int) -> None:
    """Every exact selector at every k, with its band."""
    ks = k_grid(bank.answer_class.shape[1])
    values = np.hstack([curve(bank, selector, ks).values for selector in SELECTORS])
    band(values, question_weights(len(values), draws, 0))


def timed(work: Callable[[], object]) -> float:
    """Seconds on the clock, the quickest of three."""
    found = []
    for _ in range(3):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def time_curves(folder: RunFolder, draws: int) -> list[Row]:
    bank, _ = folder.sample_bank(CELL)
    shape = f"{len(bank.question_ids)} x {bank.answer_class.shape[1]}, {draws:,} draws"
    seconds = timed(lambda: all_curves(bank, draws))
    ask = Ask(selectors=SELECTORS, caps=[], draws=draws)
    whole = timed(lambda: accuracy_rows(folder, ask))
    return [
        _row(f"all curves, {shape}, s", seconds, CURVE_LIMIT_SECONDS),
        _row(f"the same from the run's files, s, {shape}", whole, None),
    ]


def _row(what: str, value: float, limit: float | None) -> Row:
    return {"what": what, "value": value, "limit": limit, "ok": limit is None or value <= limit}


def grade(path: Path) -> Row:
    """`scale grade` in this process: what it took, and what the grader's worker took."""
    from scaling_cli.running.regrade import regrade

    folder = RunFolder.open(path)
    watch = Watch()
    watch.start()
    start = time.perf_counter()
    with folder.lock():
        (row,) = regrade(folder, "math", lambda line: None)
    seconds = time.perf_counter() - start
    watch.over.set()
    watch.join()
    peaks = [own_peak(), watch.peak]
    return {"answers": row["answers"], "shift": row["shift"], "seconds": seconds, "peaks": peaks}


class Watch(threading.Thread):
    """The largest peak of any process that this one has started."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.peak = 0.0

    def run(self) -> None:
        while not self.over.wait(0.05):
            for children in Path("/proc/self/task").glob("*/children"):
                for pid in _read(children).split():
                    self.peak = max(self.peak, peak_of(Path("/proc") / pid / "status"))


def own_peak() -> float:
    """MB this process held at its peak."""
    # getrusage counts what the parent held when it started us; the kernel's own mark does not.
    unit = 1e6 if sys.platform == "darwin" else 1e6 / 1024
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    return peak_of(Path("/proc/self/status")) or largest


def peak_of(status: Path) -> float:
    """MB at the peak of the process with this status file; 0 where nothing can be read."""
    found = re.search(r"VmHWM:\s*(\d+) kB", _read(status))
    return int(found.group(1)) * 1024 / 1e6 if found else 0.0


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""


def weigh_grading(path: Path, questions: int, samples: int) -> list[Row]:
    """Made and graded by processes of their own, so that neither's memory counts for the other."""
    _child("--make", str(path), "--questions", str(questions), "--samples", str(samples))
    done = json.loads(_child("--grade", str(path)))
    own, worker = done["peaks"]
    if done["answers"] != questions * samples or done["shift"]:
        raise RuntimeError(f"grading changed what it should not: {done}")
    what = f"grading {done['answers']:,} answers"
    return [
        _row(f"{what}, MB at the peak", own + worker, MEMORY_LIMIT_MB),
        _row(f"{what}, MB of the worker in that", worker, None),
        _row(f"{what}, s", done["seconds"], None),
    ]


def _child(*arguments: str) -> str:
    command = [sys.executable, os.path.abspath(__file__), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--questions", type=int, default=5000)
    parser.add_argument("--samples", type=int, default=256)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--grade", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def measure(questions: int, samples: int, draws: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as scratch:
        small = make_run(Path(scratch) / "small", 500, 80)
        rows = time_curves(small, draws)
        return rows + weigh_grading(Path(scratch) / "large", questions, samples)


def main() -> None:
    args = _arguments()
    if args.make:
        make_run(args.make, args.questions, args.samples)
        return
    if args.grade:
        print(json.dumps(grade(args.grade)))
        return
    rows = measure(args.questions, args.samples, args.draws)
    if args.json:
        print(json.dumps({"rows": rows}))
    else:
        for row in rows:
            limit = "" if row["limit"] is None else f"  limit {row['limit']:g}"
            print(f"{row['what']:56} {row['value']:9.2f}{limit}{'' if row['ok'] else ' EXCEEDED'}")
    sys.exit(not all(row["ok"] for row in rows))


if __name__ == "__main__":
    main()
