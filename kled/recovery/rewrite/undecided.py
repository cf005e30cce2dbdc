"""What nobody but a person can decide: a field that would go on naming the old side."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Undecided:
    """A field of the rewritten definition that still names something of the old side."""

    field: str
    names: str
    """What it names, and of which kind: `region us-east-1`, `AMI ami-0123456789abcdef0`."""
    value: str
    """The field's value, hidden where it may be secret."""
    option: str
    """The member of `Target` that decides it, with the key that it needs."""
    needed: str = ""
    """What is needed, where the option does not say it."""

    def __str__(self) -> str:
        """Return all of it in one line."""
        needed = f": {self.needed}" if self.needed else ""
        return f"{self.field} names {self.names}: say {self.option}{needed}"

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "field": self.field,
            "names": self.names,
            "value": self.value,
            "option": self.option,
            "needed": self.needed or None,
        }
