"""The verbs that replace machines and raise versions, and their previews."""

import re
from typing import Final

from kled.errors import VersionRefused
from kled.kops import command, preview
from kled.kops.call import Calls
from kled.models.plan import Plan
from kled.models.rolling import Roll, RollingPlan

_UNKNOWN: Final = re.compile(r"unable to find version information for kubernetes version (\S+)")
"""A warning of a call that succeeds with `No upgrade required` (capture T-up-prevk)."""


class Upgrades(Calls):
    """Roll, upgrade and reconcile clusters."""

    def rolling_update_preview(self, name: str, roll: Roll | None = None) -> RollingPlan:
        """`kops rolling-update cluster` without `--yes`. Reads only.

        Needs the Kubernetes API unless `roll.cloudonly`; raises `ApiUnreachable` (capture 26b).
        """
        out = self.preview(command.rolling_update(name, roll or Roll()))
        return preview.rolling_plan(name, out)

    def rolling_update(self, name: str, roll: Roll | None = None) -> None:
        """`kops rolling-update cluster --yes`: replace the machines that need it.

        Repeatable: each call looks anew at what needs it, but with `roll.force` it starts again
        from the first machine. A killed call leaves a node tainted, cordoned or detached, and the
        next one goes on from there (captures cp-22 to cp-25). Raises `ClusterNotReady` where the
        cluster does not validate in between, and `ApiUnreachable`.
        """
        self.change(command.rolling_update(name, roll or Roll(), yes=True))

    def upgrade_preview(
        self, name: str, kubernetes_version: str | None = None, channel: str | None = None
    ) -> Plan:
        """`kops upgrade cluster` without `--yes`: which fields would change. Reads only.

        Kops ignores a version that it cannot parse, and a lower one. Raises `VersionRefused` where
        there is nothing to change only because kops does not know what to change to.
        """
        argv = command.upgrade(name, kubernetes_version, channel)
        finished = self.asked(argv, self.timeout)
        plan = preview.upgrade_plan(name, self.clean(self.ended(argv, finished)))
        unknown = _UNKNOWN.search(finished.stderr)
        if plan.is_empty and unknown and kubernetes_version is None:
            raise VersionRefused(
                f'the channel of cluster "{name}" has no version to upgrade Kubernetes {unknown[1]}'
                " to",
                hint=f"name one: kled kops upgrade-cluster --name={name}"
                " --kubernetes-version=X.Y.Z, or another channel: --channel=stable",
            )
        return plan

    def upgrade(
        self, name: str, kubernetes_version: str | None = None, channel: str | None = None
    ) -> Plan:
        """`kops upgrade cluster --yes`: store the newer version; return what was changed.

        The cloud follows with `update`. Repeatable: a second call finds nothing to upgrade.
        """
        out = self.change(command.upgrade(name, kubernetes_version, channel, yes=True))
        return preview.upgrade_plan(name, out)

    def reconcile_preview(self, name: str) -> Plan:
        """`kops reconcile cluster` without `--yes`: the preview of `update`. Reads only."""
        return preview.update_plan(name, self.preview(command.reconcile(name)))

    def reconcile(self, name: str, api_server: str | None = None) -> None:
        """`kops reconcile cluster --yes`: update and roll, control plane first.

        Needs the Kubernetes API (capture 37b). Repeatable, as `update` and `rolling_update` are.
        """
        self.change(command.reconcile(name, yes=True, api_server=api_server))
