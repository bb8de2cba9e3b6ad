from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cliptask.spec.notify import WORDS, Receiver, filled

_TEXTS = st.one_of(
    st.text(), *(st.just(f"{{{{{name}}}}}") for name in WORDS), st.just('a "{{task}}" \\ {{ message }}')
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXTS,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=8), below, max_size=4),
    max_leaves=12,
)


def receiver(**fields: Any) -> Receiver:  # noqa: ANN401  fields of many types
    """One with an address."""
    return Receiver.model_validate({"url": "https://hooks.example.com/x", **fields})


def shape(value: Any) -> Any:  # noqa: ANN401  any JSON
    """What is left of JSON without its texts."""
    if isinstance(value, dict):
        return {key: shape(below) for key, below in value.items()}
    if isinstance(value, list):
        return [shape(below) for below in value]
    return "" if isinstance(value, str) else value


@given(_JSON.filter(lambda value: "{{" not in json.dumps(shape(value))), st.text())
def test_whatever_is_filled_in_the_json_stays_what_it_was(template: Any, said: str) -> None:  # noqa: ANN401  any JSON
    """A message with a quote or a brace would break the JSON, or add fields to it."""
    try:
        text = receiver(template=json.dumps(template)).template
    except ValidationError:  # a placeholder that hypothesis has made up
        return
    assert text is not None

    made = json.loads(filled(text, dict.fromkeys(WORDS, said)))

    assert shape(made) == shape(template)


def test_placeholders_stand_anywhere_in_a_text() -> None:
    """Slack would show braces."""
    words = {name: name.upper() for name in WORDS}

    made = filled('{"text": "*{{task}}*: {{ phase }}{{failed}}", "n": [1, "{{index}}"]}', words)

    assert json.loads(made) == {"text": "*TASK*: PHASEFAILED", "n": [1, "INDEX"]}


def test_what_is_filled_in_is_not_read_as_a_placeholder() -> None:
    """A message that quotes a task's text would have itself filled in."""
    words = dict.fromkeys(WORDS, "{{task}}")

    assert json.loads(filled('"{{message}}"', words)) == "{{task}}"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ('{"text": "{{taks}}"}', "did you mean {{task}}?"),
        ('{"text": "{{}}"}', "there are: task, namespace"),
        ("{text: hello}", "line 1, column 2"),
        ('{"text": "hello"', "is not JSON"),
        ('{"n": NaN}', "is not JSON that everybody can read"),
        ("[" * 4000, "is not JSON"),
    ],
)
def test_a_template_that_cannot_be_filled_is_refused(template: str, words: str) -> None:
    """It would be found out when the campaign has ended, and nobody would be told."""
    with pytest.raises(ValidationError, match="template") as error:
        receiver(template=template)

    assert words in str(error.value)
