"""One contract for every provider: the embedded engine and each adapter, over real HTTP.

What an adapter does beyond it stands in tests/routing/providers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from PIL import Image

from campaigns import wiring
from routing import catalog
from routing.providers.base import (
    BadNotice,
    InputFile,
    Output,
    Progress,
    Provider,
    ProviderError,
    Request,
    Trace,
)
from routing.providers.local import LocalEngine
from tests.factories import COFFEE
from tests.stand_in import StandIn

# the model of each provider that is asked, and for what
MODELS = {
    "local": ("local-compose", "compose"),
    "fal": ("flux-kontext-pro", "compose"),
    "replicate": ("sdxl", "compose_type"),
    "google": ("nano-banana", "compose"),
    "comfyui": ("sdxl-comfyui", "compose_type"),
}
LONG_AGO = 1_700_000_000.0


@dataclass(frozen=True, slots=True)
class Seat:
    """A provider and what it is asked; `posts` counts the submits it got."""

    provider: Provider
    request: Request
    posts: Callable[[], int]

    @property
    def is_hosted(self) -> bool:
        return self.provider.key != "local"

    def outputs(self, have: frozenset[int] = frozenset()) -> list[Output]:
        """What comes of one submit, in whichever way the provider gives it."""
        submission = self.provider.submit(self.request)
        return self.after(submission.ref, submission.outputs, have)

    def after(
        self, ref: str, at_once: tuple[Output, ...], have: frozenset[int] = frozenset()
    ) -> list[Output]:
        if at_once:
            return list(at_once)
        for _ in range(20):
            if self.provider.look_up(self.request, ref).progress is Progress.READY:
                break
        return list(
            self.provider.fetch(self.request, ref, on_progress=lambda share: None, have=have)
        )


@pytest.fixture(params=list(MODELS))
def seat(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Seat]:
    """Every provider in turn."""
    name = request.param
    model, operation = MODELS[name]
    version = next(card.version for card in catalog.shipped() if card.key == model)
    base = tmp_path / "base.png"
    with Image.open(COFFEE) as photo:
        photo.resize((360, 240)).save(base)
    work = tmp_path / "work"
    work.mkdir()
    asked = Request(
        attempt_key="k" * 40,
        model=model,
        operation=operation,
        params={"prompt": "A cup.", "width": 540, "height": 960, "headline": "Fresh"},
        inputs=(
            InputFile("base", base, "image/png", hashlib.sha256(base.read_bytes()).hexdigest()),
        ),
        seeds=(11, 12),
        workdir=work,
        version=version,
        sent_at=LONG_AGO,
    )
    if name == "local":
        yield Seat(LocalEngine(), asked, lambda: 0)
        return
    with StandIn() as vendor:
        made = wiring.HOSTED[name](vendor.providers()[name])
        most = made.per_call(version, operation)
        seeds = asked.seeds[: most or len(asked.seeds)]
        yield Seat(made, replace(asked, seeds=seeds), lambda: len(vendor.posts(name)))


class TestEveryProvider:
    def test_has_a_name_a_queue_and_says_how_long_it_keeps_things(self, seat: Seat) -> None:
        assert MODELS[seat.provider.key][0] == seat.request.model
        assert seat.provider.fetch_queue in ("models", "media")
        assert seat.provider.keeps_s >= 0

    def test_makes_one_readable_file_for_each_seed_in_the_scratch_folder(self, seat: Seat) -> None:
        outputs = seat.outputs()
        assert [one.position for one in outputs] == list(range(len(seat.request.seeds)))
        assert [one.seed for one in outputs] == list(seat.request.seeds)
        for one in outputs:
            assert one.path.is_relative_to(seat.request.workdir)
            with Image.open(one.path) as picture:
                picture.load()
                assert Image.MIME[picture.format or ""] == one.content_type

    def test_sends_one_submit_and_looks_without_sending_more(self, seat: Seat) -> None:
        submission = seat.provider.submit(seat.request)
        assert submission.ref
        for _ in range(3):
            seat.provider.look_up(seat.request, submission.ref)
        seat.after(submission.ref, submission.outputs)
        assert seat.posts() == (1 if seat.is_hosted else 0)

    def test_leaves_out_what_is_there_already(self, seat: Seat) -> None:
        submission = seat.provider.submit(seat.request)
        if submission.outputs:
            return  # it came with the answer; there is nothing to fetch
        everything = frozenset(range(len(seat.request.seeds)))
        assert seat.after(submission.ref, (), everything) == []
        later = seat.after(submission.ref, (), frozenset({0}))
        assert [one.position for one in later] == list(range(1, len(seat.request.seeds)))

    def test_fetches_the_same_bytes_twice(self, seat: Seat) -> None:
        submission = seat.provider.submit(seat.request)
        if submission.outputs:
            return
        digests = [
            [one.path.read_bytes() for one in seat.after(submission.ref, ())] for _ in range(2)
        ]
        assert digests[0] == digests[1]

    def test_takes_a_cancel_twice_and_says_whether_it_will_bill(self, seat: Seat) -> None:
        ref = seat.provider.submit(seat.request).ref
        for _ in range(2):
            assert seat.provider.cancel(ref, seat.request) in (True, False)

    def test_of_work_it_never_got_claims_nothing(self, seat: Seat) -> None:
        search = seat.provider.search(seat.request)
        assert search.trace in (Trace.NOT_ACCEPTED, Trace.CANNOT_TELL, Trace.NOT_YET)
        assert search.submission is None
        assert seat.posts() == 0

    def test_believes_no_message_that_is_not_signed(self, seat: Seat) -> None:
        with pytest.raises(BadNotice):
            seat.provider.notice({"content-type": "application/json"}, b'{"id": "x"}', LONG_AGO)

    def test_says_whether_it_works(self, seat: Seat) -> None:
        health = seat.provider.check()
        assert (health.works, bool(health.text)) == (True, True)
        assert seat.posts() == 0

    def test_names_the_limit_of_a_call(self, seat: Seat) -> None:
        most = seat.provider.per_call(seat.request.version, seat.request.operation)
        assert most >= 0

    def test_refuses_what_it_does_not_know_in_words_and_unbilled(self, seat: Seat) -> None:
        unknown = replace(seat.request, version="nobody/has-this", operation="no_such_thing")
        with pytest.raises(ProviderError) as caught:
            seat.provider.submit(unknown)
        assert caught.value.text.strip()
        assert not caught.value.billed
        assert seat.posts() == 0
