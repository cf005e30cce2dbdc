"""The commands that end an interrupted scale-down, and what it may have left. Pure."""

from kled.kops.facts.autoscaling import HELD
from kled.operations.records.scale_journal import OpenScaleDown
from kled.sentences import options


def finish(cluster: str, begun: OpenScaleDown) -> str:
    """Return the command that completes an interrupted scale-down."""
    group = options(name=cluster, instance_group=begun.instance_group)
    sizes = f"--min={begun.minimum} --max={begun.maximum}"
    return f"kled kops scale-instance-group {group} {sizes} --yes"


def say_what_is_left(begun: OpenScaleDown) -> str:
    """Say what an interrupted scale-down may have left in the cluster."""
    cordoned = f", and {', '.join(begun.chosen)} cordoned" if begun.chosen else ""
    return f"{begun.instance_group} may still have {' and '.join(HELD)} suspended{cordoned}"


def abandon(cluster: str, begun: OpenScaleDown) -> str:
    """Return the command that gives the group back what it was."""
    group = options(name=cluster, instance_group=begun.instance_group)
    return f"kled kops scale-instance-group {group} --abandon --yes"


def ways_on(cluster: str, begun: OpenScaleDown) -> str:
    """Say what is left of it, and name both commands that end it."""
    return (
        f"{say_what_is_left(begun)}; finish it: {finish(cluster, begun)}; or give the group back"
        f" what it was: {abandon(cluster, begun)}"
    )
