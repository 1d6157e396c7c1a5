"""The only socket: what may be reached, what counts as sent, and what is believed."""

from __future__ import annotations

from pathlib import Path

import pytest

from routing.providers.transport import (
    Answer,
    AnswerLost,
    BadAddress,
    Downloaded,
    NotSent,
    TooLarge,
    Transport,
)
from tests.routing.providers.desk import Desk, file, said

KEY = "id-of-key:very-secret-value"


@pytest.fixture
def line(desk: Desk) -> Transport:
    return Transport(bases=[desk.url], media_hosts=["*.example.com"], secrets=[KEY])


class TestCall:
    def test_brings_status_headers_and_body(self, desk: Desk, line: Transport) -> None:
        desk.answers["POST /work"] = said({"id": 1}, 201, x_extra="yes")
        answer = line.call("POST", f"{desk.url}/work", body={"a": 1})
        assert (answer.status, answer.json(), answer.headers["x-extra"]) == (201, {"id": 1}, "yes")
        assert desk.asked[0].json == {"a": 1}

    def test_goes_out_once_when_the_line_drops(self, desk: Desk, line: Transport) -> None:
        desk.answers["POST /work"] = lambda asked: None
        with pytest.raises(AnswerLost):
            line.call("POST", f"{desk.url}/work", body={})
        assert len(desk.asked) == 1

    def test_is_not_sent_where_nobody_listens(self) -> None:
        line = Transport(bases=["http://127.0.0.1:9"], connect_s=1)
        with pytest.raises(NotSent):
            line.call("GET", "http://127.0.0.1:9/")

    @pytest.mark.parametrize(
        "url", ["http://127.0.0.1:1/", "https://example.org/", "ftp://x/", "http://u:p@127.0.0.1/"]
    )
    def test_goes_to_nobody_else(self, line: Transport, url: str) -> None:
        with pytest.raises(BadAddress):
            line.call("GET", url)

    def test_refuses_a_name_that_points_inside(self) -> None:
        line = Transport(bases=["https://fal.example"], media_hosts=["localhost"], connect_s=1)
        with pytest.raises(NotSent, match="private"):
            line.download("https://localhost/x.png", Path("/dev/null"), most_bytes=10)

    def test_follows_no_redirect(self, desk: Desk, line: Transport) -> None:
        desk.answers["GET /old"] = (302, {"location": f"{desk.url}/new"}, b"")
        assert line.call("GET", f"{desk.url}/old").status == 302
        assert desk.count("GET /new") == 0

    def test_stops_at_an_endless_answer(self, desk: Desk, line: Transport) -> None:
        desk.answers["GET /big"] = file(b"x" * 5000)
        with pytest.raises(TooLarge):
            line.call("GET", f"{desk.url}/big", most_bytes=4000)


class TestDownload:
    def test_writes_what_came(self, desk: Desk, line: Transport, tmp_path: Path) -> None:
        desk.answers["GET /f"] = file(b"abc")
        got = line.download(f"{desk.url}/f", tmp_path / "f", most_bytes=10)
        assert isinstance(got, Downloaded)
        assert (got.size_bytes, (tmp_path / "f").read_bytes()) == (3, b"abc")

    def test_says_what_stood_there_instead(
        self, desk: Desk, line: Transport, tmp_path: Path
    ) -> None:
        desk.answers["GET /f"] = (410, {}, b"gone")
        got = line.download(f"{desk.url}/f", tmp_path / "f", most_bytes=10)
        assert isinstance(got, Answer)
        assert got.status == 410

    def test_notices_a_file_that_is_cut(self, desk: Desk, line: Transport, tmp_path: Path) -> None:
        desk.answers["GET /f"] = (200, {"content-length": "9", "connection": "close"}, b"abc")
        with pytest.raises(AnswerLost):
            line.download(f"{desk.url}/f", tmp_path / "f", most_bytes=10)

    def test_follows_a_redirect_only_to_allowed_places(
        self, desk: Desk, line: Transport, tmp_path: Path
    ) -> None:
        desk.answers["GET /f"] = (302, {"location": "/g"}, b"")
        desk.answers["GET /g"] = file(b"abc")
        desk.answers["GET /evil"] = (302, {"location": "http://127.0.0.1:1/"}, b"")
        headers = {"authorization": KEY}
        line.download(f"{desk.url}/f", tmp_path / "f", most_bytes=10, headers=headers)
        assert "authorization" not in desk.asked[-1].headers
        with pytest.raises(BadAddress):
            line.download(f"{desk.url}/evil", tmp_path / "f", most_bytes=10)


class TestClean:
    @pytest.mark.parametrize(
        "text",
        [
            f"denied for {KEY} today",
            "GET https://cdn.example.com/a.png?sig=very-secret-value failed",
            "Authorization: Bearer very-secret-value",
        ],
    )
    def test_leaves_no_secret(self, line: Transport, text: str) -> None:
        assert "very-secret-value" not in line.clean(text)
