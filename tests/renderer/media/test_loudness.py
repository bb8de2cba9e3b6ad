"""How much louder a mix must become."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from cliptask.errors import MediaError
from cliptask_renderer.media.loudness import Loudness, gain_db, read


def _never(_gains: Sequence[float]) -> list[float]:
    raise AssertionError


def test_a_mix_that_stays_below_the_ceiling_is_reckoned() -> None:
    """Each try would cost a run of ffmpeg."""
    assert gain_db(Loudness(-20.0, -9.0), -14.0, _never) == pytest.approx(6.0)
    assert gain_db(Loudness(-10.0, -0.1), -23.0, _never) == pytest.approx(-13.0)


@pytest.mark.parametrize("lufs", [-70.0, float("-inf"), float("nan")])
def test_silence_is_left_alone(lufs: float) -> None:
    """Nothing makes it louder, and zeros are not to be blown up."""
    assert gain_db(Loudness(lufs, -90.0), -14.0, _never) == 0.0


def test_what_the_limiter_takes_is_given_back() -> None:
    """A peaky mix would stay quieter than asked for; the limiter here takes half of all that is beyond 2 dB."""

    def limited(gains: Sequence[float]) -> list[float]:
        return [-20.0 + min(gain, 2) + max(gain - 2, 0) / 2 for gain in gains]

    assert gain_db(Loudness(-20.0, -4.0), -14.0, limited) == pytest.approx(10.0, abs=0.01)


def test_what_no_gain_reaches_gets_as_near_as_it_may() -> None:
    """Noise would be blown up without end."""
    assert gain_db(Loudness(-60.0, -50.0), -14.0, _never) == 30.0
    assert gain_db(Loudness(-30.0, 0.0), -14.0, lambda gains: [-20.0 for _ in gains]) == 30.0


def test_readings_of_one_run_are_told_apart() -> None:
    """Filters end in any order."""
    log = "".join(
        f"[ebur128@loudness{number} @ 0x1] [info] Summary:\n  Integrated loudness:\n    I:  -{number}.5 LUFS\n"
        f"  Sample peak:\n    Peak:  -{number}.0 dBFS\n"
        for number in (2, 10, 1)
    )

    assert [read(log, number) for number in (1, 2, 10)] == [(-1.5, -1.0), (-2.5, -2.0), (-10.5, -10.0)]
    with pytest.raises(MediaError, match="could not be measured"):
        read(log, 3)
