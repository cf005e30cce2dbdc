"""The verbs that read and change what is stored of a cluster, and their previews."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from kled.errors import ClusterNotFound, VersionRefused
from kled.files import private
from kled.kops import command, parse, preview
from kled.kops.call import DRY_RUN_PREFIX, KopsCalls
from kled.kops.command import FlagValues
from kled.kops.fields.flags import Document
from kled.kops.fields.spec_flags import flags
from kled.kops.verbs import edit
from kled.kops.verbs.named_fields import NamedFields
from kled.models.definition import Definition
from kled.models.plan import Plan

if TYPE_CHECKING:
    from kled.models.spec import ClusterSpec  # imports pydantic

_UNKNOWN: Final = re.compile(r"unable to find version information for kubernetes version (\S+)")
"""A warning of a call that succeeds with `No upgrade required` (capture T-up-prevk)."""


@dataclass(frozen=True, slots=True)
class DefinitionVerbs:
    """What the state store says of clusters: read, made and changed. Clouds stay as they are."""

    _calls: KopsCalls

    def get(self, name: str) -> Definition:
        """`kops get all`: the stored definition; raises `ClusterNotFound`.

        Not redacted: what is read here is compared, kept and written again.
        """
        return parse.definition(self._calls.read(command.get_definition(name)))

    def find(self, name: str) -> Definition | None:
        """Return the stored definition, None where there is no such cluster."""
        try:
            return self.get(name)
        except ClusterNotFound:
            return None

    def options(self, spec: "ClusterSpec") -> FlagValues:
        """Return the flags of `create cluster`, with kops' own names of the fields to set.

        Raises `InvalidInput` for a field that is none. Asks neither the cloud nor the state store.
        """
        fields = NamedFields(self._calls).flags("Cluster", spec.set, spec.unset, cloud=spec.cloud)
        return [
            *((flag, value) for flag, value in flags(spec) if flag not in {"set", "unset"}),
            *(("set", each) for each in fields.sets),
            *(("unset", each) for each in fields.unsets),
        ]

    def dry_run(self, spec: "ClusterSpec") -> Definition:
        """`kops create cluster --dry-run`: what `create` would store. Reads only.

        Kops refuses to plan a cluster that exists already, so it plans in an empty corner of the
        same state store (nothing is written there), and the definition's `configBase` is put right
        afterwards. AWS, Google and Azure are asked for zones, machine types and images.
        """
        corner = f"{self._calls.state_store}/{DRY_RUN_PREFIX}"
        argv = command.dry_run(self.options(spec), corner)
        planned = parse.definition(
            self._calls.ended(argv, self._calls.call(argv, self._calls.timeout, spec.cloud))
        )
        body = planned.cluster.get("spec")
        if not isinstance(body, dict) or DRY_RUN_PREFIX not in str(body.get("configBase")):
            return planned
        base = body["configBase"].replace(f"/{DRY_RUN_PREFIX}", "")
        return replace(planned, cluster={**planned.cluster, "spec": {**body, "configBase": base}})

    def create(self, spec: "ClusterSpec") -> Plan:
        """`kops create cluster`: store the definition; return the preview that kops adds.

        Not atomic: cluster, groups and SSH key are written one after the other, before kops checks
        images and versions (captures E09g, E09i, E09j). Not repeatable: raises `ClusterExists`
        where anything of that name is stored.
        """
        out = self._calls.change(command.create_cluster(self.options(spec)), cloud=spec.cloud)
        return preview.update_plan(spec.name, out)

    def complete_ssh_key(self, spec: "ClusterSpec") -> None:
        """Store the SSH key that `spec` names, if any. Repeatable (capture 36)."""
        if spec.ssh_public_key is not None:
            self._calls.change(command.create_ssh_public_key(spec.name, str(spec.ssh_public_key)))

    def replace(self, definition: Definition) -> None:
        """`kops replace --force`: store the cluster, its groups and its SSH key as given.

        Repeatable; what is missing is created (capture 38d), groups that `definition` does not
        name stay, and so do additional objects. Not atomic: cluster and groups are written one
        after the other. Kops drops fields that it does not know without a word (capture 38l).
        Raises `DefinitionRejected`.
        """
        self.store(definition.replaceable().as_yaml())

    def store(self, text: str) -> None:
        """`kops replace`: store the YAML documents in `text`, which nobody else can read.

        Repeatable; what is not stored yet is created.
        """
        file = self._calls.scratch / "definition.yaml"
        private.fill(file, text.encode())
        try:
            self._calls.change(command.replace(str(file)))
        finally:
            file.unlink(missing_ok=True)

    def edit(
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
        flags = NamedFields(self._calls).flags("Cluster", set, unset, stored=stored)
        if flags.sets or flags.unsets:
            self._calls.change(command.edit_cluster(name, flags.sets, flags.unsets))

    def store_edited(self, name: str, text: str) -> None:
        """`kops edit cluster` with `text` as what the editor leaves.

        Repeatable, and atomic: the one object is written whole. Raises `DefinitionRejected` with
        kops' reasons, for example the fields that it does not know; nothing is stored then.
        """
        edit.leave(self._calls, text, command.edit_cluster(name, (), ()))

    def unregister(self, name: str) -> None:
        """`kops delete cluster --unregister --yes`: delete what is stored, keys included.

        Cloud resources stay. Raises `ClusterNotFound` when repeated.
        """
        self._calls.change(command.unregister(name, yes=True))

    def preview_upgrade(
        self, name: str, kubernetes_version: str | None = None, channel: str | None = None
    ) -> Plan:
        """`kops upgrade cluster` without `--yes`: which fields would change. Reads only.

        Kops ignores a version that it cannot parse, and a lower one. Raises `VersionRefused` where
        there is nothing to change only because kops does not know what to change to.
        """
        argv = command.upgrade(name, kubernetes_version, channel)
        finished = self._calls.asked(argv, self._calls.timeout)
        plan = preview.upgrade_plan(name, self._calls.clean(self._calls.ended(argv, finished)))
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
        out = self._calls.change(command.upgrade(name, kubernetes_version, channel, yes=True))
        return preview.upgrade_plan(name, out)
