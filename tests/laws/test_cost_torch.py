"""FLOPs against torch's own counter, on real published architectures with fake tensors."""

from __future__ import annotations

from typing import Any

import pytest

from scaling_cli.laws.cost import CostModel
from scaling_cli.models.architecture import architecture_from_config

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

SHORT = 192
LONG = 6000
"""Longer than the windows of 4,096: a decoded token sees no more than the window."""

CONFIGURATIONS: dict[str, tuple[str, list[int], dict[str, Any]]] = {
    "llama-3-8b": (
        "LlamaConfig", [SHORT],
        dict(hidden_size=4096, intermediate_size=14336, num_hidden_layers=32, vocab_size=128256,
             num_attention_heads=32, num_key_value_heads=8),
    ),
    "qwen2.5-0.5b": (
        "Qwen2Config", [SHORT],
        dict(hidden_size=896, intermediate_size=4864, num_hidden_layers=24, vocab_size=151936,
             num_attention_heads=14, num_key_value_heads=2, tie_word_embeddings=True),
    ),
    "qwen3-4b": (
        "Qwen3Config", [SHORT],
        dict(hidden_size=2560, intermediate_size=9728, num_hidden_layers=36, vocab_size=151936,
             num_attention_heads=32, num_key_value_heads=8, head_dim=128),
    ),
    "gemma-2-2b": (
        "Gemma2Config", [LONG],
        dict(hidden_size=2304, intermediate_size=9216, num_hidden_layers=26, vocab_size=256000,
             num_attention_heads=8, num_key_value_heads=4, head_dim=256, sliding_window=4096),
    ),
    "mistral-7b-v0.1": (
        "MistralConfig", [LONG],
        dict(hidden_size=4096, intermediate_size=14336, num_hidden_layers=32, vocab_size=32000,
             num_attention_heads=32, num_key_value_heads=8, sliding_window=4096),
    ),
    "qwen3-30b-a3b": (
        "Qwen3MoeConfig", [SHORT],
        dict(hidden_size=2048, intermediate_size=6144, moe_intermediate_size=768,
             num_hidden_layers=48, vocab_size=151936, num_attention_heads=32,
             num_key_value_heads=4, head_dim=128, num_experts=128, num_experts_per_tok=8,
             decoder_sparse_step=1, mlp_only_layers=[]),
    ),
    "qwen1.5-moe-a2.7b, a shared expert": (
        "Qwen2MoeConfig", [SHORT],
        dict(hidden_size=2048, intermediate_size=5632, moe_intermediate_size=1408,
             shared_expert_intermediate_size=5632, num_hidden_layers=24, vocab_size=151936,
             num_attention_heads=16, num_key_value_heads=16, num_experts=60,
             num_experts_per_tok=4, decoder_sparse_step=1),
    ),
    "gpt-oss-20b, windows of 128": (
        "GptOssConfig", [SHORT],
        dict(hidden_size=2880, intermediate_size=2880, num_hidden_layers=24, vocab_size=201088,
             num_attention_heads=64, num_key_value_heads=8, head_dim=64, num_local_experts=32,
             num_experts_per_tok=4, sliding_window=128),
    ),
}  # fmt: skip


def counted(config: Any, lengths: list[int]) -> list[tuple[float, float]]:
    """FLOPs torch counts for a prompt of each length, and for one token after it with a cache."""
    from torch._subclasses.fake_tensor import FakeTensorMode
    from torch.utils.flop_counter import FlopCounterMode

    pairs = []
    with FakeTensorMode(), torch.no_grad():
        model = transformers.AutoModelForCausalLM.from_config(
            config, attn_implementation="eager", experts_implementation="batched_mm"
        ).eval()
        for length in lengths:
            prompt = torch.zeros(1, length, dtype=torch.long)
            with FlopCounterMode(display=False) as first:
                out = model(prompt, use_cache=True)
            token = torch.zeros(1, 1, dtype=torch.long)
            with FlopCounterMode(display=False) as second:
                model(token, past_key_values=out.past_key_values, use_cache=True)
            pairs.append((float(first.get_total_flops()), float(second.get_total_flops())))
    return pairs


def as_counted(model: CostModel, prompt: int) -> float:
    """A prompt as torch counts it: eager attention multiplies the whole square, windows or
    not, and the head runs at every position. A causal engine computes half of the one and a
    row of the other, which is what production charges."""
    a = model.architecture
    square = 4.0 * a.heads * a.head_dim * prompt**2 * a.layers
    causal = model.attention(0, prompt).item()
    return float(model.prefill(prompt)) - causal + square + prompt * model.head


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_flops_agree_with_torch(name: str) -> None:
    kind, lengths, sizes = CONFIGURATIONS[name]
    config = getattr(transformers, kind)(**sizes)
    model = CostModel(architecture_from_config(config.to_dict()))
    for length, (prompt, step) in zip(lengths, counted(config, lengths), strict=True):
        read = model.body(length, length + 1).item() + model.head
        print(f"{name} {length}: {as_counted(model, length) / prompt:.6f} {read / step:.6f}")
        assert as_counted(model, length) == pytest.approx(prompt, rel=0.005)
        assert read == pytest.approx(step, rel=0.005)


@pytest.mark.parametrize(
    "name", [n for n, (_, lengths, _) in CONFIGURATIONS.items() if LONG in lengths]
)
def test_the_counter_sees_the_window(name: str) -> None:
    """Without its window a long context would be priced wrongly: the check above can fail."""
    from dataclasses import replace

    kind, _, sizes = CONFIGURATIONS[name]
    windowed = architecture_from_config(getattr(transformers, kind)(**sizes).to_dict())
    full = replace(windowed, windows=(0,) * windowed.layers)
    steps = [CostModel(a).body(LONG, LONG + 1).item() for a in (windowed, full)]
    assert steps[1] > 1.02 * steps[0]
