"""Level 2 of a snapshot: a kops reads its objects in a scratch file store."""

import logging
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kled.config import Settings
from kled.errors import KledError, KopsMissing, KopsUnsafe, OutputUnreadable
from kled.files import private, scratch
from kled.kops.facts.versions import as_kops_takes

if TYPE_CHECKING:
    from kled.kops.client import Kops
    from kled.models.version import KopsVersion
    from kled.snapshot.verify.verify import KopsCheck, KopsVerdict

logger = logging.getLogger(__name__)

_PATIENCE: Final = timedelta(minutes=1)
"""For a call of kops that only proves something; it usually takes a third of a second."""


def birth_check(settings: Settings) -> "KopsCheck | None":
    """Return level 2's check for new snapshots; None without a kops, and in a sandbox.

    A simulated kops would prove nothing and take its time.
    """
    if settings.sandbox is not None:
        return None
    try:
        return kops_check(settings, patience=_PATIENCE)
    except KopsUnsafe as error:
        logger.warning("no kops reads the new snapshots: %s; %s", error.message, error.hint)
        return None
    except KopsMissing:
        return None


def kops_check(settings: Settings, *, patience: timedelta | None = None) -> "KopsCheck":
    """Return level 2's check: a kops reads the objects in a scratch file store.

    `patience` is for one call of kops, where it is not the usual one. Raises `KopsMissing`.
    """
    from kled.install.locate import locate  # noqa: PLC0415
    from kled.kops.call import READ_TIMEOUT, KopsCalls  # noqa: PLC0415
    from kled.kops.client import Kops  # noqa: PLC0415
    from kled.redact import Redactor, secret_values  # noqa: PLC0415
    from kled.snapshot.verify.verify import KopsVerdict  # noqa: PLC0415

    program = locate(
        explicit=settings.kops,
        home=settings.home,
        search_path=settings.environment.get("PATH", ""),
    )

    versions: list[KopsVersion] = []

    def check(cluster: str, objects: Mapping[str, bytes]) -> "KopsVerdict":
        from kled import process  # noqa: PLC0415

        with scratch.directory() as root:
            _put(root / "state" / cluster, objects)
            kops = Kops(
                KopsCalls(
                    program.path,
                    run=process.run,
                    env=dict(settings.environment),
                    state_store=(root / "state").as_uri(),
                    scratch=root,
                    redactor=Redactor(secret_values(settings.environment)),
                    on_line=lambda _: None,
                    on_start=None,
                    read_timeout=patience or READ_TIMEOUT,
                )
            )
            if not versions:
                versions.append(kops.version())  # once for all clusters, or for the first two
            version = versions[0]
            return KopsVerdict(str(version), version.simulated, tuple(_read_by(kops, cluster)))

    return check


def _put(place: Path, objects: Mapping[str, bytes]) -> None:
    # a cluster that was never applied has no keys; kops takes a missing directory ill
    private.make_directory(place / "pki" / "private")
    for key, body in with_home(objects, as_kops_takes(place.as_uri())).items():
        private.make_directory((place / key).parent)
        private.fill(place / key, body)  # it may be a CA key


def with_home(objects: Mapping[str, bytes], home: str) -> Mapping[str, bytes]:
    """Return the objects with a definition whose `configBase` is `home`.

    kops follows `configBase`, and would otherwise read the keys of the living store.
    """
    from kled.kops.state_store import contents, layout  # noqa: PLC0415

    config = objects.get(layout.CONFIG, b"")
    spec = (contents.mapping(config) or {}).get("spec")
    if not isinstance(spec, dict):
        return objects
    store = spec.get("configStore")
    base = spec.get("configBase") or (store.get("base") if isinstance(store, dict) else None)
    if not isinstance(base, str) or not base.strip("/"):
        return objects
    return {**objects, layout.CONFIG: config.replace(base.rstrip("/").encode(), home.encode())}


def _read_by(kops: "Kops", cluster: str) -> Iterator[str]:
    """Yield what kops cannot read of the cluster."""
    for what, read in (
        ("the definition", partial(kops.definition.get, cluster)),
        ("the keypairs", partial(_read_keypairs, kops, cluster)),
    ):
        try:
            read()
        except KopsMissing:
            raise
        except KledError as error:
            yield f"kops cannot read {what}: {error.message}"


def _read_keypairs(kops: "Kops", cluster: str) -> None:
    """Raise where kops leaves out a keyset that it cannot read, for which it only warns."""
    for keypair in kops.credentials.list_keypairs(cluster):
        if keypair.problem:
            raise OutputUnreadable(f"keyset {keypair.name}: {keypair.problem}")
