"""`kled kops configure-state-store`."""

from typing import TYPE_CHECKING

import click

from kled.cli.frame import interruption
from kled.cli.frame.command import Call, leaf
from kled.cli.terminal.output import Column, show, show_value
from kled.errors import StoreError
from kled.operations.guards.nested_stores import require_root
from kled.operations.stores import child_environment, require_state_store
from kled.store_urls import canonical

if TYPE_CHECKING:
    from kled.storage.finding import Finding

_SERVICE = "the service has to be set up for it (MinIO: MINIO_KMS_SECRET_KEY; docs/storage.md)"
_FINDINGS = (Column("SEVERITY", "severity"), Column("WHAT", "what"), Column("MEND IT WITH", "mend"))


@leaf(
    "configure-state-store",
    examples=(
        "kled kops configure-state-store --state=s3://acme-kops-state",
        "kled kops configure-state-store --state=s3://acme-kops-state --region=eu-west-1 --create",
    ),
    again=(interruption.REST,),
)
@click.option("--create", "make", is_flag=True, help="Make the store, and make it safe.")
@click.option("--region", metavar="REGION", help="The bucket's region; remembered in the profile.")
@click.option("--endpoint", metavar="URL", help="Endpoint of an S3-compatible store; remembered.")
def configure_state_store(
    call: Call, *, make: bool, region: str | None, endpoint: str | None
) -> int:
    """Check that the state store is kept safely, and make it the one that commands use.

    It holds every cluster's CA keys: versioning, public access, encryption and lifecycle rules are
    checked, and each finding comes with the command that mends it. Exit 1 where data is in danger.
    """
    from kled.cli.frame.settings_file import remember  # noqa: PLC0415 - not for --help
    from kled.storage import safety  # noqa: PLC0415 - brings an SDK
    from kled.storage.base import Location  # noqa: PLC0415

    profile = call.settings.profile
    url = require_state_store(call.settings)
    require_root(call.stores, url, "--state")
    location = Location(url, endpoint or profile.endpoint, region or profile.region)
    look = safety.create if make else safety.check
    findings = look(location, env=child_environment(call.settings))
    rows = [
        {"severity": finding.severity, "what": finding.what, "mend": finding.mend}
        for finding in findings
    ]
    if call.settings.output == "table":
        show(rows, _FINDINGS, "table")
    else:
        show_value({"state_store": url, "findings": rows}, call.settings.output)
    if any(finding.severity == "danger" for finding in findings):
        raise StoreError(
            f"{url} is not safe to use: {findings[0].what}", hint=_cure(findings[0], made=make)
        )
    given = {key: value for key, value in (("region", region), ("endpoint", endpoint)) if value}
    remember(call.settings.config_file, url, given, default=True)
    call.say(_remembered(call, url))
    return 0


def _cure(finding: "Finding", *, made: bool) -> str:
    """Say what mends a finding, which `--create` has left or may mend."""
    if finding.mend and not made:
        return "run the commands above, or this one with --create; the profile is not written"
    mend = "run the commands above" if finding.mend else _SERVICE
    return f"{mend}; then run this again: the profile is not written"


def _remembered(call: Call, url: str) -> str:
    """Say which commands use the store now; variables win over the settings file."""
    env, file = call.settings.environment, call.settings.config_file
    names = [variable for variable in ("KLED_STATE_STORE", "KOPS_STATE_STORE") if env.get(variable)]
    if not names:
        return f"{url} is now the state store of every command ({file})"
    wins = f"{names[0]}={env[names[0]]}"
    if canonical(env[names[0]]) == canonical(url):
        return f"{url} is remembered in {file}; in this shell {wins} names it, too"
    return (
        f"{url} is remembered in {file}, but {wins} wins in this shell: commands go there until"
        f" you type: unset {' '.join(names)}"
    )
