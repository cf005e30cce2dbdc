"""The text of a settings file, and paths in settings: what cannot be used is an error of kled's.

Apart from `kled.config` for those who write the file.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from kled.errors import InvalidInput, SettingsError
from kled.visible import visible

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_ADDRESSES: Final = (
    *("KLED_STATE_STORE", "KOPS_STATE_STORE", "KLED_SNAPSHOT_STORE", "KLED_KOPS_MIRROR"),
    *("S3_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "STORAGE_EMULATOR_HOST"),
    *("AZURE_STORAGE_BLOB_ENDPOINT", "PREFECT_API_URL"),
)
"""Variables that hold one address each."""
_NO_STORES: Final = frozenset({"http", "https", "file", "memory"})
"""Schemes of services, whose URLs may hold a password, and of what has no host."""
_BUCKETS: Final = frozenset({"s3", "do", "scw", "hos", "gs"})


def parse_settings(text: str, name: str) -> dict[str, Any]:
    """Return the values of a settings file's text; raise `SettingsError` where it is no TOML."""
    import tomllib  # noqa: PLC0415 - most commands find no settings file

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


def refuse_keys(where: str, table: Mapping[str, Any], known: Collection[str]) -> None:
    """Raise `InvalidInput` for the first key that is not known, with those that are."""
    for key in table:
        if key not in known:
            raise InvalidInput(
                key, f"unknown key in {where}", hint=f"known: {', '.join(sorted(known))}"
            )


def require_addresses(env: Mapping[str, str], given: Mapping[str, object]) -> None:
    """Raise `InvalidInput`, naming where it stands, for an address that is none.

    That is one with a control character: libraries drop a line's end, or fail over it in words of
    their own. And a store that names credentials, or no bucket: kops would take it, and say that
    the cloud does not answer. Looks at the variables of `env` that hold one, and at `given`: what
    else holds one, by its name.
    """
    named = ((name, env.get(name)) for name in _ADDRESSES)
    for field, address in (*named, *_in_tables(given), *given.items()):
        odd = _CONTROL.search(address) if isinstance(address, str) else None
        if odd is not None:
            raise InvalidInput(
                field,
                f"{visible(str(address))} holds the control character {visible(odd[0])}",
                hint="type the address anew: what was copied may bring colours or a line's end",
            )
        if isinstance(address, str):
            _require_place(field, address)


def _require_place(field: str, address: str) -> None:
    """Raise `InvalidInput` for a store's URL with credentials, which is not shown, or no bucket."""
    scheme, separator, rest = address.partition("://")
    if not separator or scheme in _NO_STORES:
        return
    host = rest.partition("/")[0]
    if "@" in host:
        raise InvalidInput(
            field,
            f"the URL of a store has no credentials in it: write {scheme}://BUCKET",
            hint="keys are given by variables: kled doctor shows which, and which are set",
        )
    if scheme in _BUCKETS and not host:
        raise InvalidInput(field, "names no bucket", hint=f"write {scheme}://BUCKET")


def _in_tables(given: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Yield the addresses that the settings file's tables of stores hold, their names included."""
    for tables in ("state-stores", "snapshot-stores"):
        stores = given.get(tables)
        for url, table in stores.items() if isinstance(stores, Mapping) else ():
            yield tables, url
            for key in ("endpoint", "snapshot-store") if isinstance(table, Mapping) else ():
                yield f'{tables}."{visible(str(url))}".{key}', table.get(key)
