"""Writes a profile into the settings file and leaves everything else as it was.

The text is edited in place, so that comments and order stay. Where that does not work (inline
tables, dotted keys), the file is written from its values and the old one is kept as `<name>.bak`.
Nothing secret is ever written: credentials stay in the environment.
"""

import contextlib
import re
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from kled.errors import SettingsError
from kled.files import private
from kled.files.given import given_text
from kled.settings_text import parse_settings
from kled.store_urls import is_same

Table = Mapping[str, Any]

_HEADER: Final = re.compile(r"\s*\[")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def remember(path: Path, url: str, profile: Mapping[str, str], *, default: bool) -> None:
    """Put the profile of the state store `url` into the settings file at `path`.

    Keys that `profile` does not name keep their values; with `default`, the store becomes the one
    that commands use. Atomic: a kill leaves the old file or the new one; a link is followed.
    Idempotent. Raises `SettingsError` for a file that is not TOML, `DiskUnusable`.
    """
    target = path.resolve()
    private.make_directory(target.parent)
    with _disk(target):
        before = given_text(target) if target.exists() else ""
        url = _as_there(_parsed(before), url)
        after = merge(before, url, profile, default=default)
        if after is None:
            shutil.copyfile(target, target.with_name(f"{target.name}.bak"))
            after = dump(_wanted(_parsed(before), url, profile, default=default))
        if after != before:
            private.write(target, after, keep_mode=True)


def merge(text: str, url: str, profile: Mapping[str, str], *, default: bool) -> str | None:
    """Return `text` with the profile put in; None where editing the text does not achieve that."""
    lines = text.removesuffix("\n").split("\n") if text else []  # not splitlines: U+2028 stays
    if default:
        lines = _top_level(lines, f"default-state-store = {_quoted(url)}")
    lines = _section(lines, f"[state-stores.{_quoted(url)}]", profile)
    after = "\n".join(lines) + "\n"
    try:
        right = tomllib.loads(after) == _wanted(_parsed(text), url, profile, default=default)
    except tomllib.TOMLDecodeError:
        right = False
    return after if right else None


def dump(values: Table) -> str:
    """Return `values` (strings, numbers, booleans, lists of them, tables) as TOML."""
    plain = [f"{_key(k)} = {_value(v)}" for k, v in values.items() if not isinstance(v, dict)]
    return "\n".join([*plain, *_tables((), values)]).lstrip("\n") + "\n"


def _wanted(table: Table, url: str, profile: Mapping[str, str], *, default: bool) -> dict[str, Any]:
    stores = dict(table.get("state-stores", {}))
    stores[url] = {**stores.get(url, {}), **profile}
    more = {"default-state-store": url} if default else {}
    return {**table, **more, "state-stores": stores}


def _as_there(table: Table, url: str) -> str:
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


def _top_level(lines: list[str], line: str) -> list[str]:
    """Replace or add a key before the first table."""
    name = line.partition("=")[0].strip()
    end = next((n for n, each in enumerate(lines) if _HEADER.match(each)), len(lines))
    for n in range(end):
        if lines[n].partition("=")[0].strip() == name:
            return [*lines[:n], line, *lines[n + 1 :]]
    return [line, *lines]


def _section(lines: list[str], header: str, profile: Mapping[str, str]) -> list[str]:
    """Replace or add keys of the table with this header; add the table where there is none."""
    new = [f"{key} = {_quoted(value)}" for key, value in profile.items()]
    at = next((n for n, line in enumerate(lines) if line.strip() == header), None)
    if at is None:
        return [*lines, *([""] if lines else []), header, *new]
    rest = lines[at + 1 :]
    end = next((n for n, line in enumerate(rest) if _HEADER.match(line)), len(rest))
    kept = [line for line in rest[:end] if line.partition("=")[0].strip() not in profile]
    while kept and not kept[-1].strip():
        kept.pop()
    gap = [""] if rest[end:] else []
    return [*lines[: at + 1], *kept, *new, *gap, *rest[end:]]


def _tables(path: tuple[str, ...], values: Table) -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, dict):
            below = (*path, key)
            plain = [
                f"{_key(k)} = {_value(v)}" for k, v in value.items() if not isinstance(v, dict)
            ]
            if plain or not value:
                yield f"\n[{'.'.join(map(_key, below))}]"
                yield from plain
            yield from _tables(below, value)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):  # in a list: rules are such
        return (
            f"{{{', '.join(f'{_key(name)} = {_value(inner)}' for name, inner in value.items())}}}"
        )
    return _quoted(value) if isinstance(value, str) else str(value)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _quoted(name)


def _quoted(text: str) -> str:
    """Return a basic string of TOML; control characters and quotes are escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda c: f"\\u{ord(c[0]):04x}", escaped) + '"'


@contextlib.contextmanager
def _disk(target: Path) -> Iterator[None]:
    try:
        with private.guarded(target, doing="write"):
            yield
    except UnicodeEncodeError as error:
        raise SettingsError("what is to be remembered holds bytes that are no UTF-8") from error
