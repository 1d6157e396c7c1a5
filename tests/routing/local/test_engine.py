"""The embedded engine keeps the provider contract."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from routing.providers.base import InvalidRequest, Progress, Request, Unavailable
from routing.providers.local import LocalEngine
from tests.routing.local.conftest import COPY, PHOTOS, Ask, fetch, photo


def digests(request: Request, have: frozenset[int] = frozenset()) -> dict[int, str]:
    return {
        output.position: hashlib.sha256(output.path.read_bytes()).hexdigest()
        for output in fetch(request, have=have)
    }


class TestContract:
    def test_accepts_at_once_and_is_ready(self, ask: Ask) -> None:
        engine = LocalEngine()
        request = ask("adopt", "product")
        ref = engine.submit(request).ref
        outcome = engine.look_up(request, ref)
        assert (engine.key, engine.fetch_queue) == ("local", "media")
        assert (outcome.progress, outcome.billed) == (Progress.READY, False)
        assert engine.cancel(ref)

    def test_refuses_an_operation_it_does_not_have(self, ask: Ask) -> None:
        with pytest.raises(InvalidRequest) as caught:
            LocalEngine().submit(ask("text_to_image"))
        assert caught.value.field == "operation"

    def test_refuses_no_seeds(self, ask: Ask) -> None:
        with pytest.raises(InvalidRequest) as caught:
            LocalEngine().submit(ask("adopt", "product", seeds=()))
        assert caught.value.field == "seeds"

    def test_missing_models_make_it_unavailable(
        self, ask: Ask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SWITCHYARD_MODELS_DIR", "/nonexistent")
        with pytest.raises(Unavailable, match="bin/start"):
            fetch(ask("background_remove", "product"))


class TestRepeating:
    @pytest.mark.parametrize(
        ("operation", "params"),
        [
            ("compose", {**COPY, "width": 360, "height": 640}),
            ("background_replace", {"brand": COPY["brand"]}),
            ("outpaint", {"width": 1000, "height": 1000}),
        ],
    )
    def test_each_output_depends_on_its_own_seed_only(
        self, ask: Ask, operation: str, params: dict[str, object]
    ) -> None:
        base = photo("product")[::2, ::2] if operation == "outpaint" else "product"
        whole = digests(ask(operation, base, seeds=(11, 12, 13), **params))
        resumed = digests(ask(operation, base, seeds=(11, 12, 13), **params), have=frozenset({0}))
        turned = digests(ask(operation, base, seeds=(13, 11), **params))
        assert set(whole) == {0, 1, 2}
        assert resumed == {1: whole[1], 2: whole[2]}
        assert turned == {0: whole[2], 1: whole[0]}
        assert len(set(whole.values())) == 3

    def test_nothing_is_left_to_do_when_all_are_there(self, ask: Ask) -> None:
        request = ask("compose", "product", seeds=(1, 2), **COPY)
        assert fetch(request, have=frozenset({0, 1})) == []

    def test_progress_only_grows_and_ends_at_one(self, ask: Ask) -> None:
        for operation, params in (
            ("compose_type", {**COPY, "width": 360, "height": 640}),
            ("background_replace", {}),
            ("face_enhance", {}),
        ):
            told: list[float] = []
            fetch(ask(operation, "person", seeds=(1, 2), **params), told=told)
            assert told == sorted(told)
            assert told[-1] == pytest.approx(1)


class TestAdopt:
    def test_gives_the_same_bytes(self, ask: Ask) -> None:
        (output,) = fetch(ask("adopt", "scene"))
        assert output.path.read_bytes() == PHOTOS["scene"].read_bytes()
        assert (output.content_type, output.note["width"]) == ("image/jpeg", 640)


class TestInputs:
    @pytest.mark.parametrize("operation", ["compose", "adopt", "upscale", "image_to_video"])
    def test_a_missing_photo_names_the_field(self, ask: Ask, operation: str) -> None:
        with pytest.raises(InvalidRequest) as caught:
            fetch(ask(operation))
        assert caught.value.field == "base"

    def test_a_tiny_photo_is_refused_with_its_size(self, ask: Ask) -> None:
        with pytest.raises(InvalidRequest, match="1 x 1"):
            fetch(ask("background_remove", np.zeros((1, 1, 3), np.uint8)))

    def test_a_broken_photo_is_refused(self, ask: Ask) -> None:
        request = ask("adopt", np.zeros((64, 64, 3), np.uint8))
        request.inputs[0].path.write_bytes(b"<html>not a picture</html>")
        with pytest.raises(InvalidRequest, match="cannot be read"):
            fetch(request)
