"""What of a task's clips is to be written down, and may it be? Known once their files are, and asked before anything is paid for."""

from __future__ import annotations

from collections.abc import Mapping

from cliptask.errors import ClipTaskError, SetupError
from cliptask.facts import SourceFacts, Transcript
from cliptask.planning.bindings import ClipRange, bind_rows
from cliptask.planning.plan import whole_seconds
from cliptask.spec.captions import ClipVoice
from cliptask.spec.places import voice_place
from cliptask.spec.task import ClipTaskSpec
from cliptask_operator.campaign.preflight import TooMuchTranscription, within_budget
from cliptask_operator.speech.transcriber import Written


def voices_of(
    spec: ClipTaskSpec, sources: Mapping[str, SourceFacts | ClipTaskError]
) -> dict[ClipVoice, SourceFacts]:
    """The files in which somebody may be heard. None of a task that comes to nothing for another file: it is paid for in vain."""
    if not spec.voices:
        return {}
    stops = spec.failure_policy.on_source_error == "Fail"
    return {
        clip.voice: found.facts
        for row, bindings in zip(spec.by_row, bind_rows(spec, sources), strict=True)
        if not (stops and bindings.errors)
        for block, ranges in zip(row.video_blocks, bindings.clips, strict=True)
        for clip, found in zip(block.clips, ranges, strict=True)
        if clip.voice and isinstance(found, ClipRange)
    }


def unwritten(found: Mapping[ClipVoice, Written]) -> dict[ClipVoice, Transcript]:
    """Those that are still to be paid for."""
    return {
        voice: each for voice, each in found.items() if isinstance(each, Transcript) and not each.is_written
    }


def seconds_of(found: Mapping[ClipVoice, Written], *, written: bool = False) -> int:
    """How much sound they take, or those that are ``written``; of several that are one transcript, once."""
    each = {found.key: found for found in found.values() if isinstance(found, Transcript)}
    return whole_seconds(one.seconds for one in each.values() if one.is_written or not written)


def check_seconds(spec: ClipTaskSpec, found: Mapping[ClipVoice, Written], most: int | None) -> None:
    """Raise ``TooMuchTranscription`` for more than ``most``, ``OverBudget`` for more than the task's own budget."""
    seconds = seconds_of(found)
    remedy = "give caption files for some of its clips"
    within_budget(
        "transcribedSeconds", seconds, spec.budget.transcribed_seconds, "s of clips transcribed", remedy
    )
    if most is not None and seconds > most:
        message = (
            f"spec: the clips that are to be transcribed take {seconds:,} s, more than the {most:,} s that this installation "
            "transcribes for one task: give caption files for some of them, or use shorter files"
        )
        raise TooMuchTranscription(message)


def lacking_account(
    spec: ClipTaskSpec, found: Mapping[ClipVoice, Written], lack: ClipTaskError | None
) -> ClipTaskError | None:
    """The one error of all clips that only an account can have written down, where there is none."""
    waiting = [*unwritten(found)]
    if lack is None or not waiting:
        return None
    more = f" and {len(waiting) - 1} more" if waiting[1:] else ""
    return SetupError(
        voice_place(spec, waiting[0]).blaming(
            f"what is said in the clip{more} is not written down yet, and {lack}; or give a caption file: captions: {{url: ...}}"
        )
    )


def placed_voices(spec: ClipTaskSpec, found: Mapping[ClipVoice, Written]) -> dict[ClipVoice, Written]:
    """Each error with the first clip that it is about."""
    return {
        voice: type(each)(voice_place(spec, voice).blaming(str(each)))
        if isinstance(each, ClipTaskError)
        else each
        for voice, each in found.items()
    }
