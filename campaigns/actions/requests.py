"""From an attempt's rows to the frozen request a provider gets; a decision as it is stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from campaigns import wiring
from campaigns.actions import consents, spool, stored
from campaigns.models import Attempt, Media
from routing.decide import Decision
from routing.providers.base import InputFile, Request
from routing.told import told


def frozen(decision: Decision, currency: str) -> dict[str, Any]:
    """A decision with what people are told of it, stored with the run and never rewritten."""
    words = told(decision, currency)
    return {**decision.as_json(), "sentence": words["sentence"], "told": words}


def _inputs(attempt: Attempt) -> list[tuple[str, Media]]:
    run = attempt.run
    found: list[tuple[str, Media]] = []
    if run.source is not None:
        found.append(("base", run.source.media))
    else:
        bases = run.asset.bases.select_related("media").order_by("position")
        found.extend(
            ("base" if position == 0 else "background", base.media)
            for position, base in enumerate(bases[:2])
        )
    if run.mask is not None:
        found.append(("mask", run.mask))
    found.extend(("face", face) for face in consents.faces_of(run))
    return found


@contextmanager
def prepared(*, attempt: Attempt, with_files: bool = True) -> Iterator[Request]:
    """The request of an attempt, with its input files at hand while the block runs.

    Raises StorageAway, also where the block finds no room in the work folder.
    """
    # an answer that can be had only once is written where room was looked for beforehand
    once = wiring.answers_at_once(attempt.provider)
    below = spool.folder() if once else None
    with stored.waiting_for_room(), stored.scratch(below=below) as folder:
        workdir = folder / "work"
        workdir.mkdir()
        files: tuple[InputFile, ...] = ()
        if with_files:
            files = tuple(
                InputFile(
                    role=role,
                    path=stored.local_copy(media=media, folder=folder, name=role),
                    content_type=media.content_type,
                    sha256=media.sha256,
                )
                for role, media in _inputs(attempt)
            )
        yield Request(
            attempt_key=attempt.key,
            model=attempt.model,
            operation=attempt.run.operation,
            params=attempt.run.params,
            inputs=files,
            seeds=tuple(attempt.seeds),
            workdir=Path(workdir),
            version=attempt.model_version,
            hook_url=wiring.hook_url(attempt.provider, attempt.key),
            details=attempt.details,
            sent_at=attempt.sent_at.timestamp() if attempt.sent_at else 0.0,
        )
