"""A folder of pictures as a recording."""

import os
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.errors import SourceError
from detector.model import CameraPose, Frame, Gap, GapReason, TimeFrom
from detector.sources import ImageFolder, PacketRing, media_file, open_source
from detector.sources.natural import natural_key, pictures_in, places_of
from detector.sources.telemetry import Sample

DATA = Path(os.environ.get("TRUCEWATCH_DATA", Path(__file__).parents[2] / "../shared/data"))
MASKS = DATA / "masks"
START_NS = 1_772_346_600_000_000_000
SEQUENCES = sorted(MASKS.glob("*/in")) + sorted(MASKS.glob("ucsd/*/in"))


def picture(level, shape=(31, 41)):
    values = np.full(shape, level, np.uint8)
    values[5:9, 3:8] = 255 - level
    return values


def folder_of(tmp_path, count, suffix=".png"):
    for i in range(count):
        cv2.imwrite(str(tmp_path / f"frame_{i}{suffix}"), picture(10 * i))
    return tmp_path


def frames(source):
    return [item for item in source if isinstance(item, Frame)]


def gaps(source):
    return [item for item in source if isinstance(item, Gap)]


def test_frame_2_comes_before_frame_10(tmp_path):
    read = frames(ImageFolder(folder_of(tmp_path, 12), "cam", fps=25))
    assert [int(frame.luma[0, 0]) for frame in read] == [10 * i for i in range(12)]


def test_names_without_numbers_and_with_several_are_ordered_too():
    names = ["b2_10.png", "b10_1.png", "b2_9.png", "a.png", "b.png"]
    assert sorted(names, key=natural_key) == ["a.png", "b2_9.png", "b2_10.png", "b10_1.png", "b.png"]


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".pgm", ".tif"])
def test_lossless_formats_give_the_same_values(tmp_path, suffix):
    (frame,) = frames(ImageFolder(folder_of(tmp_path, 1, suffix), "cam"))
    assert np.array_equal(frame.luma, picture(0))


def test_upper_case_endings_are_pictures_and_other_files_are_not(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), picture(0))
    (tmp_path / "a.png").rename(tmp_path / "A.PNG")
    (tmp_path / "notes.txt").write_text("not a picture", encoding="utf-8")
    assert [file.name for file in pictures_in(tmp_path)] == ["A.PNG"]


@pytest.mark.parametrize(
    ("names", "places"),
    [
        (["f_0003", "f_0004", "f_0005", "f_0009", "f_0010"], [0, 1, 2, 6, 7]),
        (["a10", "a20", "a30", "a60"], [0, 1, 2, 5]),  # every tenth of a film
        (["cam2_1", "cam2_2", "cam2_3", "cam2_5"], [0, 1, 2, 4]),
        (["1_left", "2_left", "3_left", "5_left"], [0, 1, 2, 4]),
        (["f1", "f2", "f9"], [0, 1, 2]),  # too few to tell a step
        (["f1", "f2", "g3", "f5", "f6"], [0, 1, 2, 3, 4]),
        (["f1", "f2", "f3", "cover"], [0, 1, 2, 3]),
        (["f0", "f33", "f67", "f100", "f133"], [0, 1, 2, 3, 4]),  # milliseconds
        (["063057", "063058", "063059", "063100", "063101"], [0, 1, 2, 3, 4]),
        (["a1", "a01", "a2", "a3", "a5"], [0, 1, 2, 3, 4]),  # two of one number
        (["f1", "f2", "f3", f"f{10**30 + 61}"], [0, 1, 2, 3]),
    ],
)
def test_numbers_that_are_left_out_leave_their_places_empty(names, places):
    assert places_of([Path(f"{name}.png") for name in names]) == places


def test_pictures_that_are_missing_are_a_gap_and_time_goes_on_over_it(tmp_path):
    folder_of(tmp_path, 10)
    for index in (3, 4, 5):
        (tmp_path / f"frame_{index}.png").unlink()
    source = ImageFolder(tmp_path, "cam", fps=10, start_ns=START_NS)
    items = list(source)
    assert [item.index for item in items if isinstance(item, Frame)] == list(range(7))
    (gap,) = [item for item in items if isinstance(item, Gap)]
    assert (gap.t_start_ns - START_NS, gap.t_end_ns - START_NS) == (300_000_000, 600_000_000)
    assert (gap.reason, gap.detail[:45]) == (GapReason.MISSING, "3 pictures before frame_6.png are not there, ")
    assert items[4].t_ns == gap.t_end_ns
    assert (source.end.counters["missing_pictures"], source.end.t_end_ns) == (3, START_NS + 1_000_000_000)
    assert source.duration_s == 1.0


