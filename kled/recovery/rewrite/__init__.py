"""A stored definition, rewritten for another region, account, set of zones or state store. Pure.

`rewrite(cluster, groups, target)` changes what must change, lists each change with its reason, and
lists what nobody but a person can decide. `Rewritten` hands out its bytes only where nothing of
that is left, and where nothing names the old side. Docs: docs/decisions/0061.
"""

from kled.recovery.rewrite.draft import Change
from kled.recovery.rewrite.rewrite import rewrite
from kled.recovery.rewrite.rewritten import Rewritten
from kled.recovery.rewrite.target import Former, InstanceProfiles, OldSideGone, Target
from kled.recovery.rewrite.undecided import Undecided

__all__ = [
    "Change",
    "Former",
    "InstanceProfiles",
    "OldSideGone",
    "Rewritten",
    "Target",
    "Undecided",
    "rewrite",
]
