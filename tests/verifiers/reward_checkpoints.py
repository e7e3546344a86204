"""Small random-weight checkpoints of every family of reward models, as the hub lays them out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SIZES: dict[str, Any] = {
    "hidden_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "intermediate_size": 192,
    "max_position_embeddings": 1024,
    "initializer_range": 0.2,
}
"""Heads of 64: vLLM's attention on a CPU has no smaller ones. Weights large enough that scores
differ from token to token."""

CHATML = (
    "{% if messages[0]['role'] == 'system' %}<|im_start|>system\n{{ messages[0]['content'] }}"
    "<|im_end|>\n{% else %}<|im_start|>system\nBe helpful.<|im_end|>\n{% endif %}"
    "{% for m in messages %}{% if m.role != 'system' %}<|im_start|>{{ m.role }}\n{{ m.content }}"
    "<|im_end|>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LLAMA3 = (
    "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n"
    "{{ m.content | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
QWEN_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<extra_0>"]
LLAMA_TOKENS = ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
TEXT = ["First add 2 and 3.\n\nThe sum is 5, so the answer is 5.\n", "Step 1: 6 - 4 = 2\n\n\n"]
"""What the byte-level tokenizers learn their merges from: blank lines become tokens too."""


def byte_level(special: list[str]) -> Any:
    """A tokenizer of the kind of Qwen2.5 and Llama 3."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    from scaling_cli.models.tokenizer import QWEN2

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN2), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300 + len(special),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=special,
        show_progress=False,
    )
    core.train_from_iterator(TEXT, trainer)
    return core


def sentence_pieces() -> Any:
    """A tokenizer of the kind of Mistral's: spaces are part of words, the rest falls to bytes."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, processors

    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁"]
    pieces += [chr(code) for code in range(33, 127)] + ["к", "и", "ки", "▁ки", "▁+", "▁-"]
    merges = [("к", "и"), ("▁", "ки"), ("▁", "+"), ("▁", "-")]
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    core = Tokenizer(
        models.BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    )
    core.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    core.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    core.add_special_tokens([AddedToken(t, normalized=False) for t in ("<unk>", "<s>", "</s>")])
    core.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", vocabulary["<s>"])]
    )
    return core


def save_tokenizer(folder: Path, core: Any, **settings: Any) -> None:
    """tokenizer.json, and tokenizer_config.json as transformers reads it."""
    folder.mkdir(parents=True, exist_ok=True)
    core.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", **settings}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def save_weights(folder: Path, config: Any, weights: dict[str, Any], **told: Any) -> None:
    """config.json and one file of safetensors."""
    from safetensors.torch import save_file

    (folder / "config.json").write_text(json.dumps({**config.to_dict(), **told}))
    tensors = {name: tensor.detach().clone().contiguous() for name, tensor in weights.items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def outcome(folder: Path) -> Path:
    """Like Skywork-Reward on Qwen: `Qwen2ForSequenceClassification` with one label."""
    import torch
    from transformers import Qwen2Config, Qwen2ForSequenceClassification

    core = byte_level(QWEN_TOKENS)
    save_tokenizer(folder, core, chat_template=CHATML, eos_token="<|im_end|>")
    torch.manual_seed(1)
    config = Qwen2Config(
        vocab_size=core.get_vocab_size(), num_labels=1, tie_word_embeddings=False, **SIZES
    )
    model = Qwen2ForSequenceClassification(config)
    save_weights(
        folder, config, model.state_dict(), architectures=["Qwen2ForSequenceClassification"]
    )
    return folder


def qwen_prm(folder: Path) -> Path:
    """Like Qwen2.5-Math-PRM: two linear layers on Qwen2, which transformers has no class for."""
    import torch
    from transformers import Qwen2Config, Qwen2Model

    core = byte_level(QWEN_TOKENS)
    save_tokenizer(folder, core, chat_template=CHATML, eos_token="<|im_end|>")
    torch.manual_seed(2)
    config = Qwen2Config(vocab_size=core.get_vocab_size(), tie_word_embeddings=False, **SIZES)
    weights = {f"model.{name}": weight for name, weight in Qwen2Model(config).state_dict().items()}
    weights |= {f"score.{name}": weight for name, weight in prm_head(128).state_dict().items()}
    save_weights(
        folder,
        config,
        weights,
        architectures=["Qwen2ForProcessRewardModel"],
        # Published with code of its own, which is neither fetched nor run.
        auto_map={"AutoConfig": "configuration_qwen2_rm.Qwen2RMConfig"},
    )
    return folder


def prm_head(width: int) -> Any:
    """The head of Qwen2.5-Math-PRM."""
    from torch import nn

    head = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 2))
    for layer in (head[0], head[2]):
        nn.init.normal_(layer.weight, std=0.2)
    return head


def skywork_prm(folder: Path) -> Path:
    """Like Skywork-o1-Open-PRM: a language model and a value head beside it."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    core = byte_level(QWEN_TOKENS)
    tokens = {"eos_token": "<|im_end|>", "bos_token": "<|endoftext|>"}
    save_tokenizer(folder, core, chat_template=CHATML, **tokens)
    torch.manual_seed(3)
    config = Qwen2Config(vocab_size=core.get_vocab_size(), tie_word_embeddings=False, **SIZES)
    weights = dict(Qwen2ForCausalLM(config).state_dict())
    weights["v_head.summary.weight"] = torch.randn(1, 128) * 0.2
    weights["v_head.summary.bias"] = torch.tensor([0.3])
    save_weights(folder, config, weights, architectures=["Qwen2ForPrmModel"])
    return folder


def math_shepherd(folder: Path) -> Path:
    """Like math-shepherd-mistral-7b-prm: a plain Mistral language model, no chat template."""
    import torch
    from transformers import MistralConfig, MistralForCausalLM

    core = sentence_pieces()
    save_tokenizer(folder, core, bos_token="<s>", eos_token="</s>", unk_token="<unk>")
    torch.manual_seed(8)
    config = MistralConfig(
        vocab_size=core.get_vocab_size(), sliding_window=None, tie_word_embeddings=False, **SIZES
    )
    weights = MistralForCausalLM(config).state_dict()
    save_weights(folder, config, weights, architectures=["MistralForCausalLM"])
    return folder


def rlhflow(folder: Path) -> Path:
    """Like Llama3.1-8B-PRM-Deepseek-Data: a plain Llama language model with a chat template."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    core = byte_level(LLAMA_TOKENS)
    tokens = {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"}
    save_tokenizer(folder, core, chat_template=LLAMA3, **tokens)
    torch.manual_seed(5)
    config = LlamaConfig(vocab_size=core.get_vocab_size(), tie_word_embeddings=False, **SIZES)
    weights = LlamaForCausalLM(config).state_dict()
    save_weights(folder, config, weights, architectures=["LlamaForCausalLM"])
    return folder
