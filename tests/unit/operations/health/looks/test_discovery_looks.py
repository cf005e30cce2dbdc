"""The public documents by which a cloud believes a cluster's service accounts."""

import base64
import json
from collections.abc import Mapping

import pytest

from kled.errors import KledError, StoreDenied
from kled.models.health_finding import HealthFinding
from kled.operations.health.looks.discovery import ReadPublic, judge_discovery
from kled.operations.health.looks.public import read_public
from kled.storage.base import ObjectStore
from kled.storage.memory import MemoryStore
from tests.unit.operations.health.looks.clusters import Key, World, key_of, keyset, world
from tests.unit.storage.answering import Answer, answering

ISSUER = "https://acme-oidc.s3.us-east-1.amazonaws.com/c.example.com"
STORE = "s3://acme-oidc/c.example.com"
CONFIGURATION, JWKS = ".well-known/openid-configuration", "openid/v1/jwks"


def published(*numbers: str) -> bytes:
    keys = []
    for number in numbers:
        point = key_of(number).public_key().public_numbers()
        x, y = (
            base64.urlsafe_b64encode(value.to_bytes(32)).rstrip(b"=").decode()
            for value in (point.x, point.y)
        )
        keys.append({"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": "anything"})
    return json.dumps({"keys": keys}).encode()


def issuing(*keys: Key) -> World:
    made = world(
        serviceAccountIssuerDiscovery={"discoveryStore": STORE},
        kubeAPIServer={"serviceAccountIssuer": ISSUER},
    )
    made.write("pki/private/service-account/keyset.yaml", keyset(*(keys or (Key("1"),))))
    return made


def documents(**changes: bytes | None) -> MemoryStore:
    whole = {
        "configuration": json.dumps({"issuer": ISSUER}).encode(),
        "jwks": published("1"),
        **changes,
    }
    store = MemoryStore()
    for key, body in ((CONFIGURATION, whole["configuration"]), (JWKS, whole["jwks"])):
        if body is not None:
            store.put(key, body)
    return store


def judged(
    store: ObjectStore, made: World | None = None, public: ReadPublic | None = None
) -> HealthFinding:
    def other(url: str) -> ObjectStore:
        assert url == STORE
        return store

    (finding,) = judge_discovery((made or issuing()).stored(), other, public)
    return finding


def test_a_cluster_that_publishes_nothing_is_not_looked_at() -> None:
    assert list(judge_discovery(world().stored(), lambda url: documents(), None)) == []


def test_both_documents_with_the_key_of_every_trusted_key_are_well() -> None:
    made = issuing(Key("1"), Key("2"), Key("3", distrusted=True))

    assert judged(documents(jwks=published("1", "2")), made).state == "ok"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"configuration": None}, f"{CONFIGURATION} is missing"),
        ({"jwks": None}, f"{JWKS} is missing"),
        ({"configuration": b"<html>"}, f"{CONFIGURATION} names no issuer"),
        (
            {"configuration": b'{"issuer": "https://another"}'},
            f"{CONFIGURATION} names the issuer https://another, and the cluster's is {ISSUER}",
        ),
        ({"jwks": b'{"keys": {}}'}, f"{JWKS} has no list of keys"),
        ({"jwks": b'{"keys": [1, {"kty": "RSA"}, {"kty": "EC", "x": "!", "y": 2}]}'}, "key 1"),
        ({"jwks": published("2")}, f"{JWKS} lacks the service-account key 1: clouds refuse"),
    ],
)
def test_what_makes_clouds_refuse_tokens_has_failed(
    changes: Mapping[str, bytes | None], words: str
) -> None:
    finding = judged(documents(**changes))

    assert finding.state == "failed"
    assert words in finding.message


def test_a_new_key_has_to_be_published_before_it_signs() -> None:
    finding = judged(documents(), issuing(Key("1"), Key("2")))

    assert "lacks the service-account key 2" in finding.message


def test_a_store_that_denies_is_unknown() -> None:
    def other(_url: str) -> ObjectStore:
        raise StoreDenied("no")

    (finding,) = judge_discovery(issuing().stored(), other, None)

    assert finding.state == "unknown"


@pytest.mark.parametrize(
    ("closed", "state"), [("", "ok"), ("it is not there, or closed", "failed")]
)
def test_what_is_stored_well_may_be_closed_to_the_cloud(closed: str, state: str) -> None:
    asked: list[str] = []

    def public(address: str) -> str:
        asked.append(address)
        return closed

    assert judged(documents(), public=public).state == state
    assert asked == [f"{ISSUER}/{CONFIGURATION}"]


def test_no_way_to_the_internet_says_nothing_about_the_cluster() -> None:
    def public(_address: str) -> str:
        raise KledError("no route to host")

    finding = judged(documents(), public=public)

    assert finding.state == "warning"
    assert "not known: no route to host" in finding.message


@pytest.mark.parametrize(
    ("answer", "closed"),
    [
        (Answer(200, b"{}"), ""),
        (Answer(200, b""), "it is empty"),
        (Answer(302, b"", {"Location": "/login"}), "it answers 302"),
        (Answer(403), "it is not there, or closed"),
        (Answer(404), "it is not there, or closed"),
    ],
)
def test_what_everybody_can_read_is_told_by_an_answer(answer: Answer, closed: str) -> None:
    with answering(lambda _asked: answer) as server:
        assert read_public(f"{server.url}/{CONFIGURATION}") == closed


def test_a_server_in_trouble_tells_nothing() -> None:
    with answering(lambda _asked: Answer(503)) as server, pytest.raises(KledError):
        read_public(server.url)
