"""Why a recording is refused for rules on the ground, one test a reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from detector.klv.local_set import LocalSet
from detector.model import CameraPose, Datum, Frame, TimeFrom
from detector.sources.ground_verdict import PoseWatch, centre_of, why_no_ground_rules
from detector.sources.survey import Stamped, Survey
from detector.sources.telemetry import Sample, Track
from detector.sources.time_line import TimeLine

S = 1_000_000_000
GOOD = CameraPose(42.3, -99.5, 800.0, 90.0, -45.0, 0.0, 40.0, 30.0, ground_alt_m=600.0)
LUMA = np.zeros((36, 64), np.uint8)


def why(samples, *, seconds=20.0, found=None, fps=10):
    """The reasons for a recording of this length with this telemetry."""
    track, watch = Track(samples), PoseWatch()
    for i in range(round(seconds * fps)):
        t_ns = i * S // fps
        watch.see(Frame("s", i, t_ns, LUMA, True, TimeFrom.TELEMETRY, track.pose_at(t_ns, 16 / 9), lambda: LUMA))
    return why_no_ground_rules(watch, track, found)


def every(step_s, pose=GOOD, seconds=20.0, without=(0.0, 0.0)):
    times = np.arange(0, seconds + step_s / 2, step_s)
    return [Sample(round(t * S), pose) for t in times if not without[0] < t < without[1]]


def survey(count=20, *, timed=True, wrong=0, astray=0, jitter_s=0.0, centres=(), missing=()):
    sets = [Stamped(float(i), "ST 0601", LocalSet({})) for i in range(count)]
    line = TimeLine(0, jitter_s=jitter_s) if timed else None
    counters = Counter({"klv_checksum_wrong": wrong, "position_jumps": astray})
    return Survey(sets=sets, line=line, counters=counters, centres=list(centres), missing=Counter(missing))


@pytest.mark.parametrize("step_s", [0.1, 0.5, 1.0])
def test_good_telemetry_once_a_second_or_faster_is_accepted(step_s):
    assert why(every(step_s), found=survey(centres=[(GOOD, *lat_lon(GOOD))])) == []


def test_no_telemetry_at_all():
    (reason,) = why([], found=Survey())
    assert "no telemetry" in reason
    assert ".csv" in reason
    assert why([], found=None) == [reason]


def test_telemetry_without_a_time():
    (reason,) = why([], found=survey(timed=False))
    assert "no time (tag 2)" in reason


def test_no_complete_pose_names_what_is_missing():
    (reason,) = why([], found=survey(missing=["sensor latitude (13)"]))
    assert "sensor latitude (13)" in reason


def test_many_frames_without_a_pose():
    (reason, *_) = why(every(0.1, seconds=13.0))
    assert reason.startswith("24 % of the frames have no pose")


@pytest.mark.parametrize(("astray", "refused"), [(2, False), (3, True)])
def test_more_than_a_tenth_of_the_positions_astray(astray, refused):
    told = why(every(1.0), found=survey(astray=astray))
    assert [f"{astray} of 20 telemetry positions" in reason for reason in told] == [True] * refused


def test_telemetry_every_two_seconds_is_too_seldom():
    (reason,) = why(every(2.0))
    assert "every 2.0 s" in reason


def test_silences_that_leave_many_poses_old_say_where_the_longest_is():
    samples = [one for one in every(0.1) if not any(a < one.t_ns / S < a + 2.8 for a in (3.01, 8.01, 13.01))]
    (reason,) = why(samples)
    assert "1970-01-01T00:00:03" in reason
    assert "silent for 2.9 s" in reason


def test_telemetry_that_begins_late_or_ends_early_says_so():
    late = [one for one in every(0.5) if one.t_ns >= 4 * S]
    assert why(late, seconds=12)[1].endswith("it begins 4.0 s after the pictures")
    assert why(every(0.5, seconds=8), seconds=12)[1].endswith("it ends 3.9 s before them")


def test_telemetry_of_another_day_is_told_with_both_times():
    (reason,) = why([replace(one, t_ns=one.t_ns + 86_400 * S) for one in every(0.5)])
    assert "of another time (1970-01-02T00:00:00.000000Z to 1970-01-02T00:00:20.000000Z)" in reason
    assert "the pictures (1970-01-01T00:00:00.000000Z to 1970-01-01T00:00:19.900000Z)" in reason


@pytest.mark.parametrize(("damaged", "refused"), [(20, False), (21, True)])
def test_more_than_a_tenth_of_the_pictures_damaged(damaged, refused):
    watch = PoseWatch()
    for i in range(200):
        watch.see(Frame("s", i, i, LUMA, True, TimeFrom.TELEMETRY, None, lambda: LUMA, damaged=i < damaged))
    told = why_no_ground_rules(watch, Track(every(0.5)), None)
    assert any("10 % of the pictures are damaged" in reason for reason in told) is refused


def test_one_short_silence_is_no_reason():
    assert why(every(0.1, without=(5.05, 6.45))) == []


def test_ground_height_unknown_says_which_setting_mends_it():
    (reason,) = why(every(0.5, replace(GOOD, ground_alt_m=float("nan"))))
    assert "set location.ground_alt_m" in reason


def test_heights_above_take_off_only():
    pose = replace(GOOD, ground_alt_m=float("nan"), datum=Datum.TAKEOFF)
    (reason,) = why(every(0.5, pose))
    assert "take-off" in reason
    assert "location.ground_datum: takeoff" in reason


def test_camera_below_the_ground():
    (reason,) = why(every(0.5, replace(GOOD, ground_alt_m=900.0)))
    assert "below the ground" in reason


def test_no_ground_in_view():
    (reason,) = why(every(0.5, replace(GOOD, pitch_deg=60.0)))
    assert "no ground is in view within 10 km" in reason


def test_a_first_frame_that_looks_at_the_sky_does_not_condemn_the_rest():
    samples = every(0.5)
    samples[0] = Sample(0, replace(GOOD, pitch_deg=60.0))
    assert why(samples) == []
    last = [Sample(one.t_ns, replace(GOOD, pitch_deg=60.0)) if one.t_ns > 5 * S else one for one in every(0.5)]
    assert len(why(last)) == 1


def test_wrong_checksums_above_a_tenth():
    assert why(every(0.5), found=survey(wrong=2)) == []
    (reason,) = why(every(0.5), found=survey(wrong=3))
    assert reason.startswith("3 of 20")


def test_scattering_time_stamps():
    (reason,) = why(every(0.5), found=survey(jitter_s=0.8))
    assert "scatter by 0.80 s" in reason


def lat_lon(pose):
    lon, lat, _ = centre_of(pose) or pytest.fail("no ground")
    return lat, lon


def test_told_frame_centre_must_be_where_the_angles_point_within_their_uncertainty():
    lat, lon = lat_lon(GOOD)
    near, far = (GOOD, lat + 20 / 111_000, lon), (GOOD, lat + 300 / 111_000, lon)
    assert why(every(0.5), found=survey(centres=[near] * 20)) == []
    assert why(every(0.5), found=survey(centres=[near] * 15 + [far] * 5)) == []
    (reason,) = why(every(0.5), found=survey(centres=[far] * 20))
    assert "lies 300 m from" in reason
    sure = replace(GOOD, sigma_att_deg=0.1, sigma_pos_m=0.5)
    assert len(why(every(0.5), found=survey(centres=[(sure, lat + 20 / 111_000, lon)] * 20))) == 1


def test_optical_axis_straight_down_meets_the_ground_below_and_up_meets_none():
    lon, lat, range_m = centre_of(replace(GOOD, pitch_deg=-90.0)) or pytest.fail("no ground")
    assert (lat, lon, range_m) == (pytest.approx(42.3), pytest.approx(-99.5), pytest.approx(200.0))
    assert centre_of(replace(GOOD, pitch_deg=10.0)) is None
    assert centre_of(replace(GOOD, ground_alt_m=float("nan"))) is None


def test_a_table_beside_it_without_any_complete_pose_is_not_said_to_be_absent():
    watch = PoseWatch()
    watch.see(Frame("s", 0, 0, LUMA, True, TimeFrom.START_PTS, None, lambda: LUMA))
    (reason,) = why_no_ground_rules(watch, Track([]), None, {"srt_cues": 691, "srt_without_pose": 691})
    assert reason.startswith("none of the 691 rows beside it has a complete pose")
    assert "hfov_deg" in reason
    (reason,) = why_no_ground_rules(watch, Track([]), None, {})
    assert reason.startswith("there is no telemetry in it or beside it")
