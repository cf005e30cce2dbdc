"""Plays of the documents about changes: updates, rolls, deletions, pipelines."""

from typing import Final

from tests.docs.play import Play, Prepare
from tests.docs.stage import CLUSTER, Stage

_PROD: Final = "prod.example.com"
_WHEEL: Final = "installs a wheel; tests/packaging/test_wheel.py builds it"


def _applied(stage: Stage) -> None:
    stage.in_the_sandbox(PREFECT_API_URL=stage.api())
    stage.create()


def _edited(cluster: str = CLUSTER) -> Prepare:
    """Let there be a change for which machines have to roll."""

    def prepare(stage: Stage) -> None:
        kind = "t3.small" if stage.values.get("kind") == "t3.large" else "t3.large"
        stage.values["kind"] = kind
        edit = f"kled kops edit-instance-group --name={cluster} --instance-group=nodes"
        stage.do(f"{edit} --set=spec.machineType={kind}")

    return prepare


def _seen(stage: Stage) -> None:
    _edited()(stage)
    stage.remember(stage.do(f"kled kops update-cluster --name={CLUSTER}"))


def _needs_a_roll(stage: Stage) -> None:
    _edited()(stage)
    stage.do(f"kled kops update-cluster --name={CLUSTER} --yes")


def _there_again(stage: Stage) -> None:
    """Make the deleted cluster anew, and look at what its deletion would take."""
    stage.do(f"kled kops delete-cluster --name={CLUSTER} --yes || true")
    stage.create()
    stage.remember(stage.do(f"kled kops delete-cluster --name={CLUSTER}"))


def _after_unregister(stage: Stage) -> None:
    restore = f"kled snapshot restore --name={CLUSTER} --snapshot=latest --yes --with-control"
    stage.do(restore)
    stage.remember(stage.do(f"kled kops delete-cluster --name={CLUSTER}"))


def _labelled(stage: Stage) -> None:
    """Give the cluster what the examples take from it."""
    edit = f"--name={CLUSTER} --set=spec.{{}}.team=a"
    group = "--instance-group=nodes"
    stage.do(f"kled kops edit-instance-group {group} {edit.format('nodeLabels')}")
    stage.do(f"kled kops edit-cluster {edit.format('cloudLabels')}")


def _with_an_editor(stage: Stage) -> None:
    editor = stage.directory / "editor"
    editor.write_text("#!/bin/sh\nsed -i 's/channel: .*/channel: alpha/' \"$1\"\n")
    editor.chmod(0o755)
    stage.new_shell(EDITOR=str(editor))


def _edited_file(stage: Stage) -> None:
    file = stage.work / "cluster.json"
    file.write_text(file.read_text().replace('"alpha"', '"stable"'))


def _not_there(stage: Stage) -> None:
    stage.do(f"kled kops delete-cluster --name={CLUSTER} --yes")


def _of_today(stage: Stage) -> None:
    """Make the cluster that the last example stored whole."""
    stage.do(f"kled kops update-cluster --name={CLUSTER} --yes")


def _prod(stage: Stage) -> None:
    stage.in_the_sandbox(GITHUB_STEP_SUMMARY=str(stage.directory / "summary"))
    stage.create(_PROD)
    _edited(_PROD)(stage)


PLAYS: Final = {
    "docs/ci.md": Play(
        _prod,
        exits={
            "kled plan --name=prod.example.com --output=json > plan.json\n": (3, "exit_codes: 3")
        },
        left_out={"pip install wheels/": _WHEEL},
        needs=("jq",),
    ),
    "docs/deletion.md": Play(
        _applied,
        before={
            "kled kops delete-cluster --name=C --yes --confirm=C": _there_again,
            "kled kops delete-cluster --name=C --yes --unregister": _there_again,
            "kled run delete-cluster": _after_unregister,
        },
    ),
    "docs/rolls.md": Play(
        _applied,
        before={
            "kled kops rolling-update --name=C --yes": _needs_a_roll,
            "kled run roll-cluster": _needs_a_roll,
        },
    ),
    "docs/updates.md": Play(
        _applied,
        before={
            "kled kops update-cluster --name=C\n": _edited(),
            "kled kops update-cluster --name=C --yes --digest=0b5a6a4f9c1e --roll": _seen,
            "kled run update-cluster": _seen,
            "kled kops edit-instance-group --name=C --instance-group=nodes --unset": _labelled,
            "kled kops edit-cluster --name=C\n": _with_an_editor,
            "kled kops edit-cluster --name=C --file": _edited_file,
            "kled kops create-cluster": _not_there,
            "kled kops upgrade-cluster --name=C\n": _of_today,
        },
        needs=("jq",),
    ),
}
