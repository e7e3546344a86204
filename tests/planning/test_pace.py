"""Where a speed comes from: the clock of earlier runs, their calls, or a machine's peaks."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean

import pytest

from scaling_cli.laws.roofline import HARDWARE, UTILISATION, Hardware, Load, roofline
from scaling_cli.planning.absent import planned_cells
from scaling_cli.planning.earlier import earlier_cells
from scaling_cli.planning.pace import _from_calls, bounded, first_known, seen, slots_of
from scaling_cli.running.prepare import PreparedCell
from scaling_cli.store import RunFolder
from scaling_cli.store.beside import add_session, pace_path, read_sessions
from scaling_cli.sweep import EngineSpec
from scaling_cli.types import Architecture
from tests.planning.planned import fill, sweep_in


def cell_in(path: Path, **changes: object) -> PreparedCell:
    return planned_cells(sweep_in(path, **changes), {})[0][0]


def test_the_clock_of_a_run_goes_before_its_calls(tmp_path: Path) -> None:
    done = fill(sweep_in(tmp_path), tmp_path / "r")
    (session,) = [s for s in read_sessions(done) if s["model"] == "small"]
    pace = seen([done], earlier_cells([done]))
    found = pace(cell_in(tmp_path), 10, 50)
    assert found is not None and found.basis == "measured"
    assert found.tokens_per_second == pytest.approx(session["tokens"] / session["seconds"])
    pace_path(done).unlink()
    # The fake engine says that a token takes 0.01 s, and that it has 64 slots.
    found = pace(cell_in(tmp_path), 10, 50)
    assert found is not None and found.basis == "calls"
    assert found.tokens_per_second == pytest.approx(64 / 0.01)


def test_sessions_add_up_and_other_engines_do_not_count(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "r")
    for engine, tokens, seconds in (("fake", 100, 4.0), ("fake", 300, 4.0), ("vllm", 9, 0.001)):
        add_session(folder, {"model": "small", "engine": engine, "tokens": tokens, "samples": 1,
                             "seconds": seconds, "device": "abacus"})  # fmt: skip
    found = seen([folder], [])(cell_in(tmp_path), 10, 50)
    assert found is not None and found.tokens_per_second == 50 and found.source == "r on abacus"
    add_session(
        folder, {"model": "large", "engine": "fake", "tokens": 0, "samples": 0, "seconds": 1}
    )
    large = next(c for c in planned_cells(sweep_in(tmp_path), {})[0] if c.model.name == "large")
    assert seen([folder], [])(large, 10, 50) is None


def test_the_committed_run_tells_the_speed_its_log_says() -> None:
    folder = RunFolder.open(Path(__file__).parents[2] / "results" / "gsm8k-qwen-coder")
    earlier = earlier_cells([folder])
    small, large = (
        _from_calls(earlier, f"qwen2.5-coder-{size}-instruct", "vllm") for size in ("0.5b", "1.5b")
    )
    # docs/LOG.md: about 90 tokens/s for the 0.5B and 33 for the 1.5B.
    assert small is not None and small.tokens_per_second == pytest.approx(90, rel=0.15)
    assert large is not None and large.tokens_per_second == pytest.approx(33, rel=0.15)


def test_the_roofline_is_a_bound_of_real_runs() -> None:
    """On a core whose matrix products run at 170 GFLOPS (docs/LOG.md): measured speeds lie below
    the whole roofline, above the 40% that is assumed, and differ between sizes as it says."""
    folder = RunFolder.open(Path(__file__).parents[2] / "results" / "gsm8k-qwen-coder")
    earlier = earlier_cells([folder])
    core = Hardware("core", 170e9, 20e9)
    reached = []
    for size in ("0.5b", "1.5b"):
        name = f"qwen2.5-coder-{size}-instruct"
        cell = next(one for one in earlier if one.record.details["model"] == name)
        facts = Architecture.from_facts(cell.record.details["architecture"])
        table = folder.read_part("candidates", cell.key, ["prompt_tokens", "new_tokens"])
        prompt, new = (fmean(table[column].to_pylist()) for column in table.column_names)
        assert facts.parameters is not None
        bound = roofline(facts, core, Load(prompt, new, 64, 2 * facts.parameters), utilisation=1.0)
        seen_speed = _from_calls(earlier, name, "vllm")
        assert seen_speed is not None and bound.bound == "compute"
        reached.append(seen_speed.tokens_per_second / bound.tokens_per_second)
    assert all(UTILISATION < share < 1 for share in reached)
    assert reached[0] == pytest.approx(reached[1], rel=0.1)


def test_a_bound_names_its_utilisation(tmp_path: Path) -> None:
    cell = cell_in(tmp_path)
    half, whole = (bounded(HARDWARE["a100"], share)(cell, 100, 50) for share in (0.5, 1.0))
    assert half is not None and whole is not None and half.basis == "roofline"
    assert whole.tokens_per_second == pytest.approx(2 * half.tokens_per_second)
    assert half.source.startswith("50% of a100's peaks")
    assert slots_of(cell) == 64
    assert slots_of(cell_in(tmp_path, engine=EngineSpec("fake", (("slots", 3),)))) == 3


def test_nothing_known_is_none(tmp_path: Path) -> None:
    assert first_known()(cell_in(tmp_path), 1, 1) is None
    assert seen([], [])(cell_in(tmp_path), 1, 1) is None
