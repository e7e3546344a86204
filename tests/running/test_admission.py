"""Admission: whole questions, as many as fit, one always, and every one in the end."""

from __future__ import annotations

import asyncio
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from scaling_cli.running.admission import Admission


@settings(max_examples=50)
@given(
    widths=st.lists(st.integers(1, 20), min_size=1, max_size=25),
    room=st.integers(1, 30),
    limit=st.none() | st.integers(1, 5),
)
def test_never_more_than_fits_and_nobody_is_left_out(
    widths: list[int], room: int, limit: int | None
) -> None:
    asyncio.run(_all_get_in(widths, room, limit))


async def _all_get_in(widths: list[int], room: int, limit: int | None) -> None:
    admission, source = Admission(room=room, questions=limit), random.Random(0)
    inside: list[int] = []
    order: list[int] = []

    async def work(number: int, width: int) -> None:
        for _ in range(source.randrange(4)):
            await asyncio.sleep(0)
        inside.remove(width)
        admission.leave(width)
        order.append(number)

    async with asyncio.TaskGroup() as tasks:
        for number, width in enumerate(widths):
            await admission.enter(width)
            inside.append(width)
            alone = len(inside) == 1
            assert alone or (len(inside) <= limit if limit is not None else sum(inside) <= room)
            tasks.create_task(work(number, width))
    assert sorted(order) == list(range(len(widths))) and not inside
