"""Models: where weights come from, and the facts FLOPs and prompts need."""

from scaling_cli.models.cache import cache_folder
from scaling_cli.models.convert import as_safetensors
from scaling_cli.models.fetch import pull
from scaling_cli.models.registry import MODELS, RegistryEntry
from scaling_cli.models.resolve import check, is_here, is_local, is_model_name, resolve

__all__ = [
    "MODELS",
    "RegistryEntry",
    "as_safetensors",
    "cache_folder",
    "check",
    "is_here",
    "is_local",
    "is_model_name",
    "pull",
    "resolve",
]
