"""Step scores as published code computes them: transformers and torch alone, nothing of ours.

Each function takes a checkpoint's folder and gives a function from (question, solution) to the
scores of its steps, which end with blank lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

Scores = Callable[[str, str], list[float]]
BLANK = re.compile(r"\n\n+")
SYSTEM = "Please reason step by step, and put your final answer within \\boxed{}."


def steps_of(solution: str) -> list[str]:
    return [step.strip() for step in BLANK.split(solution) if step.strip()]


def tokenizer_of(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


def loaded(kind: str, folder: Path) -> Any:
    import torch
    import transformers

    return getattr(transformers, kind).from_pretrained(folder, dtype=torch.float32).eval()


def outcome(folder: Path) -> Scores:
    """Skywork-Reward's model card: the logit of the whole chat; the sigmoid is ours."""
    import torch

    tokenizer, model = tokenizer_of(folder), loaded("Qwen2ForSequenceClassification", folder)

    def scores(question: str, solution: str) -> list[float]:
        turns = [("user", question), ("assistant", solution)]
        chat = [{"role": role, "content": content} for role, content in turns]
        ids = tokenizer(tokenizer.apply_chat_template(chat, tokenize=False), return_tensors="pt")
        with torch.no_grad():
            return [float(model(ids.input_ids).logits[0][0].sigmoid())]

    return scores


def qwen_prm(folder: Path) -> Scores:
    """Qwen2.5-Math-PRM's model card, with its head spelt out."""
    import torch
    from safetensors.torch import load_file

    from .reward_checkpoints import prm_head

    weights = load_file(folder / "model.safetensors")
    tokenizer, body, head = tokenizer_of(folder), loaded("Qwen2Model", folder), prm_head(128)
    head.load_state_dict({n[6:]: w for n, w in weights.items() if n.startswith("score.")})

    def scores(question: str, solution: str) -> list[float]:
        answer = "<extra_0>".join(steps_of(solution)) + "<extra_0>"
        turns = [("system", SYSTEM), ("user", question), ("assistant", answer)]
        chat = [{"role": role, "content": content} for role, content in turns]
        ids = tokenizer.encode(
            tokenizer.apply_chat_template(chat, tokenize=False), return_tensors="pt"
        )
        with torch.no_grad():
            chances = head(body(ids).last_hidden_state).softmax(-1)[0]
        return chances[ids[0] == tokenizer.encode("<extra_0>")[0], 1].tolist()  # type: ignore[no-any-return]

    return scores


def skywork_prm(folder: Path) -> Scores:
    """skywork-o1-prm-inference: every line scored; those that end a step are kept."""
    import torch
    from safetensors.torch import load_file

    weights = load_file(folder / "model.safetensors")
    tokenizer, model = tokenizer_of(folder), loaded("Qwen2ForCausalLM", folder)
    weight, bias = weights["v_head.summary.weight"], weights["v_head.summary.bias"]

    def scores(question: str, solution: str) -> list[float]:
        ids = tokenizer.encode(tokenizer.bos_token + question + "\n")
        lines = solution.rstrip("\n").split("\n")
        ends = []
        for line in lines:
            ids += (tokenizer.encode(line) if line else []) + [tokenizer.encode("\n")[-1]]
            ends.append(len(ids) - 1)
        with torch.no_grad():
            hidden = model(torch.tensor([ids]), output_hidden_states=True).hidden_states[-1][0]
            chances = (hidden @ weight.T + bias).sigmoid()[:, 0]
        last = [i for i, line in enumerate(lines) if line and not "".join(lines[i + 1 : i + 2])]
        return [float(chances[ends[i]]) for i in last]

    return scores


def math_shepherd(folder: Path) -> Scores:
    """The model card of math-shepherd-mistral-7b-prm: one pass, read at every tag."""
    import torch

    tokenizer, model = tokenizer_of(folder), loaded("MistralForCausalLM", folder)
    candidates = tokenizer.encode("+ -")[1:]
    tag = tokenizer.encode("ки")[-1]

    def scores(question: str, solution: str) -> list[float]:
        answer = "\n".join(f"{step} ки" for step in steps_of(solution))
        ids = torch.tensor([tokenizer.encode(f"{question} {answer}")])
        with torch.no_grad():
            chances = model(ids).logits[:, :, candidates].softmax(-1)[:, :, 0]
        return chances[ids == tag].tolist()  # type: ignore[no-any-return]

    return scores


def rlhflow(folder: Path) -> Scores:
    """RLHFlow's prm_evaluate.py: the chat grows by a step and a plus, read three from its end."""
    import torch

    tokenizer, model = tokenizer_of(folder), loaded("LlamaForCausalLM", folder)
    candidates = [tokenizer.encode("+")[-1], tokenizer.encode("-")[-1]]

    def scores(question: str, solution: str) -> list[float]:
        chat: list[dict[str, str]] = []
        found = []
        for place, step in enumerate(steps_of(solution)):
            text = f"{question} {step}" if place == 0 else step
            chat += [{"role": "user", "content": text}, {"role": "assistant", "content": "+"}]
            ids = tokenizer.encode(
                tokenizer.apply_chat_template(chat, tokenize=False), add_special_tokens=False
            )
            with torch.no_grad():
                logits = model(torch.tensor([ids])).logits[0, -3, candidates]
            found.append(float(logits.softmax(-1)[0]))
        return found

    return scores
