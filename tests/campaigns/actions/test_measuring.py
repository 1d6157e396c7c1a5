"""Meters of an edit from end to end: an object is erased, and the batch shows what else changed."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from campaigns.models import AdSet, Finding, Media
from campaigns.queries import overlays
from tests import factories
from tests.campaigns.views.test_asset import adopted, painted


def test_an_erased_object_comes_with_the_proof_of_the_rest(
    client: Client, ad_set: AdSet, mara: User
) -> None:
    made = adopted(ad_set, mara)
    team = ad_set.campaign.team
    client.force_login(mara)
    sent = {"operation": "object_erase", "mask": painted((600, 400), (40, 300, 90, 350))}
    client.post(reverse("asset_run", args=[team.slug, made.pk]), sent)
    factories.drain()
    run = factories.open_run(made)
    candidate = run.candidates.first()
    assert candidate is not None
    found = {row.name: row for row in candidate.findings.all()}
    assert {"untouched", "placement", "cast", "protected"} <= found.keys()
    assert found["untouched"].verdict == "pass"
    assert found["placement"].value_text == "in place"
    assert candidate.parent is not None
    source = Media.objects.get(pk=candidate.parent.media_id)
    assert source.seen is not None
    text = client.get(reverse("review_batch", args=[team.slug, run.pk])).content.decode()
    assert text.count('<svg class="found"') == run.candidates.count()
    assert "data-found-toggle" in text


def test_a_moved_word_is_drawn_with_its_words() -> None:
    rows = [
        Finding(
            name="untouched",
            label="Outside the mask",
            value_text="98.7 % unchanged",
            verdict="warn",
            detail={
                "size": [600, 400],
                "frame": None,
                "grid": [48, 32],
                "heat": [[1, 2, 3, 2]],
                "inside": [[5, 5, 4, 3]],
                "largest": [10, 300, 60, 340],
                "largest_distance": 31.2,
                "as_is": 0.98,
                "content": 0.987,
            },
        ),
        Finding(
            name="protected",
            label="Faces and words",
            value_text="text 1 moved 3 px",
            verdict="warn",
            detail={
                "boxes": [
                    {
                        "name": "text 1",
                        "box": [10, 5, 80, 30],
                        "state": "moved",
                        "text": "text 1 moved 3 px",
                        "likeness": 0.97,
                    }
                ]
            },
        ),
    ]
    drawn = overlays.overlay(rows, width=1200, height=800)
    assert drawn is not None
    assert drawn.text == "Outside the mask: 98.7 % unchanged. Faces and words: text 1 moved 3 px."
    assert (drawn.frame, drawn.of_width, drawn.columns) == ((0, 0, 1200, 800), 600, 48)
    assert [(cell.y, cell.x, cell.width, cell.level) for cell in drawn.cells] == [
        (5, 5, 4, 0),
        (1, 2, 3, 2),
    ]
    assert [(mark.kind, mark.text) for mark in drawn.marks] == [
        ("largest", "largest change, ΔE 31"),
        ("moved", "text 1 moved 3 px"),
    ]
    assert drawn.marks[1].tag_x > 80, "the words stand beside the box"
    assert overlays.overlay([], width=10, height=10) is None
