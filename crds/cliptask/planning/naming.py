"""What is a variant called, and what does its ad's link carry? By the task's templates, else by its parts' labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote

from cliptask import names
from cliptask.errors import InvalidTask
from cliptask.names import shown
from cliptask.planning.choices import Named
from cliptask.spec.filling import cell_place
from cliptask.spec.naming import FORBIDDEN, LONGEST, fields_of, put
from cliptask.spec.task import ClipTask, ClipTaskSpec


def ad_name(task: ClipTask, named: Named) -> str | None:
    """What people and ad platforms call a variant, whatever it holds; None where the task does not say. Raises ``InvalidTask`` for a name that cannot be one."""
    naming = task.spec.naming
    if naming is None:
        return None
    values = _values(task, named)
    _refuse_cells(task.spec, named, values)
    name = put(naming.name, values)
    if len(name) > LONGEST or name[0] in ".-=+":
        wrong = (
            f"has {len(name)} characters, at most {LONGEST} are allowed"
            if len(name) > LONGEST
            else "begins with a sign"
        )
        message = f"spec.naming.name: {shown(name)} {wrong}: write another template"
        raise InvalidTask(message)
    return name


def video_name(task: ClipTask, named: Named, key: str) -> str:
    """The name of a variant's file, which no other content ever has."""
    name = ad_name(task, named)
    return names.variant_name(named.labels, key) if name is None else f"{name}-{key[:8]}"


def utm(task: ClipTask, named: Named) -> str | None:
    """The parameters of its ad's link, escaped; None where the task does not say."""
    naming = task.spec.naming
    if naming is None or naming.utm is None:
        return None
    values = {**_values(task, named), "name": ad_name(task, named) or ""}
    return put(naming.utm, {field: quote(value, safe="") for field, value in values.items()})


def refuse_collisions(task: ClipTask, variants: Iterable[Named]) -> None:
    """Raise ``InvalidTask`` where two variants would be called the same, with what would tell them apart."""
    if task.spec.naming is None:
        return
    first: dict[str, Named] = {}
    for named in variants:
        name = ad_name(task, named) or ""
        # Folders of some machines take capital and small letters for the same.
        before = first.setdefault(name.casefold(), named)
        if before != named:
            one, other = _values(task, before), _values(task, named)
            apart = [f"{{{field}}}" for field in one if one[field] != other[field] and "." not in field]
            message = (
                f"spec.naming.name: several videos would be called {shown(name)}: add {' or '.join(apart)}"
            )
            raise InvalidTask(message)


def _values(task: ClipTask, named: Named) -> dict[str, str]:
    blocks = [block.name for block in task.spec.video_blocks]
    return {
        "task": task.metadata.name,
        **({"music": named.track} if named.track else {}),
        **({"speech": named.line} if named.line else {}),
        **named.others,
        **({"picture": named.form} if named.form else {}),
        **dict(zip(blocks, named.clips, strict=True)),
        **{f"row.{column}": cell for column, cell in _cells(task.spec, named).items()},
    }


def _cells(spec: ClipTaskSpec, named: Named) -> Mapping[str, str]:
    number = _row(spec, named)
    return {} if number is None or spec.data is None else spec.data.rows[number]


def _row(spec: ClipTaskSpec, named: Named) -> int | None:
    label = named.others.get("row")
    return None if label is None else spec.row_labels.index(label)


def _refuse_cells(spec: ClipTaskSpec, named: Named, values: Mapping[str, str]) -> None:
    """Cells are anybody's text; all else in a name is a label."""
    naming, number = spec.naming, _row(spec, named)
    if naming is None or number is None or spec.data is None:
        return
    for field in fields_of(naming.name):
        if field.startswith("row.") and (bad := FORBIDDEN.search(values[field])):
            at = cell_place(spec.data, number, field.removeprefix("row."))
            message = f"{at}: {shown(values[field])} cannot be in a name, {shown(bad[0])} is no letter from a to z, digit or one of _.=+-: name {{row}} in spec.naming.name, or another column"
            raise InvalidTask(message)
