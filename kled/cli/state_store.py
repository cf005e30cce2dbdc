"""`kled kops configure-state-store`."""

import click

from kled.cli.leaf import Call, leaf
from kled.cli.output import Column, show
from kled.cli.settings_file import remember
from kled.operations.session import require_state_store

_FINDINGS = (Column("CHECK", "check"), Column("OK", "ok"), Column("WHAT TO DO", "advice"))


@leaf(
    "configure-state-store",
    examples=(
        "kled kops configure-state-store --state=s3://acme-kops-state --region=eu-west-1",
        "kled kops configure-state-store --state=file:///srv/kops --default",
    ),
)
@click.option("--region", help="The bucket's region.")
@click.option("--endpoint", metavar="URL", help="Of a store that is not AWS's own.")
@click.option("--default", "default", is_flag=True, help="Use it where no --state is given.")
def configure_state_store(
    call: Call, region: str | None, endpoint: str | None, *, default: bool
) -> None:
    """Check that a state store answers and takes leases, and remember it in the settings file.

    The first store that is remembered becomes the default. Credentials stay in the environment.
    """
    url = require_state_store(call.settings)
    profile = {k: v for k, v in (("region", region), ("endpoint", endpoint)) if v}
    findings = _check(call, url, profile)
    chosen = default or not call.settings.profiles
    remember(call.settings.config_file, url, profile, default=chosen)
    show(findings, _FINDINGS, call.settings.output)
    call.say(f"remembered in {call.settings.config_file}{' as the default' if chosen else ''}")
    call.say("next: kled doctor")


def _check(call: Call, url: str, profile: dict[str, str]) -> list[dict[str, object]]:
    """Ask the store; raises what it answers where it cannot be used at all."""
    from kled.operations.session import child_environment  # noqa: PLC0415 - not for --help
    from kled.storage.base import Location  # noqa: PLC0415
    from kled.storage.probe import conditional_writes  # noqa: PLC0415
    from kled.storage.url import open_store  # noqa: PLC0415 - SDKs are heavy

    known = call.settings.profile
    where = Location(
        url, profile.get("endpoint") or known.endpoint, profile.get("region") or known.region
    )
    store = open_store(where, env=child_environment(call.settings), clock=call.clock)
    next(store.keys(), None)
    honest = conditional_writes(store)
    advice = "" if honest else "changes need --no-lease: two writers cannot be kept apart"
    return [
        {"check": "reachable", "ok": True, "advice": ""},
        {"check": "conditional writes (leases)", "ok": honest, "advice": advice},
    ]
