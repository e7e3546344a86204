"""Data sets of the Hugging Face hub, with a plain sentence when it is out of reach."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scaling_cli.errors import TaskError
from scaling_cli.tasks.rows import Row

PATIENCE = 5.0
"""Seconds for the one question whether the hub answers; its own retries take half a minute."""
LOCAL = "give the questions with --data TASK=FILE (JSONL or Parquet with the same columns)"


def read_hub(repository: str, config: str | None, split: str) -> tuple[list[Row], str]:
    """The rows of a split, and the commit they came from; from the cache where unreachable."""
    os.environ.setdefault("HF_HUB_DOWNLOAD_TIMEOUT", "10")
    os.environ.setdefault("HF_HUB_ETAG_TIMEOUT", "5")
    try:
        import datasets
    except ImportError as error:
        raise TaskError(
            f"{repository} is fetched with the package datasets, which is not installed",
            "pip install 'scaling-cli[datasets]', or give the questions with --data TASK=FILE",
        ) from error
    datasets.logging.set_verbosity_error()
    datasets.disable_progress_bars()
    commit = _newest_commit(repository)
    try:
        with _cache_only(commit is None):
            data = datasets.load_dataset(repository, config, split=split, revision=commit)
    except Exception as error:
        if "split" in str(error) and isinstance(error, ValueError):
            raise TaskError(f"{repository} has no split {split}", str(error)) from error
        reason = type(error).__name__
        raise TaskError(f"the data set {repository} cannot be fetched: {reason}", LOCAL) from error
    rows = [Row(dict(row), f"{repository}, row {n}") for n, row in enumerate(data, 1)]
    return rows, f"commit:{commit[:12]}" if commit else _revision(data)


def _newest_commit(repository: str) -> str | None:
    from huggingface_hub import HfApi

    try:
        commit: str | None = HfApi().dataset_info(repository, timeout=PATIENCE).sha
    except Exception:
        # Whatever it was, the cache may still hold the data; loading says what is wrong.
        return None
    return commit


@contextmanager
def _cache_only(wanted: bool) -> Iterator[None]:
    """No network inside: `datasets` looks at its cache at once instead of retrying."""
    import datasets
    import huggingface_hub

    places: list[Any] = [datasets.config, huggingface_hub.constants]
    before = [place.HF_HUB_OFFLINE for place in places]
    try:
        for place, value in zip(places, before, strict=True):
            place.HF_HUB_OFFLINE = wanted or value
        yield
    finally:
        for place, value in zip(places, before, strict=True):
            place.HF_HUB_OFFLINE = value


def _revision(data: Any) -> str:
    """The commit in a cached data set's sources or folder, else its fingerprint."""
    sources = list(getattr(getattr(data, "info", None), "download_checksums", None) or {})
    folders = [Path(file["filename"]).parent.name for file in getattr(data, "cache_files", [])]
    for name in [*(str(source).partition("@")[2] for source in sources), *folders]:
        found = re.match(r"[0-9a-f]{40}(?:/|$)", name)
        if found:
            return f"commit:{name[:12]}"
    return f"fingerprint:{getattr(data, '_fingerprint', 'unknown')}"
