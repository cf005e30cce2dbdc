"""What kled put onto a server it takes away again, and nothing else."""

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.exceptions import ObjectNotFound

from deployments import catalog
from deployments.apply import apply
from deployments.automating import bring, present
from deployments.environment import Environment
from deployments.removing import remove

pytestmark = pytest.mark.prefect
ENTRIES = catalog.load(catalog.path())[:2]


def deployed(client: SyncPrefectClient, name: str) -> None:
    applied = apply(client, ENTRIES, Environment(name, "shared"))
    bring(client, name, {one.flow: one.id for one in applied}, None)


def test_what_was_deployed_is_listed_and_goes_with_yes_and_the_pool_stays() -> None:
    with get_client(sync_client=True) as client:
        deployed(client, "going")
        deployed(client, "going-on")

        listed = remove(client, ENTRIES, "going", "shared", act=False)
        assert len(present(client, "going")) == 2
        gone = remove(client, ENTRIES, "going", "shared", act=True)

        assert [(one.kind, one.name) for one in gone] == [(one.kind, one.name) for one in listed]
        assert {one.outcome for one in listed} == {"goes", "stays"}
        assert {one.outcome for one in gone} == {"removed", "stays"}
        assert present(client, "going") == {}
        with pytest.raises(ObjectNotFound):
            client.read_deployment_by_name(f"{ENTRIES[0].flow}/going")
        assert client.read_work_pool("shared").name == "shared"
        assert len(present(client, "going-on")) == 2
        assert client.read_deployment_by_name(f"{ENTRIES[0].flow}/going-on").name == "going-on"
        assert remove(client, ENTRIES, "going", "shared", act=True) == ()
