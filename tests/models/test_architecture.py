"""Architecture facts against published sizes."""

from __future__ import annotations

import pytest

from scaling_cli.errors import ModelError
from scaling_cli.models.architecture import architecture_from_config

PUBLISHED = {
    "qwen2.5-0.5b": (
        {"model_type": "qwen2", "hidden_size": 896, "intermediate_size": 4864,
         "num_hidden_layers": 24, "vocab_size": 151936, "num_attention_heads": 14,
         "num_key_value_heads": 2, "tie_word_embeddings": True, "sliding_window": 32768,
         "use_sliding_window": False, "max_window_layers": 24},
        494_032_768, 494_032_768,
    ),
    "qwen3-30b-a3b": (
        {"model_type": "qwen3_moe", "hidden_size": 2048, "intermediate_size": 6144,
         "moe_intermediate_size": 768, "num_hidden_layers": 48, "vocab_size": 151936,
         "num_attention_heads": 32, "num_key_value_heads": 4, "head_dim": 128, "num_experts": 128,
         "num_experts_per_tok": 8, "tie_word_embeddings": False, "decoder_sparse_step": 1},
        30.5e9, 3.3e9,
    ),
    "gpt-oss-20b": (
        {"model_type": "gpt_oss", "hidden_size": 2880, "intermediate_size": 2880,
         "num_hidden_layers": 24, "vocab_size": 201088, "num_attention_heads": 64,
         "num_key_value_heads": 8, "head_dim": 64, "num_local_experts": 32,
         "num_experts_per_tok": 4, "sliding_window": 128, "tie_word_embeddings": False,
         "layer_types": ["sliding_attention", "full_attention"] * 12},
        20.9e9, 3.6e9,
    ),
    "phi-4": (
        {"model_type": "phi3", "hidden_size": 5120, "intermediate_size": 17920,
         "num_hidden_layers": 40, "vocab_size": 100352, "num_attention_heads": 40,
         "num_key_value_heads": 10, "tie_word_embeddings": False, "sliding_window": None},
        14.7e9, 14.7e9,
    ),
    "llama-3-8b": (
        {"model_type": "llama", "hidden_size": 4096, "intermediate_size": 14336,
         "num_hidden_layers": 32, "vocab_size": 128256, "num_attention_heads": 32,
         "num_key_value_heads": 8},
        8_030_261_248, 8_030_261_248,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_are_the_published_ones(name: str) -> None:
    config, total, active = PUBLISHED[name]
    found = architecture_from_config(config)
    exact = isinstance(total, int)
    # gpt-oss-20b counts its input embeddings apart when it says 3.6 billion active.
    room = 0.0 if exact else (0.17 if name == "gpt-oss-20b" else 0.02)
    assert found.parameters == pytest.approx(total, rel=0.0 if exact else 0.01)
    assert found.active_parameters == pytest.approx(active, rel=room)


SMALL = {
    "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 4, "num_attention_heads": 4,
    "num_key_value_heads": 2, "vocab_size": 256, "head_dim": 32, "tie_word_embeddings": True,
}  # fmt: skip
EXPERTS = {"num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 48}
COUNTED: list[tuple[str, dict[str, object], int]] = [
    ("llama", {}, 188_992),
    ("mistral", {}, 188_992),
    ("gemma", {}, 188_992),
    ("gemma2", {}, 189_504),
    ("gemma3_text", {}, 189_760),
    ("olmo2", {}, 189_760),
    ("phi3", {}, 188_992),
    ("qwen2", {}, 190_016),
    ("qwen3", {}, 189_248),
    ("smollm3", {}, 188_992),
    ("mixtral", {"num_local_experts": 4, "num_experts_per_tok": 2}, 411_200),
    ("gpt_oss", {"num_local_experts": 4, "num_experts_per_tok": 2}, 416_608),
    ("qwen3_moe", {**EXPERTS, "mlp_only_layers": [0]}, 356_672),
    ("qwen2_moe", {**EXPERTS, "shared_expert_intermediate_size": 40, "decoder_sparse_step": 2,
                   "mlp_only_layers": [3]}, 253_568),
]  # fmt: skip
"""Weights of the model that transformers 5 builds from the same configuration, counted there."""


@pytest.mark.parametrize(("family", "extra", "weights"), COUNTED)
def test_parameters_are_those_of_the_model_built(
    family: str, extra: dict[str, object], weights: int
) -> None:
    config = {"model_type": family, **SMALL, **extra}
    assert architecture_from_config(config).parameters == weights
    untied = architecture_from_config({**config, "tie_word_embeddings": False})
    assert untied.parameters == weights + 64 * 256


def test_what_gemma3_leaves_out_is_its_formats_default() -> None:
    text = {"model_type": "gemma3_text", "hidden_size": 2560, "intermediate_size": 10240,
            "num_hidden_layers": 34, "sliding_window": 1024}  # fmt: skip
    found = architecture_from_config({"model_type": "gemma3", "text_config": text})
    # 4.3 billion as published, less 0.42 of the vision tower.
    assert found.parameters == pytest.approx(3.88e9, rel=0.001)
    assert found.windows[:6] == (1024,) * 5 + (0,)


def test_a_window_said_to_be_unused_is_none() -> None:
    config = {"model_type": "smollm3", **SMALL, "sliding_window": 64, "use_sliding_window": False}
    assert set(architecture_from_config(config).windows) == {0}
    every = {"model_type": "qwen2", **SMALL, "sliding_window": 64, "use_sliding_window": True}
    assert architecture_from_config({**every, "max_window_layers": 0}).windows == (64,) * 4


def test_windows_are_read_layer_by_layer() -> None:
    assert architecture_from_config(PUBLISHED["gpt-oss-20b"][0]).windows == (128, 0) * 12
    assert set(architecture_from_config(PUBLISHED["qwen2.5-0.5b"][0]).windows) == {0}
    config = {**PUBLISHED["llama-3-8b"][0], "model_type": "gemma2", "sliding_window": 4096}
    assert architecture_from_config(config).windows[:4] == (4096, 0, 4096, 0)
    used = {**PUBLISHED["qwen2.5-0.5b"][0], "use_sliding_window": True, "max_window_layers": 20}
    assert architecture_from_config(used).windows == (0,) * 20 + (32768,) * 4


def test_a_family_that_is_not_known_is_refused() -> None:
    with pytest.raises(ModelError, match="mamba"):
        architecture_from_config({"model_type": "mamba", "hidden_size": 1})


def test_a_configuration_with_a_hole_is_refused() -> None:
    with pytest.raises(ModelError, match="num_hidden_layers"):
        architecture_from_config({"model_type": "llama", "hidden_size": 8})
