"""The verbs about instance groups."""

from collections.abc import Sequence
from dataclasses import dataclass

from kled.errors import InstanceGroupNotFound
from kled.kops import command, parse
from kled.kops.call import KopsCalls
from kled.kops.fields.flags import Document
from kled.kops.verbs import edit
from kled.kops.verbs.named_fields import NamedFields
from kled.models.cluster import InstanceGroup, Role


@dataclass(frozen=True, slots=True)
class InstanceGroupVerbs:
    """Instance groups: their definitions, and the deletion that takes their machines along."""

    _calls: KopsCalls

    def list(self, name: str) -> tuple[InstanceGroup, ...]:
        """`kops get instancegroups`; none is empty."""
        text = self._calls.read_list(
            command.get_instance_groups(name), "no instancegroup objects found"
        )
        return parse.instance_groups(text)

    def get(self, name: str, group: str) -> InstanceGroup:
        """Return one instance group; raises `InstanceGroupNotFound` naming those that are there."""
        groups = self.list(name)
        for each in groups:
            if each.name == group:
                return each
        names = ", ".join(each.name for each in groups) or "none"
        raise InstanceGroupNotFound(
            f'cluster "{name}" has no instance group "{group}"', hint=f"it has: {names}"
        )

    def create(self, name: str, group: str, subnets: Sequence[str], role: Role = "node") -> None:
        """`kops create instancegroup --edit=false`: store a new group with kops' defaults.

        Raises `InstanceGroupExists` when repeated.
        """
        self._calls.change(command.create_instance_group(name, group, role, subnets))

    def edit(
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
        flags = NamedFields(self._calls).flags("InstanceGroup", set, unset, stored=stored)
        if flags.sets or flags.unsets:
            self._calls.change(command.edit_instance_group(name, group, flags.sets, flags.unsets))

    def store_edited(self, name: str, group: str, text: str) -> None:
        """`kops edit instancegroup` with `text` as what the editor leaves; as `Definitions` do."""
        edit.leave(self._calls, text, command.edit_instance_group(name, group, (), ()))

    def delete(self, name: str, group: str) -> None:
        """`kops delete instancegroup --yes`: delete the group and its machines at once.

        Raises `InstanceGroupNotFound` when repeated, `DefinitionRejected` for the last one of the
        control plane (capture 33g).
        """
        self._calls.change(command.delete_instance_group(name, group))
