"""The roofline against its limits worked out by hand, and what it must never do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.errors import LawError
from scaling_cli.laws.flops import CostModel
from scaling_cli.laws.roofline import HARDWARE, Hardware, Load, parse_hardware, roofline
from scaling_cli.types import Architecture

DENSE = Architecture(
    family="llama", layers=32, width=4096, heads=32, kv_heads=8, head_dim=128, mlp_width=14336,
    vocabulary=128256, parameters=8_030_000_000, active_parameters=8_030_000_000,
)  # fmt: skip
LOAD = Load(prompt_tokens=100, new_tokens=400, slots=1, weight_bytes=16.06e9)


def test_one_sequence_reads_all_weights_for_every_token() -> None:
    found = roofline(DENSE, HARDWARE["h100"], LOAD, utilisation=1.0)
    assert found.bound == "memory" and found.sequences == 1 and found.devices == 1
    # 3.35e12 / 16.06e9 = 208.6 steps a second; cache and prompt cost under 2% of that.
    assert 0.98 < found.tokens_per_second / (3.35e12 / 16.06e9) < 1


def test_a_huge_batch_is_bound_by_arithmetic() -> None:
    wide = replace(LOAD, slots=4096)
    endless = Hardware("x", 989e12, 1e16)
    found = roofline(DENSE, endless, wide, utilisation=1.0)
    model = CostModel(DENSE)
    each = float(model.prefill(100)) + float(model.decode(400, context=100))
    assert found.bound == "compute"
    assert found.tokens_per_second == pytest.approx(400 * 989e12 / each, rel=0.01)


def test_memory_limits_the_batch_and_asks_for_more_devices() -> None:
    model = CostModel(DENSE)
    found = roofline(DENSE, HARDWARE["l4"], replace(LOAD, slots=512))
    room = 0.9 * 24e9 - 16.06e9
    assert found.devices == 1
    assert found.sequences == int(room // (500 * model.kv_bytes_per_token())) < 512
    large = replace(LOAD, weight_bytes=140e9)
    assert roofline(DENSE, HARDWARE["h100"], large).devices == 3
    assert roofline(DENSE, Hardware("x", 1e12, 1e12), large).devices == 1


def test_a_mixture_reads_only_what_it_visits() -> None:
    mixture = replace(
        DENSE, experts=128, active_experts=8, expert_width=768, sparse=(True,) * 32,
        parameters=30_000_000_000, active_parameters=3_000_000_000,
    )  # fmt: skip
    machine = Hardware("x", 1e18, 1e12)  # arithmetic for nothing
    speeds = {
        slots: roofline(mixture, machine, Load(1, 2, slots, 60e9), utilisation=1.0)
        for slots in (1, 64, 4096)
    }
    # A step of one sequence reads 3 of 30 billion weights, one of very many reads all.
    assert speeds[1].tokens_per_second == pytest.approx(1e12 / 6e9, rel=0.01)
    steps = speeds[4096].tokens_per_second / 4096
    assert steps < 1e12 / 60e9
    cache = 4096 * 3 * CostModel(mixture).kv_bytes_per_token()
    assert steps == pytest.approx(1e12 / (60e9 + cache), rel=0.001)


@given(
    prompt=st.floats(0, 1e5), new=st.floats(1, 1e5), slots=st.integers(1, 4096),
    utilisation=st.floats(0.01, 1.0), name=st.sampled_from(sorted(HARDWARE)),
)  # fmt: skip
def test_speed_is_positive_grows_with_what_is_reached_and_never_beats_the_peak(
    prompt: float, new: float, slots: int, utilisation: float, name: str
) -> None:
    load, machine = Load(prompt, new, slots, 16.06e9), HARDWARE[name]
    found = roofline(DENSE, machine, load, utilisation=utilisation)
    whole = roofline(DENSE, machine, load, utilisation=1.0)
    assert 0 < found.tokens_per_second <= whole.tokens_per_second * (1 + 1e-9)
    assert found.tokens_per_second == pytest.approx(whole.tokens_per_second * utilisation)
    assert whole.tokens_per_second * CostModel(DENSE).per_token <= machine.flops * found.devices
    assert 1 <= found.sequences <= slots


def test_hardware_by_name_or_by_numbers() -> None:
    assert parse_hardware("H100") is HARDWARE["h100"]
    given = parse_hardware("340e9,50e9")
    assert (given.flops, given.bandwidth, given.memory) == (340e9, 50e9, None)
    assert parse_hardware("1e15,2e12,80e9").memory == 80e9
    for wrong in ("abacus", "1e12", "1,2,3,4", "0,1", "-1,1", "nan,1", "inf,1", ""):
        with pytest.raises(LawError, match="names no hardware"):
            parse_hardware(wrong)


@pytest.mark.parametrize("change", [{"new_tokens": 0}, {"slots": 0}])
def test_nothing_has_no_speed(change: dict[str, int]) -> None:
    with pytest.raises(LawError):
        roofline(DENSE, HARDWARE["a100"], replace(LOAD, **change))
    with pytest.raises(LawError):
        roofline(DENSE, HARDWARE["a100"], LOAD, utilisation=0.0)
