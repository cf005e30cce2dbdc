"""Rewriting a definition for another place: which rules there are, and their order."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kled import yaml_text
from kled.errors import InvalidInput, TextUnreadable
from kled.kops.facts.api_versions import STORED
from kled.models.definition import object_name
from kled.recovery.rewrite import chosen
from kled.recovery.rewrite import sides as both
from kled.recovery.rewrite.differs import differences
from kled.recovery.rewrite.draft import Draft
from kled.recovery.rewrite.leftovers import leftovers
from kled.recovery.rewrite.machines import move_account, move_machines
from kled.recovery.rewrite.network import label, move_network
from kled.recovery.rewrite.places import move_issuer, move_places
from kled.recovery.rewrite.resources import map_resources, settle
from kled.recovery.rewrite.rewritten import Rewritten
from kled.recovery.rewrite.sides import Sides
from kled.recovery.rewrite.target import Target
from kled.recovery.rewrite.undecided import Undecided


def rewrite(cluster: bytes, groups: Sequence[bytes], target: Target) -> Rewritten:
    """Return a cluster's definition, as the state store or kops has it, for another place. Pure.

    The same place gives the same bytes. Raises `InvalidInput` for what cannot be read, for a target
    that kops could not run the cluster at, and where two groups or subnets would have one name;
    `NotApproved` where both sides would share IAM roles or their like (`Target.iam_isolation`).
    What a person has to decide is in the result, and is no error before its bytes are asked for.
    """
    stored = [(cluster, _read("Cluster", cluster))]
    stored += [(body, _read("InstanceGroup", body)) for body in groups]
    documents = [document for _, document in stored]
    sides = both.look(documents[0], documents[1:], target)
    drafts = _drafts(documents, target)
    chosen.check(drafts, target)
    undecided = tuple(_apply(drafts, sides))
    return Rewritten(
        cluster=sides.name,
        changes=tuple(change for draft in drafts for change in draft.changes()),
        undecided=undecided,
        differs=tuple(differences(drafts[0], drafts[1:], sides)),
        statement=both.gone(sides),
        _bodies=tuple(zip(drafts, (body for body, _ in stored), strict=True)),
    )


def _apply(drafts: Sequence[Draft], sides: Sides) -> Iterator[Undecided]:
    """Change the drafts, and yield what is left to decide."""
    cluster, groups = drafts[0], drafts[1:]
    for draft in drafts:
        move_places(draft, sides)
    undecided = list(move_issuer(cluster, sides))
    move_network(cluster, groups, sides)
    move_machines(groups, sides)
    move_account(cluster, sides)
    for draft in drafts:
        map_resources(draft, sides)
    chosen.choose(drafts, sides.target)
    for draft in drafts:
        undecided += settle(draft, sides)
    if any(draft.document != draft.original for draft in drafts):
        label(groups, sides.name)
    yield from undecided
    yield from leftovers(drafts, sides, {each.field for each in undecided})


def _drafts(documents: Sequence[Mapping[str, Any]], target: Target) -> list[Draft]:
    names = ["", *(object_name(group) for group in documents[1:])]
    if len(set(names)) != len(names):
        raise InvalidInput("instance groups", "two have one name, or one has none")
    return [
        Draft(name, document, target.kept) for name, document in zip(names, documents, strict=True)
    ]


def _read(kind: str, body: bytes) -> Mapping[str, Any]:
    try:
        document = yaml_text.document(body)
    except TextUnreadable as error:
        raise InvalidInput(kind, f"it cannot be read: {error.message}", hint=error.hint) from error
    if not isinstance(document, Mapping) or document.get("kind") != kind:
        raise InvalidInput(kind, f"the document is no {kind} of kops")
    version = document.get("apiVersion")
    if version != STORED:
        raise InvalidInput(
            kind,
            f"it is written as {version}, whose fields have other names",
            hint=f"kops stores {STORED}: take the object as it is in the state store",
        )
    return document
