"""Who agrees to what an operation applies: on the command line `--yes` does, in flows the rules.

A flow asks before its operation begins and passes the digest on. A change that arrives without a
digest is held against the rules once more (`apply_changes`), so that no flow can forget to ask.
"""

from collections.abc import Callable

from kled.errors import NotApproved
from kled.kops.facts import plan_areas
from kled.models.plan import Plan
from kled.rules import Rules
from kled.sentences import word

Consent = Callable[[Plan], None]
"""Raises `NotApproved` for a plan that somebody has to agree to first."""


def agree_to_every_plan(_plan: Plan) -> None:
    """Agree to every plan, as a person who typed `--yes` does."""


def by_rules(rules: Rules) -> Consent:
    """Return a consent that refuses plans in areas about which the rules ask somebody."""

    def require(plan: Plan) -> None:
        asked = plan_areas.touched(plan, rules.asks_for(plan.cluster))
        if asked:
            reasons = "; ".join(f"{area}: {', '.join(names[:3])}" for area, names in asked.items())
            raise NotApproved(
                f"the plan needs an approval ({reasons}), and nobody was asked",
                hint="look at it and approve it: kled run update-cluster"
                f" name={word(plan.cluster)} --yes",
            )

    return require
