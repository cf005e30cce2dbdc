"""Which kops versions kled knows."""

from typing import Final

from kled.errors import VersionRefused
from kled.models.version import KopsVersion

OLDEST: Final = (1, 34)
"""The oldest minor version that kled drives; before it flags and documents differ."""
TESTED: Final = (1, 36)
"""The minor version that kled's captures are from."""


def check(version: KopsVersion) -> str | None:
    """Return advice on `version`, None where it is the tested one.

    Raises `VersionRefused` for versions older than `OLDEST`.
    """
    if version.minor < OLDEST:
        raise VersionRefused(
            f"kops {version.number} is too old: kled needs {_spell(OLDEST)} or newer",
            hint=f"kled kops install --version=latest, or --version={_spell(TESTED)}.2",
        )
    if version.minor > TESTED:
        return f"newer than {_spell(TESTED)}, the newest that kled was tested with"
    if version.minor < TESTED:
        return f"older than {_spell(TESTED)}, which kled is tested with"
    return None


def _spell(minor: tuple[int, int]) -> str:
    return f"{minor[0]}.{minor[1]}"
