"""What tasks are there? A hypothesis strategy of good ones, over every field."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any, get_args

from hypothesis import strategies as st

from cliptask.emphasis import literal
from cliptask.planning.bindings import RATES
from cliptask.spec import values
from cliptask.spec.colour import COLOUR_PATTERN, TRANSLUCENT_PATTERN
from cliptask.spec.loading import load_data
from cliptask.spec.motion import Motion
from cliptask.spec.platforms import Target
from cliptask.spec.position import NumberForm
from cliptask.spec.quantities import COORDINATE_PATTERN, PERCENTAGE_PATTERN
from cliptask.spec.task import ClipTask
from cliptask.spec.transitions import OverlapKind
from cliptask.text import drawn, heard

Data = dict[str, Any]


def _matching(pattern: str) -> st.SearchStrategy[str]:
    return st.from_regex(pattern.replace("$", r"\Z"))


names = _matching(values.NAME_PATTERN)
urls = st.from_regex(
    r"\A(https?://[a-z][a-z0-9]{0,8}(:[1-9][0-9]{0,3})?/|gs://[a-z][a-z0-9-]{1,8}[a-z]/x|file:///)[!-~äß🎉]{0,20}\Z"
)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60).filter(
    lambda text: (
        re.match(values.TEXT_PATTERN.replace("$", r"\Z"), text) is not None
        and drawn(heard(text)).strip() != ""
    )
)
said = texts.map(literal).filter(lambda text: len(text) <= 60)
volumes = st.floats(0, 2)


def durations(least_ms: int, most_ms: int) -> st.SearchStrategy[str]:
    """Every way to write a duration between two bounds in milliseconds."""
    thousandths = st.integers(least_ms * 1000, min(most_ms * 1000, 99_999_999)).map(
        lambda n: f"{n / 1000:.3f}ms"
    )
    seconds = st.integers(least_ms, min(most_ms, 99_999_999)).map(lambda n: f"{n / 1000:.3f}s")
    return thousandths | seconds


def _fields(required: Data | None = None, **optional: st.SearchStrategy[Any]) -> st.SearchStrategy[Data]:
    return st.fixed_dictionaries(required or {}, optional=optional)


def _list(element: st.SearchStrategy[Data], least: int = 0) -> st.SearchStrategy[list[Data]]:
    """Elements whose names, where they have one, are distinct."""
    return st.lists(element, min_size=least, max_size=3).filter(
        lambda elements: len(named := [e["name"] for e in elements if "name" in e]) == len(set(named))
    )


_span = st.tuples(durations(0, 1000), durations(1001, 90_000))
_trims = _span.map(lambda span: {"start": span[0], "end": span[1]}) | _fields(start=durations(0, 99_000))
_own_lines = _fields({"voice": texts, "text": said}, offset=durations(0, 600_000))
_percentages = _matching(PERCENTAGE_PATTERN)
_focus = _fields(left=_percentages, top=_percentages)
_languages = st.sampled_from(["en", "uk", "no", "pt-BR", "zh-Hans", "es-419"])
_videos = _fields(
    {"url": urls},
    name=names,
    trim=_trims,
    focus=_focus,
    speech=_own_lines,
    speed=st.floats(0.25, 4),
    synthetic=st.booleans(),
)
_captions_of_clips = st.one_of(
    _fields({"url": urls}, language=_languages),
    _fields({"transcribe": st.just(True)}, language=_languages),  # noqa: FBT003  a field's value
)
_stills = _fields(
    {"url": urls, "duration": durations(100, 600_000)},
    name=names,
    motion=st.sampled_from(get_args(Motion)),
    focus=_focus,
    speech=_own_lines,
)
_blocks = _list(_fields({"name": names, "clips": _list(_videos | _stills, 1)}, speech=_own_lines), 1)
_sizes = st.integers(32, 1920).map(lambda half: half * 2)
_colours = _matching(COLOUR_PATTERN)
_pictures = st.one_of(
    _fields(fps=st.sampled_from(RATES)),
    _fields(
        fit=st.sampled_from(["contain", "blur"]),
        crop=st.builds("{}:{}".format, st.integers(5, 20), st.integers(5, 20)),
        background=_colours,
    ),
    _fields(
        {"width": _sizes, "height": _sizes}, fit=st.sampled_from(["contain", "cover", "blur", "stretch"])
    ),
)
_coordinates = _matching(COORDINATE_PATTERN)
_forms = st.tuples(
    st.lists(st.tuples(names, st.tuples(_sizes, _sizes)), min_size=1, max_size=8, unique_by=(lambda e: e[0], lambda e: e[1])),
    st.none() | st.sampled_from(RATES),
    st.booleans(),
).map(
    lambda drawn: [
        {"name": name}
        | ({} if drawn[2] and not place else {"width": width, "height": height})
        | ({"fps": drawn[1]} if drawn[1] and place % 2 else {})
        for place, (name, (width, height)) in enumerate(drawn[0])
    ]
)  # fmt: skip
_widths = _percentages.filter(lambda text: float(text[:-1]) >= 1)
_colors = _matching(TRANSLUCENT_PATTERN)
_styles = _fields(
    font=st.sampled_from(["Montserrat", "Noto Sans", "brand"]),
    emoji=st.sampled_from(["Noto Color Emoji", "Noto Emoji", "brand"]),
    weight=st.sampled_from([100, 400, 900]),
    size=st.sampled_from(["1%", "7.5%", "50%"]),
    color=_colors,
    outline=_fields(color=_colors, width=_percentages),
    shadow=_fields(color=_colors, distance=_percentages),
    box=_fields(color=_colors, padding=_percentages, radius=_percentages),
    align=st.sampled_from(["left", "right"]),
    lineHeight=st.sampled_from([0.7, 1.2, 3]),
    letterCase=st.sampled_from(["upper", "lower"]),
)
_burned = _fields(
    {"mode": st.just("burned")},
    style=st.sampled_from(["plain", "karaoke"]),
    words=st.integers(1, 12),
    lines=st.integers(1, 4),
    position=st.sampled_from(["top", "center"]),
    accent=_colors,
    letters=_styles,
)
_counters = _fields(
    {"to": st.floats(1, 1e9)},
    **{"from": st.floats(-1e9, 0)},
    duration=durations(100, 60_000),
    decimals=st.integers(0, 4),
    form=st.sampled_from(get_args(NumberForm)),
    suffix=st.sampled_from([" %", "€", ""]),
)
_overlays = st.tuples(
    st.one_of(st.fixed_dictionaries({"text": texts}, optional={"style": _styles}), st.fixed_dictionaries({"image": _fields({"url": urls}, loop=st.booleans(), synthetic=st.booleans())}), st.fixed_dictionaries({"counter": _counters}, optional={"style": _styles}), st.fixed_dictionaries({"progress": _fields(height=_widths, color=_colors, background=_colors, radius=st.sampled_from(["0%", "50%"]))})),
    _fields(position=st.sampled_from(["top", "bottomRight"])) | _fields({"place": _fields({"x": _coordinates, "y": _coordinates}, anchor=st.sampled_from(["top", "bottomRight"]))}),
    _fields(width=_widths, safe=st.booleans(), rotation=st.integers(-180, 180), opacity=_widths),
    st.fixed_dictionaries({}, optional={"in": _fields({"kind": st.sampled_from(["fade", "pop", "slideUp"])}, duration=durations(50, 3000))}),
    _span.map(lambda span: {"from": span[0], "to": span[1]}) | st.just({}),
).map(lambda parts: {key: value for part in parts for key, value in part.items()})  # fmt: skip
_address = st.sampled_from(
    ["https://hooks.example.com/x?a=b", "http://hooks.example.com:8080", "https://[::1]/ü"]
)
_told = {
    "phases": st.lists(
        st.sampled_from(["Fetching", "Rendering", "Suspended", "Complete", "Failed"]), min_size=1, max_size=5
    ),
    "template": st.sampled_from(['{"text": "{{task}}: {{ message }}"}', "[]", '"{{phase}}"']),
}
_secret_ref = _fields({"name": st.sampled_from(["webhooks", "a.b-c"])})
_receivers = _fields({"url": _address}, secretRef=_secret_ref, **_told) | _fields(
    {"secretRef": _secret_ref}, **_told
)
_laid = _overlays.map(
    lambda overlay: {
        key: value for key, value in overlay.items() if key not in ("text", "image", "counter", "progress")
    }
)
_text_blocks = st.tuples(
    _laid, st.sampled_from(["headline-1", "headline-2"]), _list(_fields({"text": texts}, name=names), 1)
).map(lambda parts: {**parts[0], "name": parts[1], "texts": parts[2]})
_labels = st.tuples(
    _laid,
    _fields(
        {"text": texts},
        translations=st.lists(
            _fields({"language": _languages, "text": texts}),
            max_size=3,
            unique_by=lambda each: str(each["language"]),
        ),
        style=_styles,
    ),
).map(lambda parts: {**parts[0], **parts[1]})
_executions = _fields(
    parallelism=st.integers(1, 2000),
    variantsPerJob=st.integers(1, 10_000) | st.just("auto"),
    suspend=st.booleans(),
    resources=_fields(
        requests=_fields(
            cpu=st.sampled_from([1, "1m", "0.5", "1000m"]), memory=st.sampled_from(["16Mi", "1.5Gi", "1G"])
        ),
        limits=_fields(cpu=st.sampled_from([1, 1000, "1k"]), memory=st.sampled_from(["2Gi", 2**31, "16Ti"])),
    ),
    backoffLimit=st.integers(0, 10),
    activeDeadlineSeconds=st.integers(10, 86_400),
    ttlSecondsAfterFinished=st.integers(0, 604_800),
)
_assignments = st.sampled_from(["balanced", "random", "product"])


_kinds = st.sampled_from(get_args(OverlapKind))
_overlapping = (
    st.builds(
        lambda kind, color, duration: {
            "kind": kind,
            "duration": duration,
            **({"color": color} if kind == "fade" else {}),
        },
        _kinds,
        _colours,
        durations(100, 2000),
    )
    | st.builds(lambda duration: {"duration": duration}, durations(100, 2000))
    | st.just({"kind": "cut"})
)


def transitions_of(blocks: list[str]) -> st.SearchStrategy[list[Data]]:
    """Of blocks with these names: for some of their pairs, and for all others or not, in any order."""
    pairs = [list(pair) for pair in pairwise(blocks)]
    of_pairs = [_overlapping.map(lambda each, pair=pair: {**each, "between": pair}) for pair in pairs]  # type: ignore[misc]
    choices = [st.none() | each for each in (_overlapping, *of_pairs)]
    return st.tuples(*choices).map(lambda given: [each for each in given if each]).flatmap(st.permutations)


@st.composite
def tasks(draw: st.DrawFn) -> ClipTask:
    """A good task. Its texts hold whatever YAML could trip over."""
    track_names = iter(draw(st.lists(names, min_size=9, max_size=9, unique=True)))
    blocks = draw(_blocks)
    tracks = _fields(
        {"url": urls}, name=st.builds(lambda: next(track_names)), trim=_trims, synthetic=st.booleans()
    )
    clip_volume = draw(volumes)
    has_volume = clip_volume > 0 and "duration" not in blocks[0]["clips"][0]
    if has_volume:
        blocks[0]["clips"][0]["volume"] = draw(volumes)
    has_captions = draw(st.booleans()) and "duration" not in blocks[0]["clips"][0]
    if has_captions:
        blocks[0]["clips"][0]["captions"] = draw(_captions_of_clips)
    shown = _fields({"mode": st.sampled_from(["sidecar", "soft"])}) | _burned
    sounds = _fields(
        {"clipVolume": st.just(clip_volume)},
        balance=st.booleans(),
        musicVolume=volumes,
        musicFadeIn=durations(0, 30_000),
        musicFadeOut=durations(0, 30_000),
        ducking=st.booleans(),
        loudness=st.floats(-36, -8),
        overflow=st.sampled_from(["Fail", "Trim", "Freeze", "Loop", "Speed"]),
    )
    spec = _fields(
        {
            "videoBlocks": st.just(blocks),
            "fonts": urls.map(lambda url: [{"name": "brand", "url": url}]),
            "output": _fields({"uri": st.just("file:///srv/campaigns")}, prune=st.booleans()),
            **({"sound": sounds} if has_volume else {}),
            **({"captions": shown} if has_captions else {}),
        },
        audioBlocks=_list(
            st.fixed_dictionaries({"name": names, "tracks": st.lists(tracks, min_size=1, max_size=3)})
        ),
        speech=_list(
            _fields(
                {"voice": texts, "text": said},
                name=names,
                at=_fields({"block": st.just(blocks[0]["name"])}, offset=durations(0, 600_000)),
                language=_languages,
            )
        ),
        disclosure=_fields(
            label=_labels, credentials=_fields({"secretName": st.sampled_from(["ads-signing", "a.b"])})
        ),
        textBlocks=st.lists(_text_blocks, max_size=2, unique_by=lambda block: str(block["name"])),
        variants=_fields(
            text=_assignments,
            music=_assignments,
            speech=_assignments,
            limit=st.integers(1, 10_000),
            history=st.sampled_from(["keep", "ignore"]),
            seed=st.integers(0, 2_147_483_647),
        ),
        **({"pictures": _forms} if draw(st.booleans()) else {"picture": _pictures}),
        targets=st.lists(st.sampled_from(get_args(Target)), max_size=8, unique=True),
        transitions=transitions_of([block["name"] for block in blocks]),
        overlays=st.lists(
            _overlays | _overlays.map(lambda overlay: {**overlay, "block": blocks[0]["name"]}), max_size=3
        ),
        **{} if has_volume else {"sound": sounds},
        **{} if has_captions else {"captions": shown | _fields(mode=st.just("none"))},
        notify=_list(_receivers),
        failurePolicy=_fields(onSourceError=st.sampled_from(["Fail", "Skip"])),
        execution=_executions,
    )
    data = {
        "apiVersion": "cliptask.dev/v1alpha1",
        "kind": "ClipTask",
        "metadata": draw(_fields({"name": names}, labels=st.dictionaries(names, texts, max_size=2))),
        "spec": draw(spec),
    }
    return load_data(data, "drawn task")
