"""Fields by their stored names, for the verbs of kops that take its internal ones."""

from collections.abc import Sequence
from dataclasses import dataclass

from kled.kops import command, parse
from kled.kops.call import KopsCalls
from kled.kops.facts import versions
from kled.kops.fields.flags import Document, Flags, flags_for
from kled.kops.fields.known_fields import Kind


@dataclass(frozen=True, slots=True)
class NamedFields:
    """What `--set` and `--unset` name, in kops' own words."""

    _calls: KopsCalls

    def flags(
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
        return flags_for(kind, sets, unsets, stored, cloud=cloud, knows_more=self._is_newer)

    def _is_newer(self) -> bool:
        """Say whether kops may have fields that kled has never heard of."""
        return parse.version(self._calls.read(command.version())).minor > versions.TESTED
