"""prefect.yaml as frozen, typed values; reading it imports neither Prefect nor a flow."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from kled import yaml_text
from kled.errors import InvalidInput, SettingsError, TextUnreadable
from kled.files.given import given_text

_HERE: Final = Path(__file__).parent
_KEYS: Final = frozenset(
    {
        "name",
        "entrypoint",
        "description",
        "tags",
        "parameters",
        "enforce_parameter_schema",
        "schedules",
        "work_pool",
    }
)
_SCHEDULE: Final = frozenset({"slug", "cron", "timezone", "active"})


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a deployment runs by itself; a new deployment gets it, an existing one keeps its own."""

    slug: str
    cron: str
    timezone: str
    active: bool


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One deployment as prefect.yaml writes it."""

    name: str
    entrypoint: str
    """A module path, for example `flows.create_cluster.create_cluster`."""
    description: str
    tags: tuple[str, ...]
    parameters: Mapping[str, Any]
    work_pool: str
    variables: Mapping[str, str]
    """Variables of the run's process, on top of the worker's own."""
    schedules: tuple[Schedule, ...] = ()

    @property
    def module(self) -> str:
        """The flow's module."""
        return self.entrypoint.rpartition(".")[0]

    @property
    def function(self) -> str:
        """The flow's function."""
        return self.entrypoint.rpartition(".")[2]

    @property
    def flow(self) -> str:
        """The flow's name: the function's in kebab case."""
        return self.function.replace("_", "-")


def path() -> Path:
    """Return prefect.yaml: the wheel carries it in this package, a checkout at its root."""
    packaged = _HERE / "prefect.yaml"
    return packaged if packaged.is_file() else _HERE.parent / "prefect.yaml"


def load(source: Path) -> tuple[CatalogEntry, ...]:
    """Read the deployments of `source`.

    Raises `SettingsError` where there is no such file, and `InvalidInput` for a file that Prefect
    would take but that ties runs to this machine (no `pull: []`, a file as entrypoint), for keys
    that kled does not apply, and for two deployments of the same name.
    """
    document = _read(source)
    if document.get("pull") != []:
        raise InvalidInput(
            "pull",
            f"must be [] in {source}",
            hint="without it Prefect records the directory of the machine that deploys",
        )
    entries = tuple(_entry(raw) for raw in document.get("deployments") or [])
    names = [(entry.flow, entry.name) for entry in entries]
    for flow, name in names:
        if names.count((flow, name)) > 1:
            raise InvalidInput("deployments", f"{flow}/{name} stands there twice")
    return entries


def find(entries: tuple[CatalogEntry, ...], flow: str) -> CatalogEntry:
    """Return the first entry of `flow`, in kebab or snake case; `InvalidInput` if there is none."""
    wanted = flow.replace("_", "-")
    for entry in entries:
        if entry.flow == wanted:
            return entry
    known = ", ".join(sorted({entry.flow for entry in entries}))
    raise InvalidInput("flow", f"there is no flow {flow}", hint=f"known: {known}")


def _read(source: Path) -> dict[str, Any]:
    try:
        document = yaml_text.document(given_text(source))
    except TextUnreadable as error:
        raise SettingsError(f"{source} is not valid YAML: {error.message}") from error
    if not isinstance(document, dict):
        raise SettingsError(f"{source} is not a mapping")
    return document


def _entry(raw: Mapping[str, Any]) -> CatalogEntry:
    entrypoint = str(raw.get("entrypoint", ""))
    if not entrypoint.startswith("flows.") or ":" in entrypoint or "/" in entrypoint:
        raise InvalidInput(
            "entrypoint",
            f"{entrypoint!r} is not a module path below flows",
            hint="write flows.create_cluster.create_cluster: files load every class a second time",
        )
    for key in raw:
        if key not in _KEYS:
            raise InvalidInput(f"{entrypoint}.{key}", "kled deploy does not apply this key")
    pool = raw.get("work_pool") or {}
    return CatalogEntry(
        name=str(raw.get("name", "default")),
        entrypoint=entrypoint,
        description=str(raw.get("description", "")),
        tags=tuple(raw.get("tags") or ()),
        parameters=MappingProxyType(dict(raw.get("parameters") or {})),
        work_pool=str(pool.get("name", "kled")),
        variables=MappingProxyType(dict(pool.get("job_variables", {}).get("env", {}))),
        schedules=tuple(_schedule(entrypoint, schedule) for schedule in raw.get("schedules") or ()),
    )


def _schedule(entrypoint: str, raw: Mapping[str, Any]) -> Schedule:
    if set(raw) != _SCHEDULE:
        raise InvalidInput(
            f"{entrypoint}.schedules", f"each needs exactly {', '.join(sorted(_SCHEDULE))}"
        )
    return Schedule(str(raw["slug"]), str(raw["cron"]), str(raw["timezone"]), bool(raw["active"]))
