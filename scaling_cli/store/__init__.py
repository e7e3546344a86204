"""The only code that knows `results/`: Parquet parts, the manifest, the lock."""

from scaling_cli.store.folder import RunFolder, run_folders
from scaling_cli.store.manifest import CellRecord, Run, cell_key

__all__ = ["CellRecord", "Run", "RunFolder", "cell_key", "run_folders"]
