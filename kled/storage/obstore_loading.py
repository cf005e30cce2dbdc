"""Importing obstore, which threads do when they first need it.

Python locks each module while it is imported. obstore imports its own parts, so that two threads
which begin with different parts wait for each other, and Python ends one with a `_DeadlockError`.
"""

import threading
from typing import Final

_LOADING: Final = threading.Lock()
"""Imports are the process's, whoever asks for them."""


def load() -> None:
    """Import all of obstore that kled uses, one thread at a time; call it before you import a part.

    Costs nothing once it is there.
    """
    with _LOADING:
        import obstore.exceptions  # noqa: PLC0415 - slow to import
        import obstore.store  # noqa: PLC0415, F401
