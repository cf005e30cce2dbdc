"""The verbs that change one instance group or one machine."""

from collections.abc import Sequence

from kled.kops import command
from kled.kops.fields.flags import Document
from kled.kops.verbs.named_fields import Naming
from kled.models.cluster import Role


class Groups(Naming):
    """Create, edit and delete instance groups, and replace machines."""

    def edit_instance_group(
        self,
        name: str,
        group: str,
        *,
        stored: Document,
        set: Sequence[str] = (),  # noqa: A002 - kops' word
        unset: Sequence[str] = (),
    ) -> None:
        """`kops edit instancegroup --set --unset`: change the definition alone.

        Fields are named as kops prints them (`kled.kops.fields.flags`); `stored` is the group as it
        is printed now. Repeatable where no list grows, and atomic: the one object is written whole;
        where there is nothing to set or unset, kops is not called. Raises `InvalidInput` before it
        is, `InstanceGroupNotFound` and `DefinitionRejected`.
        """
        flags = self.field_flags("InstanceGroup", set, unset, stored=stored)
        if flags.sets or flags.unsets:
            self.change(command.edit_instance_group(name, group, flags.sets, flags.unsets))

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
