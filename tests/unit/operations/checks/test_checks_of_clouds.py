"""What doctor says of clouds for which no credentials are named."""

from pathlib import Path

from kled import config
from kled.operations.checks.clouds import cloud_checks


def test_what_nothing_here_needs_yet_is_said_to_be_needed_to_create_a_cluster(
    tmp_path: Path,
) -> None:
    """It said "nothing here needs them", and the creation after it was refused for want of them."""
    settings = config.load({"HOME": str(tmp_path), "KOPS_STATE_STORE": f"file://{tmp_path}"})

    checks = {check.name: check for check in cloud_checks(settings, ())}

    aws = checks["cloud aws"]
    assert (aws.state, aws.fails) == ("missing", False)
    assert "needed to create a cluster on aws" in aws.detail
