"""A plan that was applied halfway is the rest of itself; any other plan is not."""

from hypothesis import given
from hypothesis import strategies as st

from kled.models.plan import Change, Plan
from kled.models.plan_changes import describe, differences, is_rest_of

C = "c.example.com"
GROUP = Change("modify", "AutoscalingGroup", "nodes", {"MaxSize": "2 -> 4", "MinSize": "1 -> 2"})
SUBNET = Change("create", "Subnet", "a", {"VPC": "name:c", "Tags": "{a: 1, b: 2}", "CIDR": "10/8"})
FIELDS = st.dictionaries(
    st.sampled_from(["Size", "Tags", "Zone"]), st.sampled_from(["1", "a -> b"])
)
CHANGES = st.lists(
    st.builds(
        Change,
        st.sampled_from(["create", "modify", "delete"]),
        st.sampled_from(["Subnet", "LaunchTemplate"]),
        st.sampled_from(["a", "b", "c"]),
        FIELDS,
    ),
    max_size=6,
    unique_by=lambda change: (change.kind, change.name),
)


def plan(*changes: Change) -> Plan:
    return Plan(C, changes)


@given(CHANGES, st.data())
def test_any_part_of_a_plan_is_its_rest(changes: list[Change], data: st.DataObject) -> None:
    kept = data.draw(st.lists(st.sampled_from(changes), unique_by=id) if changes else st.just([]))

    assert is_rest_of(plan(*kept), plan(*changes))


@given(CHANGES, CHANGES)
def test_plans_without_differences_have_one_digest(one: list[Change], other: list[Change]) -> None:
    same = plan(*one).digest == plan(*other).digest

    assert (differences(plan(*one), plan(*other)) == ()) == same


@given(CHANGES)
def test_a_plan_reads_back_as_it_was_written(changes: list[Change]) -> None:
    assert Plan.from_json(plan(*changes).as_json()) == plan(*changes)


def test_what_was_created_meanwhile_may_show_its_id() -> None:
    now = Change("create", "Subnet", "a", {**SUBNET.fields, "VPC": "name:c id:vpc-1"})

    assert is_rest_of(plan(now), plan(SUBNET, GROUP))


def test_a_nested_value_may_hold_what_the_cloud_gave_and_nothing_else() -> None:
    def mapped(vpc: str, size: str = "null") -> Change:
        value = f'[{{"Subnet":{{"ID":null,"VPC":{{"ID":{vpc},"Size":{size}}}}}}}]'
        return Change("create", "NetworkLoadBalancer", "api", {"SubnetMappings": value})

    assert is_rest_of(plan(mapped('"vpc-1"')), plan(mapped("null")))
    assert not is_rest_of(plan(mapped('"vpc-2"')), plan(mapped('"vpc-1"')))
    assert not is_rest_of(plan(mapped("null", "9")), plan(mapped("null")))


def test_a_resource_that_was_made_halfway_may_be_finished_as_approved() -> None:
    tagged = Change("modify", "Subnet", "a", {"Tags": "{} -> {b: 2, a: 1}"})
    otherwise = Change("modify", "Subnet", "a", {"Tags": "{} -> {b: 3, a: 1}"})

    assert is_rest_of(plan(tagged), plan(SUBNET))
    assert not is_rest_of(plan(otherwise), plan(SUBNET))


def test_half_of_a_modification_is_its_rest_and_another_value_is_not() -> None:
    half = Change("modify", "AutoscalingGroup", "nodes", {"MaxSize": "2 -> 4"})
    more = Change("modify", "AutoscalingGroup", "nodes", {"MaxSize": "2 -> 9"})

    assert is_rest_of(plan(half), plan(GROUP))
    assert not is_rest_of(plan(more), plan(GROUP))
    assert not is_rest_of(plan(Change("delete", "AutoscalingGroup", "nodes")), plan(GROUP))
    assert not is_rest_of(plan(SUBNET), plan(GROUP))
    assert not is_rest_of(Plan("other", (half,)), plan(GROUP))


def test_differences_name_what_is_new_what_is_otherwise_and_what_is_gone() -> None:
    larger = Change("modify", "AutoscalingGroup", "nodes", {**GROUP.fields, "MaxSize": "2 -> 9"})
    new = Change("delete", "Volume", "v")

    assert differences(plan(GROUP, SUBNET), plan(new, larger)) == (
        "delete Volume/v",
        "otherwise: modify AutoscalingGroup/nodes (MaxSize 2 -> 9; approved: MaxSize 2 -> 4)",
        "no longer: create Subnet/a",
    )


def test_a_change_of_many_fields_is_named_by_the_first() -> None:
    many = Change("modify", "K", "n", dict.fromkeys("abcde", ""))

    assert describe(many) == "modify K/n (a, b, c, 2 more)"
    assert describe(Change("create", "K", "n", {"a": ""})) == "create K/n"
