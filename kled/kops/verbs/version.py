"""The verb that says which kops this is."""

from datetime import timedelta
from typing import Final

from kled.kops import command, parse
from kled.kops.call import KopsCalls
from kled.models.version import KopsVersion

VERSION_TIMEOUT: Final = timedelta(seconds=20)


def ask_version(calls: KopsCalls) -> KopsVersion:
    """`kops version`: asks neither the cloud nor the state store, so that it is soon there."""
    argv = command.version()
    patience = min(VERSION_TIMEOUT, calls.read_timeout)
    return parse.version(calls.looked_at(argv, calls.asked(argv, patience)))
