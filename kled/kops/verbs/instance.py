"""The verbs about machines."""

from dataclasses import dataclass

from kled.kops import command, parse
from kled.kops.call import KopsCalls
from kled.models.cluster import Instance


@dataclass(frozen=True, slots=True)
class InstanceVerbs:
    """Machines that kops counts among those of its groups."""

    _calls: KopsCalls

    def list(self, name: str, api_server: str | None = None) -> tuple[Instance, ...]:
        """`kops get instances`; node names are empty where the Kubernetes API does not answer."""
        return parse.instances(self._calls.read(command.get_instances(name, api_server)))

    def delete(
        self, name: str, instance: str, *, cloudonly: bool = False, surge: bool = True
    ) -> None:
        """`kops delete instance --yes`: drain one machine and let its group replace it.

        Not repeatable as such: the machine is gone, `ResourceNotFound`. Without the Kubernetes API
        only `cloudonly` works.
        """
        argv = command.delete_instance(name, instance, cloudonly=cloudonly, surge=surge, yes=True)
        self._calls.change(argv)
