"""A sweep file is read, or refused in one sentence that names the line and the valid names."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scaling_cli.errors import SweepError
from scaling_cli.sweep import EngineSpec, Sweep, cells, sweep_to_dict
from scaling_cli.sweep_file import SELECTORS, Known, load_sweep
from scaling_cli.sweep_steps import RULES
from scaling_cli.sweep_yaml import MAX_BYTES
from scaling_cli.types import StepRule

KNOWN = Known(
    models=["small", "large"],
    is_model=lambda name: name.endswith(".gguf") or name.count("/") == 1 or Path(name).exists(),
    tasks=["gsm8k", "math500"],
    is_task=lambda name: name.startswith("reasoning-gym/"),
    engines={"llamacpp": {"slots": 8}, "vllm": {}, "fake": {"skill": 0.5}},
    strategies={
        "sampling": {"samples": 16},
        "beam": {"width": 4, "temperature": 0.5, "mode": "last", "deep": False, "note": None},
    },
    prompts=["boxed", "brief", "few-shot"],
    task_options=lambda name: {"min_terms": 2, "hard": True} if "/" in name else {},
    more_tasks=lambda: ["reasoning-gym/chain_sum", "reasoning-gym/zebra_puzzles"],
)
BASE = "models: [small]\ntasks: [gsm8k]\n"

Load = Callable[..., Sweep]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def loaded(text: str | bytes, name: str = "x.yaml", **options: Any) -> Sweep:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return load_sweep(path, KNOWN, **options)

    return loaded


def refusal(load: Load, text: str | bytes, **options: Any) -> SweepError:
    """The error of a file that must be refused: two short lines that name the file."""
    with pytest.raises(SweepError) as caught:
        load(text, **options)
    error = caught.value
    assert "\n" not in error.message + error.hint
    assert len(error.message) < 200 and error.hint
    assert error.message.startswith(("x.yaml", "--set"))
    return error


def test_the_shortest_file_has_the_documented_defaults(load: Load) -> None:
    sweep = load(BASE, "my-sweep_1.yaml")
    assert sweep.name == "my-sweep_1"
    assert sweep.engine == EngineSpec("llamacpp")
    assert (sweep.samples, sweep.temperatures, sweep.max_tokens) == (16, (0.8,), (512,))
    assert (sweep.top_p, sweep.top_k, sweep.min_p, sweep.repetition_penalty) == (1.0, 0, 0.0, 1.0)
    assert (sweep.seeds, sweep.greedy, sweep.ks, sweep.caps) == ((0,), True, None, None)
    assert (sweep.extraction, sweep.equality) == ("lenient", "math")
    assert [c.greedy for c in cells(sweep)] == [True, False]


WHOLE = """\
name: whole
question: Is more better?
engine: {name: vllm, dtype: float16, overrides: {a: [1, 2]}}
models:
  - small
  - {name: large, samples: 8, max_tokens: 256, temperature: 0.7, revision: main, engine: fake,
     step: newline}
tasks:
  - gsm8k
  - {name: reasoning-gym/chain_sum, seed: 3, size: 50, options: {min_terms: 2}, questions: 10}
  - {name: math500, prompt: few-shot, shots: 4, questions: {count: 40, by: level}, max_tokens: 99,
     step: {ends: tokens, max_tokens: 64}}
strategies:
  - sampling
  - {name: beam, width: [2, 4], temperature: 1, note: [hello]}
