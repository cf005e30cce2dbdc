"""The verbs that change one instance group or one machine."""

from collections.abc import Sequence

from kled.kops import command
from kled.kops.call import Calls
from kled.models.cluster import Role


class Groups(Calls):
    """Create, edit and delete instance groups, and replace machines."""

    def edit_instance_group(
        self,
        name: str,
        group: str,
        *,
        set: Sequence[str] = (),  # noqa: A002 - kops' word
        unset: Sequence[str] = (),
    ) -> None:
        """`kops edit instancegroup --set --unset`: change the definition alone.

        Repeatable, and atomic: the one object is written whole. Raises `InstanceGroupNotFound`,
        `DefinitionRejected`.
        """
        self.change(command.edit_instance_group(name, group, set, unset))

    def create_instance_group(
        self, name: str, group: str, subnets: Sequence[str], role: Role = "node"
    ) -> None:
        """`kops create instancegroup --edit=false`: store a new group with kops' defaults.

        Raises `InstanceGroupExists` when repeated.
        """
        self.change(command.create_instance_group(name, group, role, subnets))

    def delete_instance_group(self, name: str, group: str) -> None:
        """`kops delete instancegroup --yes`: delete the group and its machines at once.

        Raises `InstanceGroupNotFound` when repeated, `DefinitionRejected` for the last one of the
        control plane (capture 33g).
        """
        self.change(command.delete_instance_group(name, group))

    def delete_instance(
        self, name: str, instance: str, *, cloudonly: bool = False, surge: bool = True
    ) -> None:
        """`kops delete instance --yes`: drain one machine and let its group replace it.

        Not repeatable as such: the machine is gone, `ResourceNotFound`. Without the Kubernetes API
        only `cloudonly` works.
        """
        argv = command.delete_instance(name, instance, cloudonly=cloudonly, surge=surge, yes=True)
        self.change(argv)
