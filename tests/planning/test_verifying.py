"""How long verifiers take, from each source by itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from scaling_cli.laws.flops import CostModel
from scaling_cli.laws.roofline import HARDWARE
from scaling_cli.planning.absent import planned_cells
from scaling_cli.planning.pace import seen as pace_seen
from scaling_cli.planning.verifying import as_policy, bounded, first_known, given, probed, seen
from scaling_cli.running.expected import VerifierPrice
from scaling_cli.store import RunFolder
from scaling_cli.store.beside import add_session
from scaling_cli.sweep import EngineSpec, ModelSpec, VerifierSpec
from tests.planning.planned import plan_of, sweep_in

JUDGE = VerifierSpec("judge", "judge", (("prompt", "step"),), ModelSpec("j"), EngineSpec("fake"))
ROLLING = VerifierSpec("oracle-rollout", "rolling", (("rollouts", 2), ("temperature", None)))


def price_in(path: Path, flops: float | None = 6e12) -> VerifierPrice:
    """A thousand tokens read by a judge."""
    sweep = replace(sweep_in(path), verifiers=(JUDGE,))
    cells, _ = planned_cells(sweep, {})
    scorer = next(one for cell in cells for one in cell.scorers)
    return VerifierPrice(scorer, 1000.0, flops)


def test_a_speed_is_said_of_the_verifiers_own_model(tmp_path: Path) -> None:
    price = price_in(tmp_path)
    found = given({"j": 500.0, "": 1.0})(price)
    assert found is not None and (found.seconds, found.basis) == (2.0, "given")
    assert given({"": 500.0, "small": 1.0})(price) is None


def test_a_probe_goes_by_the_verifier_and_not_for_what_is_written(tmp_path: Path) -> None:
    price = price_in(tmp_path)
    found = probed({price.verifier.key: 250.0})(price)
    assert found is not None and (found.seconds, found.basis) == (4.0, "probe")
    assert probed({"other": 250.0})(price) is None
    writes = replace(price, written=10.0)
    assert probed({price.verifier.key: 250.0})(writes) is None
    assert bounded(HARDWARE["h100"], 0.5)(writes) is None


def test_critiques_are_on_the_bill(tmp_path: Path) -> None:
    """Each reads the question and the solution, and writes half of its limit."""
    options = (("critiques", 3), ("max_tokens", 100), ("prompt", "step"))
    sweep = replace(sweep_in(tmp_path), models=(ModelSpec("small"),))

    def bank(judge: VerifierSpec) -> dict[str, object]:
        rows = plan_of(replace(sweep, verifiers=(judge,)), RunFolder(tmp_path / "s")).cells
        return next(row for row in rows if row["strategy"] != "greedy")

    once, thrice = bank(JUDGE), bank(replace(JUDGE, options=options))
    read = once["verifier_tokens"]
    assert isinstance(read, float)
    assert thrice["verifier_tokens"] == pytest.approx(3 * (read + 50 * 24 * 6))
    assert thrice["flops_verifier"] > 2 * once["flops_verifier"]  # type: ignore[operator]


def test_reading_is_bound_by_arithmetic(tmp_path: Path) -> None:
    found = bounded(HARDWARE["h100"], 0.5)(price_in(tmp_path))
    assert found is not None and found.basis == "roofline" and found.devices == 1
    assert found.seconds == pytest.approx(6e12 / (989e12 / 2))
    assert bounded(HARDWARE["h100"], 0.5)(price_in(tmp_path, None)) is None


def test_what_is_not_known_is_taken_from_the_policy(tmp_path: Path) -> None:
    price = price_in(tmp_path)
    found = first_known(given({}), as_policy(3e12, 10.0, 2))(price)
    assert found is not None and (found.seconds, found.basis, found.devices) == (20.0, "policy", 2)
    assert as_policy(None, 10.0, 1)(price) is None and as_policy(3e12, None, 1)(price) is None
    assert as_policy(3e12, 10.0, 1)(price_in(tmp_path, None)) is None


def test_earlier_scorings_of_the_same_model_tell(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "r")
    session = {"model": "j", "engine": "fake", "samples": 1, "tokens": 4000, "seconds": 2.0}
    add_session(folder, session)
    assert seen([folder])(price_in(tmp_path)) is None, "as a policy it wrote"
    add_session(folder, session | {"role": "verifier"})
    add_session(folder, session | {"role": "verifier", "engine": "vllm", "seconds": 0.1})
    found = seen([folder])(price_in(tmp_path))
    assert found is not None and (found.seconds, found.basis) == (0.5, "measured")


def test_a_clock_without_verifiers_goes_before_one_with_them(tmp_path: Path) -> None:
    folder, (cell, *_) = RunFolder(tmp_path / "r"), planned_cells(sweep_in(tmp_path), {})[0]
    session = {"model": "small", "engine": "fake", "samples": 1, "tokens": 100, "seconds": 10.0}
    add_session(folder, session | {"verified": True})
    found = pace_seen([folder], [])(cell, 1, 1)
    assert found is not None and found.tokens_per_second == 10 and found.verified
    add_session(folder, session | {"seconds": 2.0})
    found = pace_seen([folder], [])(cell, 1, 1)
    assert found is not None and found.tokens_per_second == 50 and not found.verified


def test_rollouts_are_on_the_bill(tmp_path: Path) -> None:
    """Each is half a solution by the policy, read and written."""
    sweep = replace(sweep_in(tmp_path), models=(ModelSpec("small"),), verifiers=(ROLLING,))
    bank, _ = planned_cells(sweep, {})[0], None
    (row,) = [
        r for r in plan_of(sweep, RunFolder(tmp_path / "s")).cells if r["strategy"] != "greedy"
    ]
    count, length = row["missing"] * 2, row["tokens_per_sample"]
    prompt = row["prompt_tokens"] / row["missing"]
    assert row["verifier_tokens"] == pytest.approx(count * (prompt + length))
    (cell,) = [c for c in bank if not c.cell.greedy]
    assert cell.model.architecture is not None
    each = CostModel(cell.model.architecture).decode(length / 2, context=prompt + length / 2)
    assert row["flops_verifier"] == pytest.approx(count * float(each))
