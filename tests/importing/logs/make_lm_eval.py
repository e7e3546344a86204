"""Has lm-eval write real --log_samples files, offline: python make_lm_eval.py FOLDER.

Needs lm-eval only. The model is lm-eval's own `dummy`, but with replies that can be right or wrong.
"""

import json
import os
import sys
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1")

from lm_eval import simple_evaluate
from lm_eval.loggers import EvaluationTracker
from lm_eval.models.dummy import DummyLM
from lm_eval.tasks import TaskManager

QUESTIONS = [
    {"problem": "What is 2 + 2?", "answer": "4", "level": "Level 1", "type": "Algebra"},
    {"problem": "What is 5 + 2?", "answer": "7", "level": "Level 1", "type": "Algebra"},
    {"problem": "What is half of 3?", "answer": "1.5", "level": "Level 2", "type": "Fractions"},
]
REPLIES = ["The answer is 4.", "I think so. The answer is 7.", "It is 1.5", "No idea"]
COMMON = """
dataset_path: json
dataset_kwargs: {{data_files: {{test: {questions}}}}}
test_split: test
doc_to_text: "Question: {{{{problem}}}}\\nAnswer:"
"""
SAMPLED = """
doc_to_target: "{{{{answer}}}}"
output_type: generate_until
generation_kwargs: {{until: ["Question:"], do_sample: true, temperature: 1.0}}
metric_list: [{{metric: exact_match, aggregation: mean, higher_is_better: true}}]
repeats: {repeats}
filter_list:
- name: strict-match
  filter:
  - {{function: regex, regex_pattern: 'The answer is (-?[0-9.]*[0-9])'}}
  - {{function: take_first}}
- name: flexible-extract
  filter:
  - {{function: regex, regex_pattern: '(-?[0-9.]*[0-9])', group_select: -1}}
  - {{function: take_first}}
"""
CHOICES = """
output_type: multiple_choice
doc_to_choice: ["four", "seven", "one and a half"]
doc_to_target: "{{ ['4', '7', '1.5'].index(answer) }}"
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
"""


class Canned(DummyLM):
    """Replies in a fixed order, whatever is asked."""

    def generate_until(self, requests, disable_tqdm=False):
        return [REPLIES[index % len(REPLIES)] for index in range(len(requests))]

    def loglikelihood(self, requests, disable_tqdm=False):
        return [(-float(index % 3), False) for index in range(len(requests))]


def main(folder: Path) -> None:
    tasks = folder / "tasks"
    tasks.mkdir(parents=True)
    questions = tasks / "questions.jsonl"
    questions.write_text("".join(json.dumps(one) + "\n" for one in QUESTIONS))
    common = COMMON.format(questions=questions)
    bodies = {
        "sums_once": SAMPLED.format(repeats=1),
        "sums_often": SAMPLED.format(repeats=4),
        "sums_choice": CHOICES,
    }
    for name, body in bodies.items():
        (tasks / f"{name}.yaml").write_text(f"task: {name}\n{common}{body}")
    tracker = EvaluationTracker(output_path=str(folder / "out"))
    results = simple_evaluate(
        model=Canned(),
        tasks=list(bodies),
        task_manager=TaskManager(include_path=str(tasks)),
        log_samples=True,
        evaluation_tracker=tracker,
        bootstrap_iters=0,
    )
    samples = results.pop("samples")
    tracker.general_config_tracker.model_name = "canned/model"
    tracker.general_config_tracker.model_name_sanitized = "canned__model"
    tracker.save_results_aggregated(results=results, samples=samples)
    for name in results["configs"]:
        tracker.save_results_samples(task_name=name, samples=samples[name])


main(Path(sys.argv[1]).resolve())
