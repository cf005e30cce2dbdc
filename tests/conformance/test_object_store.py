"""What `kled.storage.base` promises, held against every store."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from kled.errors import InvalidInput, ObjectMissing, PreconditionFailed
from kled.storage.conditional_writes import KEY, conditional_writes, require_conditional_writes
from tests.stores import keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from kled.storage.base import ObjectStore


def test_what_was_written_is_read_with_its_tag(store: ObjectStore) -> None:
    tag = store.put_if_absent("a/b.json", b"body")

    found = store.get("a/b.json")

    assert (found.body, found.tag) == (b"body", tag)


def test_an_empty_body_is_an_object(store: ObjectStore) -> None:
    store.put_if_absent("empty", b"")

    assert store.get("empty").body == b""


def test_a_key_may_hold_what_kops_writes(store: ObjectStore) -> None:
    key = "c.example.com/pki/private/etcd-peers-ca-main/keyset.yaml"
    odd = "c.example.com/addons/a b+c~é.yaml"
    store.put_if_absent(key, b"1")
    store.put_if_absent(odd, b"2")

    assert keys(store) == sorted([key, odd], key=str.encode)
    assert store.get(odd).body == b"2"


def test_an_absent_object_is_missing(store: ObjectStore) -> None:
    store.put_if_absent("a/b", b"1")

    for key in ("b", "a", "a/b/c"):
        with pytest.raises(ObjectMissing):
            store.get(key)


def test_the_first_creator_wins(store: ObjectStore) -> None:
    store.put_if_absent("key", b"first")

    with pytest.raises(PreconditionFailed):
        store.put_if_absent("key", b"second")

    assert store.get("key").body == b"first"


def test_a_replacement_needs_the_latest_tag(store: ObjectStore) -> None:
    old = store.put_if_absent("key", b"1")
    new = store.replace("key", b"2", old)

    with pytest.raises(PreconditionFailed):
        store.replace("key", b"3", old)

    assert (store.get("key").body, store.get("key").tag) == (b"2", new)
    assert new != old


def test_what_is_gone_cannot_be_replaced(store: ObjectStore) -> None:
    tag = store.put_if_absent("key", b"1")
    store.delete("key")

    with pytest.raises(PreconditionFailed):
        store.replace("key", b"2", tag)

    assert keys(store) == []


def test_what_was_deleted_can_be_created_again(store: ObjectStore) -> None:
    store.put_if_absent("key", b"1")

    store.delete("key")
    store.delete("key")

    store.put_if_absent("key", b"2")
    assert store.get("key").body == b"2"


def test_keys_come_sorted_below_the_prefix_and_after_the_start(store: ObjectStore) -> None:
    for key in ("a/z", "a.b", "a/b/c", "b", "ab", "a-b"):
        store.put_if_absent(key, b"")

    assert keys(store) == ["a-b", "a.b", "a/b/c", "a/z", "ab", "b"]
    assert keys(store, "a/") == ["a/b/c", "a/z"]
    assert keys(store, "a") == ["a-b", "a.b", "a/b/c", "a/z", "ab"]
    assert keys(store, "a/", start_after="a/b/c") == ["a/z"]
    assert keys(store, "nothing/here") == []


@pytest.mark.parametrize("key", ["", "/a", "a//b", "../a", "a/..", "a/./b", "a/", "a\0b", "a\nb"])
def test_a_key_that_could_leave_the_store_is_refused(store: ObjectStore, key: str) -> None:
    for call in (
        lambda: store.get(key),
        lambda: store.put(key, b""),
        lambda: store.put_if_absent(key, b""),
        lambda: store.write(key, [b""]),
        lambda: store.read(key).__enter__(),
        lambda: store.replace(key, b"", "tag"),
        lambda: store.delete(key),
    ):
        with pytest.raises(InvalidInput):
            call()


def test_of_many_creators_at_once_one_wins(store: ObjectStore) -> None:
    assert _winners(lambda body: store.put_if_absent("key", body)) == [store.get("key").body]


def test_of_many_replacers_at_once_one_wins(store: ObjectStore) -> None:
    tag = store.put_if_absent("key", b"start")

    assert _winners(lambda body: store.replace("key", body, tag)) == [store.get("key").body]


def test_every_store_here_honours_conditions_and_is_asked_once(store: ObjectStore) -> None:
    assert conditional_writes(store)
    store.delete(KEY)

    require_conditional_writes(store)

    assert keys(store) == []


def test_a_second_probe_of_a_store_finds_the_first_one_s_object(store: ObjectStore) -> None:
    store.put_if_absent(KEY, b"probe of conditional writes\n")

    assert conditional_writes(store)


def _winners(write: Callable[[bytes], str]) -> list[bytes]:
    """Let eight threads write at the same moment; return the bodies of those that succeeded."""
    start = threading.Barrier(8)

    def attempt(number: int) -> bytes | None:
        body = f"writer {number}".encode()
        start.wait()
        try:
            write(body)
        except PreconditionFailed:
            return None
        return body

    with ThreadPoolExecutor(8) as pool:
        return [body for body in pool.map(attempt, range(8)) if body is not None]
