"""Writes a profile into the settings file and leaves everything else as it was.

The text is edited in place by tomlkit, so that comments, order and forms stay. Nothing secret is
ever written: credentials stay in the environment.
"""

import contextlib
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kled.errors import SettingsError
from kled.files import private
from kled.files.given import given_text
from kled.settings_text import parse_settings
from kled.store_urls import is_same

Table = Mapping[str, Any]


def remember(path: Path, url: str, profile: Mapping[str, str], *, default: bool) -> None:
    """Put the profile of the state store `url` into the settings file at `path`.

    Keys that `profile` does not name keep their values; with `default`, the store becomes the one
    that commands use. Atomic: a kill leaves the old file or the new one; a link is followed.
    Idempotent. Raises `SettingsError` for a file that is not TOML, or cannot be edited without
    changing more of it, `DiskUnusable`.
    """
    target = path.resolve()
    private.make_directory(target.parent)
    with _disk(target):
        before = given_text(target) if target.exists() else ""
        present = _parsed(before)
        url = _as_spelled(present, url)
        after = merge(before, url, profile, default=default)
        if tomllib.loads(after) != _wanted(present, url, profile, default=default):
            raise SettingsError(
                f"{target} cannot be edited without changing more than the store {url}",
                hint=f'give it a table of its own there: [state-stores."{url}"]',
            )
        if after != before:
            private.write(target, after, keep_mode=True)


def merge(text: str, url: str, profile: Mapping[str, str], *, default: bool) -> str:
    """Return the TOML of `text` with the profile put in."""
    import tomlkit  # noqa: PLC0415 - for the one command that writes the file

    document = tomlkit.parse(text)
    if default:
        document["default-state-store"] = url
    stores = document.setdefault("state-stores", tomlkit.table(is_super_table=True))
    inline = isinstance(stores, tomlkit.items.InlineTable)
    stores.setdefault(url, tomlkit.inline_table() if inline else tomlkit.table()).update(profile)
    return tomlkit.dumps(document)


def _wanted(table: Table, url: str, profile: Mapping[str, str], *, default: bool) -> dict[str, Any]:
    stores = dict(table.get("state-stores", {}))
    stores[url] = {**stores.get(url, {}), **profile}
    more = {"default-state-store": url} if default else {}
    return {**table, **more, "state-stores": stores}


def _as_spelled(table: Table, url: str) -> str:
    """Return the URL as the file spells it already: two tables of one store are refused."""
    stores = table.get("state-stores")
    urls = stores if isinstance(stores, dict) else ()
    return next((spelled for spelled in urls if is_same(spelled, url)), url)


def _parsed(text: str) -> dict[str, Any]:
    try:
        return parse_settings(text, "that is to be changed")
    except SettingsError as error:
        error.advise("mend it first; it is unchanged")
        raise


@contextlib.contextmanager
def _disk(target: Path) -> Iterator[None]:
    try:
        with private.guarded(target, doing="write"):
            yield
    except UnicodeEncodeError as error:
        raise SettingsError("what is to be remembered holds bytes that are no UTF-8") from error
