"""Settings: command-line options, then `KLED_*` variables, then the settings file, then defaults.

The file is TOML, `$XDG_CONFIG_HOME/kled/config.toml` unless `--config` names another:

    default-state-store = "s3://acme-kops-state"
    protected = ["prod-*"]

    [state-stores."s3://acme-kops-state"]
    region = "eu-west-1"
    endpoint = "https://s3.example.com"
    snapshot-store = "s3://acme-kops-snapshots"
    account = "production"

    [snapshot-stores."s3://acme-kops-snapshots"]
    region = "eu-central-1"
    aws-profile = "backup"
    recipients = ["age1..."]
    verification-key = "..."        # or a list of several

Plain dataclasses instead of pydantic-settings: every read command loads this module, and importing
pydantic alone costs more than a read command may (docs/decisions/0002).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from kled import rules, store_profiles, targets
from kled.errors import InvalidInput, SettingsError
from kled.files.given import given_text
from kled.rules import Rules
from kled.sentences import options
from kled.settings_text import expanded, parse_settings, refuse_keys, require_addresses
from kled.store_profiles import Profile, SnapshotProfile
from kled.store_urls import canonical, directory, of_store
from kled.targets import Targets

LEASE_TTL: Final = timedelta(seconds=60)
VARIABLES: Final = {
    "KLED_APPROVAL": "the approval rules that a deployment carries, written by `kled deploy`",
    "KLED_CONFIG": "the settings file",
    "KLED_HOME": "where installed kops versions are kept",
    "KLED_KOPS": "the kops to drive; else the installed one, else the one on PATH",
    "KLED_KOPS_MIRROR": "where `kled kops install` downloads from",
    "KLED_LEASE_TTL": "seconds until a silent writer's lease may be taken over"
    f" [default: {LEASE_TTL.total_seconds():.0f}]",
    "KLED_LEASE_WAIT": "seconds to wait for another writer",
    "KLED_OUTPUT": "the format of results: table, json or yaml",
    "KLED_PROTECTED": "name patterns of protected clusters, separated by commas",
    "KLED_RULES": "the windows and notification rules that a deployment carries, written likewise",
    "KLED_SANDBOX": "the sandbox that this environment belongs to",
    "KLED_SNAPSHOT_IDENTITY": "a file of age identities that opens snapshots",
    "KLED_SNAPSHOT_RECIPIENTS": "age recipients of new snapshots, separated by commas",
    "KLED_SNAPSHOT_SIGNING_KEY": "a PEM file with the Ed25519 key that signs new snapshots",
    "KLED_SNAPSHOT_STORE": "where snapshots of state stores are kept",
    "KLED_SNAPSHOT_VERIFICATION_KEY": "public keys, one of which snapshots must be signed with",
    "KLED_STATE_STORE": "the kops state store; it wins over `KOPS_STATE_STORE`",
}
FILE_KEYS: Final = {
    "default-state-store": "the state store where neither an option nor a variable names one",
    "protected": "a list of name patterns: deleting such a cluster needs its name typed",
    "lease-wait": "seconds to wait for another writer",
    "state-stores": "a table for each state store, by its URL",
    "snapshot-stores": "a table for each snapshot store, by its URL",
    **rules.KEYS,
    **targets.KEYS,
}
"""What stands at the top of the settings file; docs/reference is written from it."""
SANDBOX_MARK: Final = ".kled-sandbox"
"""What `kled sandbox start` leaves in a directory of its own."""
_LARGEST: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Settings:
    """One process's settings; read once at the edge and passed down."""

    environment: Mapping[str, str] = field(repr=False)
    """All variables, for child processes; never logged."""
    config_file: Path
    home: Path
    kops: Path | None = None
    kops_mirror: str | None = None
    state_store: str | None = None
    snapshot_store: str | None = None
    protected: tuple[str, ...] = ()
    lease_ttl: timedelta = LEASE_TTL
    lease_wait: timedelta | None = None
    """None: the caller's default (the command line waits TTL + 5 s, flows 30 minutes)."""
    output: str = "table"
    sandbox: Path | None = None
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    snapshot_profile: SnapshotProfile = field(default_factory=SnapshotProfile)
    """That of the chosen snapshot store, with what the variables say."""
    snapshot_profiles: Mapping[str, SnapshotProfile] = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)
    """Maintenance windows, approvals and notifications (`kled.rules`)."""
    targets: Targets = field(default_factory=Targets)
    """How recoverable clusters have to be (`kled.targets`)."""

    @property
    def profile(self) -> Profile:
        """The profile of the chosen state store; an empty one where the file has none."""
        return of_store(self.profiles, self.state_store or "") or Profile()


