"""The kops client: one method per verb, models in, models out, kled's errors."""

from kled.kops.verbs.cluster import Changes
from kled.kops.verbs.credentials import Keys
from kled.kops.verbs.edit import Editing
from kled.kops.verbs.instance_group import Groups
from kled.kops.verbs.kubeconfig import Export
from kled.kops.verbs.read import Reads
from kled.kops.verbs.roll_and_upgrade import Upgrades


class Kops(Reads, Changes, Upgrades, Groups, Editing, Keys, Export):
    """A kops executable bound to an environment, a state store and a private scratch directory.

    The verbs stand in the classes that it is made of, their flags in `kled.kops.command`.
    Not for use by two threads at once: `replace` keeps its file in the scratch directory.
    """
