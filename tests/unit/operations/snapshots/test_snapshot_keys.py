"""The keys of the snapshot store are looked at when it is opened, before anything is asked."""

import time
from pathlib import Path

import pytest

from kled.config import load
from kled.errors import InvalidInput
from kled.operations import stores
from kled.retry import Clock
from kled.snapshot.documents import signing
from tests.unit.snapshot.signing_keys import signing_key


def test_a_pair_of_keys_that_does_not_fit_stops_before_the_store_is_asked(
    tmp_path: Path,
) -> None:  # fault 86
    env = {
        "HOME": str(tmp_path),
        "KLED_SNAPSHOT_STORE": "file:///nowhere",
        "KLED_SNAPSHOT_SIGNING_KEY": str(signing_key(tmp_path, "mine")),
        "KLED_SNAPSHOT_VERIFICATION_KEY": signing.public_key(signing_key(tmp_path, "other")),
    }

    with pytest.raises(InvalidInput, match="does not fit"):
        _ = stores.Stores(load(env), Clock(time.monotonic, time.sleep)).snapshots
