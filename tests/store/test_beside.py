"""The plan and the pace beside a run: kept, refused when damaged, and never a run's undoing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scaling_cli.errors import StoreError
from scaling_cli.store import RunFolder
from scaling_cli.store.beside import (
    add_session,
    pace_path,
    plan_path,
    read_plan,
    read_sessions,
    write_plan,
)

SESSION = {"model": "small", "engine": "fake", "tokens": 900, "samples": 9, "seconds": 4.5}


def test_what_is_absent_is_nothing(tmp_path: Path) -> None:
    assert read_plan(RunFolder(tmp_path)) is None and read_sessions(RunFolder(tmp_path)) == []


def test_a_plan_is_read_back_without_absolute_paths(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    row = {"model": "/srv/models/mine.gguf", "tokens": 12.5, "flops": None, "held": {}}
    write_plan(folder, {"sweep": "s", "cells": {"k": row}, "widths": []})
    found = read_plan(folder)
    assert found is not None
    assert found["cells"] == {"k": {**row, "model": ".../mine.gguf"}}
    with pytest.raises(StoreError, match="secret"):
        write_plan(folder, {"cells": {}, "widths": [], "api_key": "x"})


def test_sessions_are_added_in_order(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    add_session(folder, SESSION)
    add_session(folder, {**SESSION, "seconds": 1})
    assert [one["seconds"] for one in read_sessions(folder)] == [4.5, 1]


@pytest.mark.parametrize("content", [
    "", "[]", "{", '{"version": true}', '{"version": 1}',
    '{"version": 1, "cells": [], "widths": []}', '{"version": 1, "cells": {"k": 3}, "widths": []}',
    '{"version": 1, "cells": {"k": {"held": {}, "tokens": "many"}}, "widths": [], "sessions": 1}',
    '{"version": 1, "cells": {"../../k": {"held": {}}}, "widths": [], "sessions": [[]]}',
    '{"version": 1, "cells": {"k": {"held": {"recorded": true}}}, "widths": []}',
    '{"version": 1, "cells": {}, "widths": [{}]}',
    '{"version": 1, "sessions": [{"model": "m"}]}',
    '{"version": 99, "cells": {}, "widths": [], "sessions": []}',
])  # fmt: skip
def test_damage_and_newer_versions_are_refused_in_a_sentence(tmp_path: Path, content: str) -> None:
    folder = RunFolder(tmp_path)
    plan_path(folder).write_text(content)
    pace_path(folder).write_text(content)
    for read in (read_plan, read_sessions):
        with pytest.raises(StoreError) as refused:
            read(folder)
        assert refused.value.hint and ".json" in refused.value.message


def test_a_damaged_pace_does_not_stop_a_run(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    pace_path(folder).write_text("{")
    add_session(folder, SESSION)
    assert json.loads(pace_path(folder).read_text())["sessions"] == [SESSION]
