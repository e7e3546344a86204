"""Has lighteval write real details files, offline: python make_lighteval.py FOLDER.

Needs lighteval only. The model is lighteval's own `dummy`, but with replies that can be right or
wrong, and tokens.
"""

import json
import os
import sys
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1")

QUESTIONS = [
    {"problem": "What is 2 + 2?", "answer": "4", "level": "Level 1"},
    {"problem": "What is 5 + 2?", "answer": "7", "level": "Level 1"},
    {"problem": "What is half of 3?", "answer": "1.5", "level": "Level 2"},
]
TASKS = """
from lighteval.metrics.metrics import Metrics
from lighteval.metrics.metrics_sample import ExactMatches
from lighteval.tasks.lighteval_task import LightevalTaskConfig
from lighteval.tasks.requests import Doc, SamplingMethod


def prompt(line, task_name=None):
    return Doc(
        task_name=task_name,
        query=line["problem"],
        choices=[line["answer"]],
        gold_index=0,
        specific={"level": line["level"]},
    )


def choices(line, task_name=None):
    return Doc(
        task_name=task_name, query=line["problem"], choices=["4", "7", "1.5"], gold_index=0
    )


def task(name, metrics, prompt_function):
    return LightevalTaskConfig(
        name=name,
        prompt_function=prompt_function,
        hf_repo=FOLDER,
        hf_subset="default",
        hf_avail_splits=["test"],
        evaluation_splits=["test"],
        metrics=metrics,
        generation_size=8,
        stop_sequence=[],
    )


TASKS_TABLE = [
    task("sums_once", [Metrics.expr_gold_metric, Metrics.rouge1], prompt),
    task("sums_often", [Metrics.pass_at_k_math(sample_params={"k": 1, "n": 4})], prompt),
    task("sums_choice", [Metrics.loglikelihood_acc], choices),
]
"""
REPLIES = ["The answer is $4$.", "So we get $\\boxed{7}$", "It is $1.5$", "No idea"]


def only_our_tasks() -> None:
    """Some of lighteval's own tasks fetch files as soon as they are listed."""
    from lighteval.tasks.registry import Registry

    Registry._load_from_files = staticmethod(lambda *_: {})
    Registry._load_from_subdirs = staticmethod(lambda *_: {})


def main(folder: Path) -> None:
    only_our_tasks()
    from lighteval.logging.evaluation_tracker import EvaluationTracker
    from lighteval.models.dummy.dummy_model import DummyModel, DummyModelConfig
    from lighteval.models.model_output import ModelResponse
    from lighteval.pipeline import ParallelismManager, Pipeline, PipelineParameters

    class Canned(DummyModel):
        """Replies by the question, since lighteval asks in an order that changes."""

        def greedy_until(self, docs):
            return [self.reply(doc) for doc in docs]

        def reply(self, doc):
            place = 3 * [one["problem"] for one in QUESTIONS].index(doc.query)
            texts = [REPLIES[(place + i) % len(REPLIES)] for i in range(doc.num_samples)]
            return ModelResponse(
                text=texts,
                input_tokens=[1, 2, 3, 4, 5],
                output_tokens=[list(range(5 + i)) for i in range(len(texts))],
            )

    data = folder / "data"
    data.mkdir(parents=True)
    (data / "test.jsonl").write_text("".join(json.dumps(one) + "\n" for one in QUESTIONS))
    tasks = folder / "tiny_tasks.py"
    tasks.write_text(TASKS.replace("FOLDER", repr(str(data))))
    pipeline = Pipeline(
        tasks="sums_once|0,sums_often|0,sums_choice|0",
        pipeline_parameters=PipelineParameters(
            launcher_type=ParallelismManager.NONE,
            custom_tasks_directory=str(tasks),
            bootstrap_iters=0,
        ),
        evaluation_tracker=EvaluationTracker(output_dir=str(folder / "out"), save_details=True),
        model=Canned(DummyModelConfig(model_name="canned/model", cache_dir=str(folder / "cache"))),
    )
    pipeline.evaluate()
    pipeline.save_and_push_results()


main(Path(sys.argv[1]).resolve())
