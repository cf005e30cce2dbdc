"""`kled demo`: a flow creates a cluster in a sandbox of its own, while somebody watches."""

import os
import shutil
import sys
from pathlib import Path

import click

from kled import config
from kled.cli.frame import interruption, parameters
from kled.cli.frame.command import Call, leaf
from kled.sentences import options, word

CLUSTER = "demo.example.com"


@leaf(
    "demo",
    examples=("kled demo", "kled demo --name=mycluster.example.com --dir=/tmp/box"),
    apart=True,
)
@click.option("--name", default=CLUSTER, show_default=True, help="The cluster's name.")
@click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="The sandbox's directory [default: demo below KLED_HOME]; an existing one is made again.",
)
@click.option(
    "--speed",
    type=parameters.FACTOR,
    default=30.0,
    show_default=True,
    help="How much faster than real time the simulated cloud runs.",
)
def demo(call: Call, name: str, directory: Path | None, speed: float) -> None:
    """Watch a Prefect flow create a cluster, wait until it validates, and export a kubeconfig.

    Nothing here is real: a simulated kops changes a simulated cloud in a directory. Real accounts
    cannot be touched: the demo runs with a home of its own and without your cloud variables.
    """
    box = (directory or call.settings.home / "demo").absolute()
    stop = f"kled sandbox stop {options(dir=box)}"
    stays = f"the same command starts from the beginning; to remove the sandbox: {stop}"
    with interruption.add_when_interrupted(stays):
        _fresh_sandbox(box, speed)
        call.say(f"a simulation: no real cloud is touched. Sandbox: {box}")
        kubeconfig = box / "kubeconfig"
        inside = Call(_settings_inside(box), verbose=call.verbose)
        _run(inside, name, kubeconfig)
        _closing_words(call, box, name, kubeconfig)


def _fresh_sandbox(box: Path, speed: float) -> None:
    from kled.cli.sandbox import explain_refusals  # noqa: PLC0415 - not for --help
    from kled.sandbox import control  # noqa: PLC0415 - not for --help

    with explain_refusals("--dir"):
        control.stop(box)
        control.start(box, speed=speed)


def _settings_inside(box: Path) -> config.Settings:
    """Enter the sandbox: this process keeps only its PATH, terminal and language."""
    from kled.sandbox import control  # noqa: PLC0415 - not for --help

    kept = ("PATH", "TERM", "COLORTERM", "LANG", "LC_ALL", "TMPDIR", "COLUMNS", "LINES")
    env = {name: os.environ[name] for name in kept if name in os.environ}
    env |= control.environment(box, path=env.get("PATH", os.defpath))
    env["PREFECT_HOME"] = str(box / "prefect")
    os.environ.clear()
    os.environ.update(env)
    return config.load(env)


def _run(call: Call, name: str, kubeconfig: Path) -> None:
    from kled.cli.flows import here  # noqa: PLC0415 - imports prefect

    here.quiet_prefect(verbose=call.verbose)
    from flows.create_cluster import create_cluster  # noqa: PLC0415 - imports prefect
    from kled.models.spec import ClusterSpec  # noqa: PLC0415 - imports pydantic

    spec = ClusterSpec(name=name, zones=["us-east-1a"], node_count=2)
    wanted = {"spec": spec, "kubeconfig": kubeconfig}
    here.run_here(call, create_cluster, wanted, advise=False, rest="")


def _closing_words(call: Call, box: Path, name: str, kubeconfig: Path) -> None:
    where = options(dir=box)
    call.say(
        "",
        f'cluster "{name}" is validated - in the sandbox, a simulation.',
        f"kubeconfig: {kubeconfig} (readable by you alone)",
        "",
        "look around in it:",
        *_path_lines(),
        f'  eval "$(kled sandbox env {where})"',
        "  kled kops get-clusters",
        f"  kled kops get-instances --name={name}",
        f"  kled kops validate-cluster --name={name}",
        "break it and see what happens:",
        f"  kled sandbox break {where} throttled calls=3",
        f"  kled kops validate-cluster --name={name} --wait=5m",
        "be rid of it, and open a new shell:",
        f"  kled sandbox stop {where}",
        "with your own account: kled kops install --version=latest, then kled doctor",
        "",
    )


def _path_lines() -> tuple[str, ...]:
    """Return the line that puts this kled on the PATH, unless a kled is there already."""
    if shutil.which("kled"):
        return ()
    directory = Path(sys.argv[0]).absolute().parent
    return (f"  export PATH={word(directory)}:$PATH",)
