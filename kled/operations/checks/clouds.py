"""The clouds: the identity that answers where this machine uses one, and what each lacks."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kled.models.clouds import CLOUDS, missing_variables
from kled.operations.checks.check import Check, not_tried

if TYPE_CHECKING:
    from kled.config import Settings

_HINTS_OF_AWS: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_KEYS_OF_AZURE: Final = ("AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN")
_NAMED_BY: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "aws": (_HINTS_OF_AWS, ".aws/credentials"),
    "gce": (
        ("GOOGLE_APPLICATION_CREDENTIALS",),
        ".config/gcloud/application_default_credentials.json",
    ),
    "azure": (("AZURE_CLIENT_ID", "AZURE_TENANT_ID"), ".azure/azureProfile.json"),
}
"""The variables, or the file below the home directory, that show that a cloud is used from here."""


def cloud_checks(settings: "Settings", used: Collection[str]) -> list[Check]:
    """Ask each cloud for the identity, where credentials are named or something here needs them.

    `used` are the clouds of the clusters; those of the stores are added. Raises nothing.
    """
    needed = {*used, *_of_stores(settings)}
    return [
        _check(settings, name, needed=name in needed)
        for name, known in CLOUDS.items()
        if not known.refused
    ]


def _of_stores(settings: "Settings") -> set[str]:
    """Return the clouds whose credentials open a store."""
    env, clouds = settings.environment, set()
    for url in filter(None, (settings.state_store, settings.snapshot_store)):
        scheme = url.partition("://")[0]
        if scheme == "s3" and not (env.get("S3_ENDPOINT") or settings.profile.endpoint):
            clouds.add("aws")
        if scheme == "gs" and not env.get("STORAGE_EMULATOR_HOST"):
            clouds.add("gce")
        if scheme == "azureblob" and not any(env.get(variable) for variable in _KEYS_OF_AZURE):
            clouds.add("azure")
    return clouds


def _check(settings: "Settings", cloud: str, *, needed: bool) -> Check:
    from kled.storage import caller  # noqa: PLC0415 - not for --help

    name, env = f"cloud {cloud}", settings.environment
    lacking = missing_variables(cloud, env)
    if lacking:
        told = f"not set: {', '.join(lacking)}"
        mend = f"export {' and '.join(lacking)}" if needed else ""
        return Check(name, "missing", told, mend, needed)
    if settings.sandbox is not None:
        return not_tried(name, "the sandbox simulates its cloud, which takes no credentials")
    if cloud not in caller.CLOUDS:
        return not_tried(name, "its variables are set; who they are is not asked", needed=needed)
    if not needed and not _is_named(cloud, env):
        told = f"no credentials are named: needed to create a cluster on {cloud}, by nothing here"
        return Check(name, "missing", told)
    answer = caller.ask(cloud, env)
    return Check(name, answer.state, answer.detail, answer.hint, needed)


def _is_named(cloud: str, env: Mapping[str, str]) -> bool:
    if cloud not in _NAMED_BY:
        return True
    variables, file = _NAMED_BY[cloud]
    home = env.get("HOME")
    return any(env.get(variable) for variable in variables) or bool(
        home and (Path(home) / file).exists()
    )
