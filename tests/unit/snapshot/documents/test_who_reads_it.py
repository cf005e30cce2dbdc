"""A run says it where nobody at hand can read what it writes, and nothing where that is meant."""

from pathlib import Path

import pyrage

from kled.snapshot.documents.sealing import Opener, Sealer, remarks


def opener(root: Path, identity: pyrage.x25519.Identity) -> Opener:
    path = root / "it's an identity"
    path.write_text(f"{identity}\n")
    path.chmod(0o600)
    return Opener(path)


def test_who_reads_a_snapshot_is_remarked_on_where_it_is_not_who_should(tmp_path: Path) -> None:
    mine, other = (pyrage.x25519.Identity.generate() for _ in range(2))
    theirs, both = (
        Sealer([str(other.to_public())]),
        Sealer([str(x.to_public()) for x in (mine, other)]),
    )

    assert "NOT ENCRYPTED" in "".join(remarks(Sealer([]), Opener(None)))
    assert "NOBODY HERE CAN READ" in "".join(remarks(theirs, opener(tmp_path, mine)))
    assert not list(remarks(theirs, Opener(None)))  # a worker only writes
    assert not list(remarks(both, opener(tmp_path, mine)))
