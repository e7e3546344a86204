"""What a sweep will take, cell by cell: tokens, FLOPs, time, money, disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from scaling_cli.errors import LawError
from scaling_cli.laws.cost import CostModel, TokenPrices
from scaling_cli.plan import Expectation, Price, Todo, expect
from scaling_cli.planning import verifying
from scaling_cli.planning.absent import prompt_length
from scaling_cli.planning.earlier import Earlier, length_of
from scaling_cli.planning.pace import Pace, PaceOf, first_known, said_of
from scaling_cli.planning.verifying import ReadingOf
from scaling_cli.running.expected import VerifierPrice, price, verifier_prices
from scaling_cli.running.prepare import PreparedCell
from scaling_cli.running.tables import left_to_do, mean_tokens
from scaling_cli.store import RunFolder
from scaling_cli.strategies import width_of

Row = dict[str, Any]

BANK_BYTES = (100.0, 5.0)
"""Bytes kept of a sample and of each of its tokens: ids, log-probabilities, text, compressed.
Measured on answers to GSM8K and MATH-500: 4.5 to 5.2 a token."""
JOURNAL_BYTES = (200.0, 17.0)
"""The same of the journal, which goes when the cell is done. Measured: 16.6 to 17.1 a token."""
SUMMED = (
    "samples", "recorded", "missing", "unscored", "tokens", "prompt_tokens", "verifier_tokens",
    "flops", "flops_policy", "flops_verifier", "seconds", "seconds_verifier", "machine_hours",
    "dollars", "disk_bytes", "journal_bytes",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Prices:
    """Dollars an hour of one device, or dollars per million tokens; by model, or for all under
    the empty name."""

    per_hour: Mapping[str, float] = field(default_factory=dict)
    per_token: Mapping[str, TokenPrices] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.per_hour and self.per_token:
            raise LawError("prices by the hour and by the token are given", "give one of the two")
        numbers = [*self.per_hour.values()]
        numbers += [n for one in self.per_token.values() for n in (one.prompt, one.new, one.cached)
                    if n is not None]  # fmt: skip
        if not all(0 <= number < 1e9 for number in numbers):
            raise LawError("a price is negative or no number", "give dollars, such as 2.5")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A cell, what it lacks, and how long each of its prompts is."""

    cell: PreparedCell
    todo: Todo
    prompts: Mapping[str, float]

    @property
    def mean_prompt(self) -> float:
        return sum(self.prompts.values()) / max(len(self.prompts), 1)

    @property
    def missing(self) -> Counter[str]:
        """Missing samples by question."""
        return Counter(question for question, _ in self.todo.missing)

    def price(self, length: float) -> Price:
        """What the missing samples and scores cost at `length` new tokens a solution."""
        return price(self.cell, self.todo, length, self.prompts)

    def verifiers(self, length: float) -> list[VerifierPrice]:
        """What each verifier that costs something reads for them."""
        found = verifier_prices(self.cell, self.todo, length, self.prompts)
        return [one for one in found if one.tokens]

    def reach(self, length: float, pace: Pace | None) -> tuple[float, float] | None:
        """FLOPs of the policy for the whole cell and the seconds they take it, where known."""
        architecture = self.cell.model.architecture
        if architecture is None or pace is None:
            return None
        model = CostModel(architecture)
        flops = sum(
            float(model.prefill(n))
            + self.cell.cell.samples * float(model.decode(length, context=n))
            for n in self.prompts.values()
        )
        solutions = len(self.prompts) * self.cell.cell.samples
        return flops, solutions * length / pace.tokens_per_second


def bill(
    cells: Sequence[PreparedCell],
    folder: RunFolder,
    earlier: Sequence[Earlier],
    *,
    pace: PaceOf | None = None,
    reading: ReadingOf | None = None,
    prices: Prices | None = None,
) -> list[Row]:
    """One row a cell, complete ones too. What is not known is None, never guessed; every number
    that rests on evidence or an assumption says which (`basis`, `pace`)."""
    todo = left_to_do(cells, folder)
    missing = {one.wanted.key: one for one in todo.todo}
    asked = {
        cell.key: _Asked(
            cell, missing[cell.key], {q.id: prompt_length(cell, q) for q in cell.questions}
        )
        for cell in cells
    }
    lengths = {key: mean for key in asked if (mean := mean_tokens(folder, key)) is not None}
    rows = expect(todo, lengths, lambda one, length: asked[one.wanted.key].price(length))
    speeds = pace or first_known(), reading or verifying.first_known()
    return [_row(row, asked[row.key], earlier, *speeds, prices or Prices()) for row in rows]


