"""`kled kops install`."""

import platform

import click

from kled.cli.frame import interruption
from kled.cli.frame.command import Call, leaf
from kled.cli.terminal import streams
from kled.cli.terminal.downloads import progress
from kled.cli.terminal.output import show_value
from kled.install.locate import INSTALL


@leaf(
    "install",
    examples=(
        INSTALL,
        "kled kops install --version=1.36.2",
        "kled kops install --verify-only",
    ),
    again=(interruption.REST,),
)
@click.option(
    "--version",
    default="latest",
    show_default=True,
    metavar="X.Y.Z",
    help="The release; with --verify-only, latest is the one in use.",
)
@click.option("--verify-only", is_flag=True, help="Check an installed kops; install nothing.")
def install(call: Call, version: str, *, verify_only: bool) -> None:
    """Install a kops release below KLED_HOME and put it in use, verified before it can run.

    Versions lie side by side. KLED_KOPS_MIRROR names another place to download from.
    """
    from kled.install import fetch, release  # noqa: PLC0415 - httpx is heavy, and help needs none
    from kled.install import install as installing  # noqa: PLC0415
    from kled.install.managed import Request  # noqa: PLC0415

    request = Request(
        version,
        call.settings.home,
        release.platform_of(platform.system(), platform.machine()),
        mirror=call.settings.kops_mirror,
        verify_only=verify_only,
    )
    with fetch.client() as http, progress(streams.err(), f"kops {version}") as told:
        done = installing.install(request, http=http, clock=call.clock, progress=told)
    if call.settings.output != "table":
        show_value(done.as_json(), call.settings.output)
        return
    streams.out().say(f"kops {done.version} {done.outcome}: {done.path}")
    call.say(f"its sha256 is the {done.against} one: {done.sha256}")
    if done.replaced:
        call.say(f"it replaces {done.replaced}, which is kept beside it")
    if call.settings.kops is not None:
        call.say(f"note: KLED_KOPS is set, so {call.settings.kops} is driven, not this one")
    call.say("next: kled doctor")
