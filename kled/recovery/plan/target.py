"""Where a recovery leads: the state store that the cluster lives in afterwards."""

from dataclasses import dataclass

from kled.errors import InvalidInput
from kled.sentences import options
from kled.store_urls import is_same


@dataclass(frozen=True, slots=True)
class Target:
    """The state store afterwards."""

    cluster: str
    url: str
    """The state store that the cluster lives in afterwards."""
    moves: bool = False
    """Whether that is another one than before."""
    named: bool = False
    """Whether commands find it by the settings, so that they need not name it."""
    made: bool = True
    """Whether it is there already."""

    def options(self, **more: object) -> str:
        """Return the options of a command about the cluster there."""
        state = None if self.named else self.url
        return options(name=self.cluster, **more, state=state)


def require_same_kind(former: str, to: str) -> None:
    """Raise `InvalidInput` where `to` is another kind of store, or the one that it lives in.

    Machines read the state of their own cloud's store, so another kind means another cloud.
    """
    if is_same(former, to):
        raise InvalidInput(
            "--to", f"{to} is the state store that it lives in already", hint="leave out --to"
        )
    if to.partition("://")[0] != former.partition("://")[0]:
        raise InvalidInput(
            "--to",
            f"{to} is another kind of store than {former}: another cloud or region is not planned"
            " yet",
            hint="by hand: a copy of the state there (kled snapshot restore"
            " --snapshot=latest --to=URL, with --name), another definition made from it with"
            " its zones, images, sizes and keys, and its objects from backups of another tool: etcd"
            " does not cross clouds (docs/recovery.md)",
        )
