"""Answers of kops that are asked for once: several looks of one preview see the same moment."""

from collections.abc import Sequence
from typing import Any, Final

from kled.process import Finished, Runner

_YES: Final = "--yes=true"
_PREVIEWED: Final = frozenset(
    {"delete cluster", "reconcile cluster", "rolling-update cluster", "update cluster"}
    | {"upgrade cluster"}
)
"""What only looks, unless it is told `--yes`."""
_ELSEWHERE: Final = "KOPS_STATE_STORE"


class Remembered:
    """A runner that runs a look of kops once and gives its answer again; other calls as they are.

    A look that failed is made again: what kept it from an answer may pass.
    """

    def __init__(self, run: Runner) -> None:
        self._run = run
        self._answers: dict[tuple[str, ...], Finished] = {}

    def __call__(self, argv: Sequence[str], **how: Any) -> Finished:  # noqa: ANN401 - a Runner's
        """Return the answer, remembered where there is one; raise what the runner raises."""
        if not _only_looks(argv[1:]):
            return self._run(argv, **how)
        asked = (str(how["env"].get(_ELSEWHERE)), *argv)
        if asked not in self._answers:
            answer = self._run(argv, **how)
            if answer.returncode:
                return answer
            self._answers[asked] = answer
        return self._answers[asked]


def _only_looks(argv: Sequence[str]) -> bool:
    looks = argv[0] == "get" or " ".join(argv[:2]) in _PREVIEWED
    return looks and _YES not in argv
