"""Files of the Hugging Face hub, with a plain sentence when it is out of reach."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

from scaling_cli.errors import ModelError
from scaling_cli.models.cache import Progress

PATTERNS = ["*.json", "*.safetensors", "*.jinja", "tokenizer.model", "*.txt"]


PATIENCE = 5.0
"""Seconds the hub has to answer at all."""


class Unreachable(ModelError):
    """The hub does not answer from here, or does not have the file."""


def fetch_file(repository: str, file: str, folder: Path, progress: Progress | None) -> Path:
    """One file of a repository; Unreachable where the hub cannot be asked."""
    shown = {} if progress is None else {"tqdm_class": _bar(f"fetching {file}", progress)}
    return Path(
        _ask("hf_hub_download", repo_id=repository, filename=file, local_dir=folder, **shown)
    )


def _bar(what: str, progress: Progress) -> type:
    """The hub's progress bar, which tells `progress` in place of drawing itself."""
    from huggingface_hub.utils import tqdm

    class Told(tqdm):  # type: ignore[misc]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **{**options, "disable": True})
            # A bar that is disabled counts nothing: what was there before is counted here.
            self.done, self.whole = int(options.get("initial") or 0), options.get("total")

        def update(self, n: float | None = 1) -> None:
            self.done += int(n or 0)
            if self.whole:
                progress(what, min(self.done, int(self.whole)), int(self.whole))

    return Told


def snapshot(repository: str, revision: str | None, *, local_only: bool) -> Path:
    """A repository's weights, configuration and tokenizer, in the hub's own cache."""
    try:
        found = _ask(
            "snapshot_download",
            repo_id=repository,
            revision=revision,
            allow_patterns=PATTERNS,
            local_files_only=local_only,
        )
    except Unreachable as error:
        if local_only:
            raise ModelError(
                f"{repository} is not on this machine", f"scale models pull {repository}"
            ) from error
        raise
    return Path(found)


def _ask(function: str, **arguments: Any) -> str:
    os.environ.setdefault("HF_HUB_ETAG_TIMEOUT", "5")
    os.environ.setdefault("HF_HUB_DOWNLOAD_TIMEOUT", "30")
    import huggingface_hub
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()
    logging.getLogger("huggingface_hub").setLevel(logging.CRITICAL)
    if not arguments.get("local_files_only"):
        _knock()
    try:
        return str(getattr(huggingface_hub, function)(**arguments))
    except OSError as error:
        if error.errno == 28:
            raise ModelError("the disk is full", "free some space and pull again") from error
        raise Unreachable(_sentence(error), "give a local folder or file") from error
    except Exception as error:
        raise Unreachable(_sentence(error), "give a local folder or file") from error


def _knock() -> None:
    """One short question first: the hub's own client retries for half a minute."""
    import httpx

    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    try:
        httpx.head(endpoint, timeout=PATIENCE)
    except httpx.HTTPError as error:
        host = endpoint.partition("//")[2]
        raise Unreachable(f"{host} cannot be reached from here", "give a local file") from error


def _sentence(error: Exception) -> str:
    return f"the hub cannot be used: {type(error).__name__}"
