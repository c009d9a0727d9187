"""What a drone says of itself, as a stream for the platform detector: nothing that looks wrong is left out."""

from __future__ import annotations

import numpy as np

from detector.detectors.series import PlatformDetector
from detector.model import CameraPose
from detector.sources.platform_series import series_of_samples, series_of_sets
from detector.sources.srt import parse_srt
from detector.sources.telemetry import Sample

S = 1_000_000_000


def test_sets_become_rows_by_time_with_what_they_have() -> None:
    sets = [
        (2 * S, {13: 42.31, 14: -99.5, 75: 900.0, 5: 90.0, 56: 20}),
        (S, {13: 42.3, 14: -99.5, 15: 800.0, 104: 901.0, 7: -3.0}),
        (S, {13: 50.0, 14: 0.0}),
        (3 * S, {2: 5, 5: 91.0, 13: "out of range"}),
    ]
    series = series_of_sets("uav", sets)  # type: ignore[arg-type]
    assert series is not None
    assert series.channels == ("lat_deg", "lon_deg", "alt_m", "speed_m_s", "platform_yaw_deg", "platform_roll_deg")
    assert series.t_ns.tolist() == [S, 2 * S, 3 * S]
    nan = np.nan
    np.testing.assert_array_equal(
        series.values,
        [[42.3, -99.5, 901, nan, nan, -3], [42.31, -99.5, 900, 20, 90, nan], [nan, nan, nan, nan, 91, nan]],
    )


def test_without_a_position_there_is_no_stream() -> None:
    assert series_of_sets("uav", []) is None
    assert series_of_sets("uav", [(S, {5: 90.0})]) is None
    assert series_of_samples("uav", [Sample(S, None)]) is None


def test_positions_without_a_pose_count_too() -> None:
    pose = CameraPose(42.3, -99.5, 900.0, 0.0, -90.0, 0.0, 60.0, 40.0)
    series = series_of_samples(
        "uav", [Sample(S, pose), Sample(2 * S, None, (42.31, -99.5, 910.0)), Sample(3 * S, None)]
    )
    assert series is not None
    assert series.values.tolist() == [[42.3, -99.5, 900.0], [42.31, -99.5, 910.0]]


def test_subtitles_without_gimbal_angles_are_watched_for_jumps() -> None:
    head = "{0}\n00:00:{1:02d},000 --> 00:00:{0:02d},000\nGPS({2:.4f},-20.2533,16) BAROMETER:1.9\n\n"
    cues = [head.format(k + 1, k, 149.0251 + 0.05 * (k == 20)) for k in range(40)]
    series = series_of_samples("uav", parse_srt("".join(cues)).samples)
    assert series is not None
    found = PlatformDetector(PlatformDetector.Config()).detect(series)
    assert [(str(found.kind[k]), int(found.t_ns[k]) // S) for k in range(len(found))] == [("jump", 20), ("jump", 21)]


def test_a_live_feed_keeps_its_channels_and_what_none_has_changes_nothing() -> None:
    """Items that come later must not begin another stream, which would have to learn anew what is usual."""
    sets = [(k * S, {13: 42.3 + 1e-5 * k + 0.01 * (k == 90), 14: -99.5, 15: 800.0}) for k in range(120)]
    few, early = series_of_sets("uav", sets), series_of_sets("uav", sets[:5], all_channels=True)  # type: ignore[arg-type]
    assert few is not None
    assert early is not None
    assert few.channels == ("lat_deg", "lon_deg", "alt_m")
    whole = series_of_sets("uav", sets, all_channels=True)  # type: ignore[arg-type]
    assert whole is not None
    assert set(few.channels) < set(early.channels) == set(whole.channels)
    config = PlatformDetector.Config()
    a, b = (PlatformDetector(config).detect(one) for one in (few, whole))
    assert len(a) >= 1
    assert [(str(k), int(t)) for k, t in zip(a.kind, a.t_ns, strict=True)] == [
        (str(k), int(t)) for k, t in zip(b.kind, b.t_ns, strict=True)
    ]
