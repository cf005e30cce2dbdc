"""The kops client: one method per verb, models in, models out, kled's errors."""

from collections.abc import Callable
from datetime import timedelta

from kled.kops.call import Calls
from kled.kops.verbs.cluster import Clusters
from kled.kops.verbs.credentials import Credentials
from kled.kops.verbs.definition import Definitions
from kled.kops.verbs.instance import Instances
from kled.kops.verbs.instance_group import InstanceGroups
from kled.kops.verbs.kubeconfig import Kubeconfigs
from kled.kops.verbs.named_fields import Fields
from kled.kops.verbs.version import ask_version
from kled.models.version import KopsVersion


class Kops:
    """A kops executable bound to an environment, a state store and a private scratch directory.

    Its verbs stand with what they are about, `kops.cluster.update(...)`; their flags stand in
    `kled.kops.command`. Not for use by two threads at once: what it hands to kops by a file lies
    in the scratch directory.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self.cluster = Clusters(calls)
        self.definition = Definitions(calls)
        self.instance_groups = InstanceGroups(calls)
        self.instances = Instances(calls)
        self.credentials = Credentials(calls)
        self.kubeconfig = Kubeconfigs(calls)
        self.fields = Fields(calls)

    @property
    def state_store(self) -> str:
        """The URL of the state store that it is bound to."""
        return self._calls.state_store

    def version(self) -> KopsVersion:
        """`kops version`: asks neither the cloud nor the state store, so that it is soon there."""
        return ask_version(self._calls)

    def telling(self, on_line: Callable[[str], None], timeout: timedelta) -> "Kops":
        """Return the same kops with other patience, whose lines are told to `on_line`, too."""
        return Kops(self._calls.telling(on_line, timeout))

    def remembering(self) -> "Kops":
        """Return the same kops, which asks each thing once: for looks that belong together."""
        return Kops(self._calls.remembering())
