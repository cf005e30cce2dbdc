"""The text of a settings file, and paths in settings: what cannot be used is an error of kled's.

Apart from `kled.config` for those who write the file.
"""

import tomllib
from pathlib import Path
from typing import Any

from kled.errors import InvalidInput, SettingsError


def parse_settings(text: str, name: str) -> dict[str, Any]:
    """Return the values of a settings file's text; raise `SettingsError` where it is no TOML."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise SettingsError(f"the settings file {name} is nested too deep") from None
    except ValueError as error:  # TOMLDecodeError, and numbers and dates that Python refuses
        raise SettingsError(f"the settings file {name} is not valid TOML: {error}") from error


def expanded(field: str, value: str) -> Path:
    """Return the path with `~` made a home; raise `InvalidInput`, naming `field`, for nobody's."""
    try:
        return Path(value).expanduser()
    except RuntimeError as error:  # ~nouser, or ~ of a user id without a home
        raise InvalidInput(field, f"{value} is below no home that is known") from error
