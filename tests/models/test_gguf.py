"""Facts read from GGUF files: the real ones, small ones made here, and broken ones."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scaling_cli import models
from scaling_cli.errors import ModelError
from scaling_cli.models.gguf import architecture_of, read_gguf
from scaling_cli.models.tokenizer import tokenizer_of
from scaling_cli.types import Architecture

WIDTH, MLP, HEADS, WORDS = 8, 16, 2, 4


def write_gguf(
    path: Path, *, family: str = "llama", layers: int = 2, held: int | None = None, **extra: Any
) -> Path:
    """A file of `held` dense layers that says it has `layers`; `extra` are more facts."""
    import gguf

    head, tensors = extra.pop("head", None), extra.pop("tensors", {})
    writer = gguf.GGUFWriter(path, family)
    writer.add_block_count(layers)
    writer.add_embedding_length(WIDTH)
    writer.add_head_count(extra.pop("heads", HEADS))
    writer.add_feed_forward_length(MLP)
    for key, value in extra.items():
        name = f"{family}.{key.replace('__', '.')}"
        (writer.add_array if isinstance(value, list) else writer.add_uint32)(name, value)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(["a", "b", "ab", "<|im_end|>"])
    writer.add_token_types([1, 1, 1, 3])
    writer.add_token_merges(["a b"])
    writer.add_eos_token_id(3)
    table = np.random.default_rng(0).normal(size=(WORDS, WIDTH)).astype(np.float32)
    writer.add_tensor("token_embd.weight", table)
    if head is not None:
        writer.add_tensor("output.weight", head(table).astype(np.float32))
    for layer in range(layers if held is None else held):
        writer.add_tensor(f"blk.{layer}.attn_q.weight", np.ones((WIDTH, WIDTH), np.float32))
        for name, shape in tensors.items():
            writer.add_tensor(f"blk.{layer}.{name}.weight", np.ones(shape, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def architecture(path: Path, **facts: Any) -> Architecture:
    found = architecture_of(read_gguf(write_gguf(path / "tiny.gguf", **facts)))
    assert found is not None
    return found


REAL = {
    "smollm2-135m-instruct": ("llama", 30, 576, 9, 3, 64, 1536, 49152, 134_515_008),
    "qwen2.5-coder-0.5b-instruct": ("qwen2", 24, 896, 14, 2, 64, 4864, 151936, 494_032_768),
    "qwen2.5-coder-1.5b-instruct": ("qwen2", 28, 1536, 12, 2, 128, 8960, 151936, 1_543_714_304),
}


@pytest.mark.parametrize("name", REAL)
def test_the_real_files_say_what_is_published(name: str) -> None:
    if not models.is_here(name):
        pytest.skip("no weights here")
    a = models.resolve(name).architecture
    assert a is not None
    assert REAL[name] == (
        a.family, a.layers, a.width, a.heads, a.kv_heads, a.head_dim, a.mlp_width, a.vocabulary,
        a.parameters,
    )  # fmt: skip
    assert a.tied_embeddings and a.gated and a.active_parameters == a.parameters
    assert set(a.windows) == {0} and not any(a.sparse)


def test_tied_weights_are_counted_once(tmp_path: Path) -> None:
    layers = 2 * WIDTH * WIDTH
    absent = architecture(tmp_path)
    assert absent.tied_embeddings and absent.parameters == layers + WORDS * WIDTH
    same = architecture(tmp_path, head=lambda table: table * 1.001)
    assert same.tied_embeddings and same.parameters == absent.parameters
    own = architecture(tmp_path, head=lambda table: table[::-1])
    assert not own.tied_embeddings and own.parameters == layers + 2 * WORDS * WIDTH


def test_experts_not_visited_are_not_active(tmp_path: Path) -> None:
    found = architecture(
        tmp_path, family="qwen3moe", expert_count=4, expert_used_count=1,
        expert_feed_forward_length=3,
        tensors={"ffn_gate_inp": (4, WIDTH), "ffn_up_exps": (4, 3, WIDTH),
                 "ffn_gate_exps": (4, 3, WIDTH)},
    )  # fmt: skip
    assert found.sparse == (True, True) and found.gated
    assert (found.experts, found.active_experts, found.expert_width) == (4, 1, 3)
    assert found.parameters is not None and found.active_parameters is not None
    assert found.parameters - found.active_parameters == 2 * 2 * 3 * 3 * WIDTH


@pytest.mark.parametrize(
    ("family", "facts", "windows"),
    [
        ("qwen2", {}, (0,) * 6),
        ("phi3", {"attention__sliding_window": 9}, (9,) * 6),
        ("gemma2", {"attention__sliding_window": 9}, (9, 0) * 3),
        ("gpt-oss", {"attention__sliding_window": 9}, (9, 0) * 3),
        ("gemma3", {"attention__sliding_window": 9}, (9, 9, 9, 9, 9, 0)),
        ("gemma3", {"attention__sliding_window": 9, "attention__sliding_window_pattern": 3},
         (9, 9, 0) * 2),
        ("gemma3", {"attention__sliding_window": 9,
                    "attention__sliding_window_pattern": [True, False]}, (9, 0) * 3),
    ],
)  # fmt: skip
def test_windows_are_read_layer_by_layer(
    tmp_path: Path, family: str, facts: dict[str, Any], windows: tuple[int, ...]
) -> None:
    assert architecture(tmp_path, family=family, layers=6, **facts).windows == windows


def test_a_gate_may_be_half_of_a_doubled_matrix(tmp_path: Path) -> None:
    assert architecture(tmp_path, tensors={"ffn_up": (2 * MLP, WIDTH)}).gated
    assert architecture(tmp_path, tensors={"ffn_gate": (MLP, WIDTH)}).gated
    assert not architecture(tmp_path, tensors={"ffn_up": (MLP, WIDTH)}).gated


@pytest.mark.parametrize("family", ["mamba", "qwen3next", "deepseek2"])
def test_an_unknown_family_has_no_flops_but_a_tokenizer(
    tmp_path: Path, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCALE_CACHE", str(tmp_path / "cache"))
    file = write_gguf(tmp_path / "tiny.gguf", family=family)
    for _ in range(2):  # read, then remembered
        model = models.resolve(str(file))
        assert model.architecture is None
        assert model.tokenizer is not None and model.tokenizer.encode("ab") == [2]


@pytest.mark.parametrize(("facts", "said"), [({"held": 1}, "2 layers"), ({"heads": 0}, "0 heads")])
def test_a_file_that_lacks_what_it_names_is_refused(
    tmp_path: Path, facts: dict[str, Any], said: str
) -> None:
    with pytest.raises(ModelError, match=said):
        architecture(tmp_path, **facts)


@pytest.mark.parametrize("content", [b"", b"GGUF", b"GGUF" + b"\xff" * 64, b"PK\x03\x04 not this"])
def test_a_file_that_is_no_gguf_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.gguf"
    file.write_bytes(content)
    with pytest.raises(ModelError, match=r"broken\.gguf"):
        read_gguf(file)


@pytest.mark.filterwarnings("ignore")
def test_a_damaged_file_never_ends_in_anything_but_a_sentence(tmp_path: Path) -> None:
    whole = write_gguf(tmp_path / "tiny.gguf").read_bytes()
    draw = random.Random(1)
    damaged = tmp_path / "damaged.gguf"
    refused = 0
    for number in range(200):
        content = bytearray(whole)
        if number % 3 == 0:
            del content[draw.randrange(len(content)) :]
        else:
            for _ in range(draw.choice([1, 3, 10])):
                content[draw.randrange(len(content))] = draw.randrange(256)
        damaged.write_bytes(content)
        try:
            file = read_gguf(damaged)
            architecture_of(file)
            tokenizer_of(file)
        except ModelError:
            refused += 1
    assert refused > 100
