"""Speed and time left of a run in progress."""

from __future__ import annotations

import pytest

from scaling_cli.running.progress import CellProgress, Progress


def resumed(*, samples: int, recorded: int) -> Progress:
    """A run that found `recorded` samples of an earlier session."""
    progress = Progress()
    progress.cells["a"] = CellProgress("a", samples, samples, samples_done=recorded)
    return progress


@pytest.mark.parametrize("recorded", [0, 900])
def test_time_left_counts_the_tokens_of_a_sample_over_this_session_only(recorded: int) -> None:
    progress = resumed(samples=recorded + 20, recorded=recorded)
    progress.started -= 100
    for _ in range(10):
        progress.sampled("a", 50, failed=False)
    # Ten samples took 100 seconds, so the ten that are left take as long again.
    assert progress.seconds_left == pytest.approx(100, rel=0.01)


def test_nothing_is_said_of_the_time_left_before_a_token_is_sampled() -> None:
    assert resumed(samples=10, recorded=5).seconds_left is None


def test_a_search_that_has_sampled_tokens_but_finished_no_answer_tells_no_time_left() -> None:
    progress = resumed(samples=20, recorded=0)
    progress.started -= 100
    progress.drawn += 50
    progress.cells["a"].tokens += 50
    assert progress.seconds_left is None
