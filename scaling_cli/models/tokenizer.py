"""One tokenizer and chat template per model, without any heavy framework."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scaling_cli.errors import ModelError
from scaling_cli.models.gguf import GgufFile
from scaling_cli.models.template import render_chat
from scaling_cli.types import Message

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPLITS = {
    "gpt-2": [GPT2],
    "smollm": [r"\p{N}", GPT2],
    "qwen2": [QWEN2],
    "llama-bpe": [LLAMA3],
    "llama3": [LLAMA3],
}
"""How each pre-tokenizer named in a GGUF file cuts text before merges apply."""

WHOLE_WORDS = frozenset({"llama-bpe", "llama3"})
"""Families that take a word of the vocabulary whole, even where no merges lead to it."""

CONTROL, USER_DEFINED = 3, 4
"""GGUF's kinds of tokens that stand for themselves; only control tokens are left out of text."""

ENDS = ("<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end_of_text|>", "<end_of_turn>", "</s>")
"""Names under which models end a turn, beside the token they declare."""


@dataclass(frozen=True)
class TextTokenizer:
    """Implements `types.Tokenizer` over the `tokenizers` library and a sandboxed template.

    `lead` is the token every document begins with, empty for models that know none.
    """

    core: Any
    template: str | None
    bos: str
    eos: str
    stop_ids: tuple[int, ...]
    hash: str
    lead: str = ""

    def encode(self, text: str) -> list[int]:
        """Token ids of `text`; special tokens written in it count as one."""
        return list(self.core.encode(text, add_special_tokens=False).ids)

    def decode(self, tokens: Sequence[int]) -> str:
        """Text of `tokens`, special tokens left out."""
        return str(self.core.decode(list(tokens), skip_special_tokens=True))

    def chat(self, messages: Sequence[Message]) -> str:
        """The rendered template, ending where the answer begins; ModelError without one."""
        return self._render(messages, add_generation_prompt=True)

    def transcript(self, messages: Sequence[Message]) -> str:
        """The rendered template of a finished conversation; ModelError without one."""
        return self._render(messages, add_generation_prompt=False)

    def document(self, text: str) -> str:
        """`text` behind the token a document begins with; without it Gemma, for one, writes
        nonsense, and `encode` adds none."""
        return self.lead + text

    def _render(self, messages: Sequence[Message], *, add_generation_prompt: bool) -> str:
        if self.template is None:
            raise ModelError("this model has no chat template", "use the prompt style few-shot")
        return render_chat(
            self.template,
            messages,
            bos=self.bos,
            eos=self.eos,
            add_generation_prompt=add_generation_prompt,
        )


def tokenizer_of(file: GgufFile) -> TextTokenizer:
    """The tokenizer a GGUF file describes: byte-level BPE of the families in `SPLITS`."""
    facts = file.facts
    family, kind = facts.get("tokenizer.ggml.pre"), facts.get("tokenizer.ggml.model")
    if kind != "gpt2" or family not in SPLITS:
        raise ModelError(
            f"{file.name} has a tokenizer of a kind not built in ({kind}, {family})",
            f"use a folder with tokenizer.json; built in: {', '.join(SPLITS)}",
        )
    try:
        return _described(facts, str(family))
    except Exception as error:
        # The tokenizers library raises plain Exceptions.
        raise ModelError(
            f"{file.name} describes its tokenizer wrongly: {error!r}",
            "fetch it again, or use a folder with tokenizer.json",
        ) from error


def _described(facts: Mapping[str, Any], family: str) -> TextTokenizer:
    tokens: list[str] = facts["tokenizer.ggml.tokens"]
    kinds: list[int] = facts["tokenizer.ggml.token_type"]
    template = facts.get("tokenizer.chat_template")
    core = _byte_level(tokens, facts["tokenizer.ggml.merges"], kinds, family)
    eos = int(facts["tokenizer.ggml.eos_token_id"])
    bos = facts.get("tokenizer.ggml.bos_token_id")
    # llama.cpp's own rule where the file does not say.
    leads = bool(facts.get("tokenizer.ggml.add_bos_token", family in WHOLE_WORDS))
    described = {key: facts[key] for key in sorted(facts) if key.startswith("tokenizer.")}
    return TextTokenizer(
        core=core,
        template=template,
        bos=tokens[int(bos)] if bos is not None else "",
        eos=tokens[eos],
        stop_ids=_stops(eos, {token: i for i, token in enumerate(tokens) if kinds[i] == CONTROL}),
        hash=_digest(described),
        lead=tokens[int(bos)] if leads and bos is not None else "",
    )


