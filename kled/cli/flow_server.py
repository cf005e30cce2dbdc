"""Which Prefect server a command speaks to; within a sandbox never one that a file names."""

from collections.abc import Mapping

from kled.errors import SettingsError


def named(env: Mapping[str, str]) -> str | None:
    """Return the URL of the Prefect server that is named, None where none is.

    Outside of a sandbox Prefect's own order holds: environment, files, profile. Within one only the
    environment names a server, because `sandbox env` cannot hide a `prefect.toml` that lies in the
    working directory. Raises `SettingsError` where a file does.
    """
    from prefect.settings import PREFECT_API_URL  # noqa: PLC0415 - costs seconds

    url: str | None = PREFECT_API_URL.value()
    if url and env.get("KLED_SANDBOX") and not env.get("PREFECT_API_URL"):
        raise SettingsError(
            f"a settings file of Prefect names the server {url}, which is outside of the sandbox",
            hint=f"go to another directory, or mean it: export PREFECT_API_URL={url}",
        )
    return url
