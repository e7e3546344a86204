"""Ids of questions: what makes two questions the same question."""

from __future__ import annotations

import hashlib
import unicodedata


def normalise(text: str) -> str:
    """NFC, runs of white space as one blank, none at the ends."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def question_id(task: str, split: str, text: str, gold: str) -> str:
    """`<task>/<split>/<12 hex of SHA-256 of the normalised question and gold>`."""
    content = f"{normalise(text)}\n{normalise(gold)}"
    digest = hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{task}/{split}/{digest[:12]}"
