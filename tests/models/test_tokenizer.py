"""Our light tokenizer against two that are not ours, on the real files where they are here."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaling_cli import models
from scaling_cli.errors import ModelError
from scaling_cli.models.gguf import read_gguf
from scaling_cli.models.tokenizer import TextTokenizer, from_json, to_json
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


def tokenizer(template: str | None) -> TextTokenizer:
    return TextTokenizer(None, template, "<s>", "</s>", (0,), "h")


@pytest.mark.parametrize(
    "hostile",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.append(1) }}",
        "{{ raise_exception('no') }}",
        "{% for x in range(10) %}{{ x.y.z }}{% endfor %}",
        "{% if %}",
    ],
)
def test_a_hostile_template_runs_nothing(hostile: str) -> None:
    with pytest.raises(ModelError, match="template"):
        tokenizer(hostile).chat([Message("user", "x")])


def test_a_model_without_a_template_says_so() -> None:
    with pytest.raises(ModelError, match="no chat template"):
        tokenizer(None).chat([Message("user", "x")])


@pytest.mark.parametrize("content", [b"", b"GGUF", b"GGUF" + b"\xff" * 64, b"PK\x03\x04 not this"])
def test_a_file_that_is_no_gguf_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.gguf"
    file.write_bytes(content)
    with pytest.raises(ModelError, match=r"broken\.gguf"):
        read_gguf(file)
