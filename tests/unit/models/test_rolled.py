"""Order, estimates and steadiness of rolls: pure."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kled.models.cluster import Role
from kled.models.rolled import Rolled, Steadiness, estimate, in_order
from kled.models.rolling import RollingRow

AT = datetime(2026, 11, 25, tzinfo=UTC)
ROLES: tuple[Role, ...] = ("bastion", "control-plane", "apiserver", "node")


def row(group: str, waiting: int = 1) -> RollingRow:
    return RollingRow(group, "NeedsUpdate", waiting, 0, 1, 1, 1)


@given(roles=st.dictionaries(st.text("abc", min_size=1), st.sampled_from(ROLES)), data=st.data())
def test_no_node_is_rolled_before_a_control_plane_and_none_is_lost(
    roles: dict[str, Role], data: st.DataObject
) -> None:
    rows = data.draw(st.permutations([row(group) for group in roles]))
    canary = data.draw(st.sampled_from([None, *roles]))

    found = in_order(rows, roles, canary)

    assert sorted(one.instance_group for one in found) == sorted(roles)
    places = [ROLES.index(roles[one.instance_group]) for one in found]
    assert places == sorted(places)
    if canary is not None:
        same = [one.instance_group for one in found if roles[one.instance_group] == roles[canary]]
        assert same[0] == canary


def test_the_estimate_is_the_group_s_own_past_where_it_has_one() -> None:
    past = [
        Rolled("a", "node", 2, 200, AT),
        Rolled("a", "node", 1, 120, AT),
        Rolled("b", "node", 1, 1000, AT),
    ]

    assert estimate(past, [row("a", 3)]) == timedelta(seconds=330)
    assert estimate(past, [row("new", 1)]) == timedelta(seconds=120)
    assert estimate([], [row("a")]) is None
    assert estimate([], [row("a", 0)]) == timedelta(0)


@given(st.lists(st.booleans()), st.integers(1, 5), st.integers(0, 5))
def test_a_cluster_is_steady_when_enough_of_the_last_validations_passed(
    verdicts: list[bool], needed: int, more: int
) -> None:
    steadiness = Steadiness(needed, needed + more)

    assert steadiness.holds(verdicts) == (sum(verdicts[-(needed + more) :]) >= needed)
    assert not steadiness.holds([False] * 10)