def load(
    env: Mapping[str, str],
    *,
    state: str | None = None,
    config: Path | None = None,
    snapshots: str | None = None,
) -> Settings:
    """Read settings from `env` and the settings file; the other arguments are options.

    Raises `SettingsError` for an unknown `KLED_*` variable, an unreadable file, or a sandbox that
    is not there, `InvalidInput` for a bad value or an unknown key, each naming it.
    """
    refuse_unknown(env)
    _refuse_lost_sandbox(env)
    path = config or _path(env, "KLED_CONFIG") or _config_home(env) / "kled" / "config.toml"
    document = _read(path, must_exist=config is not None or "KLED_CONFIG" in env)
    require_addresses(env, {"--state": state, "--snapshot-store": snapshots, **document})
    written = _written(path, document)
    store = state or _first(env, "KLED_STATE_STORE", "KOPS_STATE_STORE")
    chosen = _tidy(_plain(store or written.default_state_store))
    profile = of_store(written.profiles, chosen or "") or Profile()
    snapshot_store = _tidy(snapshots or env.get("KLED_SNAPSHOT_STORE") or profile.snapshot_store)
    return Settings(
        environment=dict(env),
        config_file=path,
        home=_path(env, "KLED_HOME") or _data_home(env) / "kled",
        kops=_path(env, "KLED_KOPS"),
        kops_mirror=env.get("KLED_KOPS_MIRROR") or None,
        state_store=chosen,
        snapshot_store=snapshot_store,
        protected=_split(env.get("KLED_PROTECTED"), written.protected),
        lease_ttl=_seconds("KLED_LEASE_TTL", env.get("KLED_LEASE_TTL")) or LEASE_TTL,
        lease_wait=_seconds("KLED_LEASE_WAIT", env["KLED_LEASE_WAIT"])
        if "KLED_LEASE_WAIT" in env
        else written.lease_wait,
        output=_output(env.get("KLED_OUTPUT") or "table"),
        sandbox=_path(env, "KLED_SANDBOX"),
        profiles=written.profiles,
        snapshot_profile=with_variables(
            of_store(written.snapshot_profiles, snapshot_store or "") or SnapshotProfile(), env
        ),
        snapshot_profiles=written.snapshot_profiles,
        rules=written.rules,
        targets=targets.load(document, str(path)),
    )


@dataclass(frozen=True, slots=True)
class _Written:
    """What a settings file says."""

    default_state_store: str | None
    protected: tuple[str, ...]
    lease_wait: timedelta | None
    profiles: Mapping[str, Profile]
    snapshot_profiles: Mapping[str, SnapshotProfile]
    rules: Rules


def _written(path: Path, document: Mapping[str, Any]) -> _Written:
    """Return what the settings file at `path` says; an error of it names that file."""
    try:
        return _Written(
            _string(document, "default-state-store"),
            _listed(document.get("protected", [])),
            _seconds("lease-wait", document.get("lease-wait")),
            store_profiles.state_stores(document.get("state-stores", {})),
            store_profiles.snapshot_stores(document.get("snapshot-stores", {})),
            rules.load(document),
        )
    except SettingsError as error:
        error.with_message(f"{error.message} (in the settings file {path})")
        raise


def with_variables(profile: SnapshotProfile, env: Mapping[str, str]) -> SnapshotProfile:
    """Return the profile with the keys that `KLED_SNAPSHOT_*` variables name."""
    recipients = env.get("KLED_SNAPSHOT_RECIPIENTS")
    if recipients is not None and not _split(recipients):
        raise InvalidInput(
            "KLED_SNAPSHOT_RECIPIENTS",
            "names no recipient",
            hint="unset it for what the settings file says; snapshots hold CA keys",
        )
    return replace(
        profile,
        recipients=profile.recipients if recipients is None else _split(recipients),
        identity=_path(env, "KLED_SNAPSHOT_IDENTITY") or profile.identity,
        signing_key=_path(env, "KLED_SNAPSHOT_SIGNING_KEY") or profile.signing_key,
        verification_keys=_verification_keys(env) or profile.verification_keys,
    )


def _verification_keys(env: Mapping[str, str]) -> tuple[str, ...]:
    name = "KLED_SNAPSHOT_VERIFICATION_KEY"
    named = env.get(name)
    if named and not _split(named):
        raise InvalidInput(name, "names no key", hint="unset it for what the settings file says")
    return _split(named or "")


def bare(env: Mapping[str, str]) -> Settings:
    """Return settings that no variable and no file decides, but for where kled keeps its own.

    For what must work whatever is set around it: making a sandbox, and the way into it.
    """
    home = _path(env, "KLED_HOME") or _data_home(env) / "kled"
    return Settings(environment=dict(env), config_file=Path(os.devnull), home=home)


