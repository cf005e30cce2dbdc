"""What fakes of the kops client are made of: a method `cluster_update` is `kops.cluster.update`."""

from typing import Any


class Part:
    """The verbs of a fake that are about one thing."""

    def __init__(self, fake: "FakeKops", name: str) -> None:
        self._fake, self._name = fake, name

    def __getattr__(self, verb: str) -> Any:
        return getattr(self._fake, f"{self._name}_{verb}")


class FakeKops:
    """A kops without a process: whoever derives from it says what each verb does."""

    def __init__(self, **verbs: Any) -> None:
        """Take verbs as functions, for a fake that needs no class of its own."""
        self.__dict__.update(verbs)

    @property
    def cluster(self) -> Any:
        return Part(self, "cluster")

    @property
    def definition(self) -> Any:
        return Part(self, "definition")

    @property
    def instance_groups(self) -> Any:
        return Part(self, "instance_groups")

    @property
    def instances(self) -> Any:
        return Part(self, "instances")

    @property
    def credentials(self) -> Any:
        return Part(self, "credentials")

    @property
    def kubeconfig(self) -> Any:
        return Part(self, "kubeconfig")

    @property
    def fields(self) -> Any:
        return Part(self, "fields")
