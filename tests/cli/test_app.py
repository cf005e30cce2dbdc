import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.boxes import measured
from tests.forking import run_kled

KLED = [sys.executable, "-m", "kled"]


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """A private home with no settings, no kops and no credentials."""
    return {"HOME": str(tmp_path), "PATH": os.defpath}


def kled(*args: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return run_kled(*args, env={**env, **measured()})


def started(*args: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*KLED, *args], env={**env, **measured()}, capture_output=True, text=True, check=False
    )


def test_the_version_is_printed(home: dict[str, str]) -> None:
    done = started("--version", env=home)

    assert done.stdout.startswith("kled ")
    assert done.returncode == 0


@pytest.mark.parametrize("command", [[], ["kops"], ["kops", "get-clusters"], ["sandbox", "start"]])
def test_help_is_printed(home: dict[str, str], command: list[str]) -> None:
    done = started(*command, "--help", env=home)

    assert done.stdout.startswith("Usage: kled")
    assert done.returncode == 0


def commands() -> list[str]:
    from kled.cli.app import KOPS

    return sorted(KOPS._lazy)


@pytest.mark.parametrize("command", commands())
def test_every_kops_command_has_help_with_examples_and_output_formats(command: str) -> None:
    import click

    from kled.cli.app import KOPS

    found = KOPS.get_command(click.Context(KOPS), command)

    assert found is not None
    text = found.get_help(click.Context(found, info_name=command, **found.context_settings))
    assert f"kled kops {command}" in text
    assert "--output" in text


def test_no_kops_command_imports_prefect_or_an_sdk() -> None:
    script = (
        "import sys, click; from kled.cli.app import KOPS\n"
        "for name in KOPS._lazy: KOPS.get_command(click.Context(KOPS), name)\n"
        "heavy = ('prefect', 'boto3', 'google.cloud.storage', 'azure.storage.blob')\n"
        "print([m for m in heavy if m in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


def test_a_command_looks_for_unreachable_circles_seldom(home: dict[str, str]) -> None:
    # with Python's own 700 that is a quarter of the processor time of a fleet's listing
    script = (
        "import gc, sys; from kled.__main__ import main\n"
        "sys.argv = ['kled', '--version']\n"
        "try: main()\n"
        "except SystemExit: print(gc.isenabled(), gc.get_threshold()[0])"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], env=home, capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "True 10000"


def test_an_unknown_command_names_the_nearest(home: dict[str, str]) -> None:
    done = kled("kops", "get-cluster", env=home)

    assert "Did you mean 'get-clusters'?" in done.stderr
    assert done.returncode == 2


def test_an_unknown_option_is_refused(home: dict[str, str]) -> None:
    done = kled("kops", "get-clusters", "--frobnicate", env=home)

    assert "No such option" in done.stderr
    assert done.returncode == 2


def test_an_unknown_variable_is_refused_before_anything_is_called(home: dict[str, str]) -> None:
    done = kled("kops", "get-clusters", env={**home, "KLED_KOP": "x"})

    assert done.stderr.splitlines()[0] == "kled: unknown variable KLED_KOP"
    assert "KLED_KOPS" in done.stderr
    assert done.returncode == 2


def test_a_missing_state_store_is_explained(home: dict[str, str]) -> None:
    done = kled("kops", "get-clusters", env=home)

    assert done.stderr.startswith("kled: no state store is named\nhint: pass --state=")
    assert done.stdout == ""
    assert done.returncode == 2


def test_a_missing_kops_is_explained(home: dict[str, str]) -> None:
    done = kled("kops", "get-clusters", "--state=file:///nowhere", env=home)

    assert done.stderr.startswith("kled: there is no kops")
    assert "kled kops install --version=latest" in done.stderr
    assert done.returncode == 2


def fake_kops(directory: Path, script: str) -> dict[str, str]:
    program = directory / "kops"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    (directory / "state").mkdir()
    state = {"KOPS_STATE_STORE": (directory / "state").as_uri()}
    return {"HOME": str(directory), "PATH": os.defpath, "KLED_KOPS": str(program)} | state


def test_a_reader_that_goes_away_ends_kled_quietly(tmp_path: Path) -> None:
    env = fake_kops(tmp_path, "echo '[]'")

    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m kled sandbox break --dir={tmp_path} 2>&1 | true"],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (">&-", "cannot write the output: stdout is closed"),
        (">/dev/full", "cannot write the output: no space left on device"),
        (">&- 2>&-", ""),
    ],
)
@pytest.mark.parametrize("form", ["table", "json"])
def test_a_result_that_cannot_be_written_is_no_success(
    tmp_path: Path, where: str, words: str, form: str
) -> None:
    env = fake_kops(tmp_path, "echo '[]'")
    words_of = f"-m kled kops get-clusters --output={form}"

    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} {words_of} {where}"],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, "bug in kled" in done.stderr) == (1, False)
    assert words in done.stderr


@pytest.mark.parametrize("where", ["2>&-", "2>/dev/full"])
def test_words_that_nobody_can_hear_stop_nothing(tmp_path: Path, where: str) -> None:
    env = fake_kops(tmp_path, "echo '[]'")
    words = "-m kled kops get-clusters --output=json"

    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} {words} {where}"],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "[]\n")


