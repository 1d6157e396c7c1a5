"""Loudness against a tone whose loudness is known by definition."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from imaging import loudness

RATE = 48_000


def sound(path: Path, level: float | None) -> Path:
    """Three seconds of a 1 kHz sine in both ears at a peak of `level`; None has no sound at all."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=1)
        video.width = video.height = 64
        audio = (
            container.add_stream("aac", rate=RATE, layout="stereo") if level is not None else None
        )
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24")
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None and level is not None:
            wave = level * np.sin(2 * np.pi * 1000 * np.arange(3 * RATE) / RATE)
            both = np.stack([wave, wave]).astype(np.float32)
            for at in range(0, both.shape[1], 1024):
                piece = np.ascontiguousarray(both[:, at : at + 1024])
                tone = av.AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
                tone.sample_rate, tone.pts = RATE, at
                container.mux(audio.encode(tone))
            container.mux(audio.encode(None))
    return path


@pytest.mark.parametrize("level", [0.1, 0.5])
def test_a_sine_in_both_ears_is_as_loud_as_its_peak(tmp_path: Path, level: float) -> None:
    """ITU-R BS.1770: a 1 kHz sine of one channel at 0 dBFS reads -3.01 LUFS; two channels 0."""
    found = loudness.integrated_lufs(sound(tmp_path / "a.mp4", level))
    assert found == pytest.approx(20 * np.log10(level), abs=0.2)


@pytest.mark.parametrize("level", [0.0, None])
def test_silence_and_no_sound_have_no_loudness(tmp_path: Path, level: float | None) -> None:
    assert loudness.integrated_lufs(sound(tmp_path / "a.mp4", level)) is None
