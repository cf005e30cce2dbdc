"""Why a plan may be applied: who agreed to it, or why nobody was asked. For people and records."""

from dataclasses import dataclass
from typing import Final, Literal

AgreementKind = Literal["given", "digest", "unasked"]
"""`given`: somebody was asked and agreed; `digest`: whoever started the run named the plan by its
digest, and nobody was asked; `unasked`: the rules ask nobody."""

NO_RULES: Final = "there are no approval rules"
AUTOMATIC: Final = "the rules make changes of this cluster automatic"
NEW: Final = "the cluster is new, and its run's parameters say what is wanted"
NO_AREA: Final = "the plan touches nothing that the rules ask about"


@dataclass(frozen=True, slots=True)
class Agreement:
    """How it came that one plan may be applied."""

    kind: AgreementKind
    digest: str
    """Of the plan: all of it, or the digits that the starter gave; empty where there is none."""
    why: str = ""
    """What the plan touches that made kled ask, or why nobody was asked."""
    by: str = ""
    """Who agreed, as far as that is known; of `given` alone."""
    how: str = ""
    """In which way it was said, and what vouches for `by`; of `given` alone."""

    @property
    def words(self) -> str:
        """Say it in one line; "approved" only where somebody was asked and agreed."""
        if self.kind == "given":
            who = self.by or "somebody whose name Prefect does not know"
            return f"approved by {who}, {self.how}; asked because of {self.why}"
        if self.kind == "digest":
            return f"digest {self.digest[:12]} given by the starter; nobody was asked"
        return f"nobody was asked: {self.why}"

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json` and for records."""
        return {
            "kind": self.kind,
            "digest": self.digest,
            "why": self.why,
            "by": self.by,
            "how": self.how,
            "words": self.words,
        }