def test_an_interrupt_while_it_starts_is_said(tmp_path: Path) -> None:
    """…also before anything of the command line is imported."""
    (tmp_path / "click.py").write_text("import os; os.kill(os.getpid(), 2)\n")

    done = subprocess.run(
        [sys.executable, "-c", "from kled.__main__ import main; main()"],
        env={"HOME": str(tmp_path), "PATH": os.defpath, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (130, "kled: interrupted\nnothing was changed\n")


@pytest.mark.parametrize(
    ("sent", "code", "words"),
    [(signal.SIGTERM, 143, "kled: terminated"), (signal.SIGINT, 130, "kled: interrupted")],
)
def test_a_signal_ends_kops_and_then_kled(
    tmp_path: Path, sent: signal.Signals, code: int, words: str
) -> None:
    env = fake_kops(tmp_path, f"echo $$ > {tmp_path}/pid; exec sleep 600")
    running = subprocess.Popen(
        [*KLED, "kops", "get-clusters"], env=env, stderr=subprocess.PIPE, text=True
    )
    pid_file = tmp_path / "pid"
    deadline = time.monotonic() + 30
    while not (pid_file.exists() and pid_file.read_text().strip()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.3)

    running.send_signal(sent)

    assert words in running.communicate(timeout=30)[1]
    assert running.returncode == code
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


def test_a_bug_is_told_as_one_without_leaking_secrets(tmp_path: Path) -> None:
    script = (
        "import click; from kled.cli import app\n"
        "@click.command('boom')\n"
        "def boom(): raise RuntimeError('the token is planted-secret-value')\n"
        "app.ROOT.add_command(boom); raise SystemExit(app.run(['boom']))"
    )

    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"HOME": str(tmp_path), "MY_TOKEN": "planted-secret-value", "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "this is a bug in kled" in done.stderr
    assert "RuntimeError" in done.stderr
    assert "planted-secret-value" not in done.stderr
    assert done.returncode == 1


def test_a_sandbox_is_made_shown_broken_mended_and_removed(tmp_path: Path) -> None:
    env, box = {"HOME": str(tmp_path), "PATH": os.defpath}, str(tmp_path / "box")

    assert kled("sandbox", "start", "--dir", box, env=env).returncode == 0
    assert kled("sandbox", "start", "--dir", box, env=env).returncode == 0
    broken = kled("sandbox", "break", "--dir", box, "throttled", "calls=2", env=env)
    assert broken.stderr == "broken: throttled calls=2\n"
    shown = json.loads(kled("sandbox", "status", "--dir", box, "-o", "json", env=env).stdout)
    assert shown["faults"] == {"throttled": {"calls": 2}}
    assert kled("sandbox", "break", "--dir", box, "--clear", env=env).stderr == "mended\n"
    exports = kled("sandbox", "env", "--dir", box, env={**env, "AWS_PROFILE": "real"}).stdout
    assert "unset AWS_PROFILE" in exports
    assert f"export KOPS_STATE_STORE=file://{box}/state" in exports
    assert kled("sandbox", "stop", "--dir", box, env=env).returncode == 0
    assert not Path(box).exists()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["status"], "--dir: no sandbox in"),
        (["break", "throttled"], "--dir: no sandbox in"),
    ],
)
def test_a_sandbox_that_is_not_there_is_named(tmp_path: Path, args: list[str], words: str) -> None:
    done = kled(
        "sandbox", args[0], "--dir", str(tmp_path / "none"), *args[1:], env={"HOME": str(tmp_path)}
    )

    assert words in done.stderr
    assert done.returncode == 2


@pytest.mark.parametrize("fault", [["flood"], ["throttled", "calls"]])
def test_a_fault_that_there_is_not_is_refused(tmp_path: Path, fault: list[str]) -> None:
    env, box = {"HOME": str(tmp_path), "PATH": os.defpath}, str(tmp_path / "box")
    kled("sandbox", "start", "--dir", box, env=env)

    done = kled("sandbox", "break", "--dir", box, *fault, env=env)

    assert done.stderr.startswith("kled: ")
    assert done.returncode == 2


def test_the_names_of_flows_are_completed(home: dict[str, str]) -> None:
    words = {"_KLED_COMPLETE": "bash_complete", "COMP_LINE": "kled run cr"}

    assert kled(env=home | words).stdout == "plain\tcreate-cluster\t\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_completion_by_either_way(home: dict[str, str], shell: str) -> None:
    done = kled("completion", shell, env=home)

    assert f"_KLED_COMPLETE={shell}_complete" in done.stdout
    assert kled(env=home | {"_KLED_COMPLETE": f"{shell}_source"}).stdout == done.stdout


def test_deploying_says_that_schedules_need_stores(home: dict[str, str]) -> None:
    # faults 15, 60
    nowhere = home | {"PREFECT_API_URL": "http://127.0.0.1:9/api"}

    without = kled("deploy", env=nowhere)
    with_both = kled("deploy", "--state=s3://s", "--snapshot-store=file:///backups", env=nowhere)

    kept = "back-up-state, verify-snapshots, prune-snapshots fails"
    assert f"every scheduled run of validate-cluster, check-health, {kept}" in without.stderr
    assert f"every scheduled run of {kept}" in without.stderr
    assert "every scheduled run" not in with_both.stderr
