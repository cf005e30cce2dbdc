from pathlib import Path

import pytest

from kled.errors import InvalidInput
from kled.kops.call import child_environment, verb, with_feature_flags


def test_the_given_feature_flags_are_kept_and_none_is_named_twice() -> None:
    env = {"KOPS_FEATURE_FLAGS": "+Azure,SpotinstController"}

    assert with_feature_flags(env, "azureblob://a/c", "scaleway")["KOPS_FEATURE_FLAGS"] == (
        "+Azure,SpotinstController,Scaleway"
    )
    assert with_feature_flags({}, "s3://b", "aws") == {}


def test_a_child_always_has_a_path() -> None:
    assert child_environment({}, "s3://b", Path("/s"))["PATH"]


def test_a_verb_is_the_words_before_the_flags() -> None:
    assert verb(["version"]) == "version"
    assert verb(["replace", "--filename=x"]) == "replace"
    assert verb(["get", "clusters", "--output=json"]) == "get clusters"


@pytest.mark.parametrize("url", ["do://b", "scw://b", "hos://b"])
def test_a_store_of_a_service_needs_its_endpoint(url: str) -> None:
    with pytest.raises(InvalidInput, match=f"S3_ENDPOINT: {url[:-1]} needs it"):
        child_environment({}, url, Path("/s"))
    given = child_environment({"S3_ENDPOINT": "s3.example.com:9000"}, url, Path("/s"))
    assert given["S3_ENDPOINT"] == "https://s3.example.com:9000"
