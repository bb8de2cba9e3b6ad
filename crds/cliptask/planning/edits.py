"""Which edits lie between a campaign and what it was before? Parts that came, went or changed, and settings, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cliptask.planning import settings
from cliptask.planning.history import (
    FORMS,
    LINES,
    SOLE,
    TRACKS,
    Part,
    columns_before,
    key_of,
    other,
    recognized,
)
from cliptask.planning.plan import Campaign, Variant
from cliptask.planning.settings import Setting

_OTHERWISE = {LINES: "voice, language or place", TRACKS: "trim or mark"}
"""What is not the text or the file."""
_ROWS, _LANGUAGES = other("row"), other("language")
_KINDS = {TRACKS: "track", LINES: "line", FORMS: "picture", _LANGUAGES: "language", _ROWS: "row"}
_MODES = {TRACKS: "variants.music", LINES: "variants.speech", _ROWS: "data.combine"}
_TEXTS = "variants.text"


class Edits:
    """What an edit came to; a part is known by its id."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign, before = campaign, campaign.before
        self._was = columns_before(before, campaign.parts)
        self._now = {old: column for column, old in self._was.items()}
        columns, _ = recognized(before, campaign.parts)
        self._parts = {each.name: {part.id: part for part in each.parts} for each in columns}
        self._before = {
            self._now.get(column, column): {part.id: part for part in parts}
            for column, parts in before.parts.items()
        }
        self._ids_now = _by_label(self._parts)
        self._ids_before = _by_label(self._before)
        self.removed_columns = [each for each in before.parts if each not in self._now]
        """Blocks, and all music, speech or texts, that are no more."""
        self.removed_blocks = [each for each in self.removed_columns if _is_block(each)]

    def column_now(self, column: str) -> str:
        """What a column of before is called today."""
        return self._now.get(column, column)

    def id_now(self, column: str, label: str) -> str:
        """Of today's part."""
        return self._ids_now[column].get(label, "")

    def id_before(self, column: str, label: str) -> str:
        """Of a part of before, by today's column."""
        return self._ids_before.get(column, {}).get(label, "")

    def renamed(self, ids: Mapping[str, str]) -> tuple[str, ...]:
        """Which of these parts have another label, or that all names are made otherwise."""
        labels = tuple(
            _renamed(column, old.label, new.label)
            for column, old, new in self._pairs(ids)
            if old.label != new.label
        )
        before, now = self._campaign.before.settings, self._campaign.settings
        if before.get(settings.NAMING) == now.get(settings.NAMING):
            return labels
        return (*labels, self._setting(settings.NAMING))

    def of_content(self, variant: Variant, ids: Mapping[str, str]) -> Iterator[str]:
        """Why a variant of the same parts is another video."""
        for column, old, new in self._pairs(ids):
            if column == FORMS:
                continue  # its settings tell
            if old.source != new.source:
                yield f"{_called(column, new.label)} has {'other cells' if column == _ROWS else 'another file' if _is_file(column) else 'another text'}"
            elif old.content != new.content:
                yield f"{_called(column, new.label)} has another {_OTHERWISE.get(column, 'trim, speed, duration, motion, focus, volume, captions, line or mark' if _is_block(column) else 'files' if column == _ROWS else 'language')}"
        order = [self._was.get(block) for block in self._campaign.blocks]
        if order != [column for column in self._campaign.before.parts if column in order]:
            yield "the blocks stand in another order"
        if variant.order.source_type and settings.LABEL not in self._campaign.before.settings:
            yield "this version of the program says in its metadata that it holds something synthetic"
        for path in self._changed_settings():
            if path != settings.NAMING and not path.startswith("variants.") and _matters(path, variant):
                yield self._setting(path)

    def of_cell(self, column: str, now: str | None, label_before: str | None) -> Iterator[str]:
        """Why a combination of clips has another track or line; None where it has none."""
        old = self._before.get(column, {}).get(self.id_before(column, label_before or ""))
        is_new, is_gone = (
            now in self._added(column),
            old is not None and old.id not in self._parts.get(column, {}),
        )
        if now is not None and is_new:
            yield _added(column, self._parts[column][now].label)
        if old is not None and is_gone:
            yield _removed(column, old.label)
        if not is_new and not is_gone:
            paths = [_mode(column), settings.SEED, *_RULES]
            yield from self._settings(paths)
            yield from self._parts_of(column)
            yield from self._parts_elsewhere(column)

    def of_combination(self, ids: Mapping[str, str]) -> Iterator[str]:
        """Why there is a combination of these parts that there was not."""
        new = [(column, id_) for column, id_ in ids.items() if id_ in self._added(column)]
        # A line that is dealt to combinations makes none.
        new = [each for each in new if self._combines(each[0])] or new
        for column, id_ in new:
            if column in self._was or not _is_block(column):
                yield _added(column, self._parts[column][id_].label)
            else:
                yield f"block '{column}' was added"
        yield from (f"block '{column}' was removed" for column in self.removed_blocks)
        if not new and not self.removed_blocks:
            yield from self._settings([settings.LIMIT, *_MODES.values(), _TEXTS, settings.SEED, *_RULES])
            if self._campaign.settings.get(settings.LIMIT) is not None:
                yield from self._parts_elsewhere("")

    def _combines(self, column: str) -> bool:
        mode = _mode(column)
        return not mode or self._campaign.settings.get(mode) == "product"

    def _parts_of(self, column: str) -> Iterator[str]:
        """All that came to a column and went from it."""
        yield from (_added(column, self._parts[column][each].label) for each in self._added(column))
        for id_, part in self._before.get(column, {}).items():
            if id_ not in self._parts.get(column, {}):
                yield _removed(column, part.label)

    def _parts_elsewhere(self, column: str) -> Iterator[str]:
        for each in self._parts:
            if each not in {column, FORMS}:
                yield from self._parts_of(each)

    def _added(self, column: str) -> list[str]:
        return [each for each in self._parts.get(column, {}) if each not in self._before.get(column, {})]

    def _pairs(self, ids: Mapping[str, str]) -> Iterator[tuple[str, Part, Part]]:
        """The parts with these ids, as they were and as they are."""
        for column, id_ in ids.items():
            old = self._before.get(column, {}).get(id_)
            if old is not None:
                yield column, old, self._parts[column][id_]

    def _changed_settings(self) -> list[str]:
        before, now = self._campaign.before.settings, self._campaign.settings
        return [path for path in now if path in before and before[path] != now[path]]

    def _settings(self, paths: list[str]) -> Iterator[str]:
        changed = self._changed_settings()
        yield from (self._setting(path) for path in paths if path in changed)
        if self._campaign.settings.get(settings.HISTORY) == "ignore":
            yield f"{settings.HISTORY} is ignore"

    def _setting(self, path: str) -> str:
        old, new = self._campaign.before.settings.get(path), self._campaign.settings.get(path)
        if path == settings.LIMIT:
            return _limit(old, new)
        if path == settings.RECIPE:
            return "this version of the program encodes otherwise"
        if path in settings.HASHED:
            return f"{path} changed"
        return f"{path} was {_written(old)}, is {_written(new)}"


