"""What the pages say about signing, from nothing set to a certificate that works."""

from __future__ import annotations

from typing import Any

from campaigns import wiring
from tests import certificates


def test_says_how_to_begin_what_is_wrong_and_what_is_signed(settings: Any) -> None:
    settings.C2PA_CERT = settings.C2PA_KEY = ""
    assert "set C2PA_CERT and C2PA_KEY" in wiring.signing()
    assert wiring.identity() is None
    chain, key = certificates.made()
    settings.C2PA_CERT, settings.C2PA_KEY = chain.decode(), "no key"
    assert "not signed. The key is not a PEM private key" in wiring.signing()
    settings.C2PA_KEY = key.decode()
    settings.C2PA_PLATFORMS = ["tiktok", "reels-still"]
    assert wiring.signing().endswith("certificate: TikTok, Instagram Reels stills.")


def test_a_kind_may_be_left_out_of_a_platform(settings: Any) -> None:
    settings.C2PA_PLATFORMS = ["tiktok", "reels-still", "shorts"]
    assert wiring.signs("tiktok", "clip")
    assert wiring.signs("reels", "still")
    assert not wiring.signs("reels", "clip")
