"""The architecture FLOPs depend on, from a Hugging Face `config.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from scaling_cli.errors import ModelError
from scaling_cli.types import Architecture

Config = Mapping[str, Any]

FAMILIES = frozenset(
    "llama mistral mixtral qwen2 qwen2_moe qwen3 qwen3_moe gemma gemma2 gemma3 gemma3_text phi3 "
    "gpt_oss smollm3 olmo2".split()
)
"""Decoder families whose configuration says all that is needed: gated MLP, RMS norms."""

LEFT_OUT: dict[str, Config] = {
    "gemma3_text": {
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
        "vocab_size": 262_208,
        "sliding_window": 4096,
    },
}
"""What published configurations leave out because it is their format's own default."""


def architecture_from_config(config: Config) -> Architecture:
    """Sizes as published; parameters by formula, norms included.

    Raises ModelError for a family whose layers are not known: FLOPs are then null.
    """
    family = str(config.get("model_type", ""))
    if "text_config" in config:
        return architecture_from_config({"model_type": family, **config["text_config"]})
    if family not in FAMILIES:
        raise ModelError(
            f"the architecture {family or 'without a model_type'} is not known",
            f"its FLOPs stay empty; known: {', '.join(sorted(FAMILIES))}",
        )
    try:
        found = _sizes(family, {**LEFT_OUT.get(family, {}), **config})
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"the configuration of this {family} lacks {error}", "use the model's own config.json"
        ) from error
    total, active = count_parameters(found, biases=_biases(family))
    return replace(found, parameters=total, active_parameters=active)


def _sizes(family: str, config: Config) -> Architecture:
    layers, heads = int(config["num_hidden_layers"]), int(config["num_attention_heads"])
    width = int(config["hidden_size"])
    experts = int(config.get("num_experts") or config.get("num_local_experts") or 0)
    mlp = int(config["intermediate_size"])
    return Architecture(
        family=family,
        layers=layers,
        width=width,
        heads=heads,
        kv_heads=int(config.get("num_key_value_heads") or heads),
        head_dim=int(config.get("head_dim") or width // heads),
        mlp_width=mlp,
        vocabulary=int(config["vocab_size"]),
        tied_embeddings=bool(config.get("tie_word_embeddings", family.startswith("gemma"))),
        experts=experts,
        active_experts=int(
            config.get("num_experts_per_tok") or config.get("experts_per_token") or 0
        ),
        expert_width=int(config.get("moe_intermediate_size") or mlp) if experts else 0,
        shared_expert_width=int(config.get("shared_expert_intermediate_size") or 0),
        windows=_windows(family, config, layers),
        sparse=tuple(bool(experts) and _is_sparse(config, layer) for layer in range(layers)),
    )


def _windows(family: str, config: Config, layers: int) -> tuple[int, ...]:
    """The sliding window of each layer, 0 for full attention."""
    window = int(config.get("sliding_window") or 0)
    kinds: Sequence[str] | None = config.get("layer_types")
    if kinds:
        return tuple(window if kind == "sliding_attention" else 0 for kind in kinds)
    if family.startswith("qwen") or config.get("use_sliding_window") is False:
        # Qwen writes a window into every configuration and says apart whether it is used.
        named = config.get("max_window_layers")
        first = layers if named is None else int(named)
        used = bool(config.get("use_sliding_window"))
        return tuple(window if used and layer >= first else 0 for layer in range(layers))
    period = {"gemma2": 2, "gemma3": 6, "gemma3_text": 6, "gpt_oss": 2}.get(family)
    own = config.get("sliding_window_pattern") or config.get("_sliding_window_pattern")
    period = int(own or period or 0)
    if period > 1:
        return tuple(0 if (layer + 1) % period == 0 else window for layer in range(layers))
    return (window,) * layers


def _is_sparse(config: Config, layer: int) -> bool:
    step = int(config.get("decoder_sparse_step") or 1)
    return layer not in (config.get("mlp_only_layers") or []) and (layer + 1) % step == 0


def _biases(family: str) -> str:
    """Which projections carry a bias: `qkv`, `all` or none."""
    return {"qwen2": "qkv", "qwen2_moe": "qkv", "gpt_oss": "all"}.get(family, "")


def count_parameters(a: Architecture, *, biases: str = "") -> tuple[int, int]:
    """(all, active) weights, tied embeddings once; active leaves out the experts not visited."""
    query, key = a.heads * a.head_dim, a.kv_heads * a.head_dim
    attention = 2 * a.width * query + 2 * a.width * key
    if biases:
        attention += query + 2 * key + (a.width if biases == "all" else 0)
    # What is normalised beside the layer: each head's query and key, or all heads at once.
    if a.family.startswith(("qwen3", "gemma3")):
        attention += 2 * a.head_dim
    elif a.family == "olmo2":
        attention += query + key
    elif a.family == "gpt_oss":
        attention += a.heads  # attention sinks
    norms = (4 if a.family.startswith(("gemma2", "gemma3")) else 2) * a.width
    expert = (3 if a.gated else 2) * a.width * a.expert_width
    if biases == "all":
        expert += 2 * a.expert_width + a.width
    shared = 3 * a.width * a.shared_expert_width + (a.width if a.shared_expert_width else 0)
    router = a.width * a.experts + (a.experts if biases == "all" else 0)
    dense = (3 if a.gated else 2) * a.width * a.mlp_width
    total = active = a.width * a.vocabulary * (1 if a.tied_embeddings else 2) + a.width
    for layer in range(a.layers):
        fixed = attention + norms
        if a.sparse and a.sparse[layer]:
            total += fixed + router + shared + a.experts * expert
            active += fixed + router + shared + a.active_experts * expert
        else:
            total += fixed + dense
            active += fixed + dense
    return total, active
