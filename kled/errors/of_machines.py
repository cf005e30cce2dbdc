"""What goes wrong with nodes and machines, or takes them too long."""

from kled.errors.base import KledError


class KubernetesRefused(KledError):
    """The Kubernetes API refused a request; it will again until somebody changes something."""


class KubernetesMissing(KubernetesRefused):
    """The Kubernetes API has no object of that name."""


class KubernetesConflict(KubernetesRefused):
    """The object is not what the caller last saw, or another manager owns the field."""


class RollHalted(KledError):
    """A rolling update stopped halfway; what it had cordoned is uncordoned."""


class GroupRefilled(KledError):
    """An instance group launches machines in place of those that went, though it is held back."""


class DrainBlocked(KledError):
    """Pods of a node could not be moved in time; the message names them and what holds them."""


class DeadlineExceeded(KledError):
    """A child process, or all attempts of a step together, took longer than allowed."""


class NotReadyInTime(DeadlineExceeded):
    """A cluster was not healthy within the time that somebody waits for it."""

    exit_code = 3


class StillThere(KledError):
    """Something of a cluster that was deleted is left; clouds forget some resources late."""

    retryable = True
