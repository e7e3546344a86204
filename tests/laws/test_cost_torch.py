"""FLOPs against torch's own counter, on real published architectures with fake tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scaling_cli.laws.cost import CostModel
from scaling_cli.types import Architecture

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

CONFIGURATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "llama-3-8b": (
        "LlamaConfig",
        dict(hidden_size=4096, intermediate_size=14336, num_hidden_layers=32, vocab_size=128256,
             num_attention_heads=32, num_key_value_heads=8),
    ),
    "qwen2.5-0.5b": (
        "Qwen2Config",
        dict(hidden_size=896, intermediate_size=4864, num_hidden_layers=24, vocab_size=151936,
             num_attention_heads=14, num_key_value_heads=2, tie_word_embeddings=True),
    ),
    "qwen3-4b": (
        "Qwen3Config",
        dict(hidden_size=2560, intermediate_size=9728, num_hidden_layers=36, vocab_size=151936,
             num_attention_heads=32, num_key_value_heads=8, head_dim=128),
    ),
    "gemma-2-2b": (
        "Gemma2Config",
        dict(hidden_size=2304, intermediate_size=9216, num_hidden_layers=26, vocab_size=256000,
             num_attention_heads=8, num_key_value_heads=4, head_dim=256, sliding_window=4096),
    ),
    "mistral-7b": (
        "MistralConfig",
        dict(hidden_size=4096, intermediate_size=14336, num_hidden_layers=32, vocab_size=32000,
             num_attention_heads=32, num_key_value_heads=8, sliding_window=None),
    ),
    "qwen3-30b-a3b": (
        "Qwen3MoeConfig",
        dict(hidden_size=2048, intermediate_size=6144, moe_intermediate_size=768,
             num_hidden_layers=48, vocab_size=151936, num_attention_heads=32,
             num_key_value_heads=4, head_dim=128, num_experts=128, num_experts_per_tok=8,
             decoder_sparse_step=1, mlp_only_layers=[]),
    ),
}  # fmt: skip

PROMPT = 192


def architecture(config: Any) -> Architecture:
    """The few facts FLOPs depend on, read from a transformers configuration."""
    layers = config.num_hidden_layers
    experts = getattr(config, "num_experts", 0) or 0
    heads = config.num_attention_heads
    return Architecture(
        family=config.model_type,
        layers=layers,
        width=config.hidden_size,
        heads=heads,
        kv_heads=config.num_key_value_heads,
        head_dim=getattr(config, "head_dim", None) or config.hidden_size // heads,
        mlp_width=config.intermediate_size,
        vocabulary=config.vocab_size,
        experts=experts,
        active_experts=getattr(config, "num_experts_per_tok", 0) if experts else 0,
        expert_width=getattr(config, "moe_intermediate_size", 0) if experts else 0,
        windows=(0,) * layers,
        sparse=(bool(experts),) * layers,
    )


def counted(config: Any) -> tuple[float, float]:
    """FLOPs torch counts for a prompt, and for one token after it with a cache."""
    from torch._subclasses.fake_tensor import FakeTensorMode
    from torch.utils.flop_counter import FlopCounterMode

    with FakeTensorMode(), torch.no_grad():
        model = transformers.AutoModelForCausalLM.from_config(
            config, attn_implementation="eager", experts_implementation="batched_mm"
        ).eval()
        prompt = torch.zeros(1, PROMPT, dtype=torch.long)
        with FlopCounterMode(display=False) as first:
            out = model(prompt, use_cache=True)
        token = torch.zeros(1, 1, dtype=torch.long)
        with FlopCounterMode(display=False) as second:
            model(token, past_key_values=out.past_key_values, use_cache=True)
    return float(first.get_total_flops()), float(second.get_total_flops())


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_flops_agree_with_torch(name: str) -> None:
    kind, sizes = CONFIGURATIONS[name]
    config = getattr(transformers, kind)(**sizes)
    model = CostModel(architecture(config))
    prompt, token = counted(config)
    a = model.architecture
    # Torch's eager attention computes the whole square and the head at every position; a causal
    # engine computes half of the one and one row of the other, which is what production counts.
    square = 4.0 * a.heads * a.head_dim * PROMPT**2 * a.layers
    causal = float(np.asarray(model.attention(0, PROMPT)).sum())
    as_torch = float(model.prefill(PROMPT)) - causal + square + PROMPT * model.head
    assert as_torch == pytest.approx(prompt, rel=0.005)
    step = float(np.asarray(model.body(PROMPT, PROMPT + 1)).sum()) + model.head
    assert step == pytest.approx(token, rel=0.005)
    print(name, as_torch / prompt, step / token)
