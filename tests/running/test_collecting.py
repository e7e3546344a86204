"""The collector of cycles is left as it was found, whatever happened."""

from __future__ import annotations

import gc

import pytest

from scaling_cli.running import collecting


def test_it_looks_seldom_and_then_as_before() -> None:
    before = gc.get_threshold()
    with collecting.seldom():
        assert gc.get_threshold()[0] == collecting.ALLOCATIONS and gc.isenabled()
    assert gc.get_threshold() == before
    with pytest.raises(ValueError), collecting.seldom():
        raise ValueError
    assert gc.get_threshold() == before
