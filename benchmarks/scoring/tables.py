"""The tables that `benchmarks/score.py` prints."""

from __future__ import annotations

from .objects import SIZES


def figure(value: float | None, form: str) -> str:
    """The number, or n/a where there was nothing to score."""
    width = form.partition(".")[0] or "0"
    return f"{'n/a':>{width}}" if value is None else f"{value:{form}}"


_OBJECTS = (
    f"{'clip':14}{'P':>6}{'R':>6}{'F1':>6}{'R veh':>7}{'R ppl':>7}  {'R ' + ' '.join(SIZES):>26}"
    f"{'false/min':>11}{'wait s':>8}{'never':>9} reg px {'flash':>8}{'ms':>7}"
)
HEADERS = {
    "synthetic": _OBJECTS,
    "own": _OBJECTS,
    "real": f"{'clip':14}{'R':>6}{'wait s':>8}{'tracks/min':>12}{'ms':>7}",
    "house": f"{'clip':14}{'on box':>8}{'frames':>8}{'others/min':>12}{'ms':>7}",
    "masks": f"{'clip':14}{'F':>6}{'P':>6}{'R':>6}{'judged':>8}{'ms':>7}",
    "static": (
        f"{'clip':30}{'tracks':>8}{'a frame':>8}{'P':>6}{'R':>6}{'F1':>6}{'flash':>7}{'smoke':>7}{'change':>8}{'ms':>7}"
    ),
    "fire": f"{'clip':14}{'reports':>9}{'delay s':>9}{'on fire':>9}{'flash':>7}{'tracks':>8}{'ms':>7}",
    "flashes": f"{'clip':14}{'found':>10}{'false':>7}{'ms':>7}",
    "negatives": f"{'clip':14}{'tracks':>8}{'flash':>7}{'smoke':>7}{'change':>8}{'ms':>7}",
}


def objects_line(row: dict) -> str:
    kind, wait, registered = row["recall_by_kind"], row["time_to_detect"], row["registration"]["next_frame"]
    sizes = " ".join(figure(row["by_size"][name]["recall"], "4.2f") for name in SIZES)
    flash = f"{row['flash']['found']}/{row['flash']['of']}+{row['flash']['false']}" if "flash" in row else ""
    never = f"{wait['never']}/{wait['objects']}"
    return (
        f"{row['clip']:14}{figure(row['precision'], '6.2f')}{figure(row['recall'], '6.2f')}{figure(row['f1'], '6.2f')}"
        f"{figure(kind.get('vehicle'), '7.2f')}{figure(kind.get('person'), '7.2f')}  {sizes:>26}"
        f"{row['false_tracks_a_minute']:11.0f}{figure(wait['median_s'], '8.2f')}{never:>9}"
        f"{figure(registered['median_px'], '6.3f')} {flash:>9}{row['ms']:7.1f}"
    )


def line(kind: str, row: dict) -> str:
    match kind:
        case "synthetic" | "own":
            return objects_line(row)
        case "real":
            wait = figure(row["time_to_detect_s"], "8.2f")
            return f"{row['clip']:14}{row['recall']:6.2f}{wait}{row['tracks_a_minute']:12.0f}{row['ms']:7.1f}"
        case "house":
            return (
                f"{row['clip']:14}{row['tracks_on_box']:8d}{row['frames_on_box']:8d}"
                f"{row['other_tracks_a_minute']:12.1f}{row['ms']:7.1f}"
            )
        case "masks":
            return (
                f"{row['clip']:14}{row['f']:6.3f}{row['precision']:6.2f}{row['recall']:6.2f}{row['judged']:8.2f}"
                f"{row['ms']:7.1f}"
            )
        case "static":
            labelled = "".join(figure(row.get(key), "6.2f") for key in ("precision", "recall", "f1"))
            return (
                f"{row['clip']:30}{row['confirmed_tracks']:8d}{row['tracks_a_frame']:8.2f}{labelled}{row['flash']:7d}"
                f"{row['smoke']:7d}{row['change']:8d}{row['ms']:7.1f}"
            )
        case "fire":
            return (
                f"{row['clip']:14}{row['reports']:9d}{figure(row['delay_s'], '9.2f')}"
                f"{figure(row['on_or_above_fire'], '9.2f')}{row['flash']:7d}{row['confirmed_tracks']:8d}"
                f"{row['ms']:7.1f}"
            )
        case "flashes":
            found = f"{row['found']}/{row['of']}"
            return f"{row['clip']:14}{found:>10}{row['false']:7d}{row['ms']:7.1f}"
        case _:
            return (
                f"{row['clip']:14}{row['confirmed_tracks']:8d}{row['flash']:7d}{row['smoke']:7d}{row['change']:8d}"
                f"{row['ms']:7.1f}"
            )


def print_summary(totals: dict) -> None:
    for kind, part in totals.items():
        flat = {
            key: value if not isinstance(value, dict) else "/".join(figure(one, ".2f") for one in value.values())
            for key, value in part.items()
        }
        shown = (
            f"{key} {value if isinstance(value, (str, int)) else figure(value, '.3f')}" for key, value in flat.items()
        )
        print(f"{kind:14}" + ", ".join(shown))
