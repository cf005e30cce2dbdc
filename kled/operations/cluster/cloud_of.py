"""The cloud that an operation's cluster is in."""

from kled.kops import parse
from kled.operations.fleet.registered import home
from kled.operations.session import Session
from kled.operations.step import UseCase


def cloud_of(use_case: UseCase, session: Session) -> str:
    """Return the cloud's name; empty where nothing is stored of the cluster, or it names no cloud.

    For a cluster that is about to be created it is the cloud that was asked for. One request;
    raises `StoreError` where the state store does not answer.
    """
    asked = getattr(getattr(use_case, "spec", None), "cloud", None)
    if isinstance(asked, str) and asked:
        return asked
    stored = home(session.state_store, use_case.cluster)
    spec = stored.cluster.get("spec") if stored else None
    return parse.cloud_name(spec.get("cloudProvider", "")) if isinstance(spec, dict) else ""
