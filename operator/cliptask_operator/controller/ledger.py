"""How much of its namespace's budget has each task taken in this month? What it is about to take is set aside first, and counted as it is taken.

The book is a ConfigMap beside the operator, an entry for each namespace that has a budget. It is read and written at each step, so
that a crash loses nothing: what an operator that is no more had set aside counts as taken, but for what its task still needs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime

import structlog
from pydantic import BaseModel, Field, ValidationError
from pydantic.alias_generators import to_camel

from cliptask.errors import ClipTaskError, SetupError, TransientError, in_bytes
from cliptask.spec.budget import Budget
from cliptask.spec.status import Spent
from cliptask_operator.campaign.preflight import OverBudget
from cliptask_operator.controller.metrics import Metrics
from cliptask_operator.kubernetes.cluster import Cluster
from cliptask_operator.kubernetes.task_state import TaskRef

Amounts = dict[str, float]
"""By the names of the budget's fields."""
KINDS = tuple(Budget.model_fields)
SPEECH = ("speech_characters", "transcribed_seconds")
"""What an account is paid for."""
_WORDS = {
    "variants": "videos",
    "speech_characters": "characters to be spoken",
    "transcribed_seconds": "s of clips to be transcribed",
    "encode_seconds": "s of picture to be encoded",
}
_ATTEMPTS = 5
"""At writing an entry that somebody else writes, too."""

log = structlog.get_logger("cliptask.budgets")


class BudgetSpent(SetupError):
    """The namespace has too little left of its budget, until the month ends or an administrator raises it."""

    reason = "BudgetSpent"


class BudgetReserved(TransientError):
    """What is left of the namespace's budget is set aside for tasks at work, which may take less."""

    reason = "BudgetReserved"


class Entry(BaseModel, frozen=True):
    """A namespace's month."""

    month: str = ""
    """As in 2026-11."""
    spent: Amounts = Field(default_factory=dict)
    reserved: dict[str, Amounts] = Field(default_factory=dict)
    """By the UIDs of tasks."""

    def held(self, kind: str, tasks: Collection[str] | None = None) -> float:
        """What is set aside for these tasks, or for all."""
        return sum(own.get(kind, 0) for uid, own in self.reserved.items() if tasks is None or uid in tasks)

    def spending(self, amounts: Mapping[str, float]) -> Entry:
        """The same with more that is taken."""
        sums = {
            kind: round(self.spent.get(kind, 0) + amounts.get(kind, 0), 3)
            for kind in KINDS
            if kind in self.spent or amounts.get(kind)
        }
        return self.model_copy(update={"spent": sums})

    def reserving(self, uid: str, amounts: Mapping[str, float]) -> Entry:
        """The same with so much set aside for a task, and no more of these kinds."""
        own = {
            kind: amount for kind, amount in {**self.reserved.get(uid, {}), **amounts}.items() if amount > 0
        }
        others = {other: held for other, held in self.reserved.items() if other != uid}
        return self.model_copy(update={"reserved": others | ({uid: own} if own else {})})


