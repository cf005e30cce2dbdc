"""Gives a group back what an interrupted scale-down took, and says what could not be given back."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from kled.errors import InstanceGroupNotFound, KledError, LeaseLost
from kled.operations.health.cluster_api import cluster_api
from kled.operations.instance_group.ends_of_scaling import ways_on
from kled.operations.instance_group.machines import group_roles, machines
from kled.operations.instance_group.stored_sizes import StoredSizes
from kled.operations.records import scale_journal
from kled.operations.records.scale_journal import OpenScaleDown
from kled.operations.session import Session

NOTHING_HELD: Final = "nothing is held back"


@contextmanager
def tell_what_is_left(session: Session, cluster: str) -> Iterator[None]:
    """Add to an error or interruption what the scale-down leaves, and the command that ends it."""
    try:
        yield
    except KledError as error:
        if left := _left(session, cluster):
            error.advise(left)
        raise
    except BaseException:  # an interruption: it has no hint
        if left := _left(session, cluster):
            session.note(left)
        raise


@contextmanager
def give_back_on_failure(session: Session, cluster: str, api_server: str | None) -> Iterator[None]:
    """On failure give the group back what it was, and say what could not be given back.

    Nothing more is changed where the lease is lost, or somebody interrupts the run.
    """
    with tell_what_is_left(session, cluster):
        try:
            yield
        except LeaseLost:
            raise
        except KledError:
            with suppress(KledError):  # then it is left, which is said
                give_back(session, cluster, api_server)
            raise


def give_back(session: Session, cluster: str, api_server: str | None) -> str:
    """Let the group launch again, uncordon what was cordoned for it, and end the journal.

    A stored maximum below the number of running machines is raised to it, since it would end
    machines undrained. A group that no longer exists needs nothing. Safe to repeat and to kill: the
    journal goes last. Raises what kops, the Kubernetes API and the state store raise, after
    everything else was given back.
    """
    begun = scale_journal.read(session, cluster)
    if begun is None:
        return NOTHING_HELD
    try:
        outcome = _let_launch(session, cluster, begun)
    except InstanceGroupNotFound:
        outcome = f"there is no group {begun.instance_group} any more"
    finally:
        _uncordon(session, cluster, begun, api_server)
    scale_journal.forget(session, cluster)
    return outcome


def _let_launch(session: Session, cluster: str, begun: OpenScaleDown) -> str:
    sizes = StoredSizes(session, cluster, begun.instance_group)
    low, high = sizes.bounds()
    known = machines(session, cluster, group_roles(session, cluster))
    high = max(high, len(known.perhaps_of_group(begun.instance_group) - set(begun.ended)))
    return sizes.store(low, high, begun.suspended)


def _uncordon(session: Session, cluster: str, begun: OpenScaleDown, api_server: str | None) -> None:
    from kled.kubernetes.nodes import uncordon  # noqa: PLC0415 - heavy

    if not begun.chosen:
        return
    with cluster_api(session, cluster, api_server) as api:
        for name in begun.chosen:
            uncordon(api, name)


def _left(session: Session, cluster: str) -> str:
    try:
        begun = scale_journal.read(session, cluster)
    except KledError as error:
        return (
            f"whether a group is held back could not be looked up ({error.message});"
            " the same command goes on where it broke off"
        )
    return "" if begun is None else ways_on(cluster, begun)
