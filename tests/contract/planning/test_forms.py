from __future__ import annotations

import pytest

from cliptask.planning.forms import FORMS, has_form, nearest, remark


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.ratio)
@pytest.mark.parametrize("scale", [0.25, 0.5, 1, 2])
def test_a_form_of_any_size_needs_no_remark(form: tuple[int, int, str], scale: float) -> None:
    """Somebody would be told to change what is right."""
    assert remark(round(form[0] * scale / 2) * 2, round(form[1] * scale / 2) * 2) is None


@pytest.mark.parametrize(("width", "height"), [(480, 854), (854, 480), (608, 1080), (1080, 1352)])
def test_what_encoders_round_is_the_same_shape(width: int, height: int) -> None:
    """As above."""
    assert has_form(width, height)


@pytest.mark.parametrize(
    ("width", "height", "first", "second"),
    [(964, 1280, "4:5", "1:1"), (1440, 1080, "1:1", "16:9"), (720, 1600, "9:16", "4:5"), (2560, 1080, "16:9", "1:1")],
)  # fmt: skip
def test_a_shape_of_no_platform_is_told_with_the_nearest_forms(
    width: int, height: int, first: str, second: str
) -> None:
    """Platforms would cut the videos, or refuse them, once they were all made."""
    said = remark(width, height) or ""

    assert f"picture: {width}x{height}, as its clips are" in said
    assert said.index(f"({first})") < said.index(f"({second})")
    best = nearest(width, height)[0]
    assert f"spec.picture: {{width: {best.width}, height: {best.height}, fit: blur}}" in said