samples: 32
temperature: [0.6, 1]
max_tokens: [128, 512]
top_p: 0.95
top_k: 40
min_p: 1e-3
repetition_penalty: 1.1
questions: [gsm8k/test/0123456789ab, 7]
seeds: [0, 1]
selectors: [first, best-majority]
ks: [4, 1]
caps: [64, 32]
questions_in_flight: 16
step: {ends: step-heading, max_tokens: 99}
extraction: strict
equality: string
"""


def test_every_key_arrives(load: Load) -> None:
    sweep = load(WHOLE)
    small, large = sweep.models
    assert small.samples is None and large.engine == EngineSpec("fake")
    assert (large.samples, large.max_tokens, large.temperature) == (8, 256, 0.7)
    gsm8k, generated, math500 = sweep.tasks
    assert gsm8k.questions == ("gsm8k/test/0123456789ab", 7)
    assert (generated.seed, generated.size, generated.questions) == (3, 50, 10)
    assert dict(generated.options) == {"min_terms": 2}
    assert dict(math500.questions) == {"count": 40, "seed": 0, "by": "level"}
    assert (math500.prompt, math500.shots, gsm8k.prompt) == ("few-shot", 4, "boxed")
    assert dict(sweep.strategies[1].params) == {
        "width": (2, 4),
        "temperature": (1.0,),
        "mode": ("last",),
        "deep": (False,),
        "note": ("hello",),
    }
    assert dict(sweep.engine.options)["overrides"] == {"a": (1, 2)}
    assert sweep.step == StepRule("step-heading", RULES["step-heading"], 99)
    assert (large.step, small.step) == (StepRule("newline", ("\n",), 256), None)
    assert (math500.step, gsm8k.step) == (StepRule("tokens", (), 64), None)
    assert (sweep.ks, sweep.caps, sweep.min_p) == ((1, 4), (32, 64), 0.001)
    assert (sweep.temperatures, sweep.max_tokens, sweep.seeds) == ((0.6, 1.0), (128, 512), (0, 1))


@pytest.mark.parametrize("text", [BASE, WHOLE])
def test_written_down_it_reads_the_same(load: Load, text: str) -> None:
    sweep = load(text)
    written = sweep_to_dict(sweep)
    assert load(yaml.safe_dump(written), "again.yaml") == sweep
    assert sweep_to_dict(load(yaml.safe_dump(written))) == written


MISTAKES = {
    # what is written: (line, what the message says, what the hint says)
    "modles: [small]\ntasks: [gsm8k]\n": (1, "'modles'; did you mean models?", "strategies"),
    "models: [small]\ntasks:\n  - name: gsm8k\n    shots: 4\n": (
        4,
        "boxed takes no worked examples",
        "few-shot",
    ),
    BASE + "sample: 3\n": (3, "'sample'; did you mean samples?", "top_p"),
    "tasks: [gsm8k]\n": (1, "models is missing", "quickstart"),
    "models: [smal]\ntasks: [gsm8k]\n": (1, "model 'smal'; did you mean small?", "small, large"),
    "models: [small]\ntasks:\n- gsm8k\n- gsm9k\n": (4, "task 'gsm9k'; did you", "gsm8k, math500"),
    BASE + "engine: lamacpp\n": (3, "engine 'lamacpp'; did you mean llamacpp?", "vllm, fake"),
    BASE + "engine: {name: fake, skil: 1}\n": (3, "option of fake 'skil'", "valid: skill"),
    BASE + "engine: {slots: 1}\n": (3, "the engine has no name", "name"),
    BASE + "engine: 5\n": (3, "engine is 5; it must be a name", "quickstart"),
    BASE + "strategies: [beem]\n": (3, "strategy 'beem'; did you mean beam?", "sampling, beam"),
    BASE + "strategies:\n- beam:\n": (4, "the strategy has no name", "name"),
    BASE + "strategies:\n- name: beam\n  widht: 3\n": (5, "beam 'widht'; did you", "width, temp"),
    BASE + "strategies:\n- name: sampling\n  samples: 3\n": (
        5,
        "sampling takes no samples",
        "samples: N",
    ),
    BASE + "strategies: [{name: beam, width: four}]\n": (3, "width is 'four'", "default: 4"),
    BASE + "strategies: [{name: beam, width: 4.0}]\n": (3, "width is 4.0", "default: 4"),
    BASE + "strategies: [{name: beam, width: true}]\n": (3, "width is True", "default: 4"),
    BASE + "strategies: [{name: beam, deep: 1}]\n": (3, "deep is 1", "default: False"),
    BASE + "strategies: [{name: beam, width: []}]\n": (3, "width has no value", "default: 4"),
    BASE + "samples: many\n": (3, "samples is 'many'; it must be a whole number", ""),
    BASE + "samples: 0\n": (3, "samples is 0; it must be at least 1", ""),
    BASE + "samples: true\n": (3, "samples is True; it must be a whole number", ""),
    BASE + "samples: 2.5\n": (3, "samples is 2.5; it must be a whole number", ""),
    BASE + "samples:\n": (3, "samples is empty; it must be a whole number", ""),
    BASE + "temperature: [0.5, hot]\n": (3, "temperature.1 is 'hot'; it must be a number", ""),
    BASE + "temperature:\n- 0.5\n- -1\n": (5, "temperature.1 is -1; it must be at least 0", ""),
    BASE + "top_p: 0\n": (3, "top_p is 0; it must be above 0", ""),
    BASE + "greedy: 1\n": (3, "greedy is 1; it must be true or false", ""),
    BASE + "seeds: 3\n": (3, "seeds is 3; it must be a list", ""),
    BASE + "seeds: []\n": (3, "seeds is []; it must be a list that is not empty", ""),
    BASE + "questions: all\n": (3, "questions is 'all'; it must be a count, a list", ""),
    BASE + "questions: []\n": (3, "questions is []; it must be a list that is not empty", ""),
    BASE + "questions: [-1]\n": (3, "questions.0 is -1", ""),
    BASE + "questions: {seed: 1}\n": (3, "questions.count is missing", ""),
    BASE + "questions: {count: 5, seeed: 1}\n": (3, "questions 'seeed'; did you", "count, seed"),
    BASE + "questions: {count: 5, by: color}\n": (3, "must be 'level' or 'subject'", ""),
    BASE + "selectors: [first, most]\n": (3, "selector 'most'", ", ".join(SELECTORS)),
    BASE + "extraction: lenint\n": (3, "it must be 'lenient' or 'strict'", ""),
    BASE + "prompt: boxd\n": (3, "prompt style 'boxd'; did you mean boxed?", "few-shot"),
    BASE + "name: ../x\n": (3, "'../x' cannot name a folder", "letters"),
    BASE + "name: ''\n": (3, "'' cannot name a folder", "letters"),
    "models: small\ntasks: [gsm8k]\n": (1, "models is 'small'; it must be a list", ""),
    "models: []\ntasks: [gsm8k]\n": (1, "models is []; it must be a list that is not empty", ""),
    "models: [5]\ntasks: [gsm8k]\n": (1, "models.0 is 5; it must be a name, or", ""),
    "models:\n- name: small\n  sample: 3\ntasks: [gsm8k]\n": (3, "of models.0 'sample'", "samples"),
    "models: [small]\ntasks:\n- raesoning-gym/chain_sum\n": (
        3,
        "did you mean reasoning-gym/chain_sum?",
        "scale tasks list --all",
    ),
    "models: [small]\ntasks:\n- name: gsm8k\n  options:\n    x: 1\n": (
        5,
        "no option of gsm8k 'x'",
        "valid: none",
    ),
    "models: [small]\ntasks:\n- name: reasoning-gym/sums\n  options:\n    min_trems: 1\n": (
        5,
        "no option of reasoning-gym/sums 'min_trems'; did you mean min_terms?",
        "min_terms, hard",
    ),
    "models: [small]\ntasks:\n- name: reasoning-gym/sums\n  options: {min_terms: two}\n": (
        4,
        "min_terms is 'two'; it must be a whole number",
        "default: 2",
    ),
    "models: [small]\ntasks:\n- name: gsm8k\n  options: 5\n": (
        4,
        "options is 5; it must be a mapping",
        "",
    ),
    "models: [small]\ntasks:\n- name: gsm8k\n  data: no.jsonl\n": (
        4,
        "'no.jsonl' does not",
        "paths",
    ),
    "models: [small]\ntasks:\n- no.parquet\n": (3, "'no.parquet' does not exist", "paths"),
    "models: [small, {name: small, samples: 8}]\ntasks: [gsm8k]\n": (
        1,
        "small is asked for twice",
        "",
    ),
    "models: [small]\ntasks:\n- gsm8k\n- {name: gsm8k, questions: 5}\n": (
        4,
        "gsm8k is asked for",
        "",
    ),
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_named_with_its_line(load: Load, text: str) -> None:
    line, says, hints = MISTAKES[text]
    error = refusal(load, text)
    assert error.message.startswith(f"x.yaml, line {line}: ")
    assert says in error.message
    assert hints in error.hint


@pytest.mark.parametrize(
    ("model", "accepted"),
    [("Org/model", True), ("some.gguf", True), ("a/b/c", False), ("mystery", False)],
)
def test_models_beyond_the_known_names(load: Load, model: str, accepted: bool) -> None:
    text = f"models: [{model}]\ntasks: [gsm8k]\n"
    if accepted:
        assert load(text).models[0].name == model
    else:
        assert "hub id" in refusal(load, text).hint


def test_a_model_twice_with_other_settings_is_two_cells(load: Load) -> None:
    text = "models: [small, {name: small, temperature: 0.3}]\ntasks: [gsm8k]\ngreedy: false\n"
    assert len(cells(load(text))) == 2
    engines = "models: [small, {name: small, engine: fake}]\ntasks: [gsm8k]\n"
    assert len(cells(load(engines))) == 4


def test_a_default_given_is_the_same_cell(load: Load) -> None:
    given_ = load(BASE + "strategies: [{name: beam, width: 4, temperature: 0.5}, beam]\n")
    assert len(cells(given_)) == 2


BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + before] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
HOSTILE: dict[str, tuple[str | bytes, str]] = {
    "empty": (b"", "is empty"),
    "comment": (b"# nothing\n", "is empty"),
    "a list": (b"- small\n", "is a mapping"),
    "a word": (b"small\n", "is a mapping"),
    "tabs": (b"models:\n\t- small\n", "line 2: not YAML"),
    "unclosed": (b"models: [small\ntasks: [gsm8k]\n", "line 2: not YAML"),
    "two documents": (BASE + "---\na: 1\n", "line 3: not YAML"),
    "an unknown alias": (b"models: *m\n", "line 1: not YAML"),
    "binary": (b"a: b\n\x00\x01\x02", "line 2: not text: it holds U+0000"),
    "latin-1": ("a: b\nmodels: [é]".encode("latin-1"), "line 2: not UTF-8"),
    "utf-16": (BASE.encode("utf-16"), "line 1: not UTF-8"),
    "an alias bomb": (BOMB, "too many"),
    "an alias of itself": (b"models: &a [*a]\ntasks: [gsm8k]\n", "nested"),
    "deep": (b"models: " + b"[" * 50_000, "too deeply nested"),
    "deep mappings": (b"{a: " * 50_000, "too deeply nested"),
    "many values": (b"models: [" + b"small," * 100_000 + b"]\n", "too many values"),
    "10 MB": (b"#" * 10_000_000, "larger than"),
    "a call": (b"models: !!python/object/apply:os.system [exit]\n", "line 1: the tag '!!python"),
    "a name": (b"models: [!!python/name:os.system x]\n", "line 1: the tag '!!python"),
    "a tag of its own": (b"models: !env [HOME]\n", "line 1: the tag '!env'"),
    "a set": (b"models: !!set {small}\ntasks: [gsm8k]\n", "the tag '!!set'"),
    "bytes": (BASE + "question: !!binary aGk=\n", "the tag '!!binary'"),
    "merge": ("a: &a {slots: 1}\nengine: {<<: *a, name: fake}\n", "line 2: merging"),
    "a key twice": (BASE + "samples: 1\nsamples: 2\n", "'samples' is given twice, first on line 3"),
    "a key twice inside": ("models:\n- name: a\n  name: b\n", "line 3: 'name' is given twice"),
    "a number as key": (BASE + "1: 2\n", "line 3: a key is not a word"),
    "a list as key": (BASE + "[a, b]: 2\n", "line 3: a key is not a word"),
    "not a number": (BASE + "temperature: .nan\n", "line 3: .nan is not a number"),
    "infinite": (BASE + "top_p: -.inf\n", "line 3: -.inf is not a number"),
    "overflow": (BASE + "temperature: 1.0e+999\n", "line 3: 1.0e+999 is not a number"),
    "a huge number": (BASE + "samples: 1" + "0" * 30 + "\n", "line 3: 1000"),
    "endless digits": (BASE + "samples: 1" + "0" * 9000 + "\n", "line 3: a number of 9001"),
    "endless sixties": (BASE + "samples: 1" + ":1" * 60_000 + "\n", "line 3: a number of"),
    "a false number": (BASE + "samples: !!int x\n", "line 3: 'x' cannot be read"),
    "a false truth": (BASE + "greedy: !!bool x\n", "line 3: 'x' cannot be read"),
    "a long name": (f"models: [{'é' * 5000}.gguf]\ntasks: [gsm8k]\n", "at most 255"),
    "a name no disk takes": (f"models: [{'é' * 250}]\ntasks: [gsm8k]\n", "there is no model"),
    "a NUL in a name": ('models: ["a\\0b/c"]\ntasks: [gsm8k]\n', "printable"),
    "a NUL in a path": ('models: [{name: a, path: "a\\0b"}]\ntasks: [gsm8k]\n', "printable"),
    "a line in a key": (BASE + '"a\\nb": 1\n', r"there is no key 'a\nb'"),
    "a long key": (BASE + '"' + "k" * 900 + '": 1\n', "there is no key"),
    "cells without end": (
        BASE + "strategies: [{name: beam, width: %s, temperature: %s}]\nseeds: %s\n"
        % ((list(range(400)),) * 3),
        "64000001 cells",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused(load: Load, name: str) -> None:
    text, says = HOSTILE[name]
    assert says in refusal(load, text).message


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.sampled_from("models:[]{}-,&*!|>'\"# \n\ttasks0.1e9gsm8k"), max_size=60))
def test_any_text_loads_or_is_refused(load: Load, text: str) -> None:
    for whole in (text, BASE + text):
        try:
            load(whole)
        except SweepError as error:
            assert "\n" not in error.message


def test_what_is_not_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SweepError, match="No such file"):
        load_sweep(tmp_path / "no.yaml", KNOWN)
    with pytest.raises(SweepError, match="is not a file"):
        load_sweep(tmp_path, KNOWN)
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(SweepError, match="is not a file"):
        load_sweep(tmp_path / "pipe.yaml", KNOWN)
    (tmp_path / "large.yaml").write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(SweepError, match="larger than"):
        load_sweep(tmp_path / "large.yaml", KNOWN)
    with pytest.raises(SweepError, match="cannot name a folder"):
        (tmp_path / "a b.yaml").write_text(BASE)
        load_sweep(tmp_path / "a b.yaml", KNOWN)


def test_the_environment_is_never_read(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "open sesame")
    sweep = load(BASE + "question: $SECRET ${SECRET} ~\nengine: {name: vllm, dtype: $SECRET}\n")
    assert sweep.question == "$SECRET ${SECRET} ~"
    assert sweep.engine.options == (("dtype", "$SECRET"),)


def test_paths_start_at_the_sweep_file_then_here(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    for folder in (tmp_path, here):
        (folder / "both.jsonl").write_text("{}")
    (here / "only.jsonl").write_text("{}")
    (tmp_path / "m.gguf").write_text("")
    text = "models: [m.gguf]\ntasks: [both.jsonl, {name: gsm8k, data: only.jsonl}]\n"
    sweep = load(text)
    assert [task.data for task in sweep.tasks] == [tmp_path / "both.jsonl", Path("only.jsonl")]
    assert sweep.models[0].path == tmp_path / "m.gguf"
    # What is typed on the command line is meant from where it is typed.
    assert load(text, overrides=["tasks.0.data=both.jsonl"]).tasks[0].data == Path("both.jsonl")
    assert str(tmp_path) not in str(sweep_to_dict(sweep))


def test_overrides(load: Load) -> None:
    sweep = load(
        BASE,
        overrides=[
            "samples=8",
            "temperature=[0.5, 1e-1]",
            "models.0.samples=2",
            "tasks.0.questions={count: 5, seed: 1}",
            "question=a=b",
            "name=other",
        ],
    )
    assert (sweep.samples, sweep.temperatures, sweep.name) == (8, (0.5, 0.1), "other")
    assert sweep.question == "a=b"
    assert sweep.models[0].samples == 2
    assert dict(sweep.tasks[0].questions)["count"] == 5


def test_an_option_of_an_engine_not_named_needs_the_name(load: Load) -> None:
    overrides = ["engine.name=fake", "engine.skill=1"]
    assert load(BASE, overrides=overrides).engine == EngineSpec("fake", (("skill", 1),))
    named = load(BASE + "engine: fake\n", overrides=["engine.skill=1"])
    assert named.engine == EngineSpec("fake", (("skill", 1),))
    assert "the engine has no name" in refusal(load, BASE, overrides=["engine.slots=3"]).message


def test_an_override_reaches_one_place_of_an_alias(load: Load) -> None:
    text = "models: [&m {name: small, temperature: 0.1}, *m]\ntasks: [gsm8k]\n"
    sweep = load(text, overrides=["models.1.temperature=0.2", "greedy=false"])
    assert [model.temperature for model in sweep.models] == [0.1, 0.2]


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("samples", "is not key=value"),
        ("=3", "is not key=value"),
        ("a..b=3", "is not key=value"),
        ("samples=many", "samples is 'many'"),
        ("samples=", "samples is empty"),
        ("sampels=3", "there is no key 'sampels'"),
        ("models.7.samples=3", "there is nothing at 7"),
        ("models.²=3", "there is nothing at ²"),
        ("models.-1=small", "there is nothing at -1"),
        ("samples.x.y=3", "samples is"),
        ("samples=[", "not YAML"),
        ("samples=!!python/name:os.system x", "the tag"),
        ("samples=.nan", "not a number"),
        ("engine=fack", "there is no engine 'fack'"),
        ("models.0.name=smal", "there is no model 'smal'"),
    ],
)
def test_a_mistake_in_an_override_names_the_override(load: Load, override: str, says: str) -> None:
    error = refusal(load, BASE, overrides=[override])
    assert error.message.startswith(f"--set {override}")
    assert says in error.message


def test_a_mistake_beside_an_override_names_the_file(load: Load) -> None:
    error = refusal(load, BASE + "top_k: x\n", overrides=["samples=3"])
    assert error.message.startswith("x.yaml, line 3: top_k")


@pytest.mark.parametrize(
    ("questions", "limited"),
    [
        ("", (("first", 3),)),
        ("questions: 2\n", 2),
        ("questions: 100\n", 3),
        ("questions: [9, 8, 7, 6, 6]\n", (9, 8, 7)),
        ("questions: {count: 9, by: level}\n", (("by", "level"), ("count", 3), ("seed", 0))),
    ],
)
def test_a_limit_is_a_number_of_questions(load: Load, questions: str, limited: Any) -> None:
    assert load(BASE + questions, limit=3).tasks[0].questions == limited


@pytest.mark.parametrize("name", ["quickstart", "gsm8k-qwen-coder", "math500-qwen-coder"])
def test_the_sweeps_we_ship(name: str) -> None:
    path = Path(__file__).parent.parent / "sweeps" / f"{name}.yaml"
    models = [f"{m}-instruct" for m in ("smollm2-135m", "qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b")]
    known = Known(models, lambda _: False, *_rest_of_known())
    sweep = load_sweep(path, known)
    assert path.read_text().startswith("# Asks: ")
    assert sweep.name == name and sweep.question.endswith("?")
    greedy = [c.model.name for c in cells(sweep) if c.greedy]
    assert greedy == [m.name for m in sweep.models]
    samples = {c.model.name: c.samples for c in cells(sweep) if not c.greedy}
    wanted = {
        "quickstart": {models[0]: 16, models[1]: 16},
        "gsm8k-qwen-coder": {models[0]: 16, models[1]: 16, models[2]: 8},
        "math500-qwen-coder": {models[1]: 16, models[2]: 8},
    }
    assert samples == wanted[name]


def _rest_of_known() -> tuple[Any, ...]:
    return (KNOWN.tasks, KNOWN.is_task, KNOWN.engines, KNOWN.strategies, KNOWN.prompts)
