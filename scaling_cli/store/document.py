"""docs/schema.md, written from the schemas (`make docs`)."""

from __future__ import annotations

from scaling_cli.store.schema import PARTS, SCHEMA_VERSION, Part

HEAD = f"""# What a results folder holds

<!-- Written by `make docs`. -->

Schema version {SCHEMA_VERSION}. Files of a newer version are refused, never misread.

```text
results/<sweep>/
  run.json                    the manifest
  questions.parquet           the questions, without their texts
  candidates/<cell>.parquet   graded answers, without texts
  charges/<cell>.parquet      raw counts of every call (search lane)
  summary.parquet             accuracy rows, derived
  fits.json                   fitted laws, derived
  plan.json                   what the run was expected to take, for `scale status` to compare
  pace.json                   how fast each start of an engine sampled, for later plans
  bank/<cell>.parquet         raw completions (bank lane); not committed
  bank/questions.parquet      the questions' texts; not committed
  journal/<cell>.jsonl        calls not yet in a part; gone when the cell is done; not committed
  .lock                       who is writing, while someone is; not committed
```

A `<cell>` is the cell's key: 16 hex digits of the SHA-256 of its identity's canonical JSON. Ids of
questions hold slashes and stand only in columns, never in a file's name.

* **A file exists when that part is done.** Parts are written to a temporary file beside them,
  flushed and renamed: a kill or a full disk leaves the old part or the new one, never a torn one.
* **The same content gives the same bytes**: fixed compression (zstd), rows sorted by the key named
  below (in the order of the run's questions where the writer gives it), no timestamps. Another
  release of Apache Arrow may write other bytes for the same rows.
* **One writer.** The lock belongs to the process and dies with it, whatever the file says. Readers
  need none.
* **A damaged file** is named, with what to do: move it away and run the same command again.
  Only what it held is made again.
* pandas, Polars and DuckDB read every file as it is, for example
  `duckdb -c "select task, k, accuracy from 'results/*/summary.parquet'"`.
* Text that UTF-8 cannot hold (half a surrogate pair) is stored with U+FFFD in its place.
"""

MANIFEST = r"""
## `run.json`

| field | meaning |
|---|---|
| `schema_version` | the version of this page |
| `sweep` | the sweep as it was run, defaults filled in |
| `versions` | package → version, scale's own among them |
| `hardware` | what it ran on |
| `weights` | model → fingerprint of its weights |
| `data` | task → fingerprint of its questions |
| `cells` | key → cell |
| `cells.*.identity` | what the key is a hash of |
| `cells.*.seed` | the cell's seed |
| `cells.*.prompt_hash` | hash of the rendered prompt, null where there is none |
| `cells.*.shots` | ids of the exemplars |
| `cells.*.details` | anything else worth keeping |

Secrets are refused: neither a key that names one (`api_key`, `hf_token`) nor a value that looks
like one is written. Absolute paths are cut: the working folder becomes `.`, the home folder
`~`, and of any other path `.../name` remains, so a cell's identity as written may differ from
what its key was computed from by that alone.
"""

FITS = """
## `fits.json`

An object per fitted law: its parameters, intervals and residuals. Derived; it may be deleted.
"""

BESIDE = """
## `plan.json` and `pace.json`

`plan.json`: `cells` maps keys to rows of `scale plan` (samples, tokens, FLOPs, seconds, where each
number comes from), `widths` lists the intervals to expect, `version` is 1. It is written before
anything is sampled, and kept. `pace.json`: `sessions` holds for every start of an engine that
sampled its `model`, `engine`, `device`, `slots`, `samples`, `tokens` and `seconds`, and whether
verifiers were asked meanwhile (`verified`); for every scoring of a bank (`role` is `verifier`) the
`cell`, the tokens read and the seconds. Both may be deleted.
"""


def render() -> str:
    """The page."""
    return HEAD + MANIFEST + "".join(_section(part) for part in PARTS.values()) + FITS + BESIDE


def _section(part: Part) -> str:
    lines = [f"\n## `{part.path}`\n", part.meaning]
    if part.sorted_by:
        lines[-1] += " Key: " + ", ".join(f"`{name}`" for name in part.sorted_by) + "."
    lines += ["", "| column | type | null | meaning |", "|---|---|---|---|"]
    for column in part.columns:
        meaning = column.meaning
        if column.allowed:
            meaning += " One of " + ", ".join(f"`{value}`" for value in column.allowed) + "."
        null = "yes" if column.nullable else "no"
        lines.append(f"| `{column.name}` | `{column.type}` | {null} | {meaning} |")
    return "\n".join(lines) + "\n"
