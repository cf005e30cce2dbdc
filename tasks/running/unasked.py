"""Why nobody is asked about what a run changes, by the rules that hold for it."""

from kled.models.agreement import AUTOMATIC, NEW, NO_RULES, Agreement
from tasks.running import resources


def agree_on_new(cluster: str) -> Agreement:
    """Return why a cluster that was never applied may be made; there is no plan of it to ask about.

    Raises `NotApproved` where nobody says what the rules are.
    """
    rules = resources.rules()
    if not rules.approval.configured:
        return Agreement("unasked", "", NO_RULES)
    return Agreement("unasked", "", NEW if rules.asks_for(cluster) else AUTOMATIC)