def _byte_level(tokens: list[str], merges: list[str], kinds: list[int], family: str) -> Any:
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

    vocabulary = {token: index for index, token in enumerate(tokens)}
    pairs = [(left, right) for left, _, right in (merge.partition(" ") for merge in merges)]
    whole = family in WHOLE_WORDS
    core = Tokenizer(models.BPE(vocab=vocabulary, merges=pairs, ignore_merges=whole))
    cuts = [pre_tokenizers.Split(Regex(split), "isolated") for split in SPLITS[family]]
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [*cuts, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    core.decoder = decoders.ByteLevel()
    own = [
        (token, kind)
        for token, kind in zip(tokens, kinds, strict=True)
        if kind in (CONTROL, USER_DEFINED)
    ]
    core.add_special_tokens(
        [AddedToken(t, special=True, normalized=False) for t, k in own if k == CONTROL]
    )
    core.add_tokens([AddedToken(t, normalized=False) for t, k in own if k == USER_DEFINED])
    return core


def to_json(tokenizer: TextTokenizer) -> dict[str, Any]:
    """All of a tokenizer as plain data, so that a GGUF file is parsed only once."""
    fields = {name: getattr(tokenizer, name) for name in ("template", "bos", "eos", "hash", "lead")}
    return {**fields, "stop_ids": list(tokenizer.stop_ids), "core": tokenizer.core.to_str()}


def from_json(fields: Mapping[str, Any]) -> TextTokenizer:
    """The tokenizer `to_json` wrote."""
    from tokenizers import Tokenizer

    core = Tokenizer.from_str(fields["core"])
    return TextTokenizer(**{**fields, "core": core, "stop_ids": tuple(fields["stop_ids"])})


def tokenizer_from_folder(folder: Path) -> TextTokenizer:
    """The tokenizer of a folder that holds tokenizer.json."""
    from tokenizers import Tokenizer

    file = folder / "tokenizer.json"
    if not file.is_file():
        raise ModelError(f"{folder.name} holds no tokenizer.json", "save a fast tokenizer there")
    try:
        core = Tokenizer.from_file(str(file))
    except Exception as error:
        raise ModelError(f"{file.name} cannot be read: {error}", "fetch the model again") from error
    settings = _settings(folder)
    special = {
        str(item["content"]): int(item["id"])
        for item in json.loads(file.read_text())["added_tokens"]
        if item.get("special")
    }
    eos = _name(settings.get("eos_token"))
    template = _template(folder, settings)
    bos = _name(settings.get("bos_token"))
    return TextTokenizer(
        core=core,
        template=template,
        bos=bos,
        eos=eos,
        stop_ids=_stops(special.get(eos), special),
        hash=_digest({"tokenizer": file.read_text(), "template": template, "eos": eos}),
        lead=bos if settings.get("add_bos_token", _begins_with(core, bos)) else "",
    )


def _begins_with(core: Any, token: str) -> bool:
    """Whether the tokenizer puts this token before a text of its own accord."""
    first = core.encode("", add_special_tokens=True).ids[:1]
    return bool(token) and [core.id_to_token(one) for one in first] == [token]


def _settings(folder: Path) -> dict[str, Any]:
    file = folder / "tokenizer_config.json"
    if not file.is_file():
        return {}
    try:
        return dict(json.loads(file.read_text()))
    except (ValueError, TypeError) as error:
        raise ModelError(f"{file.name} cannot be read: {error}", "fetch the model again") from error


def _template(folder: Path, settings: Mapping[str, Any]) -> str | None:
    file = folder / "chat_template.jinja"
    if file.is_file():
        return file.read_text()
    template = settings.get("chat_template")
    return template if isinstance(template, str) else None


def _name(token: Any) -> str:
    return str(token["content"]) if isinstance(token, dict) else str(token or "")


def _stops(eos: int | None, special: Mapping[str, int]) -> tuple[int, ...]:
    found = [special[name] for name in ENDS if name in special]
    return tuple(dict.fromkeys(([] if eos is None else [eos]) + found))


def _digest(described: Mapping[str, Any]) -> str:
    text = json.dumps(described, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