class Ledger:
    """The budgets of all namespaces. ``book``: the ConfigMap's name; ``budget_of``: what a namespace may take in a month."""

    def __init__(
        self,
        cluster: Cluster,
        book: str,
        budget_of: Callable[[str], Mapping[str, float]],
        metrics: Metrics,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._cluster, self._book, self._budget_of, self._metrics, self._now = (
            cluster,
            book,
            budget_of,
            metrics,
            now,
        )
        self._writing = asyncio.Lock()
        self._held: dict[str, Amounts] = {}
        """What is set aside for tasks at work here, by their UIDs."""
        self._unwritten: dict[str, dict[str, Amounts]] = {}
        """What was taken since the book was last written, by namespaces and tasks."""
        self._spent: dict[str, Amounts] = {}
        """Of each task, since there is one."""
        self._videos: dict[str, frozenset[str]] = {}
        """Which a task had when they were last listed."""
        self._encoding: dict[str, Amounts] = {}
        """Seconds of picture that Jobs have begun to encode, by tasks and the Jobs' names."""
        self._ending: set[asyncio.Task[None]] = set()

    def open(self, task: TaskRef, before: Spent) -> None:
        """Go on from what a task's status says it has taken, where that is not known better."""
        self._spent.setdefault(task.uid, {kind: getattr(before, kind) for kind in KINDS})

    def spent_by(self, task: TaskRef) -> Spent:
        """What was taken for a task itself; what it shares with another one that came first is that one's."""
        return Spent(**{kind: round(amount) for kind, amount in self._spent.get(task.uid, {}).items()})

    async def reserve(self, task: TaskRef, **needs: float) -> None:
        """Set aside what a task is about to take, in place of what it was before.

        Raises ``OverBudget`` where that is more than a whole month has, ``BudgetSpent`` where it is more than is left,
        ``BudgetReserved`` where it would not be if others took nothing of what is theirs.
        """
        budget, known = self._budget_of(task.namespace), self._held.get(task.uid, {})
        if not budget or (not any(needs.values()) and all(known.get(kind) == 0 for kind in needs)):
            return
        refusal: ClipTaskError | None = None

        def change(entry: Entry) -> Entry:
            nonlocal refusal
            own = entry.reserved.get(task.uid, {})
            # Set aside by an operator that is no more: what is not needed any longer was taken.
            lost = {
                kind: max(own.get(kind, 0) - need, 0) for kind, need in needs.items() if kind not in known
            }
            free = entry.spending(lost).reserving(task.uid, dict.fromkeys(needs, 0))
            refusal = self._refusal(task.namespace, free, needs, budget)
            return free if refusal else free.reserving(task.uid, needs)

        await self._write(task.namespace, change)
        self._held[task.uid] = {**known, **(dict.fromkeys(needs, 0) if refusal else needs)}
        if refusal is not None:
            raise refusal

    def took(self, task: TaskRef, **amounts: float) -> None:
        """Count what was taken for a task."""
        taken = {kind: amount for kind, amount in amounts.items() if amount > 0}
        _add(self._spent.setdefault(task.uid, {}), taken)
        for kind, amount in taken.items():
            self._metrics.spent.labels(task.namespace, to_camel(kind)).inc(amount)
        if taken and self._budget_of(task.namespace):
            _add(self._unwritten.setdefault(task.namespace, {}).setdefault(task.uid, {}), taken)

    def begins(self, task: TaskRef, job: str, seconds: float) -> None:
        """A Job begins to encode so much that is not there yet."""
        self._encoding.setdefault(task.uid, {})[job] = seconds

    def ended(self, task: TaskRef, job: str) -> None:
        """Count what a Job has encoded, once."""
        self.took(task, encode_seconds=self._encoding.get(task.uid, {}).pop(job, 0))

    def listed(self, task: TaskRef, sizes: Mapping[str, int]) -> None:
        """Count the videos of a task's folder that were not there when it was listed before; ``sizes``: bytes by their names."""
        before = self._videos.get(task.uid)
        self._videos[task.uid] = frozenset(sizes)
        if before is not None:
            new = [size for name, size in sizes.items() if name not in before]
            self.took(task, variants=len(new), bytes=sum(new))

    async def settle(self, task: TaskRef, *kinds: str) -> None:
        """Give back what is still set aside, of these kinds or of all: the task takes no more for now."""
        of_kinds = kinds or KINDS
        held = self._held.get(task.uid, {})
        if any(held.get(kind) for kind in of_kinds) or self._unwritten.get(task.namespace):
            await self._write(
                task.namespace, lambda entry: entry.reserving(task.uid, dict.fromkeys(of_kinds, 0))
            )
        if not kinds:
            self._videos.pop(task.uid, None)
        if held:
            self._held[task.uid] = {**held, **{kind: 0 for kind in held if kind in of_kinds}}

    async def give_up(self, task: TaskRef) -> None:
        """As ``settle``, of a task that does not go on as it is. What cannot be written now stays set aside."""
        try:
            await self.settle(task)
        except ClipTaskError as error:
            log.warning("what was set aside stays so", task=task.name, error=str(error))

    def forget(self, task: TaskRef) -> None:
        """Give back what is set aside for a task that is gone."""

        async def end() -> None:
            await self.give_up(task)
            for known in (self._held, self._spent, self._videos, self._encoding):
                known.pop(task.uid, None)

        ending = asyncio.create_task(end())
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """Wait for what is being written."""
        await asyncio.gather(*self._ending)

    def _refusal(
        self, namespace: str, entry: Entry, needs: Mapping[str, float], budget: Mapping[str, float]
    ) -> ClipTaskError | None:
        for kind, need in needs.items():
            most = budget.get(kind)
            if most is None or not need:
                continue
            value = f"budgets.namespaces.{namespace}.{to_camel(kind)}"
            task = f"the task needs {_counted(kind, need)}, and namespace {namespace}"
            if need > most:
                whole = (
                    f"{task} may take {_number(kind, most)} in a month: ask for less, or have {value} raised"
                )
                return OverBudget(whole)
            taken, held = entry.spent.get(kind, 0), entry.held(kind)
            if need + taken + held <= most:
                continue
            left = f"{task} has {_number(kind, max(most - taken - held, 0))} of {_number(kind, most)} left for {entry.month}"
            mine = entry.held(kind, self._held.keys())
            if need + taken + held - mine <= most:
                return BudgetReserved(
                    f"{left}; {_number(kind, mine)} are set aside for tasks at work: it waits for what they leave"
                )
            return BudgetSpent(
                f"{left}: it goes on at {_renewal(entry.month)}, or once {value} of the chart is raised; or ask for less"
            )
        return None

    async def _write(self, namespace: str, change: Callable[[Entry], Entry]) -> None:
        """Change a namespace's entry, with what was taken meanwhile."""
        async with self._writing:
            for _ in range(_ATTEMPTS):
                found = await self._cluster.config_map(self._book)
                if found is None:
                    message = f"the ConfigMap {self._book} is gone, which counts what namespaces take of their budgets: helm upgrade brings an empty one"
                    raise SetupError(message)
                data, version = found
                unwritten = self._unwritten.pop(namespace, {})
                before = _entry(self._book, namespace, data)
                entry = change(_with(_turned(before, f"{self._now():%Y-%m}"), unwritten))
                try:
                    if entry == before or await self._cluster.write_config_map(
                        self._book, {namespace: entry.model_dump_json()}, version
                    ):
                        return
                except ClipTaskError:
                    self._keep(namespace, unwritten)
                    raise
                self._keep(namespace, unwritten)
        message = f"the ConfigMap {self._book} is written by others all the time: it is tried again"
        raise TransientError(message)

    def _keep(self, namespace: str, unwritten: Mapping[str, Amounts]) -> None:
        for uid, amounts in unwritten.items():
            _add(self._unwritten.setdefault(namespace, {}).setdefault(uid, {}), amounts)


def _entry(book: str, namespace: str, data: Mapping[str, str]) -> Entry:
    try:
        return Entry.model_validate_json(data.get(namespace) or "{}")
    except ValidationError as error:
        message = f"the ConfigMap {book} has an entry {namespace} that cannot be read: mend it, or remove it to begin at nothing"
        raise SetupError(message) from error


def _turned(entry: Entry, month: str) -> Entry:
    """The entry of this month: what is still set aside is taken in it."""
    return entry if entry.month == month else Entry(month=month, reserved=entry.reserved)


def _with(entry: Entry, taken: Mapping[str, Amounts]) -> Entry:
    """The same once it is taken what was set aside for it."""
    for uid, amounts in taken.items():
        own = entry.reserved.get(uid, {})
        left = {kind: max(own.get(kind, 0) - amount, 0) for kind, amount in amounts.items()}
        entry = entry.spending(amounts).reserving(uid, left)
    return entry


def _add(to: Amounts, amounts: Mapping[str, float]) -> None:
    for kind, amount in amounts.items():
        to[kind] = to.get(kind, 0) + amount


def _number(kind: str, amount: float) -> str:
    return in_bytes(round(amount)) if kind == "bytes" else f"{amount:,.0f}"


def _counted(kind: str, amount: float) -> str:
    return (
        f"{_number(kind, amount)} {_WORDS[kind]}"
        if kind in _WORDS
        else f"about {_number(kind, amount)} in its output"
    )


def _renewal(month: str) -> str:
    """When the next one begins."""
    year, number = map(int, month.split("-"))
    return f"{year + number // 12}-{number % 12 + 1:02}-01 00:00 UTC"
