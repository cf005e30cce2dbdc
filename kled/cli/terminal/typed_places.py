"""The places that this command line names, and that a printed command has to name again."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from kled import config
from kled.commands import NOWHERE, Places, completed
from kled.errors import KledError, SettingsError
from kled.store_urls import canonical, is_same

_said = [NOWHERE]
"""Of the one command that runs in this process; displays look at it from threads of their own.
The command line writes it before any thread is there."""


def forget() -> None:
    """Begin a command line, which has named no place yet."""
    _said[0] = NOWHERE


def remember(places: Places) -> None:
    """Let every command that is printed from now on name `places`."""
    _said[0] = places


def places() -> Places:
    """Return the places that printed commands have to name, for code that writes data."""
    return _said[0]


def complete(text: str) -> str:
    """Return `text`, in which commands name the places of this command line."""
    return completed(text, _said[0])


def places_beyond(
    env: Mapping[str, str],
    *,
    state: str | None,
    config_file: Path | None,
    snapshots: str | None,
) -> Places:
    """Return the typed places to which `env` and the settings file do not lead.

    A command without the option would find another place, or none. Raises what `config.load`
    raises, except for errors of the environment alone, which typed options replace.
    """
    file = config_file if config_file is not None and _file(env) != config_file else None
    alone = _found(env, config_file)
    kept = state is not None and canonical(state) != alone.state_store
    beside = _found(env, config_file, state) if snapshots is not None else alone
    apart = snapshots is not None and canonical(snapshots) != beside.snapshot_store
    return Places(
        state if kept else None, snapshots if apart else None, str(file) if file else None
    )


def with_kops(places: Places, settings: config.Settings) -> Places:
    """Return `places` with what a shell lacks that types a command of kops itself.

    kops reads `KOPS_STATE_STORE` and no settings file, and a shell finds kops on the PATH alone.
    """
    store, named = settings.state_store, settings.environment.get("KOPS_STATE_STORE")
    told = None if store is None or (named and is_same(named, store)) else store
    return replace(places, state_of_kops=told, kops=_beside_path(settings))


def _beside_path(settings: config.Settings) -> str | None:
    from kled.install.locate import EXECUTABLE, locate  # noqa: PLC0415 - not for --help

    search_path = settings.environment.get("PATH", os.defpath)
    try:
        program = locate(explicit=settings.kops, home=settings.home, search_path=search_path).path
    except KledError:  # a command that needs it says so
        return None
    on_path = shutil.which(EXECUTABLE, path=search_path)
    return None if on_path is not None and Path(on_path) == program else str(program)


def _found(
    env: Mapping[str, str], config_file: Path | None, state: str | None = None
) -> config.Settings:
    return config.load(env, config=config_file, state=state)


def _file(env: Mapping[str, str]) -> Path | None:
    """Return the settings file without `--config`; None where it cannot be read."""
    try:
        return config.load(env).config_file
    except SettingsError:
        return None
