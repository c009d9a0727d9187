"""DJI subtitles: every dialect, and what is done with damage."""

import math
import os
from pathlib import Path

import pytest

from detector.errors import SourceError
from detector.model import Datum
from detector.sources.sidecar import find_sidecar, read_sidecar
from detector.sources.srt import parse_srt

DATA = Path(os.environ.get("TRUCEWATCH_DATA", Path(__file__).parents[2] / "../shared/data"))
SAMPLES = DATA / "sensors/telemetry/dji_srt"
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="../shared/data is not here")
TOLERANCE_DEG = 1e-9  # the decimals as they are written


def cue(body, number=1, start_s=0):
    return f"{number}\n00:00:{start_s:02d},000 --> 00:00:{start_s + 1:02d},000\n{body}\n\n"


def only(body):
    (fix,) = parse_srt(cue(body)).fixes
    return fix


# Read off the files by eye: fixes, latitude and longitude of the first, its height above take-off (None: not given).
@needs_samples
@pytest.mark.parametrize(
    ("name", "count", "lat_deg", "lon_deg", "takeoff_m"),
    [
        ("MAVIC3.srt", 690, 3.41531, -3.3744, -2.4),
        ("air2s.srt", 17, 41.424724, 2.234156, 117.0),
        ("broken_incomplete.SRT", 19, -34.7383, -58.4563, 20.1),
        ("broken_incomplete2.SRT", 4, -34.86995, -57.823395, 74.725998),
        ("m2zoom.SRT", 676, 31.452012, 74.398751, 213.983002),
        ("matrice_300.srt", 381, 36.6146, -6.1120, 0.3),
        ("mavic_2_style.SRT", 468, -20.2533, 149.0251, None),
        ("mavic_2pro_new.SRT", 728, -35.080155, -60.286702, None),
        ("mavic_air2.srt", 25, 41.420684, 2.162162, 27.3),
        ("mavic_mini.SRT", 117, 48.0771, -121.7458, 200.7),
        ("mavic_pro.SRT", 468, -20.2533, 149.0251, 1.9),
        ("mavic_pro_buggy.SRT", 530, 42.4668, -1.2218, 0.0),
        ("mix_p4rtk_mavic2pro.srt", 12, -34.6502, -59.409424, 17.39),
        ("old_format.SRT", 468, -20.2533, 149.0251, 1.9),
        ("p4_rtk.SRT", 55, -34.237922, -58.851745, 85.8),
        ("p4p_sample.SRT", 5, 47.4692, 8.209, 45.6),
    ],
)
def test_sample_of_each_model_is_read(name, count, lat_deg, lon_deg, takeoff_m):
    fixes = parse_srt((SAMPLES / name).read_bytes().decode("utf-8-sig", "replace")).fixes
    assert len(fixes) == count
    assert (fixes[0].lat_deg, fixes[0].lon_deg) == pytest.approx((lat_deg, lon_deg), abs=TOLERANCE_DEG)
    if takeoff_m is None:
        assert fixes[0].datum != Datum.TAKEOFF
    else:
        assert fixes[0].datum == Datum.TAKEOFF
        assert fixes[0].height_m == pytest.approx(takeoff_m)


@needs_samples
@pytest.mark.parametrize("name", ["broken_empty.SRT", "broken_empty2.SRT", "mavic_air.SRT"])
def test_sample_without_any_position_gives_no_fix(name):
    assert parse_srt((SAMPLES / name).read_text(encoding="utf-8-sig")).fixes == []


@needs_samples
def test_no_sample_makes_the_reader_fail():
    files = sorted(SAMPLES.iterdir())
    assert len(files) == 19
    for file in files:
        read_sidecar(file, 70.0)


@needs_samples
def test_no_sample_cut_at_any_byte_makes_the_reader_fail():
    for name in ("MAVIC3.srt", "p4_rtk.SRT", "mavic_pro.SRT", "matrice_300.srt"):
        text = (SAMPLES / name).read_text(encoding="utf-8-sig")[:900]
        for length in range(len(text)):
            parse_srt(text[:length], 70.0)


def test_satellites_are_not_a_height():
    fix = only("GPS (8.2090, 47.4692, 18), D 49.21m, H.S 0.00m/s, V.S 0.00m/s")
    assert (fix.lat_deg, fix.lon_deg) == (47.4692, 8.2090)
    assert math.isnan(fix.height_m)


