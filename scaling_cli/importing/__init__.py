"""Other people's samples: readers of their formats, and the run they become."""

from __future__ import annotations

from scaling_cli.importing import (
    boinf,
    counts,
    inspect_logs,
    lighteval,
    lm_eval,
    monkeys,
    nemo_skills,
    samples,
    search_and_learn,
)
from scaling_cli.importing.rows import ImportedSample, Reader, Skipped, Unread

__all__ = ["FORMATS", "ImportedSample", "Reader", "Skipped", "Unread"]

FORMATS: dict[str, Reader] = {
    "samples": samples.read,
    "boinf": boinf.read,
    "counts": counts.read,
    "monkeys": monkeys.read,
    "search-and-learn": search_and_learn.read,
    "lm-eval": lm_eval.read,
    "inspect": inspect_logs.read,
    "lighteval": lighteval.read,
    "nemo-skills": nemo_skills.read,
}
"""Name of a format to its reader: one file and one line each."""
