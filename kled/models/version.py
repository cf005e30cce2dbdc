"""The version of a kops executable."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KopsVersion:
    """What `kops version` says of itself."""

    number: str
    """For example `1.36.2`, or `1.37.0-beta.1`."""
    commit: str = ""
    simulated: bool = False
    """Whether it is kled's simulated kops, which proves nothing about a real cloud."""

    @property
    def minor(self) -> tuple[int, int]:
        """Major and minor version as numbers."""
        major, minor = self.number.split(".")[:2]
        return int(major), int(minor)

    def __str__(self) -> str:
        return self.number + (" (simulated)" if self.simulated else "")

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {"number": self.number, "commit": self.commit, "simulated": self.simulated}
