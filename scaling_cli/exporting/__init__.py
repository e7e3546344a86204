"""The table of formats a run can be handed on in: each writes files and says which."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scaling_cli.exporting.datasets_folder import write_datasets
from scaling_cli.exporting.duckdb_views import write_views
from scaling_cli.exporting.files import Written
from scaling_cli.exporting.lm_eval import write_lm_eval
from scaling_cli.exporting.metrics import write_metrics
from scaling_cli.exporting.tidy import Source
from scaling_cli.exporting.tidy_files import write_csv, write_parquet

__all__ = ["FORMATS", "Source", "Written"]

FORMATS: dict[str, Callable[[Source, Path], list[Written]]] = {
    "parquet": write_parquet,
    "csv": write_csv,
    "lm-eval": write_lm_eval,
    "datasets": write_datasets,
    "metrics": write_metrics,
    "duckdb": write_views,
}
