"""An API that this machine has no trust in may be that of machines with earlier keys."""

import ssl

import pytest

from kled.errors import CredentialsRefused
from kled.kubernetes.refusals import unreachable
from kled.operations.health.cluster_api import explain_distrust

C = "c.example.com"
ROLL = f"kled kops rolling-update --name={C} --cloudonly --force"


def test_the_roll_that_asks_no_api_is_named() -> None:
    """After an update with a new identity each roll ended with 1, and no command was named."""
    untrusted = ssl.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")

    with pytest.raises(CredentialsRefused) as refused, explain_distrust(C):
        raise unreachable(untrusted, "https://api.c.example.com")

    assert ROLL in str(refused.value.hint)


def test_another_refusal_is_left_as_it_is() -> None:
    with pytest.raises(CredentialsRefused) as refused, explain_distrust(C):
        raise CredentialsRefused("the API refuses these credentials", hint="sign in")

    assert refused.value.hint == "sign in"
