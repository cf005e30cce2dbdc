"""Where something is missing, the error says what to type, and of what is gone where it was."""

import os
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError
from click.shell_completion import CompletionItem

from kled import config
from kled.cli import app
from kled.cli.completing.shells import format_answer
from kled.errors import BucketMissing, InvalidInput, SettingsError, StoreDenied
from kled.operations.credentials.secrets import CreateSecret
from kled.operations.fleet import stored_names
from kled.operations.guards.overrides import NOTHING
from kled.operations.runner import run
from kled.operations.session import Session, Who
from kled.operations.snapshots.mirror import MirrorSnapshots
from kled.operations.step import attempt
from kled.retry import Clock
from kled.snapshot.repository import SnapshotStore
from kled.storage.local.store import LocalStore
from kled.storage.s3.errors import translated
from tests.fake_kops import FakeKops
from tests.unit.snapshot.restoring import snapshot_store, take

C = "c.example.com"
CLOCK = Clock(lambda: 0.0, lambda _: None)


def test_a_shell_of_a_refused_sandbox_is_told_the_command_that_starts_it(tmp_path: Path) -> None:
    box = tmp_path / "a box"

    with pytest.raises(SettingsError) as refused:
        config.load({"HOME": str(tmp_path), "KLED_SANDBOX": f"refused: {box}"})

    assert refused.value.message.endswith(f"is not there: {box}")
    assert f"kled sandbox start --dir='{box}'" in str(refused.value.hint)


def test_whoever_names_no_phase_is_told_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in os.environ if name.startswith(("KLED_", "KOPS_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))

    assert app.run(["kops", "rotate-keypairs", f"--name={C}"]) == 2
    told = " ".join(capfd.readouterr().err.split())
    assert "--phase=create, then promote, then distrust" in told


def test_without_credentials_the_variables_are_named_and_that_nothing_was_asked() -> None:
    with pytest.raises(StoreDenied) as refused, translated("acme-kops-state"):
        raise NoCredentialsError

    assert "nothing was asked of the store: set AWS_PROFILE" in str(refused.value.hint)


def test_a_docker_configuration_that_is_no_json_is_refused_before_kops_is_asked(
    tmp_path: Path,
) -> None:
    """The hint had an older one deleted, though nothing was stored."""
    file = tmp_path / "config.json"
    file.write_text("{ hunter2")
    session: Any = SimpleNamespace(kops=FakeKops(), check=lambda: None)
    step = next(
        step
        for step in CreateSecret(C, "dockerconfig", file).steps()
        if step.name == "create secret"
    )

    with pytest.raises(InvalidInput, match="is no JSON") as refused:
        attempt(step, session)

    assert "hunter2" not in f"{refused.value}"
    assert "delete-secret" not in str(refused.value.hint)


def test_a_mirror_to_a_bucket_that_is_not_there_says_where_its_making_is_described(
    tmp_path: Path,
) -> None:
    (tmp_path / "kept").mkdir()
    here = snapshot_store()
    kept = SnapshotStore(
        LocalStore(tmp_path / "kept", CLOCK), here.keys, now=here.now, chance=here.chance
    )
    take(kept, {"config": b"x"})
    env = {"HOME": str(tmp_path), "KLED_SNAPSHOT_STORE": (tmp_path / "kept").as_uri()}
    who = Who("t", "a run", timedelta(0))
    session = Session(config.load(env), None, CLOCK, who, None, overrides=NOTHING)

    with pytest.raises(BucketMissing) as refused:
        run(MirrorSnapshots((tmp_path / "new").as_uri()), session)

    assert "docs/snapshots.md says how one is made" in str(refused.value.hint)


@pytest.mark.parametrize(
    ("typed", "inserted"), [("", "system:dns"), ("sy", "system:dns"), ("system:", "dns")]
)
def test_a_secret_with_a_colon_is_offered_as_bash_splits_it(
    tmp_path: Path, typed: str, inserted: str
) -> None:
    for name in ("config", "secrets/system:dns"):
        path = tmp_path / "state" / C / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    names = stored_names.secrets(LocalStore(tmp_path / "state", CLOCK), C)
    line = f"kled kops delete-secret --name={C} --secret={typed}"
    items = [CompletionItem(f"--secret={name}", type="plain") for name in names]

    told = format_answer("bash", line, " \t\n\"'><=;|&(:", items)

    assert told.split("\t")[1:2] == [inserted]
