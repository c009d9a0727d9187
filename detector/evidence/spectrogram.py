"""A picture of sound over time and frequency, around an event."""

from __future__ import annotations

import cv2
import numpy as np
import scipy  # its parts load when they are used
from numpy.typing import NDArray

from detector.evidence.plot_area import Picture, PlotArea, ticks
from detector.timebase import NS_PER_S, iso_from_ns

MISSING = (150, 150, 150)
_MARK = (60, 60, 255)
_RANGE_DB = 40.0


def spectrogram_picture(
    t_ns: NDArray[np.int64],
    values: NDArray[np.float64],
    interval_ns: float,
    onset_ns: int,
    title: str,
    size_px: tuple[int, int] = (720, 360),
) -> Picture:
    """Level over time and frequency, in dB over each frequency's own median, 40 dB from dark to bright.

    Args:
        t_ns: shape (T,), one interval apart, T >= 16.
        values: of one channel, shape (T,); where one is NaN the column is grey.
        interval_ns: between two samples. [ns]
        onset_ns: time 0 of the picture, and its mark.
        title: what is shown.
        size_px: width, height.

    Returns:
        BGR picture, shape (H, W, 3) uint8.

    Raises:
        ValueError: fewer than 16 samples.
    """
    if len(values) < 16:
        raise ValueError(f"{len(values)} samples: 16 or more are needed")
    window = int(2 ** np.clip(np.round(np.log2(len(values) / 120)) + 2, 4, 11))
    window = min(window, 2 ** int(np.log2(len(values))))
    level_db, missing = _levels(values, window)
    rate_hz = NS_PER_S / interval_ns
    start_s, end_s = ((int(t) - onset_ns) / NS_PER_S for t in (t_ns[0], t_ns[-1]))
    area = PlotArea(size_px, (start_s, end_s), (0.0, rate_hz / 2), f"{title}   {iso_from_ns(onset_ns, 3)}")
    inside = (area.x1 - area.x0, area.y1 - area.y0)
    grey = (np.clip(level_db / _RANGE_DB, 0, 1) * 255).astype(np.uint8)
    coloured = cv2.applyColorMap(grey[::-1], cv2.COLORMAP_VIRIDIS)
    coloured[:, missing] = MISSING
    area.picture[area.y0 : area.y1, area.x0 : area.x1] = cv2.resize(coloured, inside, interpolation=cv2.INTER_NEAREST)
    area.mark(0.0, _MARK)
    area.x_axis("seconds from the onset")
    unit, per = ("kHz", 1000.0) if rate_hz > 4000 else ("Hz", 1.0)
    area.y_axis([(hz * per, f"{hz:g} {unit}") for hz in ticks(0, rate_hz / 2 / per)])
    area.frame()
    return area.picture


def _levels(values: NDArray[np.float64], window: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Level of each frequency (rows) and instant (columns), and which instants have a missing value. [dB]"""
    hop = max(1, window // 8)
    padded = np.pad(values, window // 2, mode="reflect")
    pieces = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    missing = np.asarray(np.isnan(pieces).any(axis=1))
    known = np.where(missing[:, None], 0.0, pieces)
    known = known - known.mean(axis=1, keepdims=True)
    power = np.abs(np.fft.rfft(known * scipy.signal.get_window("hann", window), axis=1)) ** 2
    power = power[:, 1:]
    heard = power[~missing] if not missing.all() else power
    floor = np.maximum(np.median(heard, axis=0), 1e-12 * max(float(heard.max(initial=0.0)), np.finfo(np.float64).tiny))
    level: NDArray[np.float64] = 10 * np.log10(np.maximum(power, floor * 1e-3) / floor).T
    return level, missing
