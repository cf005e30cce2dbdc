"""From an entry of prefect.yaml to the flow itself."""

import importlib
from typing import Any

from deployments.catalog import CatalogEntry
from kled.errors import SettingsError
from tasks.running.language import SpokenFlow


def load_flow(entry: CatalogEntry) -> SpokenFlow[..., Any]:
    """Import the flow of `entry`; raise `SettingsError` where there is none of the right name."""
    flow = getattr(importlib.import_module(entry.module), entry.function, None)
    if not isinstance(flow, SpokenFlow) or flow.name != entry.flow:
        raise SettingsError(f"{entry.entrypoint} is not a flow named {entry.flow}")
    return flow
