from __future__ import annotations

import re

import pytest

from cliptask import languages


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("uk", "ukr"), ("de", "deu"), ("pt-BR", "por"), ("zh-Hans", "zho"), ("sr-Latn", "srp"), ("es-419", "spa"), ("fil", "fil"),
        ("sl-rozaj", "slv"), ("zz", "und"),
    ],
)  # fmt: skip
def test_mp4_has_three_letters(tag: str, code: str) -> None:
    """A player would not know the language."""
    assert languages.mp4_code(tag) == code


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("pt_br", "pt-BR"), ("PT-br", "pt-BR"), ("zh-hans-cn", "zh-Hans-CN"), ("deu", "de"), ("ENG", "en"), ("es-419", "es-419"),
        ("fil", "fil"), ("sl-Rozaj", "sl-rozaj"), ("English", None), ("zz", None), ("en-", None), ("", None), ("x-klingon", None),
    ],
)  # fmt: skip
def test_a_tag_is_known_in_any_case(written: str, meant: str | None) -> None:
    """Who writes it in another way must learn how it is written."""
    assert languages.canonical(written) == meant
    assert meant is None or re.fullmatch(languages.TAG_PATTERN, meant)
