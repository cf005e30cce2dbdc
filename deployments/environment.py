"""An environment, read from its YAML file."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from deployments.catalog import CatalogEntry
from kled import carried_rules, carried_times, rules, yaml_text
from kled.errors import InvalidInput, SettingsError, TextUnreadable
from kled.files.given import given_text
from kled.redact import secret_values
from kled.rules import Rules

PACKAGED: Final = Path(__file__).parent / "environments"
DEFAULT: Final = "default"
KEYS: Final = {
    "work-pool": "the work pool that its runs go to [default: kled]",
    "work-pool-type": "what that pool's workers are [default: process]",
    "runs-at-once": "how many runs workers start at once",
    "tags": "a list of tags that its deployments bear",
    "variables": "a table of variables of its runs, without secrets",
    "notify": "a notification block of Prefect, as TYPE/NAME",
    **rules.KEYS,
}
"""What stands in an environment's file; docs/reference is written from it."""
_LONG: Final = "any value, long enough"


@dataclass(frozen=True, slots=True)
class Environment:
    """Where deployments run; see `deployments.environments` for the file."""

    name: str
    work_pool: str = "kled"
    work_pool_type: str = "process"
    runs_at_once: int | None = None
    """A limit that workers obey when they pick up runs; running ones are never stopped by it."""
    tags: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)
    """Who is asked about the plans of its runs, when they may change clusters, who is told; of each
    the settings file's where it has none itself."""
    notify: str | None = None
    """A notification block of Prefect, `TYPE/NAME`: who is told of runs that did not complete."""

    def place(self, entry: CatalogEntry) -> CatalogEntry:
        """Return `entry` as it is deployed here."""
        return replace(
            entry,
            name=self.name,
            tags=(*entry.tags, *(tag for tag in self.tags if tag not in entry.tags)),
            work_pool=self.work_pool,
            variables={
                **entry.variables,
                **self.variables,
                carried_rules.VARIABLE: carried_rules.encode(self.rules.approval),
                carried_times.VARIABLE: carried_times.encode(self.rules),
            },
        )

    def completed(self, by: Rules) -> "Environment":
        """Return the environment with what it has no rules of itself from `by`."""
        own = self.rules
        whole = Rules(
            own.windows or by.windows,
            own.approval if own.approval.configured else by.approval,
            own.notifications if own.notifications.urls else by.notifications,
        )
        return replace(self, rules=whole)


def find(name: str, directories: tuple[Path, ...]) -> Environment:
    """Return the environment `name` from the first of `directories` that has it.

    `name` may also be a path of a YAML file. Raises `InvalidInput` naming what is wrong.
    """
    if name.endswith((".yaml", ".yml")):
        return _read(Path(name))
    for directory in directories:
        source = directory / f"{name}.yaml"
        if source.is_file():
            return _read(source)
    known = known_names(directories)
    near = difflib.get_close_matches(name, known, n=1)
    raise InvalidInput(
        "environment",
        f"there is no environment {name}",
        hint=(f"did you mean {near[0]}? " if near else "")
        + f"known: {', '.join(known)}; add {directories[0] / name}.yaml",
    )


def known_names(directories: tuple[Path, ...]) -> list[str]:
    """Return the names of all environments in `directories`."""
    return sorted({path.stem for directory in directories for path in directory.glob("*.yaml")})


def _read(source: Path) -> Environment:
    try:
        raw = yaml_text.document(given_text(source))
    except TextUnreadable as error:
        raise SettingsError(f"{source} is not valid YAML: {error.message}") from error
    raw = {} if raw is None else raw  # a file of comments alone
    if not isinstance(raw, dict):
        raise SettingsError(f"{source} is not a mapping")
    for key in raw:
        if key not in KEYS:
            raise InvalidInput(str(key), f"unknown key in {source}", hint=f"known: {sorted(KEYS)}")
    return Environment(
        name=source.stem,
        work_pool=str(raw.get("work-pool", "kled")),
        work_pool_type=str(raw.get("work-pool-type", "process")),
        runs_at_once=_limit(raw.get("runs-at-once")),
        tags=tuple(str(tag) for tag in raw.get("tags") or ()),
        variables=_variables(raw.get("variables") or {}),
        rules=_rules(raw),
        notify=_reference(raw.get("notify")),
    )


def _rules(raw: Mapping[str, Any]) -> Rules:
    """Read the rules; a key `on` without quotes is true in YAML 1.1."""
    told = raw.get("notifications")
    if isinstance(told, dict):
        told = {"on" if name in {True, "true"} else name: value for name, value in told.items()}
        raw = {**raw, "notifications": told}
    return rules.load(raw)


def _reference(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not re.fullmatch(r"[a-z0-9-]+/[A-Za-z0-9-]+", value):
        raise InvalidInput(
            "notify",
            "is no TYPE/NAME of a notification block",
            hint="for example slack-webhook/ops; the URL is the block's alone",
        )
    return value


def _limit(value: object) -> int | None:
    if value is None or value == 0:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidInput("runs-at-once", f"{value!r} is not a number of runs")
    return value


def _variables(raw: Any) -> dict[str, str]:  # noqa: ANN401 - checked here
    if not isinstance(raw, dict):
        raise InvalidInput("variables", "must be a mapping of names to values")
    for name in raw:
        if str(name) in {carried_rules.VARIABLE, carried_times.VARIABLE}:
            raise InvalidInput(
                f"variables.{name}",
                "is written by kled deploy",
                hint=f"write {', '.join(sorted(rules.KEYS))} beside it",
            )
        if secret_values({str(name): _LONG}):
            raise InvalidInput(
                f"variables.{name}",
                "is a secret by its name; Prefect would keep it in plain text",
                hint="set it in the worker's own environment",
            )
    return {str(name): str(value) for name, value in raw.items()}
