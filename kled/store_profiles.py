"""What a settings file says of each store: how it is reached, and which keys its snapshots have."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from kled.errors import InvalidInput
from kled.settings_text import expanded, refuse_keys
from kled.store_urls import canonical

T = TypeVar("T")

STATE_STORE_KEYS: Final = {
    "region": "the bucket's region",
    "endpoint": "the URL of an object store of your own, for example `https://s3.example.com`",
    "snapshot-store": "where snapshots of this state store are kept",
    "account": "whose cloud its clusters are in, by any name: other accounts share no IAM roles",
}
SNAPSHOT_STORE_KEYS: Final = {
    "region": "the bucket's region",
    "endpoint": "the URL of an object store of your own",
    "aws-profile": "another account's credentials, by their name in AWS' own files",
    "recipients": "a list of age public keys that new snapshots are encrypted to",
    "identity": "a file of age identities that opens snapshots",
    "signing-key": "a PEM file with the Ed25519 key that signs new snapshots",
    "verification-key": "a public key, or a list: one of them must have signed what is read",
    "keep": "a table: how many snapshots retention keeps",
}
_PATHS: Final = ("identity", "signing-key")
KEEP_KEYS: Final = {
    "last": "how many of the newest",
    "hourly": "for how many hours the newest of each",
    "daily": "for how many days the newest of each",
    "weekly": "for how many ISO weeks the newest of each",
    "monthly": "for how many months the newest of each",
    "yearly": "for how many years the newest of each",
}


@dataclass(frozen=True, slots=True)
class Profile:
    """What the settings file says of one state store."""

    region: str | None = None
    endpoint: str | None = None
    snapshot_store: str | None = None
    account: str | None = None
    """Whose cloud its clusters are in, by any name: those of other accounts share no IAM roles."""


@dataclass(frozen=True, slots=True)
class SnapshotProfile:
    """How one snapshot store is reached, and which keys its snapshots have."""

    region: str | None = None
    endpoint: str | None = None
    aws_profile: str | None = None
    """Another account's credentials, by their name in AWS' own files."""
    recipients: tuple[str, ...] = ()
    identity: Path | None = None
    signing_key: Path | None = None
    verification_keys: tuple[str, ...] = ()
    """Public keys, one of which must have signed what is read."""
    keep: Mapping[str, int] = field(default_factory=dict)
    """Retention: last, hourly, daily, weekly, monthly, yearly to their numbers."""

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is reached in another way than the state store."""
        return bool(self.region or self.endpoint or self.aws_profile)


def state_stores(tables: object) -> dict[str, Profile]:
    """Return the profiles of the table `state-stores` by URL, as `canonical` spells it.

    Raises `InvalidInput`, naming the field, for what is no such table.
    """
    if not isinstance(tables, dict):
        raise InvalidInput("state-stores", "must be a table")
    return _by_place("state-stores", {url: _profile(url, raw) for url, raw in tables.items()})


def _profile(url: str, raw: object) -> Profile:
    if not isinstance(raw, dict):
        raise InvalidInput(f'state-stores."{url}"', "must be a table")
    refuse_keys(f'[state-stores."{url}"]', raw, STATE_STORE_KEYS)
    for key, value in raw.items():
        if not isinstance(value, str):
            raise InvalidInput(f'state-stores."{url}".{key}', "must be a string")
    return Profile(
        raw.get("region"), raw.get("endpoint"), raw.get("snapshot-store"), raw.get("account")
    )


def snapshot_stores(tables: object) -> dict[str, SnapshotProfile]:
    """Return the profiles of the table `snapshot-stores`, as `state_stores` does."""
    if not isinstance(tables, dict):
        raise InvalidInput("snapshot-stores", "must be a table")
    profiles = {url: _snapshot_profile(url, raw) for url, raw in tables.items()}
    return _by_place("snapshot-stores", profiles)


def _by_place(table: str, profiles: Mapping[str, T]) -> dict[str, T]:
    """Return the profiles by the one spelling of each URL; two of one place are refused."""
    spelled: dict[str, str] = {}
    for url in profiles:
        other = spelled.setdefault(canonical(url), url)
        if other != url:
            raise InvalidInput(
                table, f'"{other}" and "{url}" are one place', hint="make one table of the two"
            )
    return {place: profiles[url] for place, url in spelled.items()}


def _snapshot_profile(url: str, raw: object) -> SnapshotProfile:
    where = f'snapshot-stores."{url}"'
    if not isinstance(raw, dict):
        raise InvalidInput(where, "must be a table")
    refuse_keys(f"[{where}]", raw, SNAPSHOT_STORE_KEYS)
    recipients = raw.get("recipients", [])
    if not isinstance(recipients, list) or not all(
        isinstance(recipient, str) for recipient in recipients
    ):
        raise InvalidInput(f"{where}.recipients", 'must be a list, for example ["age1..."]')
    keep = raw.get("keep", {})
    if not isinstance(keep, dict) or not all(
        type(count) is int and count >= 0 for count in keep.values()
    ):
        raise InvalidInput(f"{where}.keep", "must be a table of numbers, for example daily = 7")
    refuse_keys(f"[{where}.keep]", keep, KEEP_KEYS)
    verifying = raw.get("verification-key", [])
    verifying = [verifying] if isinstance(verifying, str) else verifying
    if not isinstance(verifying, list) or not all(isinstance(key, str) for key in verifying):
        raise InvalidInput(f"{where}.verification-key", "must be a string, or a list of strings")
    lists = {"recipients", "keep", "verification-key"}
    texts = {key: raw[key] for key in raw if key not in lists}
    for key, value in texts.items():
        if not isinstance(value, str):
            raise InvalidInput(f"{where}.{key}", "must be a string")
    paths = {key: expanded(f"{where}.{key}", texts[key]) for key in _PATHS if texts.get(key)}
    return SnapshotProfile(
        texts.get("region"),
        texts.get("endpoint"),
        texts.get("aws-profile"),
        tuple(recipients),
        paths.get("identity"),
        paths.get("signing-key"),
        tuple(filter(None, verifying)),
        keep,
    )
