"""What `KOPS_FEATURE_FLAGS` must name for the clouds that kops calls experimental.

Facts: captures C02 to C09.
"""

from collections.abc import Mapping
from typing import Final

from kled.models.clouds import CLOUDS, missing_variables

_FLAGS: Final = {"azure": "Azure", "scaleway": "Scaleway", "linode": "Linode", "metal": "Metal"}


def feature_flags(cloud: str | None, state_store: str, env: Mapping[str, str]) -> tuple[str, ...]:
    """Return what `KOPS_FEATURE_FLAGS` must name, sorted.

    A verb that does not know its cluster's cloud gets the flags of the clouds that the state
    store's scheme or complete credentials in `env` point at.
    """
    scheme = state_store.partition("://")[0]
    return tuple(
        sorted(
            flag
            for name, flag in _FLAGS.items()
            if name == cloud
            or scheme in CLOUDS[name].schemes
            or (CLOUDS[name].variables and not missing_variables(name, env))
        )
    )