def totals(rows: Sequence[Row]) -> Row:
    """The sum of the rows; None as soon as one row's is not known."""
    return {name: _sum([row[name] for row in rows]) for name in SUMMED}


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _row(
    expected: Expectation,
    asked: _Asked,
    earlier: Sequence[Earlier],
    pace: PaceOf,
    reading: ReadingOf,
    prices: Prices,
) -> Row:
    row: Row = asdict(expected)
    row["cell"], row["params"] = row.pop("key"), dict(expected.params)
    row["scorers"] = [scorer.key for scorer in asked.cell.scorers]
    row["model"] = asked.cell.model.name  # as the run will call it
    row |= {"task_revision": asked.cell.task_revision, "prompt": asked.cell.prompt.label}
    row["strategy"] = "greedy" if asked.cell.cell.greedy else expected.strategy
    searches = asked.cell.cell.searches
    row["width"] = width_of(expected.strategy, row["params"]) if searches else None
    row["basis_from"] = None
    if expected.basis == "assumed" and (seen := length_of(asked.cell, earlier)) is not None:
        row |= _with_length(*seen, asked)
    flops, verifier = row["flops"], row["flops_verifier"]
    row.setdefault("flops_policy", None if flops is None else flops - (verifier or 0.0))
    row["prompt_tokens"] = sum(n * asked.prompts[q] for q, n in asked.missing.items())
    paced = pace(asked.cell, asked.mean_prompt, row["tokens_per_sample"])
    row |= _time(row, paced)
    row |= _verifiers_time(row, asked, paced, reading)
    row["dollars"] = _dollars(row, asked, prices)
    for name, (each, token) in (("disk_bytes", BANK_BYTES), ("journal_bytes", JOURNAL_BYTES)):
        row[name] = each * row["missing"] + token * row["tokens"]
    return row


def _with_length(length: float, source: str, asked: _Asked) -> Row:
    """What changes where another run tells how long an answer is."""
    cost = asked.price(length)
    return {
        "tokens_per_sample": length,
        "basis": "similar",
        "basis_from": source,
        "tokens": len(asked.todo.missing) * asked.todo.wanted.solutions * length,
        "flops": cost.flops,
        "verifier_tokens": cost.verifier_tokens,
        "flops_verifier": cost.flops_verifier,
    }


def _time(row: Row, pace: Pace | None) -> Row:
    """Seconds on the clock, and hours of devices; none where nothing is missing."""
    if pace is None:
        nothing = None if row["missing"] else 0.0
        return dict.fromkeys(("tokens_per_second", "pace", "pace_from", "devices")) | {
            "seconds": nothing,
            "machine_hours": nothing,
        }
    seconds = row["tokens"] / pace.tokens_per_second
    return {
        "tokens_per_second": pace.tokens_per_second,
        "pace": pace.basis,
        "pace_from": pace.source,
        "devices": pace.devices,
        "seconds": seconds,
        "machine_hours": seconds * pace.devices / 3600,
    }


def _verifiers_time(row: Row, asked: _Asked, pace: Pace | None, reading: ReadingOf) -> Row:
    """The same with the verifiers' time added; not known where one verifier's is not."""
    prices = asked.verifiers(row["tokens_per_sample"])
    if pace is not None and pace.verified and asked.cell.cell.searches:
        # The clock ran on while the verifier was asked: its time is in the policy's pace.
        prices = []
    taken = row["flops_policy"], row["seconds"]
    if not row["missing"]:
        taken = asked.reach(row["tokens_per_sample"], pace) or (None, None)
    policy = verifying.as_policy(*taken, row["devices"] or 1)
    found = [verifying.first_known(reading, policy)(one) for one in prices]
    known = [one for one in found if one is not None]
    if row["seconds"] is None or len(known) < len(found):
        unknown = ("seconds_verifier", "seconds", "machine_hours", "verifier_pace")
        return dict.fromkeys(unknown)
    seconds = sum(one.seconds for one in known)
    hours = sum(one.seconds * one.devices for one in known) / 3600
    return {
        "seconds_verifier": seconds,
        "seconds": row["seconds"] + seconds,
        "machine_hours": row["machine_hours"] + hours,
        "verifier_pace": ", ".join(dict.fromkeys(one.basis for one in known)) or None,
    }


def _verifier_dollars(row: Row, asked: _Asked, prices: Prices) -> float | None:
    """What verifiers read, and the little they write, at the price of their models' prompts."""
    if not row["verifier_tokens"]:
        return 0.0
    led = () if asked.cell.verifier is None else (asked.cell.verifier,)
    names = [one.model.name for one in (*led, *asked.cell.scorers) if one.model is not None]
    known = [price for name in names if (price := prices.per_token.get(name)) is not None]
    price = next(iter(known), prices.per_token.get(""))
    return None if price is None else price.prompt * float(row["verifier_tokens"]) / 1e6


def _dollars(row: Row, asked: _Asked, prices: Prices) -> float | None:
    """By the hour, or by the token: every call pays its prompt, all but a question's first at
    the price of cached tokens where there is one."""
    token_price = said_of(asked.cell, prices.per_token)
    hour_price = said_of(asked.cell, prices.per_hour)
    if token_price is not None:
        cached = sum((n - 1) * asked.prompts[q] for q, n in asked.missing.items())
        policy = float(token_price.dollars(row["prompt_tokens"], row["tokens"], cached))
        verifier = _verifier_dollars(row, asked, prices)
        return None if verifier is None else policy + verifier
    if hour_price is None or row["machine_hours"] is None:
        return None
    return float(hour_price * row["machine_hours"])
