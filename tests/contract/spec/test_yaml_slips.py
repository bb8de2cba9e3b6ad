from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask.errors import InvalidTask
from cliptask.spec.loading import load
from cliptask.spec.yaml_source import BadText, Mark, parse

BLOCK = """\
apiVersion: cliptask.dev/v1alpha1
kind: ClipTask
metadata:
  name: spring
spec:
  videoBlocks:
  - name: hook
    clips:
    - url: https://x/a.mp4
      trim:
        start: 1s
        end: 2s
    - url: https://x/b.mp4
  - name: offer
    clips: [{url: "https://x/c.mp4"}, {url: "https://x/d.mp4"}]
  speech:
  - voice: Rachel
    text: Hello there
  output:
    uri: gs://bucket
"""
EXAMPLE = (Path(__file__).parents[3] / "examples" / "cliptask.yaml").read_text(encoding="utf-8")
TEXT = "Hello there"
IN_QUOTES = "must stand in quotes: put it in double quotes"
WHOLE = "put the whole text in double quotes"

SLIPS = [
    # what was written, instead of what, at which line and column, and what is said
    ("- name: hook", "-name: hook", (7, 3), "a space is missing after the hyphen"),
    ("name: hook", "name:hook", (7, 9), "a space is missing after the colon"),
    ("voice: Rachel", "voice:Rachel", (17, 10), "a space is missing after the colon"),
    ("clips:\n", "clips\n", (8, 5), '"clips" is no field'),
    ('d.mp4"}]', 'd.mp4"]', (15, 62), "] stands where the { of line 15, column 39 is to be closed: write }"),
    ('d.mp4"}]', 'd.mp4"}', (15, 12), "the [ that opens here is not closed: close it with ]"),
    ('d.mp4"}]', 'd.mp4"}}]', (15, 63), "} stands where the [ of line 15, column 12"),
    ('d.mp4"}]', 'd.mp4"}]]', (15, 64), "] closes nothing: remove it"),
    ('d.mp4"}]', 'd.mp4", color: #1a2b3c}]', (15, 71), "# begins a comment, and hides what follows: put it in quotes, color: '#1a2b3c'"),
    ('"}, {url', '"} {url', (15, 38), "a comma is missing before"),
    ('"https://x/d.mp4"', '"https://x/d.mp4', (15, 45), 'the quote " that opens here is not closed'),
    (TEXT, "'Hello there", (18, 11), "the quote ' that opens here is not closed"),
    (TEXT, "'It's here'", (18, 15), WHOLE),
    (TEXT, '"Hello" there', (18, 19), WHOLE),
    (TEXT, "[whispers] hello", (18, 22), WHOLE),
    (TEXT, "{{city}} now", (18, 20), WHOLE),
    (TEXT, "Hello: there", (18, 16), f'a text that holds ": " {IN_QUOTES}'),
    *((TEXT, f"{first} off", (18, 11), f"a text that begins with {first} {IN_QUOTES}") for first in "%@`*?|>"),
    (TEXT, "*there now", (18, 11), "nothing above is called &there"),
    (TEXT, '"C:\\dir"', (18, 14), "a backslash within double quotes begins an escape"),
    ("    text", "\ttext", (18, 1), "the line is indented with a tab: indent with ordinary spaces"),
    ("  output", "\toutput", (19, 1), "the line is indented with a tab"),
    ("    text", "\u00a0 \u00a0 text", (18, 1), "the line is indented with U+00A0 NO-BREAK SPACE"),
    ("  speech:", "<<<<<<< HEAD\n  speech:", (16, 1), "a conflict of two versions stands here"),
    ("  speech:", "=======\n  speech:", (16, 1), "a conflict of two versions stands here"),
    ("  - name: offer", "    - name: offer", (15, 5), "stands twice in one object, first in line 8"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "place", "words"), SLIPS)
def test_slips_are_told_at_their_place_with_what_to_write(
    right: str, wrong: str, place: tuple[int, int], words: str
) -> None:
    """Whoever wrote it would read what a parser expected, lines away from what they have to change."""
    with pytest.raises(BadText) as caught:
        parse(BLOCK.replace(right, wrong, 1))

    assert (caught.value.mark, words) == (place, words)
    assert words in str(caught.value)


@pytest.mark.parametrize("by", [-2, -1, 1, 2, 3, 4])
@pytest.mark.parametrize("text", [BLOCK, EXAMPLE], ids=["block", "example"])
def test_a_line_that_is_indented_wrongly_is_called_so(text: str, by: int) -> None:
    """The commonest slip of all would read like a riddle, or the line at fault would not be named."""
    lines = text.split("\n")
    for row, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if not line.strip() or line.lstrip().startswith("#") or indent + by < 0:
            continue
        shifted = "\n".join([*lines[:row], " " * (indent + by) + line.lstrip(), *lines[row + 1 :]])

        try:
            load(shifted, "x")
        except InvalidTask as error:
            said = str(error)
        else:
            continue  # such as the last line of an object: it may stand deeper

        assert any(word in said for word in ("indent", "is empty", "is missing")), (line, said)
        if "indentation is wrong" in said:
            assert f"x:{row + 1}:" in said or f"line {row + 1} (" in said or by < 0, (line, said)


@given(st.data())
def test_any_damage_is_told_within_the_text(data: st.DataObject) -> None:
    """A message would point past the end of the file, or explaining a fault would be one."""
    at = data.draw(st.integers(0, len(BLOCK)))
    length = data.draw(st.integers(0, 12))
    inserted = data.draw(st.text(st.sampled_from(list("\"'[]{}:-,#&*!|>%@`?\t\n <=aé\u00a0")), max_size=6))
    text = BLOCK[:at] + inserted + BLOCK[at + length :]

    mark = mark_of_fault(text)

    lines = text.split("\n")
    assert mark is None or 1 <= mark.line <= len(lines)
    assert mark is None or 1 <= mark.column <= len(lines[mark.line - 1]) + 1


def mark_of_fault(text: str) -> Mark | None:
    """Where a text is said to be wrong."""
    try:
        parse(text)
    except BadText as error:
        return error.mark
    return None
