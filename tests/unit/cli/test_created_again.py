"""A creation that is refused names the whole command that goes on, as it was typed."""

from pathlib import Path

import pytest

from kled import config
from kled.cli.frame.command import Call
from kled.cli.frame.typed_line import Typed
from kled.cli.kops.create_cluster import as_typed
from kled.commands import CREATE_AGAIN
from kled.errors import IdentityAtRisk

LINE = "kled kops create-cluster --name=c.example.com --zones=us-east-1a"


@pytest.fixture
def call(tmp_path: Path) -> Call:
    call = Call(config.load({"HOME": str(tmp_path)}), verbose=False)
    call.typed = Typed((), {"name": "c.example.com", "zones": "us-east-1a", "yes": True})
    return call


@pytest.mark.parametrize(
    ("hint", "whole"),
    [
        (f"or: {CREATE_AGAIN} --new-identity=c", f"or: {LINE} --yes --new-identity=c"),
        (f"{CREATE_AGAIN} --no-epoch --yes; or not", f"{LINE} --yes --no-epoch; or not"),
        (
            f"{CREATE_AGAIN} --snapshot-store=URL; {CREATE_AGAIN} --no-epoch",
            f"{LINE} --yes --snapshot-store=URL; {LINE} --yes --no-epoch",
        ),
        ("remove them in the cloud", "remove them in the cloud"),
        (None, None),
    ],
)
def test_a_hint_to_create_it_otherwise_is_the_whole_command(
    call: Call, hint: str | None, whole: str | None
) -> None:
    with pytest.raises(IdentityAtRisk) as refused, as_typed(call):
        raise IdentityAtRisk("it lives by other keys", hint=hint)

    assert refused.value.hint == whole
