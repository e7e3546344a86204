"""Whatever a log holds, a reader yields samples and refusals, or stops with a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scaling_cli.errors import TaskError
from scaling_cli.importing import FORMATS, ImportedSample, Skipped
from tests.importing.reading import LOGS

ANY_FOLDER = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
NEMO = {
    "problem": "1 + 1?",
    "generation": "so \\boxed{2}",
    "predicted_answer": "2",
    "expected_answer": "2",
    "symbolic_correct": True,
    "judgement": "Judgement: Yes",
    "num_generated_tokens": 5,
    "reward_model_score": 0.5,
}
"""By hand: see test_nemo_skills.py."""


def contents() -> dict[str, Any]:
    """What a whole file of each format holds, as JSON."""
    (often,) = (LOGS / "lm-eval").glob("samples_sums_often_*")
    return {
        "lm-eval": [json.loads(line) for line in often.read_text().splitlines()][:1],
        "inspect": json.loads((LOGS / "inspect" / "match.json").read_text()),
        "nemo-skills": [dict(NEMO)],
    }


def rows(name: str, path: Path) -> list[ImportedSample | Skipped]:
    try:
        found = list(FORMATS[name](path))
    except TaskError:
        return []
    for one in found:
        if isinstance(one, ImportedSample):
            assert isinstance(one.question, str)
            assert isinstance(one.text, str | None)
            assert isinstance(one.answer, str | None)
            assert isinstance(one.correct, bool | None)
            assert one.new_tokens is None or 0 <= one.new_tokens < 2**31
    return found


@pytest.mark.parametrize("name", ["lm-eval", "inspect", "nemo-skills"])
@ANY_FOLDER
@given(data=st.data())
def test_any_value_anywhere_in_a_log(tmp_path: Path, name: str, data: st.DataObject) -> None:
    content = contents()[name]
    for _ in range(data.draw(st.integers(1, 3))):
        replace_somewhere(content, data)
    path = tmp_path / "x.json"
    path.write_text(json.dumps(content))
    rows(name, path)


def replace_somewhere(content: Any, data: st.DataObject) -> None:
    """Some value, however deep, becomes any other."""
    while True:
        inside = list(content) if isinstance(content, dict) else list(range(len(content)))
        if not inside:
            return
        place = data.draw(st.sampled_from(inside))
        if not isinstance(content[place], dict | list) or data.draw(st.integers(0, 4)) == 0:
            content[place] = data.draw(JSON)
            return
        content = content[place]


@pytest.mark.parametrize("log", sorted(p for p in LOGS.rglob("*") if p.parent != LOGS), ids=str)
@ANY_FOLDER
@given(data=st.data())
def test_any_damage_to_a_real_log(tmp_path: Path, log: Path, data: st.DataObject) -> None:
    content = bytearray(log.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    path = tmp_path / log.name
    path.write_bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
    rows(log.parent.name, path)