def test_time_is_start_plus_index_over_the_rate_without_drift(tmp_path):
    read = frames(ImageFolder(folder_of(tmp_path, 7), "cam", fps=30, start_ns=START_NS))
    assert [frame.t_ns for frame in read] == [START_NS + round(i * 1e9 / 30) for i in range(7)]
    assert {frame.time_from for frame in read} == {TimeFrom.START_INDEX}


def test_without_a_start_the_times_count_from_1970(tmp_path):
    frame = frames(ImageFolder(folder_of(tmp_path, 1), "cam"))[0]
    assert (frame.t_ns, frame.time_from) == (0, TimeFrom.UNKNOWN)


def test_end_says_how_many_and_when(tmp_path):
    source = ImageFolder(folder_of(tmp_path, 5), "cam", fps=10, start_ns=START_NS)
    assert source.end is None
    list(source)
    assert (source.end.frames, source.end.complete, source.end.detail) == (5, True, "")
    assert (source.end.t_start_ns, source.end.t_end_ns) == (START_NS, START_NS + 500_000_000)
    assert source.duration_s == pytest.approx(0.5)


def test_second_reading_gives_the_same(tmp_path):
    source = ImageFolder(folder_of(tmp_path, 4), "cam")
    first = [(frame.index, frame.t_ns, frame.luma.tobytes()) for frame in frames(source)]
    assert [(frame.index, frame.t_ns, frame.luma.tobytes()) for frame in frames(source)] == first


def test_grey_picture_refuses_writes(tmp_path):
    (frame,) = frames(ImageFolder(folder_of(tmp_path, 1), "cam"))
    with pytest.raises(ValueError, match="read-only"):
        frame.luma[0, 0] = 1


def test_colour_is_read_again_when_asked(tmp_path):
    red = np.zeros((21, 33, 3), np.uint8)
    red[:, :, 2] = 200
    cv2.imwrite(str(tmp_path / "red.png"), red)
    (frame,) = frames(ImageFolder(tmp_path, "cam"))
    assert np.array_equal(frame.colour(), red)
    assert frame.size_px == (33, 21)


def test_grey_of_a_jpeg_is_the_luma_that_is_stored_in_it(tmp_path):
    noise = cv2.GaussianBlur(np.random.default_rng(3).integers(0, 255, (48, 64, 3), np.uint8), (0, 0), 4)
    cv2.imwrite(str(tmp_path / "a.jpg"), noise)
    (frame,) = frames(ImageFolder(tmp_path, "cam"))
    assert np.array_equal(frame.luma, cv2.imread(str(tmp_path / "a.jpg"), cv2.IMREAD_GRAYSCALE))
    assert np.array_equal(frame.colour(), cv2.imread(str(tmp_path / "a.jpg")))


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_grey_colour_and_transparent_pictures_have_grey_and_three_colours(tmp_path, channels):
    cv2.imwrite(str(tmp_path / "a.png"), np.full((21, 33, channels), 77, np.uint8))
    (frame,) = frames(ImageFolder(tmp_path, "cam"))
    assert (frame.luma.shape, frame.colour().shape) == ((21, 33), (21, 33, 3))
    assert abs(int(frame.luma[0, 0]) - 77) <= 1  # rounding of the weights


def test_picture_that_is_gone_when_colour_is_asked_for_is_a_source_error(tmp_path):
    (frame,) = frames(ImageFolder(folder_of(tmp_path, 1), "cam"))
    (tmp_path / "frame_0.png").unlink()
    with pytest.raises(SourceError, match=r"frame_0\.png"):
        frame.colour()


def test_16_bit_pictures_share_the_window_of_the_first(tmp_path):
    ramp = np.linspace(1000, 3000, 31 * 41).reshape(31, 41).astype(np.uint16)
    for i in range(3):
        cv2.imwrite(str(tmp_path / f"{i}.png"), ramp + np.uint16(500 * i))
    source = ImageFolder(tmp_path, "cam")
    read = frames(source)
    low, high = source.window
    assert 1000 <= low < 1100
    assert 2900 < high <= 3000
    assert all(frame.luma.dtype == np.uint8 for frame in read)
    # A window of its own for each picture would make all three alike: light that changes would be lost.
    means = [float(frame.luma.mean()) for frame in read]
    assert means[0] + 30 < means[1] < means[2]
    assert read[0].colour().shape == (31, 41, 3)


