"""No secret and no path of a machine reaches `run.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.errors import StoreError
from scaling_cli.store.scrub import plain, scrub

CWD = Path("/home/ann/project")
HOME = Path("/home/ann")


def scrubbed(value: Any) -> Any:
    return scrub(value, cwd=CWD, home=HOME)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/home/ann/project/data/x.jsonl", "./data/x.jsonl"),
        ("/home/ann/project", "."),
        ("/home/ann/.cache/scale", "~/.cache/scale"),
        ("/home/anna/models/x.gguf", ".../x.gguf"),
        ("file:///home/ann/project/x", "./x"),
        ("file:///mnt/disk/x", ".../x"),
        ("/weights/big model/x.gguf", ".../x.gguf"),
        ("/weights/folder/", ".../folder"),
        (r"C:\Users\ann\x.gguf", ".../x.gguf"),
        ("C:/models/x.gguf", ".../x.gguf"),
        ("vllm --model /home/ann/project/m --x /mnt/disk/y", "vllm --model ./m --x .../y"),
        ("loaded '/tmp/a/b.bin', done", "loaded '.../b.bin', done"),
    ],
)
def test_paths_are_cut(text: str, expected: str) -> None:
    assert scrubbed({"a": [text]}) == {"a": [expected]}
    assert scrubbed({text: 1}) == {expected: 1}
    assert scrubbed(scrubbed(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "org/model-name",
        "Put the answer in \\boxed{} and/or after ####. </think>\n\n",
        "https://host.example/v1/chat",
        "1/2 + 3/4",
        "/",
        "./sweeps/x.yaml",
        "~/x/y",
        "gsm8k/test/0123456789ab",
        "data/home/x",
    ],
)
def test_other_text_is_left_alone(text: str) -> None:
    assert scrubbed(text) == text


@pytest.mark.parametrize(
    "key",
    ["api_key", "API-KEY", "apiKey", "hf_token", "token", "password", "client_secret",
     "Authorization", "aws_secret_access_key", "openai_api_key", "credentials"],
)  # fmt: skip
def test_secret_keys_are_refused(key: str) -> None:
    with pytest.raises(StoreError, match="looks like a secret") as caught:
        scrubbed({"engine": {key: "hunter2"}})
    assert key in caught.value.message and "hunter2" not in str(caught.value)
    assert scrubbed({key: None}) == {key: None}


@pytest.mark.parametrize(
    "value",
    [
        "sk-abcdefghijklmnopqrstuvwx",
        "hf_abcdefghijklmnopqrstuvwx",
        "https://ann:hunter2@host.example/v1",
        "https://host.example/v1?api_key=hunter2",
        "Authorization: Bearer abcdefghijklmnop",
        "-----BEGIN RSA PRIVATE KEY-----",
    ],
)
def test_secret_values_are_refused(value: str) -> None:
    for content in ({"a": [value]}, {value: 1}):
        with pytest.raises(StoreError, match="looks like a secret") as caught:
            scrubbed(content)
        assert value not in str(caught.value)


@pytest.mark.parametrize(
    "key",
    ["max_tokens", "tokens", "new_tokens", "tokenizer", "stop_token", "eos_token", "token_ids",
     "api_key_env", "author", "secretary", "key", "prompt_tokens"],
)  # fmt: skip
def test_harmless_keys_pass(key: str) -> None:
    assert scrubbed({key: "value"}) == {key: "value"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("max_tokens"), inner),
)


@given(
    st.lists(st.text("ab.-_ ", min_size=1, max_size=6).filter(lambda s: s.strip() == s), min_size=1)
)
def test_no_folder_survives(names: list[str]) -> None:
    for root in (CWD, HOME, Path("/mnt/disk"), Path("/weights/x")):
        text = "/".join([str(root), *names])
        result = scrubbed({"path": text})["path"]
        assert not result.startswith("/")
        assert str(root) not in result


@given(JSON)
def test_plain_values_are_left_alone(value: Any) -> None:
    assert scrubbed(value) == value


def test_plain() -> None:
    value = {"a": np.float32(0.5), "b": np.arange(2), "c": (1, Path("x")), 4: np.bool_(True)}
    assert plain(value) == {"a": 0.5, "b": [0, 1], "c": [1, "x"], "4": True}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float64("nan"), object(), {1}])
def test_what_json_cannot_hold(value: Any) -> None:
    with pytest.raises(StoreError, match=r"run.json: cells\[0\]: x"):
        plain({"cells": [{"x": value}]})


def test_two_files_of_one_name() -> None:
    with pytest.raises(StoreError, match=r"\.\.\./m\.gguf"):
        scrubbed({"/a/b/m.gguf": 1, "/a/c/m.gguf": 2})
