"""Whether Prefect's settings may name a server, found without importing Prefect.

Prefect's order holds: environment, `.env`, `prefect.toml`, `pyproject.toml`, profile. A file that
is not understood here may name one, and Prefect reports it then.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_URL: Final = "PREFECT_API_URL"
_PROFILES: Final = "profiles.toml"
_UNREADABLE: Final = (OSError, ValueError, AttributeError, RuntimeError)
"""Also what is no UTF-8, no TOML, no table, and where there is no home."""


def name_none(env: Mapping[str, str], directory: Path) -> bool:
    """Say whether neither `env` nor a file that Prefect reads names a server. Only reads.

    `directory` is the working directory of the command. Raises nothing: an unreadable file may name
    one.
    """
    upper = {name.upper(): value for name, value in env.items()}
    try:
        return not (
            upper.get(_URL)
            or _in_directory(directory)
            or _in_profile(_profiles(upper), upper.get("PREFECT_PROFILE"))
        )
    except _UNREADABLE:
        return False


def _in_directory(directory: Path) -> bool:
    variables, project = directory / ".env", directory / "pyproject.toml"
    if variables.is_file() and "prefect" in variables.read_text(encoding="utf-8").lower():
        return True
    own = _toml(directory / "prefect.toml")
    return _may_name(own) or _may_name(_toml(project).get("tool", {}).get("prefect", {}))


def _may_name(table: Mapping[str, Any]) -> bool:
    """Say whether a table of settings may name a server, or profiles, in any spelling."""
    return any("api" in key.lower() or "profile" in key.lower() for key in table)


def _profiles(env: Mapping[str, str]) -> Path:
    named = env.get("PREFECT_PROFILES_PATH")
    if named:
        return Path(named)
    home = env.get("PREFECT_HOME")
    return (Path(home) if home else Path.home() / ".prefect") / _PROFILES


def _in_profile(file: Path, chosen: str | None) -> bool:
    tables = _toml(file)
    profile = tables.get("profiles", {}).get(chosen or tables.get("active"), {})
    return any(name.upper() == _URL and value for name, value in profile.items())


def _toml(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
