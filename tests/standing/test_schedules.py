"""Schedules fire: on each database, with the locked versions and with today's. Fault 40."""

import os
import sys
from pathlib import Path

import pytest

from tests.boxes import Box
from tests.standing import postgres, today
from tests.standing.proofs import a_woken_schedule_makes_a_run_that_is_done
from tests.standing.servers import Standing, serving, working

pytestmark = [pytest.mark.prefect, pytest.mark.slow]


def lacking(what: str, why: str) -> None:
    """Skip, or fail where `what` was to be there (`.ci/run` says so)."""
    if what in os.environ.get("KLED_TEST_REQUIRED", "").split():
        pytest.fail(why)
    pytest.skip(why)


def prove(world: Box, programs: Path, directory: Path, **more: str) -> None:
    with serving(programs, directory, world.env | more) as server:
        server.run("kled", "deploy")
        with working(server):
            a_woken_schedule_makes_a_run_that_is_done(server)


def test_on_sqlite(standing: Standing) -> None:
    a_woken_schedule_makes_a_run_that_is_done(standing)


def test_on_postgresql(world: Box, tmp_path: Path) -> None:
    where = postgres.programs()
    if where is None:
        lacking("postgresql", "schedules on PostgreSQL: there is no initdb")
        return
    with postgres.postgres(where) as url:
        prove(
            world,
            Path(sys.executable).parent,
            tmp_path,
            PREFECT_SERVER_DATABASE_CONNECTION_URL=url,
        )


def test_with_the_versions_that_a_resolver_chooses_today(world: Box, tmp_path: Path) -> None:
    if not today.reachable(tmp_path / "probe"):
        lacking("registry", "schedules without the lock: no package registry answers")
    prove(world, today.installed(tmp_path), tmp_path / "server")
