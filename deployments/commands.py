"""Which command each flow is the other form of; docs/flows.md says the same."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

COMMANDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "back-up-state": "kled snapshot create",
        "check-health": "kled check-health",
        "create-cluster": "kled kops create-cluster",
        "delete-cluster": "kled kops delete-cluster",
        "export-cluster": "kled kops export-kubecfg",
        "mirror-snapshots": "kled snapshot mirror",
        "plan-update": "kled plan",
        "prune-snapshots": "kled snapshot prune",
        "restore-state": "kled snapshot restore",
        "roll-cluster": "kled kops rolling-update",
        "scale-instance-group": "kled kops scale-instance-group",
        "update-cluster": "kled kops update-cluster",
        "validate-cluster": "kled kops validate-cluster",
        "verify-snapshots": "kled snapshot verify",
    }
)
