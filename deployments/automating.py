"""Puts automations onto a Prefect server, and keeps what people changed there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.events.schemas.automations import Automation, AutomationCore

from deployments import automations
from deployments.automation_kinds import tag
from deployments.automations import WantedAutomation
from kled.errors import InvalidInput

_OURS = "kled"
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of one automation."""

    automation: str
    outcome: Literal["created", "updated", "removed"]
    kept: tuple[str, ...] = ()
    """What people set on the server: a pause, further actions."""

    @property
    def words(self) -> str:
        """Say it in one line."""
        kept = f" (kept {', '.join(self.kept)})" if self.kept else ""
        return f"automation {self.automation!r}: {self.outcome}{kept}"


def bring(
    client: SyncPrefectClient,
    environment: str,
    deployments: Mapping[str, UUID],
    block: UUID | None,
) -> tuple[Brought, ...]:
    """Make the automations of `environment` be as they shall be; safe to repeat.

    `deployments` are the ids of its deployments by the names of their flows.

    `block` is the notification block by which people are told (`notification_block`); without one
    nobody is, and what told before is removed. A pause, another name and further actions that
    somebody set stay. Killed halfway, the next call does the rest.
    """
    existing = present(client, environment)
    outcomes = [
        _bring(client, wanted, existing.pop(tag(environment, wanted.kind), None))
        for wanted in automations.wanted(environment, deployments, block)
    ]
    for left in existing.values():
        client.delete_automation(left.id)
        outcomes.append(Brought(left.name, "removed"))
    return tuple(outcomes)


def notification_block(client: SyncPrefectClient, reference: str) -> UUID:
    """Return the id of the block `TYPE/NAME`, for example `slack-webhook/ops`; read only.

    Raises `InvalidInput` where there is none, or none that sends notifications.
    """
    from prefect.exceptions import ObjectNotFound  # noqa: PLC0415 - beside its only use

    kind, slash, name = reference.partition("/")
    if not (kind and slash and name):
        raise InvalidInput(
            "notify", f"{reference!r} is not TYPE/NAME", hint="for example slack-webhook/ops"
        )
    try:
        block = client.read_block_document_by_name(name, kind)
    except ObjectNotFound:
        raise InvalidInput(
            "notify",
            f"there is no block {reference} on the Prefect server",
            hint="make it in Prefect's UI, under Blocks, where its URL is kept as a secret",
        ) from None
    schema = block.block_schema
    if schema is None or "notify" not in (schema.capabilities or ()):
        raise InvalidInput("notify", f"the block {reference} sends no notifications")
    return block.id


def _bring(
    client: SyncPrefectClient, wanted: WantedAutomation, existing: Automation | None
) -> Brought:
    if existing is None:
        client.create_automation(wanted.core)
        return Brought(wanted.core.name, "created")
    merged, kept = _merged(wanted.core, existing)
    client.update_automation(existing.id, _whole(merged))
    return Brought(merged.name, "updated", kept)


def _merged(core: AutomationCore, existing: Automation) -> tuple[AutomationCore, tuple[str, ...]]:
    """Return `core` with what people set on `existing`, and that in words."""
    ours = {action.type for action in core.actions}
    more = [action for action in existing.actions if action.type not in ours]
    merged = AutomationCore(
        name=existing.name,
        description=core.description,
        enabled=existing.enabled,
        tags=[*core.tags, *(tag for tag in existing.tags if tag not in core.tags)],
        trigger=core.trigger,
        actions=[*core.actions, *more],
        actions_on_trigger=existing.actions_on_trigger,
        actions_on_resolve=existing.actions_on_resolve,
    )
    kept = [
        *([] if existing.enabled else ["its pause"]),
        *([] if existing.name == core.name else ["its name"]),
        *(f"the action {action.type}" for action in more),
    ]
    return merged, tuple(kept)


def _whole(core: AutomationCore) -> AutomationCore:
    """Return `core` with each field written out: Prefect sends no others, types included.

    Who owns it cannot be sent, not even that nobody does.
    """
    return AutomationCore.model_validate(core.model_dump(exclude={"owner_resource"}))


def present(client: SyncPrefectClient, environment: str) -> dict[str, Automation]:
    """Return kled's automations of `environment` by their tags; of two alike the last counts."""
    mark = tag(environment, "")
    ours: dict[str, Automation] = {}
    for automation in _all(client):
        for name in automation.tags:
            if name.startswith(mark):
                ours[name] = automation
    return ours


def _all(client: SyncPrefectClient) -> list[Automation]:
    """Return every automation of the server; it answers in pages."""
    read: list[Automation] = []
    while True:
        page = client.read_automations(limit=_PAGE, offset=len(read))
        read += page
        if len(page) < _PAGE:
            return read
