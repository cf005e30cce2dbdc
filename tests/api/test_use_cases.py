"""Whatever the command line does with clusters and snapshots, a program can do with `kled.api`."""

import inspect
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, Final

import pytest

from kled.api import ClusterSpec, Kled, Pace, RestoreOptions, Roll
from tests.api.test_exports import NOUNS
from tests.unit.cli.test_every_option import COMMANDS, SHARED, SWITCHES

USE_CASES: Final[dict[str, tuple[str, ...]]] = {
    "kled check-health": ("health.check",),
    "kled kops create-cluster": (
        "clusters.preview_definition",
        "clusters.store",
        "clusters.create",
    ),
    "kled kops create-instance-group": ("instance_groups.create",),
    "kled kops create-secret": ("secrets.create",),
    "kled kops delete-cluster": ("clusters.plan_deletion", "clusters.delete"),
    "kled kops delete-instance-group": ("instance_groups.plan_deletion", "instance_groups.delete"),
    "kled kops delete-secret": ("secrets.plan_deletion", "secrets.delete"),
    "kled kops edit-cluster": ("clusters.edit", "clusters.replace"),
    "kled kops edit-instance-group": ("instance_groups.edit", "instance_groups.replace"),
    "kled kops export-kubecfg": ("kubeconfigs.export",),
    "kled kops get-clusters": ("clusters.list", "clusters.definition"),
    "kled kops get-instance-groups": ("instance_groups.list",),
    "kled kops get-instances": ("clusters.instances",),
    "kled kops get-keypairs": ("keypairs.list",),
    "kled kops get-secrets": ("secrets.list",),
    "kled kops reconcile-cluster": ("clusters.plan_reconciling", "clusters.reconcile"),
    "kled kops rolling-update": ("clusters.preview_roll", "clusters.plan_roll", "clusters.roll"),
    "kled kops rotate-keypairs": ("keypairs.plan_rotation", "keypairs.rotate"),
    "kled kops scale-instance-group": (
        "instance_groups.plan_scaling",
        "instance_groups.scale",
        "instance_groups.abandon_scaling",
    ),
    "kled kops toolbox-dump": ("clusters.dump",),
    "kled kops update-cluster": ("clusters.plan_update", "clusters.update"),
    "kled kops upgrade-cluster": ("clusters.plan_upgrade", "clusters.upgrade"),
    "kled kops validate-cluster": ("health.validate", "health.wait", "health.validate_all"),
    "kled plan": ("clusters.pending", "clusters.pending_everywhere"),
    "kled recover plan": ("recovery.plan",),
    "kled snapshot create": ("snapshots.create",),
    "kled snapshot diff": ("snapshots.diff",),
    "kled snapshot epoch raise": ("epochs.preview_raise", "epochs.raise_here"),
    "kled snapshot epoch show": ("epochs.read",),
    "kled snapshot list": ("snapshots.list", "snapshots.missing"),
    "kled snapshot mirror": ("snapshots.mirror",),
    "kled snapshot prune": ("snapshots.plan_prune", "snapshots.prune"),
    "kled snapshot restore": ("snapshots.plan_restore", "snapshots.restore"),
    "kled snapshot show": ("snapshots.show",),
    "kled snapshot verify": ("snapshots.verify",),
}
NONE_IN_A_PROGRAM: Final = {
    "kled approve": "a person answers a flow of Prefect",
    "kled completion": "of a shell",
    "kled demo": "shown to a person",
    "kled deploy": "of Prefect: deployments are Prefect's own interface",
    "kled doctor": "looks at a machine for a person",
    "kled flows": "of Prefect",
    "kled kops configure-state-store": "writes a person's settings file",
    "kled kops install": "prepares a machine",
    "kled run": "of Prefect: flows are called as functions",
    "kled sandbox break": "a place to try things in",
    "kled sandbox env": "a place to try things in",
    "kled sandbox start": "a place to try things in",
    "kled sandbox status": "a place to try things in",
    "kled sandbox stop": "a place to try things in",
    "kled undeploy": "of Prefect",
}


def test_each_command_is_a_use_case_of_a_program_or_has_a_reason() -> None:
    assert set(COMMANDS) == set(USE_CASES) | set(NONE_IN_A_PROGRAM)
    assert not set(USE_CASES) & set(NONE_IN_A_PROGRAM)


def test_each_method_is_a_use_case_of_the_command_line() -> None:
    kled = Kled(environment={}, state_store="file:///nowhere")
    methods = {
        f"{noun}.{name}"
        for noun in NOUNS
        for name, _ in inspect.getmembers(getattr(kled, noun), inspect.ismethod)
        if not name.startswith("_")
    }

    assert methods == {name for names in USE_CASES.values() for name in names}


@pytest.mark.parametrize("path", USE_CASES)
def test_the_switches_of_a_command_are_overrides_and_nothing_else(path: str) -> None:
    """A guard is switched off by `Overrides` alone: no method has a way of its own."""
    kled = Kled(environment={}, state_store="file:///nowhere")
    for name in USE_CASES[path]:
        noun, _, method = name.partition(".")
        taken = inspect.signature(getattr(getattr(kled, noun), method)).parameters

        assert not [one for one in taken if one.startswith("no_") or one == "new_identity"]
        assert "yes" not in taken


VALUES: Final = {
    "spec": set(ClusterSpec.model_fields),
    "roll": {one.name for one in fields(Roll)},
    "pace": {one.name for one in fields(Pace)},
    "options": {one.name for one in fields(RestoreOptions)},
    "keep": {"last", "hourly", "daily", "weekly", "monthly", "yearly"},
}
"""Arguments that stand for several options, by their names."""
OTHERWISE: Final[dict[str, dict[str, str]]] = {
    "": {
        "name": "cluster",
        "everything": "cluster",  # None means all
        "group": "group",
        "groups": "instance_groups",
        "yes": "",  # the call
    },
    "kled check-health": {"wait": "patience", "no_validate": "validates"},
    "kled kops create-cluster": {"dry_run": "", "name": "name"},  # preview_definition; of the spec
    "kled kops create-secret": {"force": "replaces"},
    "kled kops edit-cluster": {"file": "text"},
    "kled kops edit-instance-group": {"file": "text"},
    "kled kops export-kubecfg": {"kubeconfig": "to"},
    "kled kops rolling-update": {"steady": "steadiness", "skip_preflight": "preflight"},
    "kled kops scale-instance-group": {"abandon": ""},  # abandon_scaling
    "kled kops validate-cluster": {"wait": "patience"},
    "kled snapshot create": {"name": "names", "everything": "names"},
    "kled snapshot restore": {"of": "of_state_store"},
    "kled snapshot verify": {"everything": "cluster"},
}
"""Options whose arguments have other names; of the whole command line, and of one command."""


@pytest.mark.parametrize("path", USE_CASES)
def test_each_option_of_a_command_is_an_argument(path: str) -> None:
    renamed = OTHERWISE[""] | OTHERWISE.get(path, {})
    own = {option.name or "" for option in COMMANDS[path].params if option.expose_value}
    wanted = {renamed.get(name, name) for name in own - SHARED - SWITCHES} - {""}

    assert sorted(wanted - set(_arguments(path))) == []


def _arguments(path: str) -> Iterator[str]:
    kled: Any = Kled(environment={}, state_store="file:///nowhere")
    for name in USE_CASES[path]:
        noun, _, method = name.partition(".")
        for taken in inspect.signature(getattr(getattr(kled, noun), method)).parameters:
            yield taken
            yield from VALUES.get(taken, ())
            if taken == "name":
                yield "cluster"
