"""The verbs that only read: safe to repeat and to kill at any time."""

from datetime import timedelta
from typing import Any, Final

from kled.errors import ClusterNotFound, InstanceGroupNotFound
from kled.kops import command, parse
from kled.kops.call import Calls
from kled.kops.failures.unloadable import with_unloadable
from kled.kops.failures.warnings import ignored_keysets
from kled.models.cluster import Cluster, Instance, InstanceGroup
from kled.models.credential import Keypair, Secret
from kled.models.definition import Definition
from kled.models.validation import ValidationReport
from kled.models.version import KopsVersion

VERSION_TIMEOUT: Final = timedelta(seconds=20)
_NOT_HEALTHY = "validation failed: cluster not yet healthy"


class Reads(Calls):
    """What kops can tell about the state store, the cloud and the cluster."""

    def version(self) -> KopsVersion:
        """`kops version`: asks neither the cloud nor the state store, so that it is soon there."""
        argv = command.version()
        patience = min(VERSION_TIMEOUT, self.read_timeout)
        return parse.version(self.looked_at(argv, self.asked(argv, patience)))

    def get_clusters(self) -> tuple[Cluster, ...]:
        """`kops get clusters`, sorted by name; none is empty (kops fails then, capture 42c).

        A cluster that kops cannot load, and only warns of, is in it with its `problem`. Raises
        `KopsCrashed` where a config holds another kind of object (capture 60c).
        """
        argv = command.get_clusters()
        finished = self.asked(argv, self.read_timeout)
        none = finished.returncode and self.said(finished).lower() == "no clusters found"
        listed = parse.clusters("[]" if none else self.ended(argv, finished))
        self.warn(argv, finished)
        return with_unloadable(listed, self.clean(finished.stderr))

    def get_cluster(self, name: str) -> Cluster:
        """`kops get clusters --name`; raises `ClusterNotFound`."""
        clusters = parse.clusters(self.read(command.get_clusters(name)))
        for cluster in clusters:
            if cluster.name == name:
                return cluster
        raise ClusterNotFound(f'there is no cluster "{name}" in the state store')

    def get_definition(self, name: str) -> Definition:
        """`kops get all`: the stored definition; raises `ClusterNotFound`.

        Not redacted: what is read here is compared, kept and written again.
        """
        return parse.definition(self.read(command.get_definition(name)))

    def find_definition(self, name: str) -> Definition | None:
        """Return the stored definition, None where there is no such cluster."""
        try:
            return self.get_definition(name)
        except ClusterNotFound:
            return None

    def get_instance_groups(self, name: str) -> tuple[InstanceGroup, ...]:
        """`kops get instancegroups`; none is empty."""
        text = self.read_list(command.get_instance_groups(name), "no instancegroup objects found")
        return parse.instance_groups(text)

    def get_instance_group(self, name: str, group: str) -> InstanceGroup:
        """Return one instance group; raises `InstanceGroupNotFound` naming those that are there."""
        groups = self.get_instance_groups(name)
        for each in groups:
            if each.name == group:
                return each
        names = ", ".join(each.name for each in groups) or "none"
        raise InstanceGroupNotFound(
            f'cluster "{name}" has no instance group "{group}"', hint=f"it has: {names}"
        )

    def get_instances(self, name: str, api_server: str | None = None) -> tuple[Instance, ...]:
        """`kops get instances`; node names are empty where the Kubernetes API does not answer."""
        return parse.instances(self.read(command.get_instances(name, api_server)))

    def get_secrets(self, name: str) -> tuple[Secret, ...]:
        """`kops get secrets`: names alone (kops has no JSON for them, capture 14b)."""
        text = self.read_list(command.get_secrets(name), "no secrets found")
        return parse.secrets(text)

    def get_keypairs(self, name: str, *, distrusted: bool = False) -> tuple[Keypair, ...]:
        """`kops get keypairs`; empty before the first update (capture E14c).

        A keyset that kops cannot read, and leaves out with a warning, is in it with its `problem`.
        """
        argv = command.get_keypairs(name, distrusted=distrusted)
        finished = self.asked(argv, self.read_timeout)
        stderr = self.clean(finished.stderr)
        none = finished.returncode and self.said(finished).lower() == "no keypairs found"
        listed = parse.keypairs("[]" if none else self.looked_at(argv, finished))
        return parse.with_ignored(listed, ignored_keysets(stderr))

    def validate(self, name: str, api_server: str | None = None) -> ValidationReport:
        """`kops validate cluster`, asked once.

        A cluster that answers and is not healthy is a report, not an error. Raises
        `ApiUnreachable` where its Kubernetes API does not answer, `NotYetApplied` before the
        first update, `ClusterNotFound`.
        """
        argv = command.validate(name, api_server)
        finished = self.asked(argv, self.read_timeout)
        if finished.returncode and self.said(finished) == _NOT_HEALTHY:
            return parse.validation(finished.stdout)
        return parse.validation(self.ended(argv, finished))

    def toolbox_dump(self, name: str) -> dict[str, Any]:
        """`kops toolbox dump`: the cloud's resources; `{}` before the first update.

        Raw cloud answers may hold user data: keep the result out of logs.
        """
        return parse.mapping("dump", self.read(command.toolbox_dump(name)))
