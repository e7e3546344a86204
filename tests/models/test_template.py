"""Chat templates: what published ones need, and what hostile ones may not do."""

from __future__ import annotations

import pytest

from scaling_cli.errors import ModelError
from scaling_cli.models.template import render_chat
from scaling_cli.models.tokenizer import TextTokenizer
from scaling_cli.types import Message

ASKED = [Message("system", "be brief"), Message("user", "2 < 3 & 3 < 4?")]


def rendered(template: str) -> str:
    return render_chat(template, ASKED, bos="<s>", eos="</s>")


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ bos_token }}{{ messages[1]['content'] }}{{ eos_token }}", "<s>2 < 3 & 3 < 4?</s>"),
        ("{% if add_generation_prompt %}\nassistant:{% endif %}\n", "assistant:"),
        ("{% for m in messages %}{% if loop.last %}{% break %}{% endif %}{{ m.role }}{% endfor %}",
         "system"),
        ("{{ {'a<b': 'é'} | tojson }}", '{"a<b": "é"}'),
        ("{{ tools is defined }}", "False"),
    ],
)  # fmt: skip
def test_what_published_templates_use_works(template: str, text: str) -> None:
    assert rendered(template) == text


def test_the_date_is_the_same_every_day_and_with_or_without_the_function() -> None:
    asked = "{{ strftime_now('%d %b %Y') if strftime_now is defined else 'undefined' }}"
    assert rendered(asked) == "26 Jul 2024"


@pytest.mark.parametrize(
    "hostile",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ raise_exception.__globals__['json'] }}",
        "{{ strftime_now.__self__.__class__.__mro__[0] }}",
        "{{ ''['__class__'] }}{{ ''|attr('__class__') }}{{ x.y }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ '{0.__class__.__mro__}'.format('') }}",
        "{{ messages.append(1) }}",
        "{{ messages[0].update({'role': 'x'}) }}",
        "{% for x in range(10 ** 9) %}{% endfor %}",
        "{{ raise_exception('no') }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
        "{% for x in range(10) %}{{ x.y.z }}{% endfor %}",
        "{% if %}",
    ],
)
def test_a_hostile_template_runs_nothing(hostile: str) -> None:
    with pytest.raises(ModelError, match="template"):
        rendered(hostile)


@pytest.mark.parametrize(
    "asked",
    [
        "raise_exception.__globals__",
        "raise_exception.__code__",
        "strftime_now.__self__",
        "messages.__class__",
        "self.__init__",
    ],
)
def test_what_is_forbidden_shows_as_nothing(asked: str) -> None:
    assert rendered("{{ " + asked + " }}") == ""


def test_a_model_without_a_template_says_what_to_use() -> None:
    with pytest.raises(ModelError, match="no chat template") as caught:
        TextTokenizer(None, None, "<s>", "</s>", (0,), "h").chat(ASKED)
    assert "few-shot" in caught.value.hint
