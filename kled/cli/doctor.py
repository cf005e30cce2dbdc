"""`kled doctor`."""

import os
import shutil
from typing import Final

from kled.cli.leaf import Call, leaf
from kled.cli.output import Column, show
from kled.errors import KledError, KopsUnsafe
from kled.sentences import number

_COLUMNS = (
    Column("CHECK", "check"),
    Column("STATE", "state"),
    Column("NEEDED", "needed"),
    Column("DETAIL", "detail"),
)
_TOOLS: Final = ("kubectl", "k9s", "aws", "gcloud", "az")
Row = dict[str, object]


@leaf("doctor", examples=("kled doctor", "kled doctor --output=json"))
def doctor(call: Call) -> int:
    """Check tools, stores, server and clouds: exit 1 where something needed is wrong."""
    left = _leftovers()  # before a session removes them
    rows = [
        _kops(call),
        left,
        *_tools(call),
        _state_store(call),
        _snapshot_store(call),
        *_prefect(call),
    ]
    rows += _clouds(call)
    show(rows, _COLUMNS, call.settings.output)
    wrong = [row for row in rows if row["needed"] and row["state"] != "ok"]
    for row in wrong:
        call.say(f"{row['check']}: {row['detail']}")
    return 1 if wrong else 0


def _row(check: str, state: str, detail: str, *, needed: bool = False) -> Row:
    return {"check": check, "state": state, "needed": needed, "detail": detail}


def _kops(call: Call) -> Row:
    from kled.kops.locate import locate  # noqa: PLC0415 - not for --help

    settings = call.settings
    path = settings.environment.get("PATH", os.defpath)
    try:
        found = locate(explicit=settings.kops, home=settings.home, search_path=path)
    except KopsUnsafe as error:
        return _row("kops", "wrong", f"{error.message}; {error.hint}", needed=True)
    except KledError as error:
        return _row("kops", "missing", f"{error.message}; {error.hint}", needed=True)
    detail = f"{found.path} ({found.source})"
    if settings.state_store is None:
        return _row("kops", "ok", detail, needed=True)
    return _version(call, detail)


def _leftovers() -> Row:
    from kled.files import scratch  # noqa: PLC0415 - not for --help

    name = "killed runs"
    try:
        found, earlier = scratch.leftovers(), scratch.of_earlier()
    except KledError as error:
        return _row(name, "wrong", f"{error.message}; {error.hint}", needed=True)
    if not found and earlier:
        words = f"an earlier kled left {len(earlier)} directories, such as {earlier[0]}"
        return _row(name, "found", f"{words}: remove those that no run of it uses")
    if not found:
        return _row(name, "ok", f"nothing is left of them in {scratch.place()}")
    words = f"{len(found)} left directories with secrets in {scratch.place()}"
    return _row(name, "found", f"{words}: the next command that drives kops removes them")


def _version(call: Call, detail: str) -> Row:
    from kled.kops.features import check  # noqa: PLC0415 - not for --help

    try:
        with call.session() as session:
            version = session.kops.version()
        advice = check(version)
    except KledError as error:
        return _row("kops", "wrong", f"{detail}: {error.message}", needed=True)
    words = f"{version} {detail}" + (f"; {advice}" if advice else "")
    return _row("kops", "ok", words, needed=True)


def _tools(call: Call) -> list[Row]:
    path = call.settings.environment.get("PATH", os.defpath)
    found = {tool: shutil.which(tool, path=path) for tool in _TOOLS}
    return [
        _row(tool, "ok" if at else "missing", at or "not on PATH") for tool, at in found.items()
    ]


def _state_store(call: Call) -> Row:
    from kled.operations.listed_clusters import listed_clusters  # noqa: PLC0415 - not for --help

    if call.settings.state_store is None:
        hint = "none is named: kled kops configure-state-store --state=URL"
        return _row("state store", "missing", hint, needed=True)
    try:
        with call.session() as session:
            found = listed_clusters(session)
    except KledError as error:
        return _row("state store", "wrong", error.message, needed=True)
    bad = ", ".join(f"{one.name} ({one.problem})" for one in found if one.problem)
    words = f"{call.settings.state_store}: {number(len(found), 'cluster')}"
    if not found and (gone := _gone(call)):
        return _row("state store", "wrong", f"{words}; {gone}", needed=True)
    if bad:
        told = f"{words}; kops cannot load {bad}; kled kops get-clusters tells what mends them"
        return _row("state store", "wrong", told, needed=True)
    return _row("state store", "ok", words, needed=True)


def _gone(call: Call) -> str | None:
    """Say which clusters an empty state store held, as its snapshots know; None: none."""
    from kled.operations.remembered import all_gone  # noqa: PLC0415 - not for --help

    try:
        return all_gone(call.stores) if call.settings.snapshot_store else None
    except KledError:  # said in the row of the snapshot store
        return None


def _snapshot_store(call: Call) -> Row:
    from kled.operations.snapshots import state_of  # noqa: PLC0415 - not for --help

    if call.settings.snapshot_store is None:
        hint = "none is configured: changes and deletions take no snapshot"
        return _row("snapshot store", "missing", hint)
    try:
        return _row("snapshot store", "ok", state_of(call.stores), needed=True)
    except KledError as error:
        return _row("snapshot store", "wrong", str(error), needed=True)


def _prefect(call: Call) -> list[Row]:
    name, env = "Prefect server", call.settings.environment
    url = env.get("PREFECT_API_URL")
    if not url:
        return [_row(name, "missing", "PREFECT_API_URL is not set: flows run here")]
    from kled.cli import doctor_prefect  # noqa: PLC0415 - only where there is a server

    state, detail = doctor_prefect.answers(url, env)
    server = _row(name, state, detail, needed=True)
    if state != "ok":
        return [server]
    state, detail = doctor_prefect.schedules(url, env)
    schedules = _row("schedules", state, detail, needed=True)
    state, detail = doctor_prefect.automations(url, env)
    return [server, schedules, _row("automations", state, detail)]


def _clouds(call: Call) -> list[Row]:
    from kled.models.clouds import CLOUDS, missing_variables  # noqa: PLC0415 - not for --help

    rows = []
    for cloud in (name for name, known in CLOUDS.items() if not known.refused):
        lacking = missing_variables(cloud, call.settings.environment)
        detail = f"not set: {', '.join(lacking)}" if lacking else "its variables are set"
        rows.append(_row(f"cloud {cloud}", "missing" if lacking else "ok", detail))
    return rows
