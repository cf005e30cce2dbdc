"""The safety of a bucket of Google Cloud Storage, as its own settings say it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kled.errors import BucketMissing, ObjectMissing, StoreDenied
from kled.sentences import number, word
from kled.storage import lifecycle, lifecycle_rules
from kled.storage.base import Location
from kled.storage.finding import Finding
from kled.storage.gcs import client as gcs_client
from kled.storage.gcs.errors import translated
from kled.storage.url import bucket_and_prefix

_OLDER_ONLY: Final = (
    "numNewerVersions",
    "daysSinceNoncurrentTime",
    "noncurrentTimeBefore",
)
_FIELDS: Final = "versioning,softDeletePolicy,iamConfiguration,lifecycle,retentionPolicy"


class GoogleBucket:
    """One bucket's settings."""

    def __init__(
        self, clients: gcs_client.GoogleClients, name: str, prefix: str, region: str | None
    ) -> None:
        self._clients = clients
        self._name = name
        self._prefix = prefix
        self._region = region

    def check(self) -> list[Finding]:
        """Ask for the settings, all in one request."""
        try:
            told = self._settings()
        except (BucketMissing, ObjectMissing):
            command = f"create gs://{self._quoted} --public-access-prevention"
            return [Finding(f"there is no bucket {self._name}", "danger", self._gcloud(command))]
        except StoreDenied as error:
            return [Finding(f"the bucket could not be checked: {error.message}", "unknown")]
        return [*self._kept(told), *self._public(told), *self._lifecycle(told)]

    def create(self) -> None:
        """Make the bucket unless it is there; then set what `check` would miss."""
        with translated(self._name):
            client = self._clients.client()
            bucket = client.bucket(self._name)
            exists = bucket.exists(retry=None)
            if exists:
                bucket.reload(retry=None)
            bucket.versioning_enabled = True
            bucket.iam_configuration.public_access_prevention = "enforced"
            if exists:
                bucket.patch(retry=None)
            else:
                bucket.iam_configuration.uniform_bucket_level_access_enabled = True
                client.create_bucket(bucket, location=self._region, retry=None)

    def lifecycle(self) -> lifecycle_rules.Lifecycle:
        """Return what becomes of the bucket's objects by themselves; one request.

        Google deletes nothing that a retention policy of the bucket still keeps. Raises
        `StoreDenied` where the bucket's settings may not be asked for.
        """
        told = self._settings()
        rules = told.get("lifecycle", {}).get("rule", ())
        return lifecycle_rules.Lifecycle(
            lifecycle_rules.of_google(rules),
            bool(told.get("retentionPolicy")),
            self._gcloud(f"describe gs://{self._quoted}"),
        )

    def _settings(self) -> Mapping[str, Any]:
        with translated(self._name):
            return self._clients.ask_json(
                f"/storage/v1/b/{self._name}",
                {"fields": f"kind,{_FIELDS}"},
                kind="storage#bucket",
                where=f"gs://{self._name}",
            )

    def _kept(self, told: Mapping[str, Any]) -> Iterator[Finding]:
        if told.get("versioning", {}).get("enabled"):
            return
        mend = self._update("--versioning")
        seconds = int(told.get("softDeletePolicy", {}).get("retentionDurationSeconds", 0))
        if seconds:
            days = number(round(seconds / 86400), "day")
            yield Finding(f"versioning is off: what is deleted is kept for {days}", "warning", mend)
        else:
            yield Finding("versioning is off: what is deleted is gone", "danger", mend)

    def _public(self, told: Mapping[str, Any]) -> Iterator[Finding]:
        if told.get("iamConfiguration", {}).get("publicAccessPrevention") != "enforced":
            mend = self._update("--public-access-prevention")
            yield Finding("public access is not prevented", "danger", mend)

    def _lifecycle(self, told: Mapping[str, Any]) -> Iterator[Finding]:
        for place, rule in enumerate(told.get("lifecycle", {}).get("rule", ()), 1):
            if lifecycle.harmful(_as_of_s3(rule), self._prefix):
                yield Finding(
                    f"lifecycle rule {place} can remove backups/etcd/*/control/, on which etcd "
                    "lives: remove it or narrow its prefix",
                    "danger",
                    self._gcloud(f"describe gs://{self._quoted}"),
                )

    @property
    def _quoted(self) -> str:
        return word(self._name)

    def _update(self, option: str) -> str:
        return self._gcloud(f"update gs://{self._quoted} {option}")

    def _gcloud(self, command: str) -> str:
        return f"gcloud storage buckets {command}"


def open_bucket(location: Location, env: Mapping[str, str]) -> GoogleBucket:
    """Return the bucket of a gs:// URL; nothing is asked of it yet."""
    name, prefix = bucket_and_prefix(location.url)
    endpoint = location.endpoint or gcs_client.emulator(env)
    return GoogleBucket(gcs_client.GoogleClients(env, endpoint), name, prefix, location.region)


def _as_of_s3(rule: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield what the rule does to live objects as S3 would say it; nothing where it does nothing.

    Classes of storage do not count: here all of them answer at once.
    """
    condition = rule.get("condition", {})
    older = condition.get("isLive") is False or any(name in condition for name in _OLDER_ONLY)
    if rule.get("action", {}).get("type") != "Delete" or older:
        return
    for prefix in condition.get("matchesPrefix") or [""]:
        yield {"Status": "Enabled", "Filter": {"Prefix": prefix}, "Expiration": {"Days": 1}}
