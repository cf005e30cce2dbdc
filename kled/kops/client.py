"""The kops client: one method per verb, models in, models out, kled's errors."""

from kled.kops.changes import Changes
from kled.kops.export import Export
from kled.kops.reads import Reads


class Kops(Reads, Changes, Export):
    """A kops executable bound to an environment, a state store and a private scratch directory.

    Not for use by two threads at once: `replace` keeps its file in the scratch directory.
    """
