from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from cliptask_operator.campaign.publish import OWNER
from cliptask_operator.controller.ownership import OutputInUse, claim, is_held
from cliptask_operator.kubernetes.task_state import TaskRef
from cliptask_renderer.storage.base import Store

SPRING = TaskRef("ads", "spring", "uid-1")


def test_a_task_keeps_its_folder(store: Store) -> None:
    """Each look at the task would find it taken, by itself."""
    claim(store, SPRING)
    claim(store, SPRING)

    assert {each.name for each in store.list()} == {f"spring/{OWNER}"}


def test_a_task_that_is_created_again_is_the_same(store: Store) -> None:
    """A campaign that was deleted and applied again would lose its videos."""
    claim(store, SPRING)

    claim(store, replace(SPRING, uid="uid-2", labels={"team": "a"}))


def test_tasks_of_other_names_have_other_folders(store: Store) -> None:
    """One output folder holds many campaigns."""
    claim(store, SPRING)

    claim(store, replace(SPRING, name="summer"))


def test_another_namespaces_task_of_the_same_name_is_refused(store: Store) -> None:
    """Two campaigns would write, and prune, each other's videos."""
    claim(store, SPRING)

    with pytest.raises(OutputInUse) as refused:
        claim(store, replace(SPRING, namespace="film"))

    words = str(refused.value)
    assert f"{store.uri}/spring belongs to task spring in namespace ads" in words
    assert "choose another spec.output.uri" in words
    assert f"delete spring/{OWNER}" in words
    claim(store, SPRING)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"namespace": "ads"}', b"\xff\xfe"])
def test_a_claim_that_cannot_be_read_is_nobodys_to_take(store: Store, content: bytes) -> None:
    """What somebody else put there would be overwritten, or stop the operator."""
    store.put_bytes(f"spring/{OWNER}", content)

    with pytest.raises(OutputInUse, match="belongs to nobody that can be read"):
        claim(store, SPRING)

    assert store.read(f"spring/{OWNER}") == content


def test_of_many_that_come_at_once_one_gets_it(store: Store) -> None:
    """Two operators, or two tasks in one, would both think it theirs."""
    tasks = [replace(SPRING, namespace=f"n{number}") for number in range(8)]

    def wins(task: TaskRef) -> bool:
        try:
            claim(store, task)
        except OutputInUse:
            return False
        return True

    with ThreadPoolExecutor(len(tasks)) as pool:
        won = list(pool.map(wins, tasks))

    assert sum(won) == 1


def test_a_folder_is_held_by_the_task_that_claimed_it(store: Store) -> None:
    """A task that was refused, and is deleted, would take another's videos along."""
    assert not is_held(store, SPRING)

    claim(store, SPRING)

    assert is_held(store, SPRING)
    assert not is_held(store, replace(SPRING, namespace="film"))
