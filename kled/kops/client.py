"""The kops client: one method per verb, models in, models out, kled's errors."""

from collections.abc import Callable
from datetime import timedelta

from kled.kops.call import KopsCalls
from kled.kops.verbs.cluster import ClusterVerbs
from kled.kops.verbs.credentials import CredentialVerbs
from kled.kops.verbs.definition import DefinitionVerbs
from kled.kops.verbs.instance import InstanceVerbs
from kled.kops.verbs.instance_group import InstanceGroupVerbs
from kled.kops.verbs.kubeconfig import KubeconfigVerbs
from kled.kops.verbs.named_fields import NamedFields
from kled.kops.verbs.version import ask_version
from kled.models.version import KopsVersion


class Kops:
    """A kops executable bound to an environment, a state store and a private scratch directory.

    Its verbs stand with what they are about, `kops.cluster.update(...)`; their flags stand in
    `kled.kops.command`. Not for use by two threads at once: what it hands to kops by a file lies
    in the scratch directory.
    """

    def __init__(self, calls: KopsCalls) -> None:
        self._calls = calls
        self.cluster = ClusterVerbs(calls)
        self.definition = DefinitionVerbs(calls)
        self.instance_groups = InstanceGroupVerbs(calls)
        self.instances = InstanceVerbs(calls)
        self.credentials = CredentialVerbs(calls)
        self.kubeconfig = KubeconfigVerbs(calls)
        self.fields = NamedFields(calls)

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
