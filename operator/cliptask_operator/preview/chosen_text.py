"""What does a person write into the task to have just these videos made? The text of ``variants.only``, to be copied. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from cliptask.planning.choices import Choice, Labels
from cliptask.spec.task import ClipTaskSpec


def chosen_text(spec: ClipTaskSpec, labels: Labels, choices: Sequence[Choice]) -> str:
    """YAML that goes below ``spec``, in place of the ``variants`` that stand there, and has exactly ``choices`` made.

    A limit and rules are not needed beside it. Blank for no choices. Where a block is called music or speech, tracks or
    lines cannot be named, and fall as they do in any campaign.
    """
    if not choices:
        return ""
    choices = sorted(set(choices))
    blocks = [block.name for block in spec.video_blocks]
    lines = ["variants:"]
    several = Counter(choice.clips for choice in choices).most_common(1)[0][1] > 1
    if several:
        lines += [f"  {key}: product" for key in ("music", "speech") if spec.pools.get(key)]
    lines.append("  only:")
    for choice in choices:
        clips, track, line = labels.of(choice)
        parts = [*zip(blocks, clips, strict=True)]
        parts += [
            (key, label) for key, label in (("music", track), ("speech", line)) if label and key not in blocks
        ]
        lines.append(f"  - {{{', '.join(f'{key}: {_scalar(label)}' for key, label in parts)}}}")
    return "\n".join(lines) + "\n"


_AMBIGUOUS = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}


def _scalar(label: str) -> str:
    """A label as YAML reads it back: those that look like something else in quotes."""
    return label if label[0].isalpha() and label not in _AMBIGUOUS else json.dumps(label)
