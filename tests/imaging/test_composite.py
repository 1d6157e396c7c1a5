"""Cut-outs get clean edges, shadows that touch them, and keep their own color."""

import cv2
import numpy as np

from imaging import composite
from imaging.composite import Piece
from imaging.geometry import Box
from imaging.surfaces import light_of

HARD = light_of("left", 1)


def bottle(width: int = 300, height: int = 400) -> np.ndarray:
    alpha = np.zeros((height, width), dtype=np.float32)
    cv2.rectangle(alpha, (120, 100), (180, 300), 1.0, -1)
    return alpha


class TestCleanEdge:
    def test_takes_far_haze_away_and_keeps_near_hair(self) -> None:
        alpha = bottle()
        alpha[150:152, 181:186] = 0.5  # a hair
        alpha[100:300, 240:290] = 0.3  # mist
        done = composite.clean_edge(alpha)
        assert done[150, 183] > 0.2
        assert done[:, 240:].max() == 0
        assert done[200, 150] == 1

    def test_a_mask_without_a_solid_part_is_left_alone(self) -> None:
        faint = np.full((50, 50), 0.3, dtype=np.float32)
        assert np.array_equal(composite.clean_edge(faint), faint)


class TestEdgeSoftness:
    def test_tells_a_guessed_edge_from_a_crisp_one(self) -> None:
        crisp = bottle()
        guessed = cv2.GaussianBlur(crisp, (0, 0), 12)
        box = Box(60, 200, 240, 400)
        assert composite.edge_softness(crisp, box) < 2 < 6 < composite.edge_softness(guessed, box)


class TestShadow:
    def test_touches_the_foot_and_falls_away_from_the_light(self) -> None:
        dark = composite.standing_shadow(bottle(), HARD)
        assert dark[303, 150] > 0.25
        assert HARD.x < 0
        # Light from the left: darker to the right of the foot than to its left.
        assert dark[280:300, 190:230].mean() > 2 * dark[280:300, 70:110].mean()
        assert dark[:150].max() < 0.05

    def test_a_handle_in_the_air_throws_no_contact_shadow(self) -> None:
        alpha = bottle()
        cv2.rectangle(alpha, (180, 150), (230, 200), 1.0, -1)
        dark = composite.standing_shadow(alpha, light_of("soft", 1))
        assert dark[303, 150] > 3 * dark[205:215, 210:228].max()

    def test_nothing_throws_none(self) -> None:
        empty = np.zeros((40, 40), dtype=np.float32)
        assert composite.standing_shadow(empty, HARD).max() == 0
        assert composite.lying_shadow(empty, HARD).max() == 0


class TestFootDepth:
    def test_a_bottle_stands_on_a_line_and_a_saucer_reaches_back(self) -> None:
        saucer = np.zeros((400, 600), dtype=np.float32)
        cv2.ellipse(saucer, (300, 200), (250, 130), 0, 0, 360, 1.0, -1)
        assert composite.foot_depth(bottle()) < 6
        assert composite.foot_depth(saucer) > 50


class TestPlace:
    def test_old_background_does_not_bleed_into_the_rim(self) -> None:
        alpha = np.zeros((80, 80), dtype=np.float32)
        cv2.circle(alpha, (40, 40), 25, 1.0, -1)
        alpha = cv2.GaussianBlur(alpha, (0, 0), 1.5)
        rgb = np.where(alpha[:, :, None] > 0.02, (30, 30, 200), (0, 255, 0)).astype(np.uint8)
        placed = composite.place(Piece(rgb, alpha), Box(10, 20, 130, 140), 160, 160)
        seen = placed.rgb[placed.alpha > 0.1]
        assert int(seen[:, 1].max()) < 60

    def test_what_lies_outside_the_canvas_is_cut_off(self) -> None:
        piece = Piece(np.full((50, 50, 3), 9, np.uint8), np.ones((50, 50), np.float32))
        placed = composite.place(piece, Box(-25, 60, 25, 110), 100, 100)
        assert placed.alpha.sum() == 25 * 40


class TestMatchLight:
    def test_keeps_the_products_own_color(self) -> None:
        piece = Piece(np.full((400, 300, 3), (180, 40, 30), np.uint8), bottle())
        scene = np.full((400, 300, 3), (40, 60, 160), np.uint8)
        lit = composite.match_light(piece, scene, HARD)
        inside = lit.rgb[120:280, 130:170].reshape(-1, 3).mean(axis=0)
        assert np.abs(inside - (180, 40, 30)).max() < 20


class TestRounded:
    def test_an_arch_is_a_half_circle_on_a_box(self) -> None:
        shape = composite.rounded(200, 300, Box(50, 50, 150, 250), 10, arch=True)
        assert shape[51, 100] == 1
        assert shape[55, 60] == 0
        assert shape[100:240, 51].min() == 1
        assert shape[249, 50] == 0