def unknown_variables(env: Mapping[str, str]) -> tuple[str, ...]:
    """Return the `KLED_*` variables that kled does not know; `KLED_TEST_*` is left to tests."""
    return tuple(
        sorted(
            name
            for name in env
            if name.startswith("KLED_")
            and not name.startswith("KLED_TEST_")
            and name not in VARIABLES
        )
    )


def refuse_unknown(env: Mapping[str, str]) -> None:
    """Raise `SettingsError` for the first unknown `KLED_*` variable, with the nearest known one."""
    for name in unknown_variables(env):
        import difflib  # noqa: PLC0415 - only where a name is wrong

        near = difflib.get_close_matches(name, VARIABLES, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise SettingsError(
            f"unknown variable {name}", hint=f"{hint}known: {', '.join(sorted(VARIABLES))}"
        )


REFUSED_SANDBOX: Final = "refused: "
"""Begins the value that keeps a shell from acting where its sandbox was refused."""


def _refuse_lost_sandbox(env: Mapping[str, str]) -> None:
    """Let nobody who means a sandbox act on what is real where it is gone or was refused."""
    sandbox = _path(env, "KLED_SANDBOX")
    if sandbox is not None and not (sandbox / SANDBOX_MARK).is_file():
        directory = str(sandbox).removeprefix(REFUSED_SANDBOX)
        raise SettingsError(
            f"this shell belongs to a sandbox that is not there: {directory}",
            hint=f"open a new shell; or start it: kled sandbox start {options(dir=directory)}, and"
            f' type: eval "$(kled sandbox env {options(dir=directory)})"',
        )


def _read(path: Path, *, must_exist: bool) -> dict[str, Any]:
    try:
        document = parse_settings(
            given_text(path, f"the settings file {path}", limit=_LARGEST), str(path)
        )
    except SettingsError as error:
        if not isinstance(error.__cause__, FileNotFoundError):
            raise
        if must_exist:
            raise SettingsError(f"there is no settings file {path}") from None
        return {}
    refuse_keys(str(path), document, FILE_KEYS)
    return document


def _string(document: Mapping[str, Any], key: str) -> str | None:
    value = document.get(key)
    if value is not None and not isinstance(value, str):
        raise InvalidInput(key, "must be a string")
    return value


def _split(variable: str | None, otherwise: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the parts of a variable between commas; `otherwise` where it is not set."""
    if variable is None:
        return otherwise
    return tuple(filter(None, (part.strip() for part in variable.split(","))))


def _listed(listed: object) -> tuple[str, ...]:
    if not isinstance(listed, list) or not all(isinstance(pattern, str) for pattern in listed):
        raise InvalidInput("protected", 'must be a list of name patterns, for example ["prod-*"]')
    return tuple(listed)


def _seconds(name: str, value: object) -> timedelta | None:
    if value is None or value == "":
        return None
    try:
        seconds = float(str(value))
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1e9:  # noqa: PLR2004 - thirty years; NaN and infinity fail too
        raise InvalidInput(name, f"{value!r} is not a number of seconds")
    return timedelta(seconds=seconds)


def _output(value: str) -> str:
    if value not in {"table", "json", "yaml"}:
        raise InvalidInput("KLED_OUTPUT", f"{value!r} is none of table, json, yaml")
    return value


def _tidy(url: str | None) -> str | None:
    return canonical((url or "").rstrip("/")) or None


def _plain(url: str | None) -> str | None:
    """Return the URL of a state store; refuse one that kops could take for another directory.

    kops decodes no `%` of it, so what is typed for kled may be what another directory is called.
    """
    literal = (url or "").partition("file://")[2]
    if url and "%" in literal and Path(literal).is_dir() and directory(url) != Path(literal):
        decoded = directory(url)
        raise InvalidInput(
            "state store",
            f"{url} is the directory {decoded}, and one is called {literal}, too",
            hint="name the one that is meant by its path:"
            f" {options(state=literal)} or {options(state=str(decoded))}",
        )
    return url


def _first(env: Mapping[str, str], *names: str) -> str | None:
    return next((env[name] for name in names if env.get(name)), None)


def _path(env: Mapping[str, str], name: str) -> Path | None:
    return expanded(name, env[name]) if env.get(name) else None


def _config_home(env: Mapping[str, str]) -> Path:
    return _absolute(env, "XDG_CONFIG_HOME") or _home(env) / ".config"


def _data_home(env: Mapping[str, str]) -> Path:
    return _absolute(env, "XDG_DATA_HOME") or _home(env) / ".local" / "share"


def _home(env: Mapping[str, str]) -> Path:
    return _absolute(env, "HOME") or Path(os.sep)


def _absolute(env: Mapping[str, str], name: str) -> Path | None:
    """A relative one is ignored (XDG): the directory one works in gives no settings and no kops."""
    path = _path(env, name)
    return path if path is not None and path.is_absolute() else None
