"""Parts of the sentences that people read."""

from kled.sentences import enumerated


def test_a_long_list_ends_with_how_many_more_there_are() -> None:
    names = ["a", "b", "c", "d"]

    assert [enumerated(names[:count], 2) for count in range(5)] == [
        "",
        "a",
        "a, b",
        "a, b and 1 more",
        "a, b and 2 more",
    ]
