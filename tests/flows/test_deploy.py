"""Deployments are put onto a server, again and again, without undoing what people set there."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, DeploymentUpdate
from prefect.client.schemas.objects import DeploymentSchedule
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import PrefectHTTPStatusError

from deployments import catalog
from deployments.apply import apply
from deployments.environment import Environment
from kled import __version__, carried_rules, carried_times
from kled.errors import InvalidInput
from kled.rules import Approval, Rules

pytestmark = pytest.mark.prefect
ENTRIES = catalog.load(catalog.path())
PRODUCTION = Environment(
    "production", "kled-production", runs_at_once=3, tags=("eu",), variables={"REGION": "eu-west-1"}
)


@pytest.fixture
def client() -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as client:
        yield client


def cron(schedule: DeploymentSchedule) -> str:
    assert isinstance(schedule.schedule, CronSchedule)
    return schedule.schedule.cron


def test_every_flow_is_deployed_to_its_environment(client: SyncPrefectClient) -> None:
    applied = apply(client, ENTRIES, PRODUCTION)

    deployment = client.read_deployment_by_name("create-cluster/production")
    assert [one.deployment for one in applied] == [f"{e.flow}/production" for e in ENTRIES]
    assert deployment.entrypoint == "flows.create_cluster.create_cluster"
    assert (deployment.pull_steps, deployment.work_pool_name) == ([], "kled-production")
    assert deployment.tags == ["kled", "cluster", "eu"]
    assert deployment.job_variables["env"] == {
        "PREFECT_LOGGING_EXTRA_LOGGERS": "kled",
        "REGION": "eu-west-1",
        "KLED_APPROVAL": carried_rules.encode(Approval()),
        "KLED_RULES": carried_times.encode(Rules()),
    }
    assert deployment.version == __version__
    assert client.read_work_pool("kled-production").concurrency_limit == 3


def test_deploying_again_brings_the_rules_up_to_date(client: SyncPrefectClient) -> None:
    # fault 44
    ruled = Environment("ruled", "kled-ruled")
    apply(client, ENTRIES, ruled)
    strict = Approval(("iam",), configured=True)

    apply(client, ENTRIES, replace(ruled, rules=Rules(approval=strict)))

    carried = client.read_deployment_by_name("update-cluster/ruled").job_variables["env"]
    assert carried_rules.decode(carried["KLED_APPROVAL"]) == strict


def test_the_form_asks_for_the_spec_in_order(client: SyncPrefectClient) -> None:
    apply(client, ENTRIES, PRODUCTION)

    schema = client.read_deployment_by_name("create-cluster/production").parameter_openapi_schema
    assert schema is not None
    fields = schema["definitions"]["ClusterSpec"]["properties"]
    assert fields["name"]["position"] < fields["zones"]["position"]
    assert all(field.get("description") for field in fields.values())
    assert schema["properties"]["wait"]["description"]


def test_the_server_refuses_parameters_that_do_not_fit(client: SyncPrefectClient) -> None:
    apply(client, ENTRIES, PRODUCTION)
    deployment = client.read_deployment_by_name("create-cluster/production")

    with pytest.raises(PrefectHTTPStatusError, match="409"):
        client.create_flow_run_from_deployment(
            deployment.id, parameters={"spec": {"name": "c.example.com", "cloud": "moon"}}
        )


def test_earlier_spellings_on_the_server_are_rewritten_and_named(
    client: SyncPrefectClient,
) -> None:
    # fault 16: what a schedule holds goes on to mean the same
    apply(client, ENTRIES, PRODUCTION)
    before = client.read_deployment_by_name("update-cluster/production")
    earlier = {"cluster": "c.example.com", "patience": 45}
    schedule = DeploymentScheduleCreate(
        schedule=CronSchedule(cron="0 3 * * *"), active=False, slug="night", parameters=earlier
    )
    client.create_deployment_schedules(before.id, [schedule])
    client.update_deployment(before.id, DeploymentUpdate(parameters={"cluster": "c.example.com"}))

    again = {one.deployment: one for one in apply(client, ENTRIES, PRODUCTION)}

    after = client.read_deployment_by_name("update-cluster/production")
    assert after.parameters == {"name": "c.example.com"}
    assert [one.parameters for one in after.schedules] == [{"name": "c.example.com", "wait": "45m"}]
    assert len(again["update-cluster/production"].respelled) == 3
    repeated = {one.deployment: one for one in apply(client, ENTRIES, PRODUCTION)}
    assert repeated["update-cluster/production"].respelled == ()


def test_deploying_again_updates_and_keeps_what_only_the_server_knows(
    client: SyncPrefectClient,
) -> None:
    # fault 15, and its member in fault 49: tags and job variables
    apply(client, ENTRIES, PRODUCTION)
    before = client.read_deployment_by_name("verify-snapshots/production")
    nightly = DeploymentScheduleCreate(schedule=CronSchedule(cron="0 3 * * *"), active=False)
    client.create_deployment_schedules(before.id, [nightly])
    env = {**before.job_variables["env"], "FROM_UI": "1", "REGION": "elsewhere"}
    client.update_deployment(
        before.id,
        DeploymentUpdate(
            parameters={"level": 2}, tags=["ui"], job_variables={"env": env, "stream_output": False}
        ),
    )
    client.pause_deployment(before.id)

    applied = {one.deployment: one for one in apply(client, ENTRIES, PRODUCTION)}

    after = client.read_deployment(before.id)
    assert {one.outcome for one in applied.values()} == {"updated"}
    assert {cron(one) for one in after.schedules} == {"37 2 * * *", "0 3 * * *"}
    assert (after.parameters, after.paused) == ({"level": 2}, True)
    assert after.tags == ["kled", "snapshot", "eu", "ui"]
    assert after.job_variables["stream_output"] is False
    assert after.job_variables["env"]["FROM_UI"] == "1"
    assert after.job_variables["env"]["REGION"] == "eu-west-1"
    assert applied["verify-snapshots/production"].kept == (
        "its pause",
        "schedule 0 3 * * *",
        "parameter level",
        "tag ui",
        "variable FROM_UI",
        "job variable stream_output",
    )


def test_a_new_deployment_gets_its_schedule_awake_and_one_that_sleeps_is_woken(
    client: SyncPrefectClient,
) -> None:
    nightly = Environment("nightly", "kled-nightly")
    apply(client, ENTRIES, nightly)
    before = client.read_deployment_by_name("back-up-state/nightly")
    (hourly,) = before.schedules
    assert (hourly.slug, cron(hourly), hourly.active) == ("hourly", "7 * * * *", True)
    client.update_deployment_schedule(before.id, hourly.id, active=False)

    applied = {one.deployment: one for one in apply(client, ENTRIES, nightly)}

    (after,) = client.read_deployment(before.id).schedules
    assert (after.id, after.active) == (hourly.id, True)
    assert applied["back-up-state/nightly"].woken == ("hourly",)


def test_a_schedule_of_the_file_that_is_gone_from_the_server_comes_back(
    client: SyncPrefectClient,
) -> None:
    gone = Environment("gone", "kled-gone")
    apply(client, ENTRIES, gone)
    before = client.read_deployment_by_name("back-up-state/gone")
    client.delete_deployment_schedule(before.id, before.schedules[0].id)

    apply(client, ENTRIES, gone)

    assert [one.slug for one in client.read_deployment(before.id).schedules] == ["hourly"]


def test_a_default_that_no_longer_fits_is_an_error_that_names_the_deployment(
    client: SyncPrefectClient,
) -> None:
    misfit = Environment("misfit", "kled-misfit")
    apply(client, ENTRIES, misfit)
    before = client.read_deployment_by_name("verify-snapshots/misfit")
    client.update_deployment(
        before.id, DeploymentUpdate(parameters={"level": 77}, enforce_parameter_schema=False)
    )

    with pytest.raises(InvalidInput, match="verify-snapshots/misfit: the server refuses it"):
        apply(client, ENTRIES, misfit)


def test_a_work_pool_of_another_type_is_not_touched(client: SyncPrefectClient) -> None:
    apply(client, ENTRIES, Environment("x", "of-processes"))

    with pytest.raises(InvalidInput, match="work pool of-processes exists and is of type process"):
        apply(client, ENTRIES, Environment("x", "of-processes", work_pool_type="docker"))


def test_an_unknown_type_of_work_pool_is_refused(client: SyncPrefectClient) -> None:
    with pytest.raises(InvalidInput, match="work-pool-type: abacus is not known here"):
        apply(client, ENTRIES, Environment("x", "counting", work_pool_type="abacus"))
