"""The verbs that change a whole cluster, and their previews."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from kled.kops import command, parse, preview
from kled.kops.call import DRY_RUN_PREFIX
from kled.kops.command import Options
from kled.kops.fields.flags import Document
from kled.kops.fields.spec_flags import flags
from kled.kops.verbs.named_fields import Naming
from kled.models.definition import Definition
from kled.models.plan import Plan

if TYPE_CHECKING:
    from kled.models.spec import ClusterSpec  # imports pydantic


class Changes(Naming):
    """Create, update, roll, upgrade and delete clusters."""

    def create_options(self, spec: "ClusterSpec") -> Options:
        """Return the flags of `create cluster`, with kops' own names of the fields to set.

        Raises `InvalidInput` for a field that is none. Asks neither the cloud nor the state store.
        """
        fields = self.field_flags("Cluster", spec.set, spec.unset, cloud=spec.cloud)
        return [
            *((flag, value) for flag, value in flags(spec) if flag not in {"set", "unset"}),
            *(("set", each) for each in fields.sets),
            *(("unset", each) for each in fields.unsets),
        ]

    def dry_run(self, spec: "ClusterSpec") -> Definition:
        """`kops create cluster --dry-run`: what `create_cluster` would store. Reads only.

        Kops refuses to plan a cluster that exists already, so it plans in an empty corner of the
        same state store (nothing is written there), and the definition's `configBase` is put right
        afterwards. AWS, Google and Azure are asked for zones, machine types and images.
        """
        corner = f"{self.state_store}/{DRY_RUN_PREFIX}"
        argv = command.dry_run(self.create_options(spec), corner)
        planned = parse.definition(self.ended(argv, self.call(argv, self.timeout, spec.cloud)))
        body = planned.cluster.get("spec")
        if not isinstance(body, dict) or DRY_RUN_PREFIX not in str(body.get("configBase")):
            return planned
        base = body["configBase"].replace(f"/{DRY_RUN_PREFIX}", "")
        return replace(planned, cluster={**planned.cluster, "spec": {**body, "configBase": base}})

    def create_cluster(self, spec: "ClusterSpec") -> Plan:
        """`kops create cluster`: store the definition; return the preview that kops adds.

        Not atomic: cluster, groups and SSH key are written one after the other, before kops checks
        images and versions (captures E09g, E09i, E09j). Not repeatable: raises `ClusterExists`
        where anything of that name is stored.
        """
        out = self.change(command.create_cluster(self.create_options(spec)), cloud=spec.cloud)
        return preview.update_plan(spec.name, out)

    def complete_ssh_key(self, spec: "ClusterSpec") -> None:
        """Store the SSH key that `spec` names, if any. Repeatable (capture 36)."""
        if spec.ssh_public_key is not None:
            self.change(command.create_ssh_public_key(spec.name, str(spec.ssh_public_key)))

    def replace(self, definition: Definition) -> None:
        """`kops replace --force`: store the cluster, its groups and its SSH key as given.

        Repeatable; what is missing is created (capture 38d), groups that `definition` does not
        name stay, and so do additional objects. Not atomic: cluster and groups are written one
        after the other. Kops drops fields that it does not know without a word (capture 38l).
        Raises `DefinitionRejected`.
        """
        self.store(definition.replaceable().as_yaml())

    def edit_cluster(
        self,
        name: str,
        *,
        stored: Document,
        set: Sequence[str] = (),  # noqa: A002 - kops' word
        unset: Sequence[str] = (),
    ) -> None:
        """`kops edit cluster --set --unset`: change the definition alone.

        Fields are named as kops prints them (`kled.kops.fields.flags`); `stored` is the cluster as
        it is printed now. Repeatable where no list grows; where there is nothing to set or unset,
        kops is not called. Raises `InvalidInput` before it is, and `DefinitionRejected` for what
        does not fit (capture 30j).
        """
        flags = self.field_flags("Cluster", set, unset, stored=stored)
        if flags.sets or flags.unsets:
            self.change(command.edit_cluster(name, flags.sets, flags.unsets))

    def unregister(self, name: str) -> None:
        """`kops delete cluster --unregister --yes`: delete what is stored, keys included.

        Cloud resources stay. Raises `ClusterNotFound` when repeated.
        """
        self.change(command.unregister(name, yes=True))

    def update_preview(self, name: str) -> Plan:
        """`kops update cluster` without `--yes`: what the cloud lacks. Reads only."""
        return preview.update_plan(name, self.preview(command.update(name)))

    def update(self, name: str, admin: timedelta | None = None) -> None:
        """`kops update cluster --yes`: create and change what the cloud lacks.

        Repeatable, and safe to kill halfway: a repeat finds what is there and does the rest. With
        `admin`, credentials of that lifetime are written to the private KUBECONFIG. Raises
        `PermanentCloudError` and `CredentialsRefused` within seconds of kops meeting one.
        """
        self.change(command.update(name, yes=True, admin=admin))

    def delete_preview(self, name: str) -> Plan:
        """`kops delete cluster` without `--yes`: the cloud resources that would go. Reads only."""
        return preview.delete_plan(name, self.preview(command.delete_cluster(name)))

    def delete_cluster(self, name: str) -> None:
        """`kops delete cluster --yes`: delete the cloud resources, then what is stored.

        Repeatable until the definition is gone, then `ClusterNotFound`; a killed call leaves the
        definition, and the next one looks anew for what the cloud still has.
        """
        self.change(command.delete_cluster(name, yes=True))
