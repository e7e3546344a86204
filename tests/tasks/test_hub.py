"""The hub, played by a stand-in: commits, caches, splits and silence."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from scaling_cli.errors import TaskError
from scaling_cli.tasks import load

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ROWS = [{"question": "q", "answer": "#### 1"}]


class Rows(list[dict[str, str]]):
    info = SimpleNamespace(download_checksums=None)
    cache_files: tuple[Any, ...] = ()
    _fingerprint = "f00d"


class Hub:
    """`datasets` and `huggingface_hub` as far as we call them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.commit: str | None = COMMIT
        self.rows = Rows(ROWS)
        self.failure: Exception | None = None
        self.asked: list[Any] = []
        quiet = SimpleNamespace(set_verbosity_error=lambda: None)
        self.datasets = SimpleNamespace(
            logging=quiet,
            disable_progress_bars=lambda: None,
            config=SimpleNamespace(HF_HUB_OFFLINE=False),
            load_dataset=self.load_dataset,
        )
        api = SimpleNamespace(dataset_info=self.dataset_info)
        constants = SimpleNamespace(HF_HUB_OFFLINE=False)
        hub = SimpleNamespace(HfApi=lambda: api, constants=constants)
        monkeypatch.setitem(sys.modules, "datasets", self.datasets)
        monkeypatch.setitem(sys.modules, "huggingface_hub", hub)

    def dataset_info(self, repository: str, *, timeout: float) -> Any:
        assert timeout <= 10
        if self.commit is None:
            raise ConnectionError
        return SimpleNamespace(sha=self.commit)

    def load_dataset(self, *place: Any, split: str, revision: str | None) -> Rows:
        self.asked.append((*place, split, revision, self.datasets.config.HF_HUB_OFFLINE))
        if self.failure:
            raise self.failure
        return self.rows


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    return Hub(monkeypatch)


def test_rows_are_those_of_the_newest_commit(hub: Hub) -> None:
    data = load("gsm8k")
    assert hub.asked == [("openai/gsm8k", "main", "test", COMMIT, False)]
    assert data.revision == f"commit:{COMMIT[:12]}"
    assert data.questions[0].answer == "1"


def test_out_of_reach_the_cache_is_read_without_the_network(hub: Hub) -> None:
    hub.commit = None
    folder = f"cache/gsm8k/main/0.0.0/{COMMIT}/gsm8k-test.arrow"
    hub.rows.cache_files = ({"filename": folder},)
    assert load("gsm8k").revision == f"commit:{COMMIT[:12]}"
    assert hub.asked == [("openai/gsm8k", "main", "test", None, True)]
    assert hub.datasets.config.HF_HUB_OFFLINE is False


def test_a_revision_nobody_knows_is_a_fingerprint(hub: Hub) -> None:
    hub.commit = None
    assert load("gsm8k").revision == "fingerprint:f00d"


def test_out_of_reach_and_not_cached_says_use_a_file(hub: Hub) -> None:
    hub.commit, hub.failure = None, ConnectionError("unreachable")
    with pytest.raises(TaskError) as caught:
        load("math500")
    assert "HuggingFaceH4/MATH-500 cannot be fetched" in caught.value.message
    assert "--data" in caught.value.hint
    assert hub.datasets.config.HF_HUB_OFFLINE is False


def test_a_split_that_is_not_there_is_not_called_a_network_fault(hub: Hub) -> None:
    hub.failure = ValueError("Unknown split \"train\". Should be one of ['test'].")
    with pytest.raises(TaskError, match="MATH-500 has no split train"):
        load("math500", split="train")


def test_columns_of_the_hub_are_checked_too(hub: Hub) -> None:
    hub.rows[:] = [{"text": "q"}]
    with pytest.raises(TaskError, match="openai/gsm8k, row 1: no column question, answer"):
        load("gsm8k")


def test_without_datasets_it_says_what_to_install(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(TaskError, match="not installed"):
        load("gsm8k")