_RULES = (settings.ONLY, settings.RULES)


def _by_label(columns: Mapping[str, Mapping[str, Part]]) -> dict[str, dict[str, str]]:
    return {column: {part.label: part.id for part in parts.values()} for column, parts in columns.items()}


def _matters(path: str, variant: Variant) -> bool:
    """Whether a setting can be seen or heard in this variant."""
    heard = variant.order.soundtrack
    if path.startswith(f"{settings.PICTURES}."):
        return path.split(".")[1] == variant.form
    needed = {
        "sound.musicVolume": variant.track,
        "sound.musicFadeIn": variant.track,
        "sound.musicFadeOut": variant.track,
        "sound.ducking": variant.track and heard and (heard.speech or heard.clips),
        "sound.balance": heard,
        "sound.loudness": heard,
        "sound.overflow": variant.text,
        "captions.mode": variant.text or variant.captions,
        settings.CAPTIONS: variant.text or variant.captions,
        settings.LABEL: variant.synthetic,
        "transitions": len(variant.clips) > 1,
        settings.TARGETS: variant.order.burned or any(each.all_overlays for each in variant.order.segments),
    }
    return bool(needed.get(path, True))


def _is_block(column: str) -> bool:
    """Whether a column is a block of clips."""
    return "/" not in column


def _is_file(column: str) -> bool:
    return column == TRACKS or _is_block(column)


def _mode(column: str) -> str:
    """The setting by which a column falls to variants; empty where it always multiplies them."""
    is_combined = _is_block(column) or column in {FORMS, _LANGUAGES}
    return "" if is_combined else _MODES.get(column, _TEXTS)


def _called(column: str, label: str) -> str:
    kind = _KINDS.get(column)
    return f"{kind} '{label}'" if kind else f"{_kind(column)} '{label}' of {key_of(column)}"


def _kind(column: str) -> str:
    return "clip" if _is_block(column) else "text"


def _renamed(column: str, old: str, new: str) -> str:
    if column == FORMS and SOLE in (old, new):
        return f"its picture is called '{new}' now" if new else f"picture '{old}' is the only one now"
    return f"{_called(column, old)} is called '{new}' now"


def _added(column: str, label: str) -> str:
    if _in_a_block(column):
        return f"{_kind(column)} '{label}' was added to {key_of(column)}"
    return f"{_called(column, label)} was added"


def _removed(column: str, label: str) -> str:
    if _in_a_block(column):
        return f"{_kind(column)} '{label}' was removed from {key_of(column)}"
    return f"{_called(column, label)} was removed"


def _in_a_block(column: str) -> bool:
    return column not in _KINDS


def _limit(old: Setting, new: Setting) -> str:
    if isinstance(old, int) and isinstance(new, int):
        return f"the limit was {'raised' if new > old else 'lowered'} from {old} to {new}"
    return f"the limit of {old} was lifted" if new is None else f"a limit of {new} was set"


def _written(value: Setting) -> str:
    if value is None:
        return "unset"
    return str(value).lower() if isinstance(value, bool) else str(value)
