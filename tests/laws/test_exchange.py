"""The exchange of parameters for samples against the totals it equates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.errors import LawError
from scaling_cli.laws.exchange import inference_multiple

POSITIVE = st.floats(0.01, 100)


@given(st.floats(1, 100), POSITIVE, POSITIVE)
def test_both_models_cost_the_same_in_all(size: float, pretraining: float, ratio: float) -> None:
    n, inference = 1.0, ratio * pretraining
    multiple = inference_multiple(size, ratio)
    small = 6 * n * pretraining + 2 * n * inference * multiple
    large = 6 * size * n * pretraining + 2 * size * n * inference
    assert small == pytest.approx(large)


def test_a_smaller_large_model_is_refused() -> None:
    with pytest.raises(LawError, match="times as large"):
        inference_multiple(0.5, 1)
    with pytest.raises(LawError):
        inference_multiple(2, 0)