def test_16_bit_picture_of_one_value_is_no_division_by_zero(tmp_path):
    cv2.imwrite(str(tmp_path / "flat.png"), np.full((31, 41), 700, np.uint16))
    assert len(frames(ImageFolder(tmp_path, "cam"))) == 1


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n"])
def test_unreadable_picture_is_a_counted_gap_and_reading_goes_on(tmp_path, content):
    folder_of(tmp_path, 5)
    (tmp_path / "frame_2.png").write_bytes(content)
    source = ImageFolder(tmp_path, "cam", fps=10, start_ns=START_NS)
    (gap,) = gaps(source)
    assert (gap.reason, gap.t_start_ns, gap.t_end_ns) == (
        GapReason.DAMAGED, START_NS + 200_000_000, START_NS + 300_000_000,
    )  # fmt: skip
    assert "frame_2.png" in gap.detail
    assert (source.end.frames, source.end.complete) == (4, True)
    assert sum(source.end.counters.values()) == 1
    # The place in the folder sets the time, so a lost picture does not move the later ones.
    assert [frame.t_ns for frame in frames(source)] == [START_NS + i * 100_000_000 for i in (0, 1, 3, 4)]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp", ".pgm"])
def test_picture_cut_in_half_is_a_gap(tmp_path, suffix):
    folder_of(tmp_path, 3, suffix)
    file = tmp_path / f"frame_1{suffix}"
    data = cv2.imencode(suffix, np.random.default_rng(1).integers(0, 255, (31, 41), np.uint8))[1].tobytes()
    file.write_bytes(data[: len(data) // 2])
    assert len(gaps(ImageFolder(tmp_path, "cam"))) == 1


def test_first_picture_broken_does_not_stop_the_reading(tmp_path):
    folder_of(tmp_path, 3)
    (tmp_path / "frame_0.png").write_bytes(b"")
    items = list(ImageFolder(tmp_path, "cam"))
    assert [type(item) for item in items] == [Gap, Frame, Frame]


def test_picture_of_another_size_is_a_gap_that_says_so(tmp_path):
    folder_of(tmp_path, 3)
    cv2.imwrite(str(tmp_path / "frame_1.png"), picture(0, (20, 30)))
    (gap,) = gaps(ImageFolder(tmp_path, "cam"))
    assert "30x20" in gap.detail


def test_folder_without_pictures_names_the_endings_it_looks_for(tmp_path):
    with pytest.raises(SourceError, match=r"\.bmp.*\.jpg.*\.png"):
        ImageFolder(tmp_path, "cam")


def test_the_folder_one_stands_in_may_be_named_by_a_dot(tmp_path, monkeypatch):
    monkeypatch.chdir(folder_of(tmp_path, 2))
    source = open_source(".", source_id="cam")
    assert len(frames(source)) == 2


def test_links_that_lead_nowhere_and_folders_are_no_pictures(tmp_path):
    folder_of(tmp_path, 3)
    (tmp_path / "frame_9.png").symlink_to("/nowhere/at/all")
    (tmp_path / "more.png").mkdir()
    (tmp_path / "frame_3.png").symlink_to(tmp_path / "frame_0.png")
    assert [file.name for file in pictures_in(tmp_path)] == [f"frame_{i}.png" for i in range(4)]
    assert media_file(tmp_path, "cam").sha256


def test_folder_that_is_not_there_is_a_source_error(tmp_path):
    with pytest.raises(SourceError, match="none"):
        open_source(tmp_path / "none", source_id="cam")


def test_folder_of_nothing_but_broken_pictures_is_a_source_error(tmp_path):
    for i in range(3):
        (tmp_path / f"{i}.jpg").write_bytes(b"broken")
    with pytest.raises(SourceError, match=r"3 pictures.*0\.jpg"):
        list(ImageFolder(tmp_path, "cam"))


@pytest.mark.parametrize("fps", [0, -1, float("nan")])
def test_rate_that_is_no_rate_is_refused(tmp_path, fps):
    with pytest.raises(ValueError, match="fps"):
        ImageFolder(folder_of(tmp_path, 1), "cam", fps=fps)


def test_pose_comes_from_samples_that_count_from_the_first_picture(tmp_path):
    poses = [CameraPose(1.0 + i, 2.0, 300.0, 10.0, -50.0, 0.0, 40.0, 30.0) for i in range(2)]
    samples = [Sample(0, poses[0]), Sample(1_000_000_000, poses[1])]
    source = ImageFolder(
        folder_of(tmp_path, 6), "cam", fps=10, start_ns=START_NS, samples=samples, samples_relative=True
    )
    read = frames(source)
    assert read[0].pose.lat_deg == 1.0
    assert read[5].pose.lat_deg == pytest.approx(1.5)
    assert read[5].pose.age_s == pytest.approx(0.5)


@pytest.mark.parametrize("name", ["flight", "2026.03.01"])
def test_table_beside_the_folder_is_found(tmp_path, name):
    (tmp_path / name).mkdir()
    folder_of(tmp_path / name, 2)
    (tmp_path / "2026.03.csv").write_text("that of another folder", encoding="utf-8")
    (tmp_path / f"{name}.csv").write_text(
        "t_s,lat_deg,lon_deg,alt_m,yaw_deg,pitch_deg,hfov_deg\n0,1.5,2,300,10,-50,40\n", encoding="utf-8"
    )
    source = open_source(tmp_path / name, source_id="cam", start_ns=START_NS)
    assert next(iter(source)).pose.lat_deg == 1.5


def test_pictures_without_a_start_begin_with_a_table_in_utc(tmp_path):
    """As recordings do: counted from 1970 no picture would have a pose."""
    (tmp_path / "flight").mkdir()
    folder_of(tmp_path / "flight", 2)
    (tmp_path / "flight.csv").write_text(
        f"t_ns,lat_deg,lon_deg,alt_m,yaw_deg,pitch_deg,hfov_deg\n{START_NS},1.5,2,300,10,-50,40\n", encoding="utf-8"
    )
    frame = next(iter(open_source(tmp_path / "flight", source_id="cam")))
    assert (frame.t_ns, frame.time_from, frame.pose.lat_deg) == (START_NS, TimeFrom.START_INDEX, 1.5)


def clip_of(folder, out):
    source = ImageFolder(folder, "cam", fps=10, start_ns=START_NS)
    source.ring = PacketRing(60.0)
    clip = None
    for item in source:
        if clip is None:
            clip = source.ring.hold(item.t_ns)
            clip.release(START_NS + 250_000_000)
    out.mkdir()
    return clip, clip.write(out)


def test_clip_holds_the_original_files_and_two_runs_write_equal_bytes(tmp_path):
    (tmp_path / "in").mkdir()
    folder_of(tmp_path / "in", 6)
    clip, files = clip_of(tmp_path / "in", tmp_path / "a")
    _, again = clip_of(tmp_path / "in", tmp_path / "b")
    (role, path), (_, other) = files[0], again[0]
    assert (role, path.suffix) == ("clip", ".zip")
    assert clip.ready
    assert path.read_bytes() == other.read_bytes()
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["frame_0.png", "frame_1.png", "frame_2.png"]
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert archive.read("frame_1.png") == (tmp_path / "in/frame_1.png").read_bytes()


def test_snapshot_is_the_picture_shown_at_that_time(tmp_path):
    (tmp_path / "in").mkdir()
    folder_of(tmp_path / "in", 6)
    clip, _ = clip_of(tmp_path / "in", tmp_path / "a")
    shown, t_ns = clip.snapshot(START_NS + 150_000_000)
    assert t_ns == START_NS + 100_000_000
    assert np.array_equal(shown[:, :, 0], picture(10))


def test_snapshot_of_16_bit_pictures_is_as_bright_as_what_the_detector_saw(tmp_path):
    (tmp_path / "in").mkdir()
    ramp = np.linspace(900, 1100, 31 * 41).reshape(31, 41).astype(np.uint16)
    for i in range(4):
        cv2.imwrite(str(tmp_path / f"in/frame_{i}.png"), ramp + i)
    seen = frames(ImageFolder(tmp_path / "in", "cam", fps=10, start_ns=START_NS))
    clip, _ = clip_of(tmp_path / "in", tmp_path / "a")
    shown, t_ns = clip.snapshot(seen[2].t_ns)
    assert t_ns == seen[2].t_ns
    assert np.array_equal(shown[:, :, 1], seen[2].luma)
    assert np.array_equal(shown, seen[2].colour())


def test_snapshot_of_a_picture_that_has_gone_is_none(tmp_path):
    (tmp_path / "in").mkdir()
    folder_of(tmp_path / "in", 2)
    clip, _ = clip_of(tmp_path / "in", tmp_path / "a")
    (tmp_path / "in/frame_0.png").unlink()
    assert clip.snapshot(START_NS) is None


@pytest.mark.skipif(not SEQUENCES, reason="../shared/data is not here")
@pytest.mark.parametrize("folder", SEQUENCES, ids=lambda folder: folder.parent.name)
def test_every_sequence_is_read_to_its_end_in_the_order_of_its_numbers(folder):
    source = ImageFolder(folder, "cam", fps=25)
    assert len(frames(source)) == source.end.frames == len(list(folder.iterdir()))
    assert source.end.complete
    numbers = [int("".join(filter(str.isdecimal, file.stem))) for file in source.files]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
