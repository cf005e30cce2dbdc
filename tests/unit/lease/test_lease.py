"""The lease's format, its schedule and its writes, without processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kled.documents import LARGEST
from kled.errors import CapabilityMissing, InvalidInput, LeaseHeld, LeaseLost, StoreError
from kled.lease import Terms, Wait, Writer, boot_time, child, hold, vigil
from kled.lease.document import Lease, decode, encode, key
from kled.lease.takeover import succession
from kled.lease.writes import acquire, advance
from kled.retry import Clock
from kled.storage.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable

CLUSTER = "c.example.com"
ME, YOU = Writer("me", "run 1", "here", 1), Writer("you", "run 2", "there", 2)
TTL = timedelta(seconds=60)


@dataclass
class FakeTime:
    """A clock whose sleep is its only movement."""

    seconds: float = 0.0
    naps: list[float] = field(default_factory=list)

    def clock(self) -> Clock:
        return Clock(lambda: self.seconds, self.sleep, lambda: 0.0)

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.seconds += seconds


@given(
    writer=st.builds(Writer, st.text(), st.text(), st.text(), st.integers(0, 2**31)),
    seconds=st.integers(1, 86_400),
    token=st.integers(1, LARGEST),
    renewals=st.integers(0, LARGEST - 1),
)
def test_a_lease_reads_as_it_was_written(
    writer: Writer, seconds: int, token: int, renewals: int
) -> None:
    lease = Lease(CLUSTER, writer, timedelta(seconds=seconds), token, renewals)

    assert decode(encode(lease)) == lease
    assert decode(encode(lease.released())).state == "released"


@pytest.mark.parametrize(
    "change",
    [
        {"format": "kled.io/lease/v9"},
        {"ttl_seconds": 0},
        {"ttl_seconds": "nan"},
        {"token": 0},
        {"renewals": -1},
        {"state": "stolen"},
        {"owner": 7},
        {"ttl_seconds": 1e300},  # fault 84: these left as other errors
        {"ttl_seconds": 1e-9},
        {"token": 1.5},
        {"token": LARGEST + 1},
        {"owner": "\ud800"},
    ],
)
def test_a_lease_that_cannot_be_understood_is_neither_held_nor_free(
    change: dict[str, object],
) -> None:
    fields = json.loads(encode(Lease(CLUSTER, ME, TTL, 1)))

    with pytest.raises(StoreError, match="cannot be read"):
        decode(json.dumps({**fields, **change}).encode())
    with pytest.raises(StoreError):
        decode(b"{")


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 60_000,
        b" " * 100_000 + b"{}",
        encode(Lease(CLUSTER, ME, TTL, 1)).replace(b'"token": 1', b'"token": 1e999'),
        encode(Lease(CLUSTER, ME, TTL, 1)).replace(b'"token": 1', b'"token": Infinity'),
        encode(Lease(CLUSTER, ME, TTL, 1)).replace(b'"token": 1', b'"token": 1, "token": 2'),
    ],
    ids=["deep", "large", "overflowing", "infinite", "doubled"],
)
def test_a_lease_that_is_made_to_harm_its_reader_is_refused(body: bytes) -> None:  # fault 84
    with pytest.raises(StoreError, match="the lease cannot be read"):
        decode(body)


def test_after_the_largest_token_that_can_be_read_another_one_is_taken() -> None:
    """Fault 87: with one more than that nobody could read the lease again."""
    before = decode(encode(Lease(CLUSTER, ME, TTL, LARGEST)))

    after = succession(CLUSTER, ME, TTL, before)

    assert decode(encode(after)).token == after.token != before.token


def test_a_lease_is_kept_outside_every_cluster() -> None:
    assert key(CLUSTER) == ".kled/leases/c.example.com.json"
    with pytest.raises(InvalidInput):
        key("../c.example.com")


def test_a_silent_lease_is_taken_after_its_own_ttl_and_the_token_rises() -> None:
    store, time = MemoryStore(), FakeTime()
    acquire(store, CLUSTER, writer=ME, terms=Terms(TTL), clock=time.clock())

    taken = acquire(
        store,
        CLUSTER,
        writer=YOU,
        terms=Terms(timedelta(seconds=1), timedelta(hours=1)),
        clock=time.clock(),
    )

    assert taken.lease.token == 2
    assert time.seconds == pytest.approx(60)


def test_a_released_lease_is_taken_at_once() -> None:
    store, time = MemoryStore(), FakeTime()
    first = acquire(store, CLUSTER, writer=ME, terms=Terms(TTL), clock=time.clock())
    advance(store, first.lease.released(), first.tag)

    acquire(store, CLUSTER, writer=YOU, terms=Terms(TTL), clock=time.clock())

    assert time.naps == []


def test_who_waits_in_vain_hears_who_holds_the_lease() -> None:
    store, time = MemoryStore(), FakeTime()
    acquire(store, CLUSTER, writer=ME, terms=Terms(TTL), clock=time.clock())
    terms = Terms(TTL, timedelta(seconds=40))

    with pytest.raises(LeaseHeld) as caught:
        acquire(store, CLUSTER, writer=YOU, terms=terms, clock=time.clock())

    assert caught.value.message == (
        "c.example.com is held by me on here (pid 1, run run 1), seen for 40 s, silent for 40 s"
    )


class Looker:
    """Sees waits: for what, and for how long each lasted by a clock."""

    def __init__(self, time: FakeTime) -> None:
        self.time = time
        self.seen: list[tuple[Wait, float]] = []

    def __call__(self, wait: Wait, rest: Callable[[], None]) -> None:
        began = self.time.seconds
        try:
            rest()
        finally:
            self.seen.append((wait, self.time.seconds - began))


def test_a_wait_is_shown_while_it_lasts_with_whom_it_is_for() -> None:  # a member of fault 59
    store, time = MemoryStore(), FakeTime()
    looker = Looker(time)
    acquire(store, CLUSTER, writer=ME, terms=Terms(TTL), clock=time.clock(), waiting=looker)
    assert looker.seen == []

    terms = Terms(TTL, timedelta(hours=1))
    acquire(store, CLUSTER, writer=YOU, terms=terms, clock=time.clock(), waiting=looker)

    ((wait, seconds),) = looker.seen
    assert wait == Wait(CLUSTER, "me on here (pid 1, run run 1)", timedelta(hours=1))
    assert seconds == pytest.approx(60)


def test_a_wait_in_vain_ends_where_it_is_shown() -> None:
    store, time = MemoryStore(), FakeTime()
    looker = Looker(time)
    acquire(store, CLUSTER, writer=ME, terms=Terms(TTL), clock=time.clock())

    with pytest.raises(LeaseHeld):
        acquire(
            store,
            CLUSTER,
            writer=YOU,
            terms=Terms(TTL, timedelta(seconds=40)),
            clock=time.clock(),
            waiting=looker,
        )

    assert [seconds for _, seconds in looker.seen] == [pytest.approx(40)]


def test_an_advance_whose_answer_was_lost_goes_on_from_its_own_write() -> None:
    store = MemoryStore()
    first = acquire(store, CLUSTER, writer=ME, terms=Terms(TTL), clock=FakeTime().clock())
    once = first.lease.renewed()
    advance(store, once, first.tag)

    tag = advance(store, once.renewed(), first.tag)

    assert store.get(key(CLUSTER)).tag == tag


def test_an_advance_over_another_writer_s_lease_is_refused() -> None:
    store, time = MemoryStore(), FakeTime()
    first = acquire(store, CLUSTER, writer=ME, terms=Terms(TTL), clock=time.clock())
    terms = Terms(TTL, timedelta(hours=1))
    acquire(store, CLUSTER, writer=YOU, terms=terms, clock=time.clock())

    with pytest.raises(LeaseLost, match="taken over by you on there"):
        advance(store, first.lease.renewed(), first.tag)


@given(ttl=st.floats(0.1, 86_400))
def test_kops_is_dead_before_others_may_take_over(ttl: float) -> None:
    schedule = vigil.timing(timedelta(seconds=ttl))

    latest = max(schedule.unrenewed, schedule.missed_beat) + schedule.kill_grace

    assert latest < ttl
    assert schedule.beat < schedule.renewal < schedule.missed_beat


def test_a_vigil_renews_only_while_it_hears_beats() -> None:
    watch = vigil.Vigil(vigil.timing(TTL), renewed=0, now=0)
    assert not watch.may_renew(20)
    watch.beat(15)
    assert watch.may_renew(15)
    watch.trying(15)
    assert not watch.may_renew(22)

    assert watch.lost(44) is None
    assert watch.lost(45) is not None
    watch.renewed(15)
    assert watch.lost(45) == "the holder was silent for 30.0 s"


def test_a_process_with_the_same_id_but_another_start_is_left_alone() -> None:
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        known = child.identify(sleeper.pid)
        assert known.started is not None
        stranger = child.Child(sleeper.pid, known.started + 1)
        clock = Clock(boot_time, lambda _seconds: None)

        assert child.stop({stranger}, 0.1, clock)
        assert sleeper.poll() is None
        assert child.stop({known}, 10, clock)


def test_nested_operations_of_one_run_share_the_lease() -> None:
    store, clock = MemoryStore(), Clock(boot_time, lambda _seconds: None)
    terms = Terms(TTL, timedelta(0))

    with hold(store, CLUSTER, writer=ME, terms=terms, clock=clock, environment={}) as outer:
        with hold(store, CLUSTER, writer=ME, terms=terms, clock=clock, environment={}) as inner:
            assert inner is outer
        assert decode(store.get(key(CLUSTER)).body).state == "held"

    assert decode(store.get(key(CLUSTER)).body).state == "released"


def test_a_store_that_ignores_conditions_holds_no_lease() -> None:
    class Careless(MemoryStore):
        def put_if_absent(
            self, key: str, body: bytes, *, retain_until: datetime | None = None
        ) -> str:
            return self._put(key, body)

    clock = Clock(boot_time, lambda _seconds: None)
    with (
        pytest.raises(CapabilityMissing),
        hold(Careless(), CLUSTER, writer=ME, terms=Terms(), clock=clock, environment={}),
    ):
        pytest.fail("it was held")


def test_the_watchdog_imports_neither_prefect_nor_an_sdk() -> None:
    code = (
        "import sys, kled.lease.watchdog; "
        "print({'prefect', 'boto3', 'pydantic', 'rich'} & set(sys.modules))"
    )

    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )

    assert said.stdout.strip() == "set()"


def test_a_lease_that_its_holder_gives_up_ends_kops_and_is_released_with_the_holder_alone() -> None:
    # fault 42
    store, clock = MemoryStore(), Clock(boot_time, time.sleep)
    kops = subprocess.Popen(["sleep", "60"])

    with pytest.raises(LeaseLost, match="the run was cancelled"):  # noqa: SIM117
        with hold(store, CLUSTER, writer=ME, terms=Terms(TTL), clock=clock, environment={}) as held:
            held.child_started(kops.pid)
            held.abandon("the run was cancelled")
            held.abandon("once more")
            assert kops.wait(10) == -signal.SIGTERM
            assert decode(store.get(key(CLUSTER)).body).state == "held"
