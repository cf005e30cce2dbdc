"""Bring a cluster to its definition, and keep what it was: kled in a program of one's own.

    python examples/python_program.py c.example.com us-east-1a

It needs nothing but `kled.api`, and runs in a sandbox (`kled sandbox start`, `kled sandbox env`) as
it runs on an account.
"""

import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from kled.api import Kled, KledError, LeaseHeld, Observer, Row, parse_spec

PATIENCE = timedelta(minutes=30)


class Printing(Observer):
    """Prints a line for each step that is over, and what a person should know."""

    def ended(self, row: Row) -> None:
        """Print what became of a step."""
        print(f"  {row.step}: {row.words} ({row.seconds:.1f} s)")

    def noted(self, message: str) -> None:
        """Print a note."""
        print(f"  {message}")


def create(kled: Kled, cluster: str, zone: str) -> None:
    """Create the cluster where the state store has none of that name."""
    spec = parse_spec({"name": cluster, "zones": [zone], "node_count": 2})
    if cluster in {known.name for known in kled.clusters.list()}:
        return
    kled.clusters.create(spec, kubeconfig=Path(f"kubeconfig-{cluster}"), wait=PATIENCE)


def keep(kled: Kled, cluster: str) -> str:
    """Take a snapshot, prove that it is complete, and return its id."""
    kled.snapshots.create([cluster])
    (proved,) = kled.snapshots.verify(cluster, level=1)
    return proved.id


def bring_up_to_date(kled: Kled, cluster: str) -> bool:
    """Apply just the plan that was looked at, and roll; say whether there was anything to do.

    A team would show the plan to somebody here, and go on with its digest when it is agreed to.
    """
    plan = kled.clusters.plan_update(cluster)
    print(f"{cluster}: {plan.summary}")
    if plan.is_empty:
        return False
    if plan.refusal is not None:
        raise plan.refusal
    kled.clusters.update(cluster, digest=plan.digest, roll=True)
    return True


def run(kled: Kled, cluster: str, zone: str) -> None:
    """Create, keep, edit, apply; and say what differs from what was kept."""
    create(kled, cluster, zone)
    before = keep(kled, cluster)
    kled.instance_groups.edit(cluster, "nodes", maximum=3)
    bring_up_to_date(kled, cluster)
    report = kled.health.wait(cluster, PATIENCE)
    print(f"{cluster}: {len(report.nodes)} nodes ready")
    for difference in kled.snapshots.diff(cluster, before, "live"):
        print(f"  {difference.line()}")
    back = kled.snapshots.plan_restore(cluster, before)
    print(f"{cluster}: {before} would put back {len(back.writes)} objects")


def main(arguments: Sequence[str]) -> int:
    """Return the exit status that kled's own commands would have."""
    cluster, zone = arguments
    try:
        run(Kled.from_environment().observed_by(Printing()), cluster, zone)
    except LeaseHeld as held:
        print(f"somebody else changes {cluster}: {held.message}", file=sys.stderr)
        return held.exit_code
    except KledError as error:
        print(f"{error.message}\n{error.hint or ''}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
