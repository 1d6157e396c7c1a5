"""A package has the same bytes for the same input, and never a path that leaves it."""

import io
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.formats import bundle
from campaigns.formats.bundle import BundleError, Member


def build(*members: Member) -> bytes:
    target = io.BytesIO()
    bundle.write(members, target)
    return target.getvalue()


class Zeros(io.RawIOBase):
    """A reader of `size` zero bytes that need no memory."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, count: int = -1) -> bytes:
        count = min(self.left, count if count >= 0 else self.left)
        self.left -= count
        return bytes(count)


class TestWrite:
    members = (
        Member.of_bytes("tiktok/b.jpg", b"\xff\xd8 picture" * 50),
        Member.of_bytes("README.txt", b"words " * 500),
        Member.of_bytes("reels/مرحبا.mp4", b"clip"),
    )

    def test_the_same_members_give_the_same_bytes_in_any_order(self) -> None:
        assert build(*self.members) == build(*reversed(self.members))

    def test_everything_comes_out_again_in_order_with_one_fixed_time(self) -> None:
        with zipfile.ZipFile(io.BytesIO(build(*self.members))) as archive:
            assert archive.testzip() is None
            names = [entry.filename for entry in archive.infolist()]
            assert names == ["README.txt", "reels/مرحبا.mp4", "tiktok/b.jpg"]
            assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
            assert archive.read("tiktok/b.jpg") == b"\xff\xd8 picture" * 50

    def test_stores_media_and_deflates_text(self) -> None:
        with zipfile.ZipFile(io.BytesIO(build(*self.members))) as archive:
            kinds = {entry.filename: entry.compress_type for entry in archive.infolist()}
        assert kinds["README.txt"] == zipfile.ZIP_DEFLATED
        assert kinds["tiktok/b.jpg"] == kinds["reels/مرحبا.mp4"] == zipfile.ZIP_STORED

    def test_memory_does_not_grow_with_the_size(self, tmp_path: Path) -> None:
        size = 64 << 20
        member = Member("tiktok/a.mp4", size, lambda: Zeros(size))  # type: ignore[arg-type,return-value]
        with (tmp_path / "a.zip").open("wb") as target:
            tracemalloc.start()
            written = bundle.write([member], target)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert written > size
        assert peak < 8 << 20

    def test_tells_how_far_it_is(self) -> None:
        seen: list[tuple[int, int]] = []
        big = Member.of_bytes("a.jpg", bytes(3 << 20))
        bundle.write(
            [big], io.BytesIO(), on_progress=lambda done, total: seen.append((done, total))
        )
        assert seen == [(n << 20, 3 << 20) for n in (1, 2, 3)]

    def test_becomes_zip64_when_it_must(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1000)
        content = build(Member.of_bytes("a.jpg", bytes(5000)), Member.of_bytes("b.jpg", b"x"))
        monkeypatch.undo()
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert archive.testzip() is None
            assert archive.getinfo("a.jpg").extract_version == 45

    def test_a_file_that_changed_meanwhile_is_noticed(self) -> None:
        for announced in (3, 5):
            member = Member("a.jpg", announced, lambda: io.BytesIO(b"four"))
            with pytest.raises(BundleError, match="changed meanwhile"):
                build(member)

    def test_an_empty_package_is_refused(self) -> None:
        with pytest.raises(BundleError, match="nothing to pack"):
            build()

    def test_a_target_that_cannot_seek_is_refused(self) -> None:
        class Pipe(io.BytesIO):
            def seekable(self) -> bool:
                return False

        with pytest.raises(BundleError, match="seekable"):
            bundle.write([Member.of_bytes("a.jpg", b"x")], Pipe())


class TestPaths:
    @pytest.mark.parametrize(
        "path",
        [
            "", "/etc/passwd", "../a.jpg", "a/../b.jpg", "./a.jpg", "a//b.jpg", "a/", "C:/a.jpg",
            "a\\b.jpg", "a\x00.jpg", "a\n.jpg", "con.jpg", "tiktok/NUL", "a.", "a ", " a",
            "a?.jpg", "x" * 201, "\u202egpj.exe", "cafe\u0301.jpg", "LPT1.txt", "COM¹",
        ],
    )  # fmt: skip
    def test_unsafe_paths_are_refused(self, path: str) -> None:
        with pytest.raises(BundleError, match=r"\w"):
            bundle.check_path(path)

    @pytest.mark.parametrize(
        "pair",
        [("a.jpg", "a.jpg"), ("a.jpg", "A.JPG"), ("straße.jpg", "STRASSE.jpg"), ("a", "A/b.jpg")],
    )
    def test_paths_that_meet_on_some_system_are_refused(self, pair: tuple[str, str]) -> None:
        with pytest.raises(BundleError, match=r"same file|a folder"):
            build(*(Member.of_bytes(path, b"") for path in pair))

    @given(st.text(max_size=40))
    def test_what_is_accepted_stays_inside(self, tmp_path_factory: object, path: str) -> None:
        try:
            bundle.check_path(path)
        except BundleError:
            return
        parts = path.split("/")
        assert ".." not in parts
        assert not Path(path).is_absolute()
        content = build(Member.of_bytes(path, b"x"))
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert archive.namelist() == [path]
