"""Facts in a GGUF file: its metadata, and the architecture FLOPs depend on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scaling_cli.errors import ModelError
from scaling_cli.types import Architecture

WINDOW_PERIODS = {"gemma2": 2, "gemma3": 6}
"""Every how many layers attention is full, in families whose other layers have a window."""

ROWS_COMPARED = 256
SAME_WEIGHTS = 0.95
"""Cosine above which two quantised matrices hold the same weights; unrelated ones are near 0."""


@dataclass(frozen=True, slots=True)
class GgufFile:
    """What a GGUF file says: its key-value pairs, its tensors' shapes, whether the head is tied."""

    name: str
    facts: Mapping[str, Any]
    shapes: Mapping[str, Sequence[int]]
    tied: bool


def read_gguf(path: Path) -> GgufFile:
    """Read the file's description once; ModelError where it is no whole GGUF file."""
    reader = _reader(path)
    return GgufFile(
        name=path.name,
        facts={name: field.contents() for name, field in reader.fields.items()},
        shapes={tensor.name: [int(n) for n in tensor.shape] for tensor in reader.tensors},
        tied=_tied(reader),
    )


def architecture_of(file: GgufFile) -> Architecture:
    """Sizes from the metadata, parameters from the tensors themselves."""
    facts, shapes, tied = file.facts, file.shapes, file.tied
    family = str(facts.get("general.architecture", ""))
    if "token_embd.weight" not in shapes:
        raise ModelError(f"{file.name} holds no token embeddings", "is it a language model?")

    def fact(key: str, default: Any = None) -> Any:
        value = facts.get(f"{family}.{key}", default)
        if value is None:
            raise ModelError(f"{file.name} does not say {family}.{key}", "use a complete GGUF file")
        return value

    layers, width, heads = (
        int(fact("block_count")),
        int(fact("embedding_length")),
        _one(fact("attention.head_count")),
    )
    experts = int(fact("expert_count", 0))
    total = sum(_product(shape) for shape in shapes.values())
    if tied and "output.weight" in shapes:
        total -= _product(shapes["output.weight"])
    return Architecture(
        family=family,
        layers=layers,
        width=width,
        heads=heads,
        kv_heads=_one(fact("attention.head_count_kv", heads)),
        head_dim=int(fact("attention.key_length", width // heads)),
        mlp_width=_one(fact("feed_forward_length", 0)),
        vocabulary=shapes["token_embd.weight"][-1],
        gated=any(".ffn_gate" in name for name in shapes),
        tied_embeddings=tied,
        experts=experts,
        active_experts=int(fact("expert_used_count", 0)),
        expert_width=int(fact("expert_feed_forward_length", fact("feed_forward_length", 0)))
        if experts
        else 0,
        shared_expert_width=int(fact("expert_shared_feed_forward_length", 0)),
        windows=_windows(family, layers, int(fact("attention.sliding_window", 0))),
        sparse=tuple(f"blk.{layer}.ffn_gate_inp.weight" in shapes for layer in range(layers)),
        parameters=total,
        active_parameters=_active(shapes, experts, int(fact("expert_used_count", 0)), total),
    )


def _reader(path: Path) -> Any:
    from gguf import GGUFReader

    try:
        return GGUFReader(path)
    except FileNotFoundError as error:
        raise ModelError(
            f"{path} does not exist", "scale models pull fetches known models"
        ) from error
    except Exception as error:
        raise ModelError(
            f"{path.name} is not a whole GGUF file: {error}", "fetch it again, or name another file"
        ) from error


def _tied(reader: Any) -> bool:
    """Whether the head is the embedding matrix.

    Some files hold tied weights twice, quantised differently: then rows agree but for rounding.
    """
    from gguf.quants import dequantize

    tensors = {tensor.name: tensor for tensor in reader.tensors}
    head = tensors.get("output.weight")
    if head is None:
        return True
    embedding = tensors["token_embd.weight"]
    if list(head.shape) != list(embedding.shape):
        return False
    first, second = (dequantize(t.data[:ROWS_COMPARED], t.tensor_type) for t in (head, embedding))
    scale = float((first * first).sum() * (second * second).sum()) ** 0.5
    return bool(scale > 0 and float((first * second).sum()) / scale > SAME_WEIGHTS)


def _one(value: Any) -> int:
    """Some files give a number per layer: the largest counts."""
    return int(max(value)) if isinstance(value, list) else int(value)


def _product(shape: Sequence[int]) -> int:
    product = 1
    for size in shape:
        product *= size
    return product


def _active(shapes: Mapping[str, Sequence[int]], experts: int, active: int, total: int) -> int:
    """All parameters but those of the experts a token does not visit."""
    if not experts:
        return total
    routed = sum(_product(shape) for name, shape in shapes.items() if "_exps." in name)
    return total - routed + routed * active // experts


def _windows(family: str, layers: int, window: int) -> tuple[int, ...]:
    if not window:
        return (0,) * layers
    period = WINDOW_PERIODS.get(family)
    if period is None:
        return (window,) * layers
    return tuple(0 if (layer + 1) % period == 0 else window for layer in range(layers))
