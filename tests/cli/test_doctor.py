import json
import os
import subprocess
from pathlib import Path

import pytest

from kled.sandbox import control
from tests.boxes import measured
from tests.forking import fork_kops, run_kled
from tests.unit.cli.prefect_api import server


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    control.start(tmp_path / "box", speed=600)
    fork_kops(tmp_path / "box")
    return control.environment(tmp_path / "box", path=os.defpath)


def doctor(env: dict[str, str], *args: str) -> subprocess.CompletedProcess[str]:
    return run_kled("doctor", *args, env={**env, **measured()})


def checks(env: dict[str, str]) -> dict[str, dict[str, object]]:
    return {row["check"]: row for row in json.loads(doctor(env, "--output=json").stdout)}


def test_a_working_set_up_is_well(env: dict[str, str], tmp_path: Path) -> None:
    done = doctor(env)

    assert done.returncode == 0
    assert done.stdout.startswith("CHECK")
    found = checks(env)
    assert "(simulated)" in str(found["kops"]["detail"])
    for name in ("state store", "state store: write", "state store: leases", "clusters"):
        assert found[name]["state"] == "ok"
    assert found["cloud aws"]["state"] == "not tried"  # it is simulated, and takes no credentials
    assert "cloud linode" not in found
    assert not list((tmp_path / "box" / "state").rglob("*"))


def test_a_doctor_that_only_reads_writes_nothing_and_says_what_it_left(  # fault 33
    env: dict[str, str], tmp_path: Path
) -> None:
    state = tmp_path / "box" / "state"
    before = sorted(state.rglob("*"))

    found = {
        row["check"]: row for row in json.loads(doctor(env, "--read-only", "--output=json").stdout)
    }

    assert found["state store"]["state"] == "ok"
    assert found["state store: write"]["state"] == "not tried"
    assert "--read-only" in str(found["state store: write"]["detail"])
    assert sorted(state.rglob("*")) == before


def test_what_killed_runs_left_is_said_and_then_removed(  # fault 99
    env: dict[str, str], tmp_path: Path
) -> None:
    env = env | {"TMPDIR": str(tmp_path)}
    left = tmp_path / f"kled-{os.geteuid()}" / "run-dead"
    left.mkdir(parents=True)
    left.parent.chmod(0o700)

    found = checks(env)["killed runs"]

    assert found["state"] == "found"
    assert f"1 left directory with secrets in {left.parent}" in str(found["detail"])
    assert not left.exists()  # doctor asks kops for its version, in a session


def test_without_kops_and_state_store_it_says_what_to_do(tmp_path: Path) -> None:
    bare = {"HOME": str(tmp_path), "PATH": str(tmp_path)}

    done = doctor(bare)

    assert done.returncode == 1
    assert "kops: there is no kops" in done.stderr
    assert "kled kops configure-state-store --state=s3://BUCKET" in done.stderr


def test_a_missing_kops_and_a_silent_server_are_wrong_and_the_rest_is_tried(
    env: dict[str, str],
) -> None:
    broken = env | {"PREFECT_API_URL": "http://127.0.0.1:9/api", "KLED_KOPS": "/nowhere/kops"}

    found = checks(broken)

    assert doctor(broken).returncode == 1
    assert found["Prefect server"]["state"] == "wrong"
    assert found["kops"]["state"] == "missing"
    assert found["state store"]["state"] == "ok"
    assert found["clusters"]["state"] == "not tried"


def test_a_server_to_which_nothing_is_deployed_yet_is_no_failure(env: dict[str, str]) -> None:
    def fresh(path: str, _body: object, _: str | None) -> tuple[int, object]:
        return 200, "3.9.1" if path.endswith("version") else []

    with server(fresh) as url:
        done = doctor(env | {"PREFECT_API_URL": url}, "--output=json")

    found = {row["check"]: row for row in json.loads(done.stdout)}
    assert done.returncode == 0, done.stderr
    assert (found["work pool"]["state"], found["work pool"]["hint"]) == ("missing", "kled deploy")


def test_a_state_store_that_is_not_there_is_wrong(env: dict[str, str]) -> None:
    found = checks(env | {"KOPS_STATE_STORE": "file:///nowhere", "KLED_STATE_STORE": ""})

    assert found["state store"]["state"] == "wrong"
    assert found["state store"]["detail"] == "there is no directory /nowhere"


def test_missing_variables_of_a_cloud_are_named_and_needed_by_nobody(env: dict[str, str]) -> None:
    found = checks(env)["cloud hetzner"]

    assert found["detail"] == "not set: HCLOUD_TOKEN"
    assert found["needed"] is False


def test_the_snapshot_store_and_its_keys_are_tried(env: dict[str, str], tmp_path: Path) -> None:
    kept = env | {"KLED_SNAPSHOT_STORE": (tmp_path / "box" / "snapshots").as_uri()}
    detail = checks(kept)["snapshot store"]["detail"]
    assert str(detail).endswith("snapshots: NOT ENCRYPTED, NOT SIGNED, no identity here, empty yet")

    identity = tmp_path / "identity"
    identity.write_text("AGE-SECRET-KEY-")
    identity.chmod(0o644)
    found = checks(kept | {"KLED_SNAPSHOT_IDENTITY": str(identity)})["snapshot store"]

    assert found["state"] == "wrong"
    assert f"others may read {identity}" in str(found["detail"])
    assert not (tmp_path / "box" / "snapshots" / "probe").exists()
    gone = checks(env | {"KLED_SNAPSHOT_STORE": "file:///nowhere"})["snapshot store"]
    assert gone["detail"] == "there is no directory /nowhere"
