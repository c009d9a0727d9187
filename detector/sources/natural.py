"""Pictures of a folder in the order a person means: frame_2 before frame_10."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

from detector.errors import SourceError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".pgm", ".ppm", ".webp", ".jp2"})

_LAST_NUMBER = re.compile(r"(.*?)(\d+)(\D*)")
_LEAST_STEPS = 3
_MOST_EMPTY = 100  # so many times as many places as pictures are no sequence with holes


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Runs of digits compare as numbers."""
    return [(0, int(part), part) if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", name) if part]


def pictures_in(folder: Path) -> list[Path]:
    """The pictures directly in a folder, naturally sorted; links that lead nowhere and folders are none.

    Raises:
        SourceError: there are none, or the folder cannot be read.
    """
    try:
        named = [file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")]
        files = [file for file in named if file.is_file()]
    except OSError as error:
        raise SourceError(f"{folder}: cannot be read: {error.strerror}") from error
    if not files:
        raise SourceError(f"{folder}: holds no pictures; known are {', '.join(sorted(SUFFIXES))}")
    return sorted(files, key=lambda file: natural_key(file.name))


def places_of(files: list[Path]) -> list[int]:
    """Place of each picture in its sequence, from 0: a number that its step says should be there leaves a place empty.

    That is only told where names differ in their last number alone and half of all steps at least are the same, the
    others whole multiples of it; else, and where the numbers are times of day, pictures follow one another.
    """
    told = [_LAST_NUMBER.fullmatch(file.stem) for file in files]
    numbers = [int(one[2]) for one in told if one is not None]
    following = list(range(len(files)))
    if len(numbers) < len(files) or len({(one[1], one[3]) for one in told if one is not None}) > 1:
        return following
    steps = [b - a for a, b in pairwise(numbers)]
    step, often = Counter(steps).most_common(1)[0] if steps else (0, 0)
    if len(steps) < _LEAST_STEPS or 2 * often < len(steps) or step < 1 or any(one % step or one < 1 for one in steps):
        return following
    if numbers[-1] - numbers[0] > _MOST_EMPTY * step * len(files) or _is_time_of_day(numbers, step):
        return following
    return [(number - numbers[0]) // step for number in numbers]


def _is_time_of_day(numbers: list[int], step: int) -> bool:
    """Minutes and seconds have no 60 to 99, so what looks left out there never was: 063059 is followed by 063100."""
    passed = range(numbers[0], numbers[-1] + 1, step)
    return any(one % 100 >= 60 for one in passed) and not any(one % 100 >= 60 for one in numbers)
