"""`kled doctor`."""

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

from kled.cli.frame.command import Call, leaf
from kled.cli.terminal.output import Column
from kled.errors import KledError
from kled.operations.health.kubeconfigs import kept_places
from kled.sentences import number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kled.models.cluster import Cluster
    from kled.operations.checks.check import Check

_SLOW: Final = 5.0
"""Seconds after which a running check is named."""
_COLUMNS = (
    Column("CHECK", "check"),
    Column("STATE", "state"),
    Column("NEEDED", "needed"),
    Column("DETAIL", "detail"),
    Column("HINT", "hint"),
)


@leaf("doctor", examples=("kled doctor", "kled doctor --read-only --output=json"))
@click.option(
    "--read-only", is_flag=True, help="Write no probes: whether stores can be written to is left."
)
def doctor(call: Call, *, read_only: bool) -> int:
    """Try tools, stores, keys, server and clouds: exit 1 where what is configured does not work.

    Small objects are written to the stores, read back and removed; the APIs of clusters are asked
    where a kubeconfig of theirs is there. What could not be tried says so, and counts as nothing.
    """
    checks = try_checks(call, _looks(call, writes=not read_only))
    failing = [check for check in checks if check.fails]
    for check in failing:
        call.say(f"{check.name}: {check.detail}{f'; {check.hint}' if check.hint else ''}")
    return 1 if failing else 0


def _looks(call: Call, *, writes: bool) -> "Mapping[str, Callable[[], Iterable[Check]]]":
    """Return the checks under their names, in order."""
    from kled import process  # noqa: PLC0415 - not for --help
    from kled.operations.checks import (  # noqa: PLC0415
        clouds,
        cluster_apis,
        clusters,
        kept_keys,
        snapshot_store,
        state_store,
        tools,
    )

    settings, stores = call.settings, call.stores
    env = settings.environment
    listed: list[Cluster] = []

    def kops() -> "list[Check]":
        checks, clusters_of_it = _kops(call)
        listed.extend(clusters_of_it)
        return checks

    return {
        "killed runs": lambda: [_leftovers()],  # before a session removes them
        "kops and its clusters": kops,
        "tools": lambda: [*tools.tool_checks(env, process.run), tools.ssh_check(env)],
        "the state store": lambda: state_store.state_store_checks(stores, writes=writes),
        "the clusters' APIs": lambda: cluster_apis.cluster_api_checks(
            listed, lambda name: kept_places(settings, name)
        ),
        "the snapshot store": lambda: snapshot_store.snapshot_store_checks(stores, writes=writes),
        "kept keys": lambda: kept_keys.kept_keys_checks(
            stores, [cluster.name for cluster in listed]
        ),
        "Prefect": lambda: _prefect(call),
        "clouds": lambda: clouds.cloud_checks(settings, set(clusters.clouds_of(listed))),
    }


def try_checks(
    call: Call, looks: "Mapping[str, Callable[[], Iterable[Check]]]", slow: float = _SLOW
) -> "list[Check]":
    """Make the checks and show their results, also where some are cut short.

    A check that takes longer than `slow` seconds is named meanwhile.
    """
    checks: list[Check] = []
    try:
        for name, look in looks.items():
            with _told_if_slow(call, name, slow):
                checks += look()
    finally:
        call.show(checks, _COLUMNS)
    return checks


@contextmanager
def _told_if_slow(call: Call, name: str, slow: float) -> "Iterator[None]":
    timer = threading.Timer(slow, call.say, (f"still looking at {name} ...",))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _leftovers() -> "Check":
    from kled.files import scratch  # noqa: PLC0415 - not for --help
    from kled.operations.checks.check import Check, wrong  # noqa: PLC0415

    name = "killed runs"
    try:
        left, earlier = scratch.leftovers(), scratch.of_earlier()
    except KledError as error:
        return wrong(name, error)
    if not left and earlier:
        many = number(len(earlier), "directory", "directories")
        problem = f"an earlier kled left {many} a day ago or more, such as {earlier[0]}"
        return Check(name, "found", problem, f"remove them: {scratch.removal_of_earlier()}")
    if not left:
        return Check(name, "ok", f"nothing is left of them in {scratch.place()}")
    many = number(len(left), "left directory", "left directories")
    problem = f"{many} with secrets in {scratch.place()}"
    return Check(name, "found", problem, "the next command that drives kops removes them")


def _kops(call: Call) -> "tuple[list[Check], Sequence[Cluster]]":
    from kled.operations.checks import clusters  # noqa: PLC0415 - not for --help

    located = clusters.kops_check(call.settings)
    if located.state != "ok":
        return [located, *clusters.untried("there is no kops")], ()
    if call.settings.state_store is None:
        return [located, *clusters.untried("no state store is named")], ()
    try:
        with call.session() as session:
            return clusters.driven_checks(session, located)
    except KledError as error:
        return [located, *clusters.untried(error.message)], ()


def _prefect(call: Call) -> "list[Check]":
    from kled.operations.checks.check import Check  # noqa: PLC0415 - not for --help

    name, env = "Prefect server", call.settings.environment
    url = env.get("PREFECT_API_URL")
    if not url:
        return [Check(name, "missing", "PREFECT_API_URL is not set: flows run here")]
    from kled.cli.checks import (  # noqa: PLC0415 - where there is a server
        prefect_server,
        work_pools,
    )

    server = Check(name, *prefect_server.answers(url, env), needed=True)
    if server.state != "ok":
        return [server]
    pools = work_pools.pools(url, env)
    return [
        server,
        *(
            Check(f"work pool {pool}".strip(), *state, needed=state[0] != "missing")
            for pool, state in pools
        ),
        Check("schedules", *prefect_server.schedules(url, env), needed=True),
        Check("sleeping schedules", *work_pools.find_sleeping(url, env)),
        Check("rules of deployments", *work_pools.rules(url, env)),
        Check("automations", *prefect_server.automations(url, env)),
    ]
