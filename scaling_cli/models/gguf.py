"""Facts in a GGUF file: its metadata, and the architecture FLOPs depend on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scaling_cli.errors import ModelError
from scaling_cli.types import Architecture

FAMILIES = frozenset(
    "llama qwen2 qwen2moe qwen3 qwen3moe gemma gemma2 gemma3 phi3 gpt-oss olmo2 smollm3".split()
)
"""Families whose layers are attention and an MLP, as the FLOPs count them; never guessed."""

WINDOW_PERIODS = {"gemma2": 2, "gemma3": 6, "gpt-oss": 2}
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
    from gguf import GGUFReader

    try:
        reader = GGUFReader(path)
        return GgufFile(
            name=path.name,
            facts={name: field.contents() for name, field in reader.fields.items()},
            shapes={tensor.name: [int(n) for n in tensor.shape] for tensor in reader.tensors},
            tied=_tied(reader),
        )
    except FileNotFoundError as error:
        raise ModelError(
            f"{path} does not exist", "scale models pull fetches known models"
        ) from error
    except Exception as error:
        # The reader meets a broken file with whatever its arithmetic runs into.
        raise ModelError(
            f"{path.name} is not a whole GGUF file: {error}", "fetch it again, or name another file"
        ) from error


def architecture_of(file: GgufFile) -> Architecture | None:
    """Sizes from the metadata, parameters from the tensors themselves.

    None for a family whose layers are not known: its FLOPs are then null.
    """
    facts, shapes, tied = file.facts, file.shapes, file.tied
    family = str(facts.get("general.architecture", ""))
    if family not in FAMILIES:
        return None
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
    if not heads or not any(name.startswith(f"blk.{layers - 1}.") for name in shapes):
        raise ModelError(
            f"{file.name} does not hold the {layers} layers of {heads} heads it names",
            "fetch it again",
        )
    experts, mlp = int(fact("expert_count", 0)), _one(fact("feed_forward_length", 0))
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
        mlp_width=mlp,
        vocabulary=shapes["token_embd.weight"][-1],
        gated=_gated(shapes, mlp),
        tied_embeddings=tied,
        experts=experts,
        active_experts=int(fact("expert_used_count", 0)),
        expert_width=int(fact("expert_feed_forward_length", mlp)) if experts else 0,
        shared_expert_width=int(fact("expert_shared_feed_forward_length", 0)),
        windows=_windows(
            layers,
            window=int(fact("attention.sliding_window", 0)),
            pattern=fact("attention.sliding_window_pattern", WINDOW_PERIODS.get(family, 0)),
        ),
        sparse=tuple(f"blk.{layer}.ffn_gate_inp.weight" in shapes for layer in range(layers)),
        parameters=total,
        active_parameters=_active(shapes, experts, int(fact("expert_used_count", 0)), total),
    )


def _tied(reader: Any) -> bool:
    """Whether the head is the embedding matrix.

    Some files hold tied weights twice, quantised differently: then rows agree but for rounding.
    """
    from gguf.quants import dequantize

    tensors = {tensor.name: tensor for tensor in reader.tensors}
    head, embedding = tensors.get("output.weight"), tensors.get("token_embd.weight")
    if head is None or embedding is None:
        return head is None
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


def _gated(shapes: Mapping[str, Sequence[int]], mlp: int) -> bool:
    """Whether the MLP has a gate: a matrix of its own, or the first half of a doubled one."""
    up = shapes.get("blk.0.ffn_up.weight", (0,))
    return any(".ffn_gate" in name for name in shapes) or (mlp > 0 and up[-1] == 2 * mlp)


def _windows(layers: int, *, window: int, pattern: Any) -> tuple[int, ...]:
    """The window of each layer, 0 for full attention; a pattern is a period or a flag a layer."""
    if isinstance(pattern, list):
        flags = [bool(pattern[layer % len(pattern)]) for layer in range(layers)]
    else:
        period = int(pattern)
        flags = [not period or (layer + 1) % period != 0 for layer in range(layers)]
    return tuple(window if flag else 0 for flag in flags)
