"""Leases between real processes that are stopped and killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from kled.lease.document import decode, key
from kled.retry import Clock
from kled.storage.base import Location
from kled.storage.url import open_store
from tests.conformance import moto_server, places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kled.lease import Lease

HOLDER = Path(__file__).with_name("lease_holder.py")
CLUSTER = "c.example.com"
TTL = 4.0
PATIENCE = 40.0  # for a machine with much else to do


@dataclass
class Place:
    """A state store and the environment that opens it."""

    url: str
    env: Mapping[str, str]

    def lease(self) -> Lease:
        store = open_store(
            Location(self.url), env=self.env, clock=Clock(time.monotonic, time.sleep)
        )
        return decode(store.get(key(CLUSTER)).body)


@dataclass
class Holder:
    """A run of the holder's program."""

    process: subprocess.Popen[str]

    @property
    def pid(self) -> int:
        return self.process.pid

    def says(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def child(self) -> int:
        """Wait until it holds the lease and its child runs; return the child's process id."""
        assert self.says().startswith("held ")
        return int(self.says().removeprefix("child "))

    def watchdog(self) -> psutil.Process:
        (found,) = (
            one
            for one in psutil.Process(self.pid).children()
            if "kled.lease.watchdog" in one.cmdline()
        )
        return found


CLOUDS = ("minio", "fake-gcs-server", "azurite")


@pytest.fixture(
    params=["file", "s3", *(pytest.param(name, marks=pytest.mark.emulators) for name in CLOUDS)]
)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "file":
        return Place(tmp_path.as_uri(), {"PATH": os.environ["PATH"]})
    made = places.made(request.param, request)
    return Place(made.url, made.env)


@contextmanager
def holder(
    place: Place, run: str, *, seconds: float = 300, wait: float = 0, ttl: float = TTL
) -> Iterator[Holder]:
    argv = [sys.executable, str(HOLDER), place.url, run, str(ttl), str(wait), str(seconds)]
    with subprocess.Popen(argv, env=dict(place.env), stdout=subprocess.PIPE, text=True) as started:
        try:
            yield Holder(started)
        finally:
            started.kill()


def test_of_two_at_once_the_second_waits_and_then_runs(place: Place) -> None:
    with holder(place, "first", seconds=2) as first:
        first.child()
        with holder(place, "second", seconds=0.1, wait=PATIENCE) as second:
            assert first.says() == "done"
            assert second.says() == "held 2"

            assert second.process.wait(PATIENCE) == 0

    assert (place.lease().state, place.lease().writer.run_id) == ("released", "second")


def test_a_second_that_does_not_wait_names_the_holder(place: Place) -> None:
    with holder(place, "first") as first:
        first.child()
        with holder(place, "second") as second:
            words = second.says()

            assert second.process.wait(PATIENCE) == 5

    assert words.startswith("LeaseHeld: c.example.com is held by test of first on here")
    assert f"pid {first.pid}, run first" in words


def test_a_killed_holder_loses_its_child_and_the_next_need_not_wait_for_the_ttl(
    place: Place,
) -> None:
    with holder(place, "first", ttl=600) as first:
        child = first.child()

        first.process.kill()

        eventually(lambda: not psutil.pid_exists(child))
        with holder(place, "second", seconds=0.1, wait=PATIENCE) as second:
            assert second.says() == "held 2"


def test_a_holder_killed_with_its_watchdog_is_taken_over_after_the_ttl(place: Place) -> None:
    with holder(place, "first") as first:
        first.child()

        first.watchdog().kill()
        first.process.kill()

        killed = time.monotonic()
        with holder(place, "second", seconds=0.1, wait=PATIENCE) as second:
            assert second.says() == "held 2"
    assert time.monotonic() - killed > TTL / 2


def test_a_stopped_holder_loses_its_child_and_its_lease(place: Place) -> None:
    with holder(place, "first") as first:
        child = first.child()

        first.process.send_signal(signal.SIGSTOP)

        eventually(lambda: psutil.Process(child).status() == psutil.STATUS_ZOMBIE)
        with holder(place, "second", seconds=0.1, wait=PATIENCE) as second:
            assert second.says() == "held 2"
            first.process.send_signal(signal.SIGCONT)
            assert first.says().startswith("LeaseLost: the lease of c.example.com was lost")
            assert first.process.wait(PATIENCE) == 5
            assert second.process.wait(PATIENCE) == 0

    assert place.lease().writer.run_id == "second"


def test_a_stopped_holder_s_stopped_child_dies_too(place: Place) -> None:
    with holder(place, "first") as first:
        child = first.child()

        os.kill(child, signal.SIGSTOP)
        first.process.send_signal(signal.SIGSTOP)

        eventually(lambda: psutil.Process(child).status() == psutil.STATUS_ZOMBIE)


def test_a_holder_whose_watchdog_is_killed_ends_its_child_itself(place: Place) -> None:
    with holder(place, "first") as first:
        child = first.child()

        first.watchdog().kill()

        assert first.says().endswith("was lost: its watchdog ended")
        assert first.process.wait(PATIENCE) == 5
        assert not psutil.pid_exists(child)


def test_a_holder_whose_watchdog_is_stopped_ends_its_child_itself(place: Place) -> None:
    with holder(place, "first") as first:
        child = first.child()
        watchdog = first.watchdog()

        watchdog.suspend()

        assert "could not be renewed" in first.says()
        assert not psutil.pid_exists(child)
        watchdog.resume()
        assert first.process.wait(PATIENCE) == 5


def test_a_lease_that_somebody_deleted_is_lost(place: Place) -> None:
    with holder(place, "first") as first:
        child = first.child()

        open_store(
            Location(place.url), env=place.env, clock=Clock(time.monotonic, time.sleep)
        ).delete(key(CLUSTER))

        assert first.says() == (
            "LeaseLost: the lease of c.example.com was lost: the lease of c.example.com was deleted"
        )
        assert not psutil.pid_exists(child)


def test_signals_that_ask_for_an_end_do_not_reach_the_watchdog(place: Place) -> None:
    with holder(place, "first", seconds=2) as first:
        first.child()
        watchdog = first.watchdog()

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            watchdog.send_signal(number)

        assert os.getsid(watchdog.pid) == watchdog.pid
        assert first.says() == "done"
    assert place.lease().state == "released"


def test_credentials_are_in_no_command_line_and_no_lease(s3_endpoint: str) -> None:
    bucket = f"b-{uuid.uuid4()}"
    moto_server.client(s3_endpoint).create_bucket(Bucket=bucket)
    env = {**moto_server.environment(s3_endpoint), "AWS_SECRET_ACCESS_KEY": "very-secret-indeed"}
    with holder(Place(f"s3://{bucket}", env), "first") as first:
        first.child()

        assert "very-secret" not in " ".join(first.watchdog().cmdline())
        assert "very-secret" not in str(Place(f"s3://{bucket}", env).lease())


def eventually(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < ends, "it did not come true"
        time.sleep(0.05)
