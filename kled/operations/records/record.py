"""Records of operations on a cluster, in its state store and beside its state.

`<state-store>/.kled/<name>/<cluster>.json`: outside every cluster's own prefix, in which kops
refuses to delete unknown objects. A record is written by the holder of the cluster's lease alone,
and read by anybody; whoever can write to the state store can damage or forge it, so it is read
within bounds and field by field. `kled.operations.records.all_records` lists every record.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from kled.documents import LIMIT, Fields, parse_json
from kled.errors import DocumentDamaged, InvalidInput, ObjectMissing
from kled.operations.session import Session
from kled.storage.base import checked
from kled.storage.bounded import get_bounded

if TYPE_CHECKING:
    from kled.storage.base import ObjectStore

T = TypeVar("T")
_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Record(Generic[T]):
    """One kind of document: where it is, how it is written and read, and what damage means.

    A damaged document (too large, not JSON, a field of another type, another cluster's, of a newer
    kled) has one answer. Where the record is `droppable`, the session notes it and goes on as if
    there were none; otherwise `DocumentDamaged` names the object, what is wrong and what to do.
    Nothing else in a document raises an error.
    """

    name: str
    """The directory."""
    format: str
    """The format in each document; another one is a newer kled's."""
    fields_of: Callable[[T], Mapping[str, object]]
    """Returns the fields to write beside the format."""
    value_of: Callable[[Fields, str], T]
    """Returns the value in the fields of the named cluster's document.

    Raises `DocumentDamaged` through `Fields`, or `ValueError` for fields that contradict each other
    or are another cluster's.
    """
    droppable: bool
    """Whether losing the record costs only comfort."""
    advice: str
    """What losing it costs, where it is droppable, else what to do; it may contain `{cluster}`."""

    @property
    def prefix(self) -> str:
        """The start of the keys of all clusters."""
        return f".kled/{self.name}/"

    def key(self, cluster: str) -> str:
        """Return the key in the state store; raises `InvalidInput` for an invalid cluster name."""
        if not cluster or "/" in cluster:
            raise InvalidInput("--name", f"{cluster!r} cannot be the name of a cluster")
        return checked(f"{self.prefix}{cluster}.json")

    def read(self, session: Session, cluster: str) -> T | None:
        """Return the value on record; None where there is none.

        Reads 4 MiB at most. Raises `DocumentDamaged` where the document is damaged and not
        droppable, and what `ObjectStore.read` raises.
        """
        try:
            return self.read_in(session.state_store, cluster)
        except DocumentDamaged as error:
            if self.droppable:
                session.note(f"{error.message}; it is passed over: {self._advice(cluster)}")
                return None
            raise

    def read_in(self, store: "ObjectStore", cluster: str) -> T | None:
        """Return the value on record in that state store, as `read` does; any damage is raised."""
        key = self.key(cluster)
        url = f"{store.location.url}/{key}"
        try:
            return self.decode(get_bounded(store, key).body, cluster, url)
        except ObjectMissing:
            return None
        except DocumentDamaged as error:
            if not self.droppable:
                error.with_hint(error.hint or f"{self._advice(cluster)}; the object is {url}")
            raise

    def write(
        self, session: Session, cluster: str, value: T, *, store: "ObjectStore | None" = None
    ) -> None:
        """Put `value` on record, in place of an earlier one. Atomic; safe to repeat and to kill.

        `store` is a state store other than the session's.

        A value that is too large to be read again is not written: a droppable record is removed
        then, and the session notes it; for any other `DocumentDamaged` is raised.
        """
        store, key = store or session.state_store, self.key(cluster)
        body = self.encode(value)
        try:
            self.decode(body, cluster, f"{store.location.url}/{key}, as it would be,")
        except DocumentDamaged as error:
            if not self.droppable:
                raise
            session.note(f"{error.message}; it is left out: {self._advice(cluster)}")
            store.delete(key)
            return
        store.put(key, body)

    def forget(self, session: Session, cluster: str, *, store: "ObjectStore | None" = None) -> None:
        """Remove the record, damaged or not. Safe to repeat and to kill."""
        (store or session.state_store).delete(self.key(cluster))

    def encode(self, value: T) -> bytes:
        """Return the bytes of the document that holds `value`."""
        document = {"format": self.format, **self.fields_of(value)}
        return json.dumps(document, indent=1, default=str).encode() + b"\n"

    def decode(self, body: bytes, cluster: str, what: str) -> T:
        """Return the value in a document of `cluster`, which `DocumentDamaged` calls `what`."""
        fields = Fields(parse_json(body, what=what, limit=LIMIT), what)
        written = fields.text("format")
        if written != self.format:
            raise DocumentDamaged(
                what,
                f"it has the format {written[:_SHOWN]!r}, and this kled reads {self.format}",
                hint="a newer kled wrote it: upgrade this one",
            )
        try:
            return self.value_of(fields, cluster)
        except ValueError as error:
            raise DocumentDamaged(what, str(error)) from error

    def _advice(self, cluster: str) -> str:
        return self.advice.format(cluster=cluster)
