"""Bringing a provider's files in: downloaded, looked at, never believed.

A file is what its first bytes say, whatever header or name claim. It decides nothing of money.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from routing.providers import whole
from routing.providers.base import Output, ProviderError, Request, Usage, WorkFailed
from routing.providers.transport import Answer, AnswerLost, NotSent, TooLarge, Transport

PICTURE_BYTES = 80 * 1024 * 1024
CLIP_BYTES = 600 * 1024 * 1024
GONE = frozenset({403, 404, 410})
MOST_MORE = 8  # files beyond what was asked for that are still brought in

_PICTURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png", ".png"),
    (b"\xff\xd8\xff", "image/jpeg", ".jpg"),
)


class NotYet(ProviderError):
    """The file could not be fetched now; it is still there, so it is tried again."""

    retry_after_s = 5.0


class Missing(NotYet):
    """The provider does not show it now. It may again, at a fresh address; else it is lost."""


class Spoiled(WorkFailed):
    """Paid, and what came cannot be used; its bytes are at `path`."""

    def __init__(self, text: str, *, path: Path, usage: Usage | None) -> None:
        super().__init__(text, billed=True, usage=usage)
        self.path = path


def sniff(head: bytes) -> tuple[str, str] | None:
    """Type and ending of a still or clip by its first 16 bytes; None for anything else."""
    for magic, kind, ending in _PICTURES:
        if head.startswith(magic):
            return kind, ending
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp", ".webp"
    if head[4:8] == b"ftyp":
        return "video/mp4", ".mp4"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "video/webm", ".webm"
    return None


def each(
    transport: Transport,
    wanted: Iterable[tuple[int, str]],
    request: Request,
    *,
    usage: Usage,
    is_clip: bool,
    have: frozenset[int],
    on_progress: Callable[[float], None],
    headers: Mapping[str, str] | None = None,
) -> Iterator[Output]:
    """Every file in turn, as position and address. One that cannot be had keeps back no other:
    its error comes at the end, and one that may be tried again before one that may not. The bytes
    of one that is no still and no clip are given too, to be kept aside."""
    files = list(wanted)[: len(request.seeds) + MOST_MORE]
    problem: ProviderError | None = None
    for done, (position, url) in enumerate(files):
        if position not in have:
            try:
                yield fetch(
                    transport,
                    url,
                    request,
                    position,
                    usage=usage,
                    is_clip=is_clip,
                    headers=headers,
                )
            except Missing as error:
                problem = problem if isinstance(problem, NotYet) else error
            except NotYet as error:
                problem = error
            except Spoiled as error:
                problem = problem or error
                yield aside(error, request, position)
            except WorkFailed as error:
                problem = problem or error
        on_progress((done + 1) / len(files))
    if problem is not None:
        raise problem


def fetch(
    transport: Transport,
    url: str,
    request: Request,
    position: int,
    *,
    usage: Usage,
    is_clip: bool,
    headers: Mapping[str, str] | None = None,
    note: Mapping[str, object] | None = None,
) -> Output:
    """Download one output. Raises NotYet (try again), WorkFailed (paid, unusable)."""
    raw = request.workdir / f"raw-{position}"
    try:
        got = transport.download(
            url, raw, most_bytes=CLIP_BYTES if is_clip else PICTURE_BYTES, headers=headers
        )
    except TooLarge as error:
        text = f"What came is too large to take in. {error}"
        raise Spoiled(text, path=raw, usage=usage) from error
    except AnswerLost as error:
        raise NotYet(f"The file could not be fetched now: {error.text}") from error
    except NotSent as error:
        if type(error) is not NotSent:  # an address that is not the provider's
            raise WorkFailed(error.text, billed=True, usage=usage) from error
        raise NotYet(f"The file could not be fetched now: {error.text}") from error
    if isinstance(got, Answer):
        if got.status in GONE:
            raise Missing("The provider made it and does not keep it any more.")
        raise NotYet(f"The provider's file server answered {got.status}.")
    return stored(raw, request, position, usage=usage, note=note)


def stored(
    raw: Path,
    request: Request,
    position: int,
    *,
    usage: Usage,
    note: Mapping[str, object] | None = None,
) -> Output:
    """An output from bytes at hand. Raises Spoiled when they are no still and no clip."""
    with raw.open("rb") as file:
        found = sniff(file.read(16))
    if found is None:
        raise Spoiled("What came is neither a picture nor a clip.", path=raw, usage=usage)
    kind, ending = found
    trimmed = whole.trim(raw, kind)
    path = raw.rename(raw.with_name(f"output-{position}{ending}"))
    more = {"trimmed_bytes": trimmed} if trimmed else {}
    return Output(
        position=position,
        seed=request.seed(position),
        path=path,
        content_type=kind,
        note={**(note or {}), **more},
        usage=usage,
    )


def aside(error: Spoiled, request: Request, position: int) -> Output:
    """What came as it is, for keeping aside."""
    return Output(
        position=position,
        seed=request.seed(position),
        path=error.path,
        content_type="",
        usage=error.usage,
        problem=error.text,
    )
