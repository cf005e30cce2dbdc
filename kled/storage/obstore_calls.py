"""What the adapters that use obstore share. Its synchronous interface, and threads, only."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from kled.errors import PreconditionFailed, StoreError
from kled.storage import obstore_loading
from kled.storage.pages import without_header
from kled.storage.timeouts import Timeouts

if TYPE_CHECKING:
    from obstore import GetOptions as ObstoreOptions
    from obstore import GetResult
    from obstore.store import AzureStore, ClientConfig, RetryConfig, S3Store

CHUNK: Final = 1 << 20
_PAST_THE_END: Final = ("status code: 416", "Wanted range starting at")


def no_retries() -> "RetryConfig":
    """Return the settings with which a request is tried once: `RetryingStore` alone retries."""
    return {"max_retries": 0, "retry_timeout": timedelta(0)}


def client_options(url: str | None, timeouts: Timeouts, *, large: bool = False) -> "ClientConfig":
    """Return the time-outs of requests, whose bodies may be large."""
    return {
        "allow_http": bool(url and url.startswith("http://")),
        "connect_timeout": timeouts.connect,
        "read_timeout": timeouts.after_body if large else timeouts.silence,
        "timeout": timeouts.whole,
    }


@dataclass(frozen=True, slots=True)
class GetOptions:
    """What is asked for."""

    tag: str | None
    version: str | None
    start: int

    def for_obstore(self) -> "ObstoreOptions":
        """Return them in obstore's words."""
        asked: dict[str, Any] = {}
        if self.tag is not None:
            asked["if_match"] = self.tag
        if self.version is not None:
            asked["version"] = self.version
        if self.start:
            asked["range"] = {"offset": self.start}
        return asked  # type: ignore[return-value]  # a total TypedDict of optional keys


class Opened:
    """A reading of an answer that has begun."""

    def __init__(
        self,
        result: "GetResult",
        translate: Callable[[], AbstractContextManager[None]],
        where: str,
    ) -> None:
        self._result, self._translate = result, translate
        self.size: int = result.meta["size"]
        tag = result.meta["e_tag"]
        if not tag:  # a page that a portal gives out instead would pass for the object
            raise without_header(where, "ETag")
        self.tag: str = tag

    def chunks(self) -> Iterator[bytes]:
        """Yield the body."""
        with self._translate():
            for chunk in self._result.stream(min_chunk_size=CHUNK):
                yield bytes(chunk)


class EmptyReading(Opened):
    """A reading from the very end: a range that no store grants."""

    def chunks(self) -> Iterator[bytes]:
        """Yield nothing."""
        yield from ()


def opened(
    store: "S3Store | AzureStore",
    key: str,
    options: GetOptions,
    translate: Callable[[], AbstractContextManager[None]],
    where: str,
) -> Opened:
    """Ask for the object and return its body, to be read; raise as obstore does.

    Raises `PreconditionFailed` where an answer has another tag than the one that was asked for, in
    case that nobody on the way knows conditions.
    """
    answer = _asked(store, key, options, translate, where)
    if options.tag is not None and answer.tag.strip('"') != options.tag.strip('"'):
        raise PreconditionFailed(f"{where} is not what it was")
    return answer


def _asked(
    store: "S3Store | AzureStore",
    key: str,
    options: GetOptions,
    translate: Callable[[], AbstractContextManager[None]],
    where: str,
) -> Opened:
    obstore_loading.load()
    from obstore.exceptions import GenericError  # noqa: PLC0415

    wanted = options.for_obstore()
    try:
        return Opened(store.get(key, options=wanted), translate, where)
    except GenericError as error:
        if not (options.start and any(phrase in str(error) for phrase in _PAST_THE_END)):
            raise
    del wanted["range"]
    wanted["head"] = True
    ended = EmptyReading(store.get(key, options=wanted), translate, where)
    if options.start > ended.size:
        raise StoreError(f"{where} has no byte {options.start}")
    return ended
