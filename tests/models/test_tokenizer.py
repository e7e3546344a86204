"""Our light tokenizer against two that are not ours, on the real files where they are here."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from scaling_cli import models
from scaling_cli.errors import ModelError
from scaling_cli.models.gguf import GgufFile
from scaling_cli.models.tokenizer import from_json, to_json, tokenizer_from_folder, tokenizer_of
from scaling_cli.types import Message

TEXTS = [
    "Natalia sold 48 clips, half of 96.",
    "1234567 + 3.14159 = ?\n\n\\boxed{\\frac{1}{2}}",
    "don't  \t  wait\r\n\r\nx² ünïcödé 你好 🙂",
    "```python\ndef f(x):\n    return x ** 2\n```",
    "<|im_start|>user\nhi<|im_end|>\n",
    "",
    "   leading and trailing   ",
]
SMALL = "smollm2-135m-instruct"
HERE = [name for name in models.MODELS if models.is_here(name)]


@pytest.fixture(params=HERE or [pytest.param("", marks=pytest.mark.skip("no weights here"))])
def model(request: pytest.FixtureRequest) -> models.resolve:  # type: ignore[valid-type]
    return models.resolve(request.param)


def test_text_survives(model) -> None:  # type: ignore[no-untyped-def]
    for text in TEXTS[:4]:
        assert model.tokenizer.decode(model.tokenizer.encode(text)) == text


def test_special_tokens_are_one_and_are_left_out_of_text(model) -> None:  # type: ignore[no-untyped-def]
    ids = model.tokenizer.encode("a<|im_end|>")
    assert ids[-1] in model.tokenizer.stop_ids
    assert model.tokenizer.decode(ids) == "a"


def test_the_template_ends_where_the_answer_begins(model) -> None:  # type: ignore[no-untyped-def]
    text = model.tokenizer.chat([Message("user", "2+2?")])
    assert "2+2?" in text and text.endswith("<|im_start|>assistant\n")


def test_what_is_remembered_is_the_same(model) -> None:  # type: ignore[no-untyped-def]
    again = from_json(to_json(model.tokenizer))
    assert again.hash == model.tokenizer.hash and again.stop_ids == model.tokenizer.stop_ids
    assert [again.encode(t) for t in TEXTS] == [model.tokenizer.encode(t) for t in TEXTS]


@pytest.mark.skipif(SMALL not in HERE, reason="no weights here")
def test_llamacpp_cuts_text_the_same_way() -> None:
    xllamacpp = pytest.importorskip("xllamacpp")
    model = models.resolve(SMALL)
    params = xllamacpp.CommonParams()
    params.model.path = str(model.path)
    params.n_ctx, params.n_parallel, params.warmup, params.verbosity = 256, 1, False, -1
    server = xllamacpp.Server(params)
    assert model.tokenizer is not None
    for text in TEXTS[:5]:
        reply = server.handle_completions({"prompt": text, "max_tokens": 1, "temperature": 0})
        assert reply["usage"]["prompt_tokens"] == len(model.tokenizer.encode(text)), text


def test_ids_are_those_of_the_published_layout(model) -> None:  # type: ignore[no-untyped-def]
    """Each family as its authors publish it, made by other means than our expressions."""
    from tokenizers import Tokenizer, pre_tokenizers

    if model.name == SMALL:
        other = Tokenizer.from_str(model.tokenizer.core.to_str())
        cuts = [pre_tokenizers.Digits(individual_digits=True)]
        other.pre_tokenizer = pre_tokenizers.Sequence(
            [*cuts, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)]
        )
    else:
        # Written by transformers. For SmolLM it forgets the cut at digits in a GGUF file.
        folder = f"{model.weights_hash[:16]}-bfloat16"
        written = models.cache_folder() / "converted" / folder / "tokenizer.json"
        if not written.is_file():
            pytest.skip("not converted here")
        other = Tokenizer.from_file(str(written))
    for text in [*TEXTS, *_scrambled(300)]:
        expected = other.encode(text, add_special_tokens=False).ids
        assert model.tokenizer.encode(text) == expected, ascii(text)


def _scrambled(count: int) -> list[str]:
    letters = "ab zZ09 \n\t\r'sdlv.,!{}\\²½é你🙂\u00a0_"
    draw = random.Random(0)
    return ["".join(draw.choices(letters, k=draw.randint(1, 60))) for _ in range(count)]


def described(**changes: object) -> GgufFile:
    """A tokenizer of four tokens as a GGUF file describes it."""
    facts: dict[str, object] = {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": ["a", "b", "ab", "<|im_end|>"],
        "tokenizer.ggml.token_type": [1, 1, 1, 3],
        "tokenizer.ggml.merges": ["a b"],
        "tokenizer.ggml.eos_token_id": 3,
    }
    facts |= {f"tokenizer.ggml.{key}": value for key, value in changes.items()}
    kept = {key: value for key, value in facts.items() if value is not None}
    return GgufFile("tiny.gguf", kept, {}, True)


def test_merges_and_special_tokens_of_a_tiny_file() -> None:
    found = tokenizer_of(described())
    assert found.encode("abb<|im_end|>a") == [2, 1, 3, 0]
    assert found.decode([2, 3, 1]) == "abb" and found.stop_ids == (3,)


def test_llama_takes_a_word_of_its_vocabulary_whole() -> None:
    assert tokenizer_of(described(merges=[], pre="llama-bpe")).encode("ab") == [2]
    assert tokenizer_of(described(merges=[], pre="gpt-2")).encode("ab") == [0, 1]


@pytest.mark.parametrize(
    ("changes", "lead"),
    [
        ({}, ""),
        ({"bos_token_id": 3}, ""),
        ({"bos_token_id": 3, "add_bos_token": True}, "<|im_end|>"),
        ({"bos_token_id": 3, "pre": "llama-bpe"}, "<|im_end|>"),
        ({"bos_token_id": 3, "pre": "llama-bpe", "add_bos_token": False}, ""),
    ],
)
def test_a_document_begins_as_the_file_says(changes: dict[str, object], lead: str) -> None:
    found = tokenizer_of(described(**changes))
    assert found.document("ab") == from_json(to_json(found)).document("ab") == f"{lead}ab"
    assert found.encode(found.document("ab"))[:1] == ([3] if lead else [2])


@pytest.mark.parametrize(
    ("own", "setting", "lead"),
    [(True, "", "<|im_end|>"), (False, "", ""), (True, '"add_bos_token": false, ', "")],
)
def test_a_document_begins_as_the_folder_says(
    tmp_path: Path, own: bool, setting: str, lead: str
) -> None:
    from tokenizers import processors

    core = tokenizer_of(described()).core
    if own:
        first = ("<|im_end|>", 3)
        core.post_processor = processors.TemplateProcessing("<|im_end|> $0", None, [first])
    (tmp_path / "tokenizer.json").write_text(core.to_str())
    (tmp_path / "tokenizer_config.json").write_text(f'{{{setting}"bos_token": "<|im_end|>"}}')
    found = tokenizer_from_folder(tmp_path)
    assert found.document("ab") == f"{lead}ab" and found.encode("ab") == [2]


def test_what_defines_ids_or_template_changes_the_hash() -> None:
    first = tokenizer_of(described()).hash
    assert tokenizer_of(described()).hash == first
    assert tokenizer_of(described(merges=[])).hash != first
    assert tokenizer_of(described(pre="qwen2")).hash != first


@pytest.mark.parametrize(
    "changes",
    [
        {"tokens": None},
        {"token_type": None},
        {"merges": None},
        {"eos_token_id": None},
        {"eos_token_id": 99},
        {"merges": ["zz q"]},
        {"token_type": [1, 1]},
    ],
)
def test_a_broken_description_is_one_sentence(changes: dict[str, object]) -> None:
    with pytest.raises(ModelError, match=r"tiny\.gguf describes its tokenizer wrongly"):
        tokenizer_of(described(**changes))


@pytest.mark.parametrize("changes", [{"pre": "tekken"}, {"model": "llama"}])
def test_a_kind_not_built_in_names_the_remedy(changes: dict[str, object]) -> None:
    with pytest.raises(ModelError) as caught:
        tokenizer_of(described(**changes))
    assert "tokenizer.json" in caught.value.hint


def test_a_folder_reads_as_the_file_it_was_made_from(tmp_path: Path) -> None:
    first = tokenizer_of(described())
    (tmp_path / "tokenizer.json").write_text(first.core.to_str())
    (tmp_path / "tokenizer_config.json").write_text(
        '{"eos_token": {"content": "<|im_end|>"}, "chat_template": "{{ messages[0].content }}!"}'
    )
    again = tokenizer_from_folder(tmp_path)
    assert again.encode("abb<|im_end|>a") == [2, 1, 3, 0]
    assert again.stop_ids == (3,) and again.chat([Message("user", "2+2")]) == "2+2!"
    (tmp_path / "chat_template.jinja").write_text("from the file")
    assert tokenizer_from_folder(tmp_path).chat([Message("user", "x")]) == "from the file"


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json"])
def test_a_broken_folder_names_the_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "tokenizer.json").write_text(tokenizer_of(described()).core.to_str())
    (tmp_path / name).write_text("{ not json")
    with pytest.raises(ModelError, match=name):
        tokenizer_from_folder(tmp_path)
