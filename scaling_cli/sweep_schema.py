"""The keys of a sweep file and the values each takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError


def _listed(value: Any) -> Any:
    """A lone value is a list of one."""
    return value if isinstance(value, list) else [value]


def _named(value: Any) -> Any:
    """A lone name is a mapping with nothing but a name."""
    if not isinstance(value, str | dict):
        raise PydanticCustomError("unnamed", "a name, or a mapping with a name")
    return {"name": value} if isinstance(value, str) else value


def _ruled(value: Any) -> Any:
    """A lone rule is a mapping with nothing but the rule."""
    if not isinstance(value, str | dict | StepKeys):
        raise PydanticCustomError("unruled", "a rule, or a mapping of ends and max_tokens")
    return {"ends": value} if isinstance(value, str) else value


def _kind_of_choice(value: Any) -> str | None:
    kinds = {int: "count", list: "listed", dict: "subset", Subset: "subset"}
    return kinds.get(type(value))


Temperature = Annotated[float, Field(ge=0, le=10)]
Length = Annotated[int, Field(ge=1, le=1_000_000)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Name = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]
Options = dict[str, Any]
Named = Annotated[Options, BeforeValidator(_named)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Subset(Strict):
    count: Count
    seed: int = 0
    by: Literal["level", "subject"] | None = None


Listed = Annotated[list[Name | Annotated[int, Field(ge=0)]], Field(min_length=1)]
Questions = Annotated[
    Annotated[Count, Tag("count")]
    | Annotated[Listed, Tag("listed")]
    | Annotated[Subset, Tag("subset")],
    Discriminator(_kind_of_choice),
]


class StepKeys(Strict):
    ends: Literal["blank-line", "newline", "step-heading", "tokens"] = "blank-line"
    max_tokens: Length = 256


Step = Annotated[StepKeys, BeforeValidator(_ruled)]


class ModelKeys(Strict):
    name: Name
    path: Name | None = None
    revision: Name | None = None
    samples: Count | None = None
    max_tokens: Length | None = None
    temperature: Temperature | None = None
    engine: Named | None = None
    step: Step | None = None


class TaskKeys(Strict):
    name: Name
    data: Name | None = None
    split: Name = "test"
    seed: int = 0
    size: Count | None = None
    options: Options = Field(default_factory=dict)
    questions: Questions | None = None
    prompt: Name | None = None
    shots: Annotated[int, Field(ge=0, le=64)] = 0
    shots_file: Name | None = None
    shots_seed: int = 0
    max_tokens: Length | None = None
    step: Step | None = None


class SweepKeys(Strict):
    name: str | None = None
    question: str = ""
    engine: Named = Field(default_factory=lambda: {"name": "llamacpp"})
    models: Annotated[list[Annotated[ModelKeys, BeforeValidator(_named)]], Field(min_length=1)]
    tasks: Annotated[list[Annotated[TaskKeys, BeforeValidator(_named)]], Field(min_length=1)]
    strategies: Annotated[list[Named], Field(min_length=1)] = Field(
        default_factory=lambda: [{"name": "sampling"}]
    )
    samples: Count = 16
    temperature: Annotated[list[Temperature], Field(min_length=1), BeforeValidator(_listed)] = [0.8]
    max_tokens: Annotated[list[Length], Field(min_length=1), BeforeValidator(_listed)] = [512]
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    top_k: Annotated[int, Field(ge=0)] = 0
    min_p: Annotated[float, Field(ge=0, lt=1)] = 0.0
    repetition_penalty: Annotated[float, Field(gt=0, le=10)] = 1.0
    seeds: Annotated[list[int], Field(min_length=1)] = [0]
    greedy: bool = True
    questions: Questions | None = None
    prompt: Name = "boxed"
    selectors: Annotated[list[str], Field(min_length=1)] = ["first", "coverage", "majority", "best"]
    ks: Annotated[list[Count], Field(min_length=1)] | None = None
    caps: Annotated[list[Length], Field(min_length=1)] | None = None
    extraction: Literal["lenient", "strict"] = "lenient"
    equality: Literal["math", "string"] = "math"
    questions_in_flight: Count | None = None
    verifiers: list[Named] = Field(default_factory=list)
    step: Step = Field(default_factory=StepKeys)


NESTED: Mapping[str, type[Strict]] = {
    "models": ModelKeys,
    "tasks": TaskKeys,
    "questions": Subset,
    "step": StepKeys,
}
"""Under which key which other keys stand."""

MUST_BE: Mapping[str, str] = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "string_too_short": "text",
    "string_too_long": "at most {max_length} characters",
    "string_pattern_mismatch": "printable text",
    "list_type": "a list",
    "too_short": "a list that is not empty",
    "dict_type": "a mapping",
    "union_tag_not_found": "a count, a list, or a mapping of count, seed and by",
    "literal_error": "{expected}",
    "greater_than": "above {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "below {lt}",
    "less_than_equal": "at most {le}",
}
"""What a value must be, by pydantic's type of error."""
