"""A secret that a cluster lives by is not deleted: another member of fault 1."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from kled.errors import IdentityAtRisk
from kled.models.definition import Definition
from kled.operations.credentials.secrets import DeleteSecret
from kled.operations.step import attempt
from kled.storage.memory import MemoryStore
from tests.fake_kops import FakeKops

C = "c.example.com"
CILIUM = {"cilium": {"enableEncryption": True}}


@dataclass
class Kops(FakeKops):
    """A kops with every secret, until it is told to delete one."""

    spec: dict[str, object] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)

    def definition_get(self, _name: str) -> Definition:
        return Definition({"metadata": {"name": C}, "spec": self.spec}, ())

    def credentials_list_secrets(self, _name: str) -> list[Any]:
        names = {"admin", "encryptionconfig", "ciliumpassword", "dockerconfig"}
        return [SimpleNamespace(name=one) for one in names - set(self.deleted)]

    def credentials_delete_secret(self, _name: str, secret: str) -> None:
        self.deleted.append(secret)


def delete(kops: Kops, secret: str) -> None:
    store = MemoryStore(name="state")
    session: Any = SimpleNamespace(before=None, kops=kops, check=lambda: None, state_store=store)
    attempt(DeleteSecret(C, secret).steps()[-1], session)


@pytest.mark.parametrize(
    ("secret", "spec", "words"),
    [
        ("admin", {}, "kops would make another one"),
        ("encryptionconfig", {"encryptionConfig": True}, "the Secrets in etcd cannot be read"),
        ("ciliumpassword", {"networking": CILIUM}, "enableEncryption"),
    ],
)
def test_what_the_cluster_lives_by_stays(secret: str, spec: dict[str, object], words: str) -> None:
    kops = Kops(spec)

    with pytest.raises(IdentityAtRisk) as caught:
        delete(kops, secret)

    assert words in caught.value.message
    assert caught.value.exit_code == 6
    assert kops.deleted == []


@pytest.mark.parametrize("secret", ["dockerconfig", "encryptionconfig", "ciliumpassword"])
def test_what_nothing_uses_may_go(secret: str) -> None:
    kops = Kops()

    delete(kops, secret)

    assert kops.deleted == [secret]
