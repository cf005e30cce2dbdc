"""Automations beside the deployments: made, updated in place, and kept as people changed them."""

from collections.abc import Iterator, Mapping
from uuid import UUID, uuid4

import pytest
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.blocks.system import Secret
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.events.schemas.automations import Automation, AutomationCore

from deployments import catalog
from deployments.automating import bring, notification_block
from deployments.automation_kinds import ENDING_KINDS, TELLING_KINDS, tag
from kled.errors import InvalidInput

pytestmark = pytest.mark.prefect
IDS: Mapping[str, UUID] = {entry.flow: uuid4() for entry in catalog.load(catalog.path())}
TELLING, ENDING = set(TELLING_KINDS), set(ENDING_KINDS)


@pytest.fixture
def client() -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as client:
        yield client


@pytest.fixture
def block(client: SyncPrefectClient) -> UUID:
    CustomWebhookNotificationBlock(name="ops", url="http://127.0.0.1:9/").save(
        "ops", overwrite=True
    )
    return notification_block(client, "custom-webhook/ops")


def there(client: SyncPrefectClient, environment: str) -> dict[str, Automation]:
    """Return kled's automations of an environment by what they are for."""
    mark = tag(environment, "")
    return {
        one.name.removeprefix(f"kled {environment}: "): one
        for one in client.read_automations()
        if any(name.startswith(mark) for name in one.tags)
    }


def test_a_lost_host_ends_its_runs_and_people_are_told(
    client: SyncPrefectClient, block: UUID
) -> None:  # faults 46 and 47
    brought = bring(client, "told", IDS, block)

    found = there(client, "told")
    assert set(found) == ENDING | TELLING
    assert {one.outcome for one in brought} == {"created"}
    assert all(one.enabled for one in found.values())
    assert "automation 'kled told: tell of crashed runs': created" in [one.words for one in brought]


def test_without_a_notification_block_runs_are_ended_and_nobody_is_told(
    client: SyncPrefectClient,
) -> None:
    bring(client, "untold", IDS, None)

    assert set(there(client, "untold")) == ENDING


def test_deploying_again_changes_nothing_but_what_differs(
    client: SyncPrefectClient, block: UUID
) -> None:
    bring(client, "twice", IDS, block)
    before = there(client, "twice")

    brought = bring(client, "twice", IDS, block)

    after = there(client, "twice")
    assert {name: one.id for name, one in after.items()} == {
        name: one.id for name, one in before.items()
    }
    assert {one.outcome for one in brought} == {"updated"}
    for name, one in after.items():
        assert one.actions == before[name].actions
        assert one.trigger.model_dump(exclude={"id"}) == before[name].trigger.model_dump(
            exclude={"id"}
        )


def test_a_pause_another_name_and_a_further_action_are_kept(
    client: SyncPrefectClient, block: UUID
) -> None:
    bring(client, "kept", IDS, block)
    late = there(client, "kept")["tell of late runs"]
    fields = late.model_dump(exclude={"id", "owner_resource"})
    fields["actions"].append({"type": "do-nothing"})
    changed = AutomationCore(**{**fields, "name": "slow", "enabled": False})
    client.update_automation(late.id, changed)

    brought = bring(client, "kept", IDS, block)

    after = client.read_automation(late.id)
    assert after is not None
    assert (after.name, after.enabled) == ("slow", False)
    assert [one.type for one in after.actions] == ["send-notification", "do-nothing"]
    assert len(there(client, "kept")) == len(ENDING | TELLING)
    (words,) = (one.words for one in brought if one.kept)
    assert words.endswith("(kept its pause, its name, the action do-nothing)")


def test_who_is_no_longer_told_loses_the_automations_that_told(
    client: SyncPrefectClient, block: UUID
) -> None:
    bring(client, "left", IDS, block)

    brought = bring(client, "left", IDS, None)

    assert set(there(client, "left")) == ENDING
    assert sum(one.outcome == "removed" for one in brought) == len(TELLING)


def test_environments_do_not_touch_each_others(client: SyncPrefectClient, block: UUID) -> None:
    bring(client, "one", IDS, block)
    bring(client, "one-more", IDS, None)
    bring(client, "one", IDS, None)

    assert set(there(client, "one")) == ENDING
    assert set(there(client, "one-more")) == ENDING


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("custom-webhook/nobody", "there is no block custom-webhook/nobody on the Prefect server"),
        ("no-such-type/ops", "there is no block no-such-type/ops on the Prefect server"),
        ("secret/pager", "the block secret/pager sends no notifications"),
    ],
)
def test_a_block_that_tells_nobody_is_named(
    client: SyncPrefectClient, reference: str, words: str
) -> None:
    Secret(value="x").save("pager", overwrite=True)

    with pytest.raises(InvalidInput, match=words):
        notification_block(client, reference)
