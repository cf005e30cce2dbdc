"""Takes from a Prefect server what `kled deploy` made for an environment, and nothing else."""

from dataclasses import dataclass
from typing import Literal

from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectNotFound

from deployments.automating import present
from deployments.catalog import CatalogEntry

RemovalOutcome = Literal["goes", "removed", "stays"]


@dataclass(frozen=True, slots=True)
class Removal:
    """One thing that goes, or that stays although people may expect that it goes."""

    kind: Literal["deployment", "automation", "work pool"]
    name: str
    outcome: RemovalOutcome
    remark: str = ""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "kind": self.kind,
            "name": self.name,
            "outcome": self.outcome,
            "remark": self.remark,
        }


def remove(
    client: SyncPrefectClient,
    entries: tuple[CatalogEntry, ...],
    environment: str,
    pool: str,
    *,
    act: bool,
) -> tuple[Removal, ...]:
    """Remove the automations and deployments of an environment; without `act` only list them.

    Automations go first, so that nobody is told of what goes. Runs, their logs and artifacts stay,
    and so does the work pool, which others may use. Safe to repeat and to kill.
    """
    outcome: RemovalOutcome = "removed" if act else "goes"
    removals = []
    for automation in present(client, environment).values():
        if act:
            client.delete_automation(automation.id)
        removals.append(Removal("automation", automation.name, outcome))
    for name in (f"{entry.flow}/{environment}" for entry in entries):
        try:
            deployment = client.read_deployment_by_name(name)
        except ObjectNotFound:
            continue
        if act:
            client.delete_deployment(deployment.id)
        removals.append(Removal("deployment", name, outcome))
    if removals:
        hint = f"others may use it; else: prefect work-pool delete {pool}"
        removals.append(Removal("work pool", pool, "stays", hint))
    return tuple(removals)
