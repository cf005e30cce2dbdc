"""Fields by their stored names, for the verbs of kops that take its internal ones."""

from collections.abc import Sequence

from kled.kops import command, parse
from kled.kops.call import Calls
from kled.kops.facts import versions
from kled.kops.fields import flags
from kled.kops.fields.flags import Document, Flags
from kled.kops.fields.known_fields import Kind


class Naming(Calls):
    """Translate what `--set` and `--unset` name."""

    def field_flags(
        self,
        kind: Kind,
        sets: Sequence[str],
        unsets: Sequence[str],
        *,
        stored: Document | None = None,
        cloud: str | None = None,
    ) -> Flags:
        """Return kops' flags for fields named as `-o yaml` shows them; asks no cloud and no store.

        Raises `InvalidInput` as `kled.kops.fields.flags.flags_for` does.
        """
        return flags.flags_for(kind, sets, unsets, stored, cloud=cloud, knows_more=self._is_newer)

    def _is_newer(self) -> bool:
        """Say whether kops may have fields that kled has never heard of."""
        return parse.version(self.read(command.version())).minor > versions.TESTED
