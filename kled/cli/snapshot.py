"""`kled snapshot create|list|show|verify`."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from kled.cli import cluster_name, parameters
from kled.cli.execute import execute
from kled.cli.leaf import Call, leaf
from kled.cli.output import Column, show, show_value
from kled.errors import InvalidInput
from kled.operations.snapshots import many_clusters as use
from kled.operations.snapshots.keep_state import BackUpState, VerifySnapshots
from kled.operations.snapshots.named_snapshots import described, named_snapshot
from kled.operations.snapshots.proved_level import require_level
from kled.sentences import enumerated, number, options

if TYPE_CHECKING:
    from kled.snapshot.results import RunResult

LIST: Final = (
    Column("CLUSTER", "cluster"),
    Column("SNAPSHOT", "id"),
    Column("AGE", "age"),
    Column("LEVEL", "level"),
    Column("OBJECTS", "objects"),
    Column("SIZE", "size"),
    Column("ENCRYPTED", "encrypted"),
    Column("KUBERNETES", "kubernetes"),
    Column("REMARK", "remark"),
)
_CREATED: Final = (
    Column("CLUSTER", "cluster"),
    Column("SNAPSHOT", "id"),
    Column("LEVEL", "level"),
    Column("OBJECTS", "objects"),
    Column("SIZE", "size"),
    Column("SECONDS", "seconds"),
    Column("REMARK", "remark"),
)
_VERIFIED: Final = (
    Column("CLUSTER", "cluster"),
    Column("SNAPSHOT", "id"),
    Column("LEVEL", "level"),
    Column("TRUSTWORTHY", "trustworthy"),
    Column("SECONDS", "seconds"),
    Column("FINDINGS", "findings"),
)


_WHICH: Final = "An id, `newest`, or `latest`: the newest that can be trusted [default: newest]."


def _backups(_ctx: click.Context, _option: click.Parameter, typed: str) -> int | None:
    """Return how many etcd backups are meant; None: all."""
    if typed == "all":
        return None
    number = parameters.whole(typed)
    if number is None:
        raise InvalidInput("--etcd-backups", f"{typed!r} is neither a number nor all")
    return number


@leaf(
    "create",
    examples=(
        "kled snapshot create --name=c.example.com",
        "kled snapshot create --all --snapshot-store=s3://acme-kops-snapshots",
        "kled snapshot create --name=c.example.com --output=json",
    ),
    snapshots=True,
)
@click.option("--name", "names", metavar="CLUSTER", multiple=True, help="A cluster; repeatable.")
@click.option("--all", "everything", is_flag=True, help="Every cluster of the state store.")
@click.option(
    "--etcd-backups",
    metavar="N|all",
    default="1",
    callback=_backups,
    help="How many complete backups of each etcd cluster to take, newest first [default: 1].",
)
@click.option("--anew", is_flag=True, help="Write everything anew; what is lost is given up.")
@click.option(
    "--rotated",
    metavar="SECRET",
    multiple=True,
    help="It was changed on purpose: its new value is the cluster's; repeatable.",
)
@click.option(
    "--retain-until", metavar="TIME", help="Object lock until then (ISO 8601, with zone)."
)
def create(  # noqa: PLR0913 - one parameter per option
    call: Call,
    names: tuple[str, ...],
    retain_until: str | None,
    *,
    etcd_backups: int | None,
    everything: bool,
    anew: bool,
    rotated: tuple[str, ...],
) -> int:
    """Take a snapshot of a cluster's state: definition, keys, secrets, newest etcd backups.

    Where nothing is new since the last one, none is made and that one's id is printed.
    """
    from kled.snapshot.repository import parse_time  # noqa: PLC0415 - not for --help

    chosen = _chosen(call, names, everything=everything)
    until = parse_time(retain_until, "--retain-until") if retain_until else None
    operation = BackUpState(
        tuple(chosen) if chosen else None, etcd_backups, until, not anew, rotated
    )
    try:
        execute(call, operation, shown=False)
    finally:
        for run in operation.made:
            _show_run(call, run, alone=bool(names))
    reused = [one.cluster for run in operation.made for one in run.clusters if one.reused]
    if until is not None and reused:
        again = options(name=reused, anew=True, retain_until=retain_until)
        call.say(
            f"warning: --retain-until holds for new snapshots; nothing was new for"
            f" {enumerated(reused, 3)}, whose retention stays: kled snapshot create {again}"
        )
    return 0


@leaf(
    "list",
    examples=("kled snapshot list", "kled snapshot list --name=c.example.com --output=json"),
    snapshots=True,
)
@cluster_name.name(cluster_name.ALL)
def list_(call: Call, name: str | None) -> None:
    """List snapshots with age, verified level and size, oldest first."""
    kept = call.stores.snapshots
    found = use.listed(kept, name, call.stores.remembering)
    for words in use.missing(kept, found, name, call.stores.remembering):
        call.say(f"warning: {words}")
    if call.settings.output != "table":
        show_value([one.as_json() for one in found], call.settings.output)
    elif found:
        show([_row(one.as_json()) for one in found], LIST, "table")
    if not found:
        nothing = kept.nothing(name)
        if name is not None:
            raise nothing
        call.say(f"{nothing.message}; {nothing.hint}")


@leaf(
    "show",
    examples=("kled snapshot show --name=c.example.com --snapshot=latest",),
    snapshots=True,
)
@cluster_name.required()
@click.option("--snapshot", metavar="ID", default="newest", help=_WHICH)
def show_(call: Call, name: str, snapshot: str) -> None:
    """Show one snapshot: what it holds, what was left out, what is proved, whether to trust it."""
    manifest, worth = described(call.stores, name, snapshot, call.say)
    document = {**manifest.model_dump(mode="json"), **worth}
    if call.settings.output == "table":
        kinds: dict[str, int] = {}
        for one in manifest.objects:
            kinds[one.kind] = kinds.get(one.kind, 0) + 1
        document["objects"] = kinds
        document["blobs"] = len(manifest.blobs)
        document["archive"] = manifest.archive.key
        del document["signature"]
        document["signed"] = manifest.signature is not None
    show_value(document, "yaml" if call.settings.output == "table" else call.settings.output)


@leaf(
    "verify",
    examples=(
        "kled snapshot verify --name=c.example.com",
        "kled snapshot verify --all --level=0",
        "kled snapshot verify --name=c.example.com --level=4      # opens the etcd backups, too",
    ),
    snapshots=True,
)
@cluster_name.name(cluster_name.ALL)
@click.option("--snapshot", metavar="ID", default="newest", help=_WHICH)
@click.option("--all", "everything", is_flag=True, help="The newest snapshot of every cluster.")
@click.option(
    "--level",
    type=click.Choice(["0", "1", "2", "4"]),
    default="1",
    help="0 digests, 1 contents, 2 a kops reads it, 4 etcd backups open [default: 1].",
)
def verify(call: Call, name: str | None, snapshot: str, level: str, *, everything: bool) -> int:
    """Read snapshots back and prove them; exit 4 where one cannot be trusted."""
    if everything and name is not None:
        raise InvalidInput("--all", "takes every cluster: leave out --name")
    if name is None and snapshot != "newest":
        raise InvalidInput("--snapshot", "is one cluster's: name the cluster, too")
    call.stores.snapshots.require()
    only = None
    if not everything and name is not None:
        only = named_snapshot(call.stores, name, snapshot)
    operation = VerifySnapshots(int(level), only)
    try:
        execute(call, operation, shown=False)
    finally:
        _show_verified(call, operation)
    require_level(operation)
    return 0


def _show_verified(call: Call, operation: VerifySnapshots) -> None:
    rows = operation.results
    if call.settings.output == "table":
        if rows:  # where there is none, the error says all there is
            show([{**row, "findings": _remarks(row)} for row in rows], _VERIFIED, "table")
    elif operation.only is not None:
        show_value(rows[0] if rows else None, call.settings.output)
    else:
        show_value(rows, call.settings.output)


def _remarks(row: dict[str, Any]) -> str:
    return "; ".join([*row["findings"], *row["unproved"]])


def age(created: datetime, now: datetime) -> str:
    """Return how long ago it was, as people say it."""
    seconds = max(0, int((now - created).total_seconds()))
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def size(count: int) -> str:
    """Return a number of bytes as people say it."""
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1000:  # noqa: PLR2004 - a thousand
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count = count / 1000  # type: ignore[assignment]
    return f"{count:.1f} TB"


def _chosen(call: Call, names: tuple[str, ...], *, everything: bool) -> list[str] | None:
    """Return the clusters that are meant; None: all."""
    if everything:
        if names:
            raise InvalidInput("--all", "takes every cluster: leave out --name")
        return None
    return list(names) or [_only_cluster(call)]


def _show_run(call: Call, done: "RunResult", *, alone: bool) -> None:
    """Show a row for each cluster; of a single one that failed, the error says all there is."""
    _warn(call, done)
    rows = [one.as_json() for one in done.clusters]
    if call.settings.output == "table":
        if rows and (len(rows) != 1 or done.clusters[0].error is None):
            bad_first = sorted(rows, key=lambda row: (not row["mend"], row["cluster"]))
            show([_row(row) for row in bad_first], _CREATED, "table")
    elif len(rows) == 1 and alone:
        show_value({**rows[0], "run": done.run}, call.settings.output)
    else:
        show_value(done.as_json(), call.settings.output)


def _warn(call: Call, done: "RunResult") -> None:
    for words in done.warnings:
        call.say(f"warning: {words}")
    for name in done.orphans:
        call.say(f"warning: {name} holds no cluster: it is not in any snapshot")
    for one in done.clusters:
        if one.problems and (len(done.clusters) > 1 or one.error is None):
            call.say(f"warning: {one.cluster}: {'; '.join(one.problems)}; {one.mend}")


def _only_cluster(call: Call) -> str:
    """Return the state store's only cluster; raise `InvalidInput` where a choice is needed."""
    store = call.stores.state
    found = _clusters(store.entries())
    if len(found) != 1:
        raise InvalidInput(
            "--name",
            f"the state store has {number(len(found), 'cluster')}",
            hint="name one, or take --all",
        )
    return found[0]


def _clusters(entries: Iterable[Any]) -> list[str]:
    return [
        one.key.removesuffix("/config")
        for one in entries
        if one.key.count("/") == 1 and one.key.endswith("/config")
    ]


def _row(document: dict[str, Any]) -> dict[str, Any]:
    """Return what a table shows of a snapshot."""
    remarks = []
    if document.get("reused"):
        remarks.append("nothing new")
    if document.get("error"):
        remarks.append(document["error"])
    else:
        remarks += [*document.get("left_out", []), *document["reasons"]]
    remarks += document.get("remarks", [])
    created = document.get("created")
    moment = datetime.fromisoformat(created) if created else None
    count = document.get("bytes")
    return {
        **document,
        "age": age(moment, datetime.now(UTC)) if moment else "",
        "size": size(count) if count is not None else "",
        "remark": "; ".join(remarks),
    }
