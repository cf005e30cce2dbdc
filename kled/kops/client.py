"""The kops client: one method per verb, models in, models out, kled's errors."""

from kled.kops.changes import Changes
from kled.kops.editing import Editing
from kled.kops.export import Export
from kled.kops.groups import Groups
from kled.kops.keys import Keys
from kled.kops.reads import Reads
from kled.kops.upgrades import Upgrades


class Kops(Reads, Changes, Upgrades, Groups, Editing, Keys, Export):
    """A kops executable bound to an environment, a state store and a private scratch directory.

    The verbs stand in the classes that it is made of, their flags in `kled.kops.command`.
    Not for use by two threads at once: `replace` keeps its file in the scratch directory.
    """
