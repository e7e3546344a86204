"""A GGUF file dequantised into a folder of safetensors, for engines that read only those."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from scaling_cli.errors import ModelError
from scaling_cli.models.cache import cache_folder, sha256_of


def as_safetensors(
    gguf: Path, *, dtype: str = "bfloat16", say: Callable[[str], None] = lambda line: None
) -> Path:
    """The folder of `gguf`'s weights in `dtype`; made once, then found by the file's hash."""
    folder = cache_folder() / "converted" / f"{sha256_of(gguf)[:16]}-{dtype}"
    if (folder / "config.json").is_file():
        return folder
    say(f"dequantising {gguf.name} to {dtype} (once, about a minute)")
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}.tmp")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        _convert(gguf, unfinished, dtype)
        _publish(unfinished, folder)
    except ImportError as error:
        raise ModelError(
            f"{gguf.name} cannot be dequantised: {error}",
            "install transformers, torch, accelerate and gguf, or name a folder of safetensors",
        ) from error
    except OSError as error:
        raise ModelError(
            f"{gguf.name} cannot be dequantised: {error}",
            f"free about four times the file's size in {cache_folder()}",
        ) from error
    except Exception as error:
        # The libraries refuse a family they do not know, or a broken file, in many ways.
        raise ModelError(
            f"{gguf.name} cannot be dequantised: {error}",
            "name a folder of safetensors, or use the engine llamacpp",
        ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def _publish(unfinished: Path, folder: Path) -> None:
    """Put the whole folder in place at once; another process may have been faster."""
    try:
        unfinished.rename(folder)
    except OSError:
        if not (folder / "config.json").is_file():
            raise


def _convert(gguf: Path, folder: Path, dtype: str) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    from transformers.utils import logging

    logging.disable_progress_bar()
    source = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    folder.mkdir(parents=True)
    with contextlib.redirect_stderr(io.StringIO()):
        model = AutoModelForCausalLM.from_pretrained(
            **source,
            dtype=getattr(torch, dtype),
            quantization_config=GgufConfig(dequantize=True),
            local_files_only=True,
        )
        model.save_pretrained(folder)
        AutoTokenizer.from_pretrained(**source, local_files_only=True).save_pretrained(folder)
