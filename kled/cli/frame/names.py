"""Resolves names that people leave out or cut short, and says so where one was guessed."""

from typing import TYPE_CHECKING

from kled.cli.terminal import streams
from kled.operations.names import instance_group_meant, named_cluster, only_cluster, only_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kled.cli.frame.command import Call
    from kled.models.cluster import Cluster
    from kled.operations.session import Session


def cluster(session: "Session", name: str | None, *, changes: bool) -> str:
    """Return the meant cluster; a command that changes something must be given its name."""
    return named_cluster(session, name) if changes else only_cluster(session, name)


def only(session: "Session", listed: "Sequence[Cluster]", name: str | None) -> str:
    """Return the named cluster, or the only one of those that were listed."""
    return name if name is not None else only_of(session, [cluster.name for cluster in listed])


def instance_group(call: "Call", session: "Session", cluster: str, typed: str) -> str:
    """Return the group for a name or a unique prefix of one; say so where it was a prefix."""
    meant = instance_group_meant(session, cluster, typed)
    if meant != typed:
        call.say(f'"{typed}" is the instance group "{meant}"')
    return meant


def can_ask() -> bool:
    """Say whether a person sits at this terminal."""
    return streams.can_ask()


def ask_for_name(cluster: str, why: str, what: str) -> str | None:
    """Ask a person to type the name, for the purpose `what`; None where nobody can be asked."""
    if not can_ask():
        return None
    streams.err().say(f'cluster "{cluster}" is protected: {why}')
    return streams.ask(f"type its name to {what}")
