"""What Prefect reads when it is first imported; set beforehand, and only where nobody else has.

Prefect's own defaults fail on a busy machine (an ephemeral server gets 20 seconds to migrate its
database) and report usage. Call `prepare` before the first import of prefect.
"""

from collections.abc import MutableMapping
from typing import Final

LOGGER: Final = "kled"
_EXTRA_LOGGERS: Final = "PREFECT_LOGGING_EXTRA_LOGGERS"

DEFAULTS: Final = {
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
}


def prepare(env: MutableMapping[str, str]) -> None:
    """Fill `env` with kled's defaults for Prefect; what somebody set stays. Idempotent."""
    for name, value in DEFAULTS.items():
        env.setdefault(name, value)
    loggers = [one for one in env.get(_EXTRA_LOGGERS, "").split(",") if one]
    if LOGGER not in loggers:
        env[_EXTRA_LOGGERS] = ",".join([*loggers, LOGGER])
