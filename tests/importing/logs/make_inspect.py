"""Has inspect_ai write real logs, offline, with its mock model: python make_inspect.py FOLDER.

Needs inspect_ai only. Tracebacks and events, which hold paths of the machine, are taken out and
the logs written again by inspect_ai itself.
"""

import sys
from pathlib import Path

from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.log import read_eval_log, write_eval_log
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import includes, match, pattern
from inspect_ai.solver import generate

QUESTIONS = [
    Sample(id="q1", input="What is 2 + 2?", target="4", metadata={"level": "Level 1"}),
    Sample(id="q2", input="What is 5 + 2?", target=["7", "seven"], metadata={"level": "Level 1"}),
    Sample(id="q3", input="What is half of 3?", target="1.5", metadata={"level": "Level 2"}),
]


def replies():
    """Right, wrong, cut off and failing, by the question and how often it was asked."""
    asked = {}

    def reply(input, tools, tool_choice, config):
        question = input[-1].text
        turn = asked[question] = asked.get(question, -1) + 1
        if "half" in question and turn == 1:
            raise RuntimeError("the engine went away")
        if "half" in question and turn == 2:
            text, stop = "Let me think about it", "max_tokens"
        else:
            text, stop = f"I add.\n\nANSWER: {('4', '7', '1.5')[turn % 3]}", "stop"
        output = ModelOutput.from_content("mockllm/model", text, stop_reason=stop)
        output.usage = ModelUsage(
            input_tokens=11,
            output_tokens=7 + turn,
            total_tokens=18 + turn,
            input_tokens_cache_read=5,
            reasoning_tokens=2,
        )
        return output

    return reply


def run(folder: Path, format: str, **how) -> None:
    log = eval(
        Task(name="tiny_sums", dataset=QUESTIONS, solver=generate(), **how),
        model=get_model("mockllm/model", custom_outputs=replies()),
        epochs=3,
        log_dir=str(folder / "raw"),
        log_format=format,
        display="none",
        fail_on_error=False,
        max_connections=1,
        max_samples=1,
    )[0]
    whole = read_eval_log(log.location)
    whole.eval.revision = None
    for sample in whole.samples or []:
        sample.events, sample.attachments, sample.events_data = [], {}, None
        if sample.error:
            sample.error.traceback = sample.error.traceback_ansi = "taken out"
    write_eval_log(whole, str(folder / f"{how['scorer'].__name__}.{format}"))


def main(folder: Path) -> None:
    scorers = {
        "pattern": pattern(r"ANSWER: (\S+)"),
        "match": match(numeric=True),
        "includes": includes(),
    }
    for name, scorer in scorers.items():
        scorer.__name__ = name
    run(folder, "eval", scorer=scorers["pattern"])
    run(folder, "json", scorer=scorers["match"])
    run(folder, "eval", scorer=scorers["includes"])


main(Path(sys.argv[1]).resolve())
