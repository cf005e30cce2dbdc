"""The command that records that a cluster moved, for hints."""

from kled.sentences import options


def raise_command(cluster: str, here: str, former: str) -> str:
    """Return the command that lets the cluster live `here`, and no longer in its `former` home."""
    return f"kled snapshot epoch raise {options(name=cluster, state=here, former=former)}"
