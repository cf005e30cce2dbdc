"""An archive holds plain files in order, and whatever else its tar holds has one answer."""

import io
import tarfile
import tracemalloc

import pytest
import zstandard

from kled.errors import SnapshotNotTrustworthy
from kled.snapshot.create import archive
from kled.snapshot.verify.tar_reading import TarDamaged, read_members

OBJECTS = {
    "a": b"1",
    "addons/" + "long" * 60: b"2" * 513,
    "empty": b"",
    "secrets/system:dns": b"3",
    "é": b"4" * 512,
}
WANTED = [(key, len(OBJECTS[key])) for key in sorted(OBJECTS, key=str.encode)]
END = b"\0" * 1024


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE, link: str = "") -> bytes:
    """One header as GNU writes it: sizes of any number of bits, also negative ones."""
    member = tarfile.TarInfo(name)
    member.size, member.type, member.linkname = size, kind, link
    return member.tobuf(tarfile.GNU_FORMAT)[:512]


def file(name: str, body: bytes) -> bytes:
    return header(name, len(body)) + body + b"\0" * (-len(body) % 512)


def extended(*records: bytes) -> bytes:
    body = b"".join(records)
    return header("x", len(body), tarfile.XHDTYPE) + body + b"\0" * (-len(body) % 512)


FORGED: dict[str, bytes] = {
    "a chain of long names": header("././@LongLink", 0, b"L") * 3000,  # was a RecursionError
    "a chain of extended headers": header("x", 0, tarfile.XHDTYPE) * 3000,
    "an extended header of 2^80 bytes": header("x", 1 << 80, tarfile.XHDTYPE),  # OverflowError
    "a long name of 2^80 bytes": header("x", 1 << 80, b"L"),
    "a negative size": header("a", -512) + END,
    "an extended header of a negative size": header("x", -512, tarfile.XHDTYPE),
    "a size that lies": header("a", 1 << 20) + b"1",
    "a size of 2^87": header("a", 1 << 87) + b"1",
    "a size beside it": extended(b"16 size=1048576\n") + file("a", b"1"),
    "a size of many digits": extended(b"5007 size=" + b"9" * 4996 + b"\n") + file("a", b"1"),
    "a length of many digits": extended(b"9" * 5000 + b" path=a\n") + file("a", b"1"),
    "a length of nothing": extended(b"0 path=a\n") + file("a", b"1"),
    "a name that is no text": extended(b"10 path=\xff\n") + file("a", b"1"),
    "a sparse map": extended(b"22 GNU.sparse.major=1\n") + file("a", b"1"),
    "an extended header and no member": extended(b"9 path=a\n"),
    "a global header": header("g", 0, tarfile.XGLTYPE) + file("a", b"1"),
    "a link": header("a", 0, tarfile.SYMTYPE, "/etc/passwd"),
    "a hard link": header("a", 0, tarfile.LNKTYPE, "../../x"),
    "a device": header("a", 0, tarfile.CHRTYPE),
    "a pipe": header("a", 0, tarfile.FIFOTYPE),
    "a directory": header("a/", 0, tarfile.DIRTYPE),
    "a sparse file": header("a", 1, tarfile.GNUTYPE_SPARSE) + b"1" * 512,
    "an unknown type": header("a", 1, b"Z") + b"1" * 512,
    "no header": b"\xff" * 512,
    "half a header": header("a", 1)[:300],
    "an absolute name": file("/etc/passwd", b"1"),
    "a name that leads out": file("../../x", b"1"),
    "another member": file("b", b"1"),
    "a member twice": file("a", b"1") + file("a", b"1"),
    "more behind the end": file("a", b"1") + END + file("z", b"1"),
    "nothing": b"",
    "only an end": END,
}


def read(tar: bytes) -> list[tuple[str, bytes]]:
    return list(read_members(io.BytesIO(tar).read, lambda _name, _size: None))


def packed(tar: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(tar)


def test_what_was_packed_is_read() -> None:
    assert dict(archive.unpack(archive.pack(OBJECTS), WANTED, "it")) == OBJECTS


@pytest.mark.parametrize("write", [tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_what_another_program_packed_in_the_same_form_is_read(write: int) -> None:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=write) as tar:
        member = tarfile.TarInfo("pki/private/" + "a" * 80 + "/keyset.yaml")
        member.size, member.uname, member.mtime = 3, "somebody", 5
        tar.addfile(member, io.BytesIO(b"key"))

    assert read(plain.getvalue()) == [(member.name, b"key")]


@pytest.mark.parametrize("how", FORGED)
def test_whatever_a_forged_archive_holds_it_has_one_answer(how: str) -> None:  # faults 84, 87
    with pytest.raises(SnapshotNotTrustworthy):
        list(archive.unpack(packed(FORGED[how] + END), [("a", 1), ("b", 4 << 20)], "it"))


def test_a_member_of_another_size_is_refused() -> None:
    with pytest.raises(SnapshotNotTrustworthy, match="in another size"):
        list(archive.unpack(packed(file("a", b"12") + END), [("a", 1)], "it"))


def test_a_tar_that_is_cut_anywhere_is_no_tar() -> None:
    whole = file("a", b"1" * 700)
    for end in range(1, len(whole) - 324, 7):  # what is left out there is padding
        with pytest.raises(TarDamaged):
            read(whole[:end])


def test_a_bomb_takes_no_more_memory_than_an_object_and_a_window() -> None:  # fault 87
    """Declared or not: 8 KiB of it are 256 MiB of zeros, as large as an archive may be."""
    block = ((128 << 10) << 3 | 1 << 1).to_bytes(3, "little") + b"\0"
    bomb = b"\x28\xb5\x2f\xfd\x00\x38" + block * 2047
    wanted = [(f"a{number}", 4 << 20) for number in range(64)]
    tracemalloc.start()
    try:
        with pytest.raises(SnapshotNotTrustworthy):
            list(archive.unpack(bomb, wanted, "it"))
        with pytest.raises(SnapshotNotTrustworthy, match="larger than its manifest says"):
            list(archive.unpack(packed(END * 2048), [("a", 1)], "it"))
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("behind", [b"x", packed(b"") * 2, b"\0"])
def test_nothing_stands_behind_the_frame(behind: bytes) -> None:
    with pytest.raises(SnapshotNotTrustworthy, match="cannot be unpacked"):
        list(archive.unpack(archive.pack(OBJECTS) + behind, WANTED, "it"))


def test_an_archive_that_is_cut_anywhere_is_damaged() -> None:
    whole = archive.pack(OBJECTS)
    for end in range(len(whole)):
        with pytest.raises(SnapshotNotTrustworthy):
            list(archive.unpack(whole[:end], WANTED, "it"))


@pytest.mark.parametrize("window", [0x70, 0x88, 0xA8], ids=["16 MiB", "128 MiB", "2 GiB"])
def test_a_frame_that_wants_much_remembered_is_refused(window: int) -> None:
    block = ((128 << 10) << 3 | 1 << 1).to_bytes(3, "little") + b"\0"
    frame = b"\x28\xb5\x2f\xfd\x00" + bytes([window]) + block * 99

    with pytest.raises(SnapshotNotTrustworthy, match="cannot be unpacked"):
        list(archive.unpack(frame, [("a", 4 << 20)] * 9, "it"))
