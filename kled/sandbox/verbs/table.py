"""kops' command words, and the module of the simulated kops that serves each of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from kled.sandbox.context import KopsFailure
from kled.sandbox.verbs.flags import HELP, Flag, grammar, positional_index

_MODULES = {
    "create": "create_file",
    "create cluster": "create_cluster",
    "create instancegroup": "create_instancegroup",
    "create keypair": "create_keypair",
    "create secret ciliumpassword": "create_secret",
    "create secret dockerconfig": "create_secret",
    "create secret encryptionconfig": "create_secret",
    "create sshpublickey": "create_sshpublickey",
    "delete cluster": "delete_cluster",
    "delete instance": "delete_instance",
    "delete instancegroup": "delete_instancegroup",
    "delete secret": "delete_secret",
    "delete sshpublickey": "delete_sshpublickey",
    "distrust keypair": "trust_keypair",
    "edit cluster": "edit_cluster",
    "edit instancegroup": "edit_instancegroup",
    "export kubeconfig": "export_kubeconfig",
    "get": "get_all",
    "get all": "get_all",
    "get clusters": "get_clusters",
    "get instancegroups": "get_instancegroups",
    "get instances": "get_instances",
    "get keypairs": "get_keypairs",
    "get secrets": "get_secrets",
    "get sshpublickeys": "get_sshpublickeys",
    "promote keypair": "promote_keypair",
    "reconcile cluster": "reconcile_cluster",
    "replace": "replace",
    "rolling-update cluster": "rolling_update",
    "toolbox dump": "toolbox_dump",
    "trust keypair": "trust_keypair",
    "update cluster": "update_cluster",
    "upgrade cluster": "upgrade_cluster",
    "validate cluster": "validate_cluster",
    "version": "version",
}
_ALIASES = {
    "create": {"instancegroups": "instancegroup", "ig": "instancegroup"},
    "delete": {"instancegroups": "instancegroup", "ig": "instancegroup"},
    "edit": {"instancegroups": "instancegroup", "ig": "instancegroup"},
    "export": {"kubecfg": "kubeconfig"},
    "get": {
        "cluster": "clusters",
        "instancegroup": "instancegroups",
        "ig": "instancegroups",
        "keypair": "keypairs",
        "secret": "secrets",
        "sshpublickey": "sshpublickeys",
        "ssh": "sshpublickeys",
    },
}
_HIDDEN = {
    "create cluster": (
        Flag("azure-subscription-id", "string"),
        Flag("azure-tenant-id", "string"),
        Flag("azure-resource-group-name", "string"),
        Flag("azure-route-table-name", "string"),
        Flag("azure-admin-user", "string"),
    ),
}
"""Flags that the pages hide: the Azure ones need KOPS_FEATURE_FLAGS=Azure (capture C03b)."""


@dataclass(frozen=True)
class Verb:
    """A command word for word (`("get", "clusters")`), the rest of its line, and its flags."""

    command: tuple[str, ...]
    rest: list[str]
    flags: dict[str, Flag]

    @property
    def name(self) -> str:
        """The words as one, for example `get clusters`."""
        return " ".join(self.command)

    @property
    def module(self) -> str:
        """The module of this package that runs the verb.

        Raises `KopsFailure`: the simulated kops does not have this one (docs/sandbox.md lists
        which).
        """
        if self.name not in _MODULES:
            raise KopsFailure(f"the simulated kops has no {self.name!r}")
        return f"kled.sandbox.verbs.{_MODULES[self.name]}"

    @property
    def runs(self) -> bool:
        """Whether kops does something here, rather than list the words that may follow."""
        unserved = self.name == "delete" and bool(self.rest)
        return self.name in _MODULES or unserved or not _children(self.command)


def find(argv: Sequence[str]) -> Verb:
    """Find the command in a command line, as cobra does: flags may stand between its words.

    Raises `KopsFailure`: the first word is no command of kops (capture E11b-unknown-subcommand).
    """
    command: tuple[str, ...] = ()
    rest, known = list(argv), grammar(())
    while _children(command):
        index = positional_index(rest, known)
        if index is None:
            break
        word = _ALIASES.get(" ".join(command), {}).get(rest[index], rest[index])
        if word not in _children(command):
            if not command:
                raise KopsFailure(
                    f'unknown command "{word}" for "kops"\nRun \'kops --help\' for usage.'
                )
            break
        command, known = (*command, word), grammar((*command, word))
        del rest[index]
    known.update({flag.name: flag for flag in _HIDDEN.get(" ".join(command), ())})
    return Verb(command, rest, known)


def _children(command: tuple[str, ...]) -> set[str]:
    stem = "_".join(("kops", *command)) + "_"
    return {
        path.stem.removeprefix(stem)
        for path in HELP.glob(f"{stem}*.txt")
        if "_" not in path.stem.removeprefix(stem)
    }
