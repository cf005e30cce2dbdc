"""The verbs about a whole cluster in its cloud, and their previews."""

import shutil
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from kled.errors import ClusterNotFound
from kled.files import private
from kled.kops import command, parse, preview
from kled.kops.call import KopsCalls
from kled.kops.failures.unloadable import with_unloadable
from kled.kops.state_store import layout
from kled.models.cluster import Cluster
from kled.models.definition import Definition
from kled.models.plan import Plan
from kled.models.rolling import Roll, RollingPlan
from kled.models.validation import ValidationReport

_NOT_HEALTHY: Final = "validation failed: cluster not yet healthy"


@dataclass(frozen=True, slots=True)
class ClusterVerbs:
    """Whole clusters in the cloud: listed, looked at, brought to their definition, and deleted."""

    _calls: KopsCalls

    def list(self) -> tuple[Cluster, ...]:
        """`kops get clusters`, sorted by name; none is empty (kops fails then, capture 42c).

        A cluster that kops cannot load, and only warns of, is in it with its `problem`. Raises
        `KopsCrashed` where a config holds another kind of object (capture 60c).
        """
        argv = command.get_clusters()
        finished = self._calls.asked(argv, self._calls.read_timeout)
        none = finished.returncode and self._calls.said(finished).lower() == "no clusters found"
        listed = parse.clusters("[]" if none else self._calls.ended(argv, finished))
        self._calls.warn(argv, finished)
        return with_unloadable(listed, self._calls.clean(finished.stderr))

    def get(self, name: str) -> Cluster:
        """`kops get clusters --name`; raises `ClusterNotFound`."""
        clusters = parse.clusters(self._calls.read(command.get_clusters(name)))
        for cluster in clusters:
            if cluster.name == name:
                return cluster
        raise ClusterNotFound(f'there is no cluster "{name}" in the state store')

    def validate(self, name: str, api_server: str | None = None) -> ValidationReport:
        """`kops validate cluster`, asked once.

        A cluster that answers and is not healthy is a report, not an error. Raises
        `ApiUnreachable` where its Kubernetes API does not answer, `NotYetApplied` before the
        first update, `ClusterNotFound`.
        """
        argv = command.validate(name, api_server)
        finished = self._calls.asked(argv, self._calls.read_timeout)
        if finished.returncode and self._calls.said(finished) == _NOT_HEALTHY:
            return parse.validation(finished.stdout)
        return parse.validation(self._calls.ended(argv, finished))

    def dump(self, name: str) -> dict[str, Any]:
        """`kops toolbox dump`: the cloud's resources; `{}` before the first update.

        Raw cloud answers may hold user data: keep the result out of logs.
        """
        return parse.mapping("dump", self._calls.read(command.toolbox_dump(name)))

    def preview_update(self, name: str) -> Plan:
        """`kops update cluster` without `--yes`: what the cloud lacks. Reads only."""
        return preview.update_plan(name, self._calls.preview(command.update(name)))

    def update(self, name: str, admin: timedelta | None = None) -> None:
        """`kops update cluster --yes`: create and change what the cloud lacks.

        Repeatable, and safe to kill halfway: a repeat finds what is there and does the rest. With
        `admin`, credentials of that lifetime are written to the private KUBECONFIG. Raises
        `PermanentCloudError` and `CredentialsRefused` within seconds of kops meeting one.
        """
        self._calls.change(command.update(name, yes=True, admin=admin))

    def preview_rolling_update(self, name: str, roll: Roll | None = None) -> RollingPlan:
        """`kops rolling-update cluster` without `--yes`. Reads only.

        Needs the Kubernetes API unless `roll.cloudonly`; raises `ApiUnreachable` (capture 26b).
        """
        out = self._calls.preview(command.rolling_update(name, roll or Roll()))
        return preview.rolling_plan(name, out)

    def rolling_update(self, name: str, roll: Roll | None = None) -> None:
        """`kops rolling-update cluster --yes`: replace the machines that need it.

        Repeatable: each call looks anew at what needs it, but with `roll.force` it starts again
        from the first machine. A killed call leaves a node tainted, cordoned or detached, and the
        next one goes on from there (captures cp-22 to cp-25). Raises `ClusterNotReady` where the
        cluster does not validate in between, and `ApiUnreachable`.
        """
        self._calls.change(command.rolling_update(name, roll or Roll(), yes=True))

    def preview_reconcile(self, name: str) -> Plan:
        """`kops reconcile cluster` without `--yes`: the preview of `update`. Reads only."""
        return preview.update_plan(name, self._calls.preview(command.reconcile(name)))

    def reconcile(self, name: str, api_server: str | None = None) -> None:
        """`kops reconcile cluster --yes`: update and roll, control plane first.

        Needs the Kubernetes API (capture 37b). Repeatable, as `update` and `rolling_update` are.
        """
        self._calls.change(command.reconcile(name, yes=True, api_server=api_server))

    def preview_delete(self, name: str) -> Plan:
        """`kops delete cluster` without `--yes`: the cloud resources that would go. Reads only."""
        return preview.delete_plan(name, self._calls.preview(command.delete_cluster(name)))

    def preview_delete_unstored(self, definition: Definition) -> Plan:
        """`kops delete cluster` without `--yes`, for a cluster that is stored nowhere. Reads only.

        The definition is put into a scratch state store for it.
        """
        root = self._calls.scratch / "deleted"
        private.make_directory(root / definition.name)
        try:
            text = replace(definition, groups=(), more=()).as_yaml()
            private.fill(root / definition.name / layout.CONFIG, text.encode())
            return ClusterVerbs(self._calls.at(root.as_uri())).preview_delete(definition.name)
        finally:
            shutil.rmtree(root, ignore_errors=True)

    def delete(self, name: str) -> None:
        """`kops delete cluster --yes`: delete the cloud resources, then what is stored.

        Repeatable until the definition is gone, then `ClusterNotFound`; a killed call leaves the
        definition, and the next one looks anew for what the cloud still has.
        """
        self._calls.change(command.delete_cluster(name, yes=True))
