"""A connection to the Kubernetes API of the cluster that an operation is about."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from kled.errors import ApiUnreachable, CredentialsRefused
from kled.kops.failures import placeholder
from kled.operations.identity import lost_keys
from kled.operations.session import Session
from kled.sentences import options

if TYPE_CHECKING:
    from kled.kubernetes.client import Api

_LIFETIME: Final = timedelta(hours=12)
"""Of the credentials: a roll may take a night. They are removed with the session's directory."""


@contextmanager
def cluster_api(session: Session, cluster: str, api_server: str | None = None) -> Iterator["Api"]:
    """Yield the API, by credentials that kops signs for this session alone (0600).

    Raises what `kops export kubeconfig` and `connect` raise; nothing is asked of the API yet.
    """
    from kled.kubernetes.client import connect  # noqa: PLC0415 - heavy, for those who need it

    with lost_keys.tell_lost_keys_apart(session, cluster):
        kubeconfig = session.kops.kubeconfig.export_privately(cluster, _LIFETIME, api_server)
    with connect(kubeconfig) as api, explain_placeholder(), explain_distrust(cluster):
        yield api


@contextmanager
def explain_distrust(cluster: str) -> Iterator[None]:
    """Name the roll that asks no API, where machines may live by keys from before new ones."""
    try:
        yield
    except CredentialsRefused as error:
        from kled.kubernetes.refusals import NO_TRUST  # noqa: PLC0415 - as above

        if error.message.startswith(NO_TRUST):
            blind = options(name=cluster, cloudonly=True, force=True)
            error.advise(
                "where its keys were made anew, its machines live by the earlier ones, and are"
                f" replaced without asking their API: kled kops rolling-update {blind}"
            )
        raise


@contextmanager
def explain_placeholder() -> Iterator[None]:
    """Explain an API that does not answer because its name still has kops' placeholder address."""
    try:
        yield
    except ApiUnreachable as error:
        placeholder.explain(error)
        raise
