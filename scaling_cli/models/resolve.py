"""From a model's name to its files, tokenizer and architecture."""

from __future__ import annotations

import difflib
import hashlib
import json
from pathlib import Path

from scaling_cli.errors import ModelError
from scaling_cli.models.cache import forget_hash, hub_file, model_folder, sha256_of
from scaling_cli.models.registry import MODELS
from scaling_cli.models.remembered import read_remembered
from scaling_cli.models.tokenizer import tokenizer_from_folder
from scaling_cli.types import Architecture, Model, Tokenizer


def is_model_name(name: str) -> bool:
    """Whether `resolve` may know it: a registered name, a file, a folder, or a hub id."""
    return name in MODELS or name.endswith(".gguf") or Path(name).exists() or name.count("/") == 1


def is_here(name: str) -> bool:
    """Whether a registered model's file lies in the cache; its hash is checked on use."""
    return (model_folder(name) / MODELS[name].file).is_file()


def check(name: str) -> None:
    """Read a registered model's file whole; ModelError where it is not what it should be."""
    file = model_folder(name) / MODELS[name].file
    forget_hash(file)
    if file.is_file() and sha256_of(file) != MODELS[name].sha256:
        raise _altered(name)


def is_local(name: str) -> bool:
    """Whether the files of a model are on this machine under this name."""
    return (name in MODELS and is_here(name)) or Path(name).exists()


def resolve(name: str, *, path: Path | None = None, revision: str | None = None) -> Model:
    """The model named, found by registered name, GGUF file, folder or hub id.

    Raises ModelError with the remedy where its files are not on this machine.
    """
    if path is not None:
        return _local(name, path)
    if name in MODELS:
        entry = MODELS[name]
        file = model_folder(name) / entry.file
        if not file.is_file():
            raise ModelError(f"the weights of {name} are not here", f"scale models pull {name}")
        if sha256_of(file) != entry.sha256:
            raise _altered(name)
        return _from_gguf(name, file, entry.quantisation)
    if Path(name).exists():
        return _local(name, Path(name))
    if name.count("/") == 1:
        return _from_hub(name, revision)
    if found := hub_file(name):
        _, of_hub, folder = found
        if not (folder / of_hub).is_file():
            raise ModelError(f"{name} is not on this machine", f"scale models pull {name}")
        return _from_gguf(of_hub.removesuffix(".gguf"), folder / of_hub, None)
    near = difflib.get_close_matches(name, MODELS, n=1)
    raise ModelError(
        f"there is no model {name}" + (f"; did you mean {near[0]}?" if near else ""),
        f"known: {', '.join(MODELS)}; or a GGUF file, a folder of safetensors, a hub id",
    )


def _altered(name: str) -> ModelError:
    return ModelError(
        f"{MODELS[name].file} is not the file its name promises: its SHA-256 differs",
        f"delete it and run: scale models pull {name}",
    )


def _local(name: str, path: Path) -> Model:
    if path.is_dir():
        return _from_folder(Path(name).name, path)
    if path.is_file():
        return _from_gguf(Path(name).name.removesuffix(".gguf"), path, None)
    raise ModelError(f"{path} does not exist", "name a GGUF file or a folder of safetensors")


def _from_gguf(name: str, file: Path, quantisation: str | None) -> Model:
    weights_hash = sha256_of(file)
    architecture, tokenizer = read_remembered(file, weights_hash)
    return Model(
        name=name,
        weights_hash=weights_hash,
        path=file,
        format="gguf",
        quantisation=quantisation or "gguf",
        architecture=architecture,
        tokenizer=tokenizer,
    )


def _from_folder(name: str, folder: Path) -> Model:
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise ModelError(f"{folder} holds no safetensors", "name a folder of safetensors")
    listed = "\n".join(f"{file.name} {sha256_of(file)}" for file in weights)
    tokenizer: Tokenizer = tokenizer_from_folder(folder)
    return Model(
        name=name,
        weights_hash=hashlib.sha256(listed.encode()).hexdigest(),
        path=folder,
        format="safetensors",
        architecture=_architecture(folder),
        tokenizer=tokenizer,
    )


def _architecture(folder: Path) -> Architecture | None:
    """None for a family that is not known: its FLOPs are then null, never guessed."""
    from scaling_cli.models.architecture import architecture_from_config

    try:
        return architecture_from_config(json.loads((folder / "config.json").read_text()))
    except (ModelError, OSError, ValueError):
        return None


def _from_hub(name: str, revision: str | None) -> Model:
    from scaling_cli.models.hub import snapshot

    return _from_folder(name.partition("/")[2], snapshot(name, revision, local_only=True))