def test_horizontal_speed_and_distance_are_not_a_height():
    fix = only("GPS (8.2090, 47.4692, 18), D 49.21m, H 45.60m, H.S 3.00m/s, V.S 1.00m/s")
    assert fix.height_m == 45.6


def test_longitude_in_either_spelling():
    for spelling in ("longitude", "longtitude"):
        assert only(f"[latitude : -20.2533] [{spelling} : 149.0251]").lon_deg == 149.0251


def test_height_above_take_off_comes_before_the_absolute_one():
    fix = only("[latitude: 3.41531] [longitude: -3.37440] [rel_alt: -2.400 abs_alt: 0.401] </font>")
    assert (fix.height_m, fix.datum) == (-2.4, Datum.TAKEOFF)


def test_altitude_that_does_not_say_from_where_is_taken_as_above_take_off():
    fix = only("[latitude: 41.4] [longitude: 2.1] [altitude: 117.0]")
    assert (fix.height_m, fix.datum) == (117.0, Datum.TAKEOFF)
    fix = only("[latitude: 41.4] [longitude: 2.1] [abs_alt: 30.0] [altitude: 117.0]")
    assert (fix.height_m, fix.datum) == (30.0, Datum.MSL)


def test_gimbal_is_the_optical_axis():
    body = "GPS (-58.85, -34.23, 15), H 85.80m, F.PRY (2.7°, -7.0°, 110.1°), G.PRY (-24.4°, 0.5°, -110.4°)"
    yaw_deg, pitch_deg, roll_deg = only(body).ypr_deg
    assert (yaw_deg % 360.0, pitch_deg, roll_deg) == pytest.approx((249.6, -24.4, 0.5))


def test_gimbal_in_brackets():
    body = "[latitude: 1.5] [longitude: 2.5] [rel_alt: 60.0 abs_alt: 99.0] [gb_yaw: -90.0 gb_pitch: -45.5 gb_roll: 0.1]"
    yaw_deg, pitch_deg, roll_deg = only(body).ypr_deg
    assert (yaw_deg % 360.0, pitch_deg, roll_deg) == pytest.approx((270.0, -45.5, 0.1))


def test_decimal_commas_are_decimal_where_each_number_has_its_name():
    """As programs write them that were set to another language: 42 alone would be 35 km off."""
    place = "[latitude: 42,312345] [longitude: 16,5] [rel_alt: 50,1 abs_alt: 250,2]"
    fix = only(f"{place} [gb_yaw: 10,5 gb_pitch: -45,5 gb_roll: 0,1]")
    assert (fix.lat_deg, fix.lon_deg, fix.height_m, fix.datum) == (42.312345, 16.5, 50.1, Datum.TAKEOFF)
    assert fix.ypr_deg == (10.5, -45.5, 0.1)
    assert parse_srt(cue("GPS(16,5123, 42,3123, 15) BAROMETER:50,1")).fixes == []  # which comma is which?


@pytest.mark.parametrize(
    "body",
    [
        "[latitude: 0.000000] [longitude: 0.000000] [rel_alt: 1.0 abs_alt: 2.0]",
        "GPS(0.0000,0.0000,0) BAROMETER:1.9",
        "GPS(N/A,N/A,3) BAROMETER:0.0",
        "[latitude: 141.0] [longitude: 2.0]",
        "just a subtitle",
    ],
)
def test_cue_without_a_fix_gives_no_position_and_is_counted(body):
    found = parse_srt(cue(body))
    assert found.fixes == []
    assert sum(count for name, count in found.counters.items() if name != "srt_cues") >= 1


def test_broken_cue_in_the_middle_is_counted_and_reading_goes_on():
    good = "GPS (8.2090, 47.4692, 18), H 45.60m"
    found = parse_srt(cue(good, 1, 0) + "2\n00:00:0\n\n" + cue(good, 3, 2))
    assert [fix.t_s for fix in found.fixes] == [0.0, 2.0]
    assert found.counters["srt_broken"] == 1


@pytest.mark.parametrize(
    "body",
    [
        "[latitude: 41.4",
        "[latitude: 41.424] [longitude: 2.1",
        "[latitude: 41.424] [longitude: 2.123] [rel_alt: 12",
        "GPS(8.2090,47.4",
    ],
)
def test_cue_that_was_cut_off_is_left_out_because_half_a_number_is_a_wrong_number(body):
    found = parse_srt(cue(body).rstrip())
    assert found.fixes == []
    assert found.counters["srt_broken"] == 1


