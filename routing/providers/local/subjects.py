"""Find the subject of a photo and say what may be done with it in a layout.

Small photos are enlarged first, so that edges are cut at the size they are shown. It must not
choose a layout.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging import composite, faces, subject, upscale, weights
from imaging.composite import Piece
from imaging.faces import Face
from imaging.geometry import Box, around
from imaging.subject import CutOut
from routing.providers.base import Unavailable
from routing.providers.local.checks import Picture

SMALL_SIDE = 900
LARGE_SIDE = 2400
CRISP = 5.0


@dataclass(frozen=True, slots=True)
class Subject:
    """A photo (RGB uint8) with its subject.

    piece: the cut-out in the photo's size. box: around it. focus: what a crop must keep (faces,
    else the subject). isolated: the mask can be trusted. stands: it has a clean lower edge.
    touches: the sides of the photo it is cut off by.
    """

    rgb: NDArray[np.uint8]
    piece: Piece
    box: Box
    focus: Box
    confidence: float
    isolated: bool
    stands: bool
    touches: frozenset[str]


def find(picture: Picture, on_progress: Callable[[float], None]) -> Subject:
    """Cut the subject out. A picture that is transparent already keeps its own edges.

    Raises Unavailable when the model files are not installed.
    """
    rgb, alpha = _sized(picture, on_progress)
    known = find_faces(rgb)
    if alpha is None:
        try:
            found = subject.cut_out(rgb, faces=known)
        except weights.WeightsMissing as error:
            raise Unavailable(str(error)) from error
        confidence, isolated = found.confidence, is_trusted(found)
        alpha = composite.clean_edge(found.alpha)
    else:
        confidence, isolated = 1.0, True
    on_progress(0.9)
    box = subject.box_of(alpha)
    height, width = alpha.shape
    touches = touched(alpha)
    focus = around([face.box for face in known]) if known else box
    if focus.is_empty:
        focus = Box.whole(width, height)
    return Subject(
        rgb=rgb,
        piece=Piece(subject.foreground(rgb, alpha), alpha),
        box=box,
        focus=focus,
        confidence=confidence,
        isolated=isolated and not box.is_empty,
        stands=isolated and not touches and not box.is_empty,
        touches=touches,
    )


def find_faces(rgb: NDArray[np.uint8]) -> list[Face]:
    """Faces, or none when the face model is not installed."""
    try:
        return faces.detect(rgb)
    except weights.WeightsMissing:
        return []


def focus_of(rgb: NDArray[np.uint8]) -> Box:
    """What a crop must keep: the faces, else what stands out, else the middle."""
    known = find_faces(rgb)
    if known:
        return around([face.box for face in known])
    height, width = rgb.shape[:2]
    try:
        mask = subject.coarse(rgb, faces=known)
    except weights.WeightsMissing:
        return Box.whole(width, height)
    box = subject.box_of(mask).scale(width / mask.shape[1], height / mask.shape[0])
    return Box.whole(width, height) if box.is_empty else box


def _sized(
    picture: Picture, on_progress: Callable[[float], None]
) -> tuple[NDArray[np.uint8], NDArray[np.float32] | None]:
    """The picture at a workable size: enlarged when small, reduced when huge."""
    rgb, alpha = picture.rgb, picture.alpha
    height, width = rgb.shape[:2]
    longest = max(height, width)
    if longest < SMALL_SIDE:
        try:
            rgb, _ = upscale.upscale(rgb, 2.0, on_progress=lambda share: on_progress(share * 0.7))
        except upscale.WeightsMissing:
            rgb = upscale.resize(rgb, width * 2, height * 2)
    elif longest > LARGE_SIDE:
        factor = LARGE_SIDE / longest
        rgb = upscale.resize(rgb, round(width * factor), round(height * factor))
    if alpha is not None and alpha.shape != rgb.shape[:2]:
        alpha = upscale.resize_mask(alpha, rgb.shape[1], rgb.shape[0])
    return rgb, alpha


def is_trusted(found: CutOut) -> bool:
    """Whether a cut-out may stand alone: isolated, and where it ends below it does not fray.

    Asked before the edge is cleaned, since haze is what gives a guessed edge away. A subject cut
    off by the photo has no lower edge to judge.
    """
    whole = not touched(found.alpha)
    return found.isolated and not (whole and _softness_below(found.alpha) > CRISP)


def _softness_below(alpha: NDArray[np.float32]) -> float:
    """How soft the lowest quarter of the subject's edge is: what it would stand on."""
    box = subject.box_of(alpha)
    low = Box(box.left, box.bottom - max(1, box.height // 4), box.right, box.bottom)
    return composite.edge_softness(alpha, low)


def touched(alpha: NDArray[np.float32]) -> frozenset[str]:
    """The sides where more than a few percent of the photo's edge belong to the subject."""
    edges = {"top": alpha[0], "bottom": alpha[-1], "left": alpha[:, 0], "right": alpha[:, -1]}
    return frozenset(side for side, line in edges.items() if float((line > 0.5).mean()) > 0.03)
