"""`scale verifiers`, `scale score`, and searches in a sweep, as a person meets them."""

from __future__ import annotations

import pytest

from .command import Scale

SEARCH = "strategies=[sampling, {name: beam, n: [2, 4], m: 2}, {name: dvts, n: 4, m: 2}]"
STEPS = "engine={name: fake, steps: 3}"
JUDGE = "{name: judge, model: j, prompt: step}"


def test_every_verifier_is_listed_and_shown(scale: Scale) -> None:
    listed = scale("verifiers", "list", "--json").rows
    assert {row["name"] for row in listed} >= {"confidence", "judge", "oracle", "oracle-rollout"}
    bounds = {row["name"] for row in listed if row["upper bound"]}
    assert bounds == {"oracle", "oracle-rollout", "noisy-oracle"}
    for row in listed:
        (shown,) = scale("verifiers", "show", row["name"], "--json").rows
        assert shown["source"].startswith(row["what"].rstrip("."))


def test_a_sweep_of_searches_is_planned_run_and_asked(scale: Scale) -> None:
    command = ("run", scale.write(), "--results", scale.results, "--set", STEPS, "--set", SEARCH,
               "--set", f"verifiers=[oracle, {JUDGE}]")  # fmt: skip
    planned = scale(*command, "--dry-run", "--json").rows
    led = [row for row in planned if row["strategy"] in ("beam", "dvts")]
    assert len(led) == 12 and {row["verifier"] for row in led} == {"oracle", "judge"}
    judged = [row["verifier_tokens"] > 0 for row in led]
    assert judged == [row["verifier"] == "judge" for row in led]

    done = scale(*command, "--json")
    assert done.code == 0, done
    assert {row["state"] for row in done.rows} == {"complete"}
    again = scale(*command)
    assert "0 tokens sampled" in again.err

    rows = scale("accuracy", scale.results / "s", "--json").rows
    beam = [row for row in rows if row["strategy"] == "beam"]
    assert {row["verifier"] for row in beam} == {"oracle (upper bound)", "judge"}
    assert {row["k"] for row in beam} == {2, 4} and "first" not in {r["selector"] for r in beam}
    for row in beam:
        assert row["flops"] == pytest.approx(row["flops_policy"] + row["flops_verifier"])
        assert (row["verifier_tokens"] > 0) == (row["verifier"] == "judge")
    # A DVTS of two trees is a DVTS of one tree too.
    assert {row["k"] for row in rows if row["strategy"] == "dvts"} == {2, 4}

    points = scale("frontier", scale.results / "s", "--plots", scale.folder, "--json").rows
    assert points and not any("upper bound" in str(row["verifier"]) for row in points)


def test_a_bank_is_scored_afterwards(scale: Scale) -> None:
    assert scale("run", scale.write(), "--results", scale.results, "--set", STEPS).code == 0
    run = scale.results / "s"
    score = ("score", run, "--verifier", "judge", "--model", "j", "--engine", "fake")
    first = scale(*score, "--json")
    assert first.code == 0 and {row["k"] for row in first.rows} >= {1, 2}
    assert all(row["flops_verifier"] > 0 for row in first.rows)
    again = scale(*score, "--json")
    assert again.rows == first.rows and "scored by" not in again.err
    # The sweep run again does not forget what was scored.
    scale("run", scale.write(), "--results", scale.results, "--set", STEPS)
    rows = scale("accuracy", run, "--json").rows
    assert {row["verifier"] for row in rows if row["selector"] == "best"} == {"logprob", "judge"}


def test_a_judge_that_dies_is_one_sentence_and_what_it_said_is_kept(scale: Scale) -> None:
    assert scale("run", scale.write(), "--results", scale.results, "--set", STEPS).code == 0
    score = ("score", scale.results / "s", "--verifier", "judge", "--model", "j")
    died = scale(*score, "--option", "engine={name: fake, die_after: 20}")
    assert died.code == 2 and "died" in died.err and died.err.count("error: ") == 1, died
    done = scale(*score, "--engine", "fake", "--json")
    assert done.code == 0 and done.rows


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("strategies=[beam]",), "beam needs a verifier"),
        (("verifiers=[jugde]",), "did you mean judge?"),
        (("verifiers=[judge]",), "judge has no model"),
        (("verifiers=[{name: oracle, model: x}]",), "oracle asks no model"),
        (("verifiers=[oracle, oracle]",), "two verifiers called"),
        (("verifiers=[{name: oracle, unfinished: high}]",), "it must be a number"),
        (("verifiers=[oracle]", "strategies=[{name: beam, n: 0}]"), "beam: n is 0"),
        (("verifiers=[oracle]", "strategies=[{name: dvts, n: 5, m: 2}]"), "not a multiple"),
        (("verifiers=[oracle]", "strategies=[{name: beam, verifiers: [judge]}]"), "no verifier"),
        (("verifiers=[noisy-oracle]", "engine=llamacpp"), "knows only the fake engine's law"),
        (("verifiers=[{name: reward, model: a/b, engine: vllm}]",), "runs on vLLM by itself"),
        (("step={ends: paragraph}",), "blank-line"),
        (("step=paragraph",), "blank-line"),
        (("step=[newline]",), "a rule, or a mapping of ends and max_tokens"),
        (("step=null",), "write step: {ends: blank-line"),
        (("step={max_tokens: 0}",), "step.max_tokens is 0"),
        (("models=[{name: m, step: {stop: x}}]",), "no key of models.0.step 'stop'"),
        (("verifiers=confidence",), "write verifiers: [confidence]"),
        (("verifiers=[{model: j}]",), "the verifier has no name"),
        (("verifiers=[{name: judge, model: j, prompt: steps}]",), "judge: prompt is 'steps'"),
        (("verifiers=[{name: judge, model: j, critiques: -1}]",), "critiques is -1"),
        (("verifiers=[{name: judge, model: j, label: ''}]",), "label is ''"),
        (("verifiers=[{name: judge, model: j, label: a@b}]",), "label is 'a@b'"),
        (("verifiers=[{name: judge, model: j, label: [a]}]",), "label is ['a']"),
        (("verifiers=[{name: confidence, measure: mean}]",), "self-certainty"),
        (("verifiers=[{name: oracle, unfinished: 2}]",), "a number from 0 to 1"),
        (("verifiers=[{name: oracle-rollout, rollouts: 0}]",), "rollouts is 0"),
        (("verifiers=[{name: reward, model: a/b, vllm: 3}]",), "vllm is 3; it must be a mapping"),
        (("verifiers=[oracle]", "strategies=[{name: beam, verifier: x}]"), "mean verifiers?"),
        (("verifiers=[oracle]", "strategies=[{name: beam, n: 100000000}]"), "at most 100,000"),
        (("strategies=[{name: sampling, samples: 4}]",), "sampling takes no samples"),
    ],
)
def test_mistakes_are_one_sentence(scale: Scale, change: tuple[str, ...], said: str) -> None:
    sets = [word for one in change for word in ("--set", one)]
    answer = scale("run", scale.write(), "--results", scale.results, *sets)
    assert answer.code == 2 and said in answer.err and answer.err.count("\n") == 2, answer


def test_completions_that_are_not_here_cannot_be_scored(scale: Scale) -> None:
    scale("run", scale.write(), "--results", scale.results)
    run = scale.results / "s"
    for part in (run / "bank").glob("*.parquet"):
        part.unlink()
    said = scale("score", run, "--verifier", "oracle")
    assert said.code == 2 and "not here" in said.err