def test_height_that_the_file_ends_in_is_not_taken():
    assert math.isnan(parse_srt(cue("GPS(8.2090,47.4692,18) BAROMETER:2").rstrip()).fixes[0].height_m)
    assert only("GPS(8.2090,47.4692,18) BAROMETER:20.1").height_m == 20.1


@pytest.mark.parametrize("height", ["69.800", "0.0M", "-3.5M", "12M"])
def test_latitude_comes_first_where_the_third_number_is_a_height(height):
    fix = only(f"GPS(39.906217,116.391305,{height}) BAROMETER(91.2) HOME(39.906206,116.391400)")
    assert (fix.lat_deg, fix.lon_deg, fix.height_m, fix.datum) == (39.906217, 116.391305, 91.2, Datum.TAKEOFF)


def test_dates_count_the_seconds_where_cues_have_no_times():
    dates = ["2017.08.05 14:11:51,393,525,393,525", "2017.08.05 14:11:52,393,525", "2017.8.5 14:12:00"]
    text = "".join(f"{i}\n{date}\n[latitude : 1.5] [longtitude : 2.5]\n\n" for i, date in enumerate(dates, 1))
    assert [fix.t_s for fix in parse_srt(text).fixes] == pytest.approx([0.0, 1.0, 8.607], abs=1e-6)


def test_date_that_does_not_exist_is_a_broken_cue():
    assert parse_srt("1\n2017.13.45 14:11:51\n[latitude : 1.5] [longtitude : 2.5]\n").counters["srt_broken"] == 1


def test_cues_are_told_apart_without_empty_lines_between_them():
    good = "GPS (8.2090, 47.4692, 18), H 45.60m"
    text = "".join(cue(good, i, i) for i in range(1, 4)).replace("\n\n", "\n")
    assert [fix.t_s for fix in parse_srt(text).fixes] == [1.0, 2.0, 3.0]


def test_clock_that_goes_back_is_counted_and_not_followed():
    good = "GPS (8.2090, 47.4692, 18), H 45.60m"
    found = parse_srt(cue(good, 1, 5) + cue(good, 2, 3) + cue(good, 3, 6))
    assert [fix.t_s for fix in found.fixes] == [5.0, 6.0]
    assert found.counters["srt_clock_went_back"] == 1


def test_times_count_from_the_first_picture_because_the_date_has_no_zone():
    found = parse_srt(cue("2021-12-25 12:27:52.373\n[latitude: 3.4] [longitude: -3.3]", start_s=7))
    assert found.fixes[0].t_s == 7.0


def test_carriage_returns_and_byte_order_mark_are_passed_over(tmp_path):
    file = tmp_path / "flight.SRT"
    file.write_bytes(b"\xef\xbb\xbf" + cue("GPS(149.0251,-20.2533,16) BAROMETER:1.9").replace("\n", "\r\n").encode())
    side = read_sidecar(file, None)
    assert (len(side.samples), side.relative) == (1, True)


def test_pose_needs_the_angle_of_view_that_the_file_does_not_give():
    body = "GPS (-58.85, -34.23, 15), H 85.80m, G.PRY (-24.4°, 0.5°, 110.4°)"
    assert parse_srt(cue(body)).samples[0].pose is None
    assert parse_srt(cue(body), 70.0).samples[0].pose.hfov_deg == 70.0


def test_a_table_that_somebody_put_beside_it_counts_before_the_drones_subtitles(tmp_path):
    """Whose gimbal angles a table is to tell, where the subtitles tell none."""
    for name in ("flight.SRT", "flight.csv"):
        (tmp_path / name).touch()
    assert find_sidecar(tmp_path / "flight.MP4") == tmp_path / "flight.csv"


def test_bytes_that_are_no_text_are_read_without_a_crash(tmp_path):
    file = tmp_path / "noise.srt"
    file.write_bytes(bytes(range(256)) * 16)
    assert read_sidecar(file, 70.0).samples == []


def test_missing_file_is_a_source_error_that_names_it(tmp_path):
    with pytest.raises(SourceError, match=r"none\.srt"):
        read_sidecar(tmp_path / "none.srt", None)
