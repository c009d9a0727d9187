"""Slow twins of the vectorised routines, and small moving pictures with known truth."""

from __future__ import annotations

import math

import cv2
import numpy as np

from detector.detectors.sunny_side import AROUND, AROUND_PX, SAMPLES, STRONG_SHARE
from detector.model import Alignment, Detections, Frame, Kind, Sight, TimeFrom
from detector.picture.between_pixels import greys_at


def texture(seed: int = 0, size_px: tuple[int, int] = (900, 700)) -> np.ndarray:
    """A picture with structure at several scales."""
    random = np.random.default_rng(seed)
    total = np.zeros(size_px[::-1])
    for cell, weight in ((4, 12), (11, 20), (40, 30)):
        coarse = random.normal(size=(size_px[1] // cell + 2, size_px[0] // cell + 2)).astype(np.float32)
        total += weight * cv2.resize(coarse, size_px, interpolation=cv2.INTER_CUBIC)
    return np.clip(total + 120, 0, 255).astype(np.uint8)


def view(ground: np.ndarray, ground_from_frame: np.ndarray, size_px: tuple[int, int]) -> np.ndarray:
    """What a camera sees of the ground."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpPerspective(ground, ground_from_frame, size_px, flags=flags, borderMode=cv2.BORDER_REFLECT)


def frame(luma: np.ndarray, index: int, fps: float = 30.0, start_ns: int = 0, pose=None) -> Frame:
    view = luma.view()
    view.flags.writeable = False
    t_ns = start_ns + round(index * 1e9 / fps)
    return Frame("test", index, t_ns, view, index == 0, TimeFrom.START_PTS, pose, lambda: np.dstack([luma] * 3))


def flight(index: int, pan_px: float = 3.0) -> np.ndarray:
    """Ground from frame: a slow pan with yaw, zoom and a little perspective."""
    angle, zoom = 0.002 * index, 1 + 0.0005 * index
    cos, sin = zoom * np.cos(angle), zoom * np.sin(angle)
    tilt = 2e-7 * index
    return np.array([[cos, -sin, 60 + pan_px * index], [sin, cos, 60 + 0.4 * index], [tilt, -tilt, 1.0]])


def aligned(index: int, t_ns: int, matrix=None, reference_id: int = 0, sight: Sight = Sight.SEEING) -> Alignment:
    matrix = np.eye(3) if matrix is None else matrix
    return Alignment(index, t_ns, matrix, reference_id, 1.0, 0.1, sight)


def boxes(
    index: int, t_ns: int, xyxy, *, sight: Sight = Sight.SEEING, judged: bool = True, kind=Kind.MOTION
) -> Detections:
    xyxy = np.asarray(xyxy, np.float32).reshape(-1, 4)
    return Detections(
        index, t_ns, xyxy, np.ones(len(xyxy), np.float32), np.full(len(xyxy), kind.value, "<U8"), sight, judged
    )


def naive_apply(matrix, xy):
    out = []
    for x, y in xy:
        u, v, w = (sum(row[k] * p for k, p in enumerate((x, y, 1.0))) for row in matrix)
        out.append((u / w, v / w))
    return np.array(out)


def naive_jacobian(matrix, xy, step=1e-5):
    out = []
    for x, y in xy:
        columns = []
        for dx, dy in ((step, 0), (0, step)):
            ahead, back = naive_apply(matrix, [(x + dx, y + dy), (x - dx, y - dy)])
            columns.append((ahead - back) / (2 * step))
        out.append(np.array(columns).T)
    return np.array(out)


def naive_fit(source, target, inlier_px, trust=1.0):
    """Geman-McClure by general-purpose optimisation, widths as in the fast one."""
    from scipy.optimize import least_squares

    parameters = np.array(
        [1, 0, *np.median(target - source, axis=0)[:1], 0, 1, *np.median(target - source, axis=0)[1:], 0, 0]
    )
    for factor in (16.0, 8.0, 4.0, 2.0, 1.0):

        def cost(p, width=factor * inlier_px):
            off = np.hypot(*(naive_apply(np.append(p, 1).reshape(3, 3), source) - target).T)
            return np.sqrt(trust) * off / np.sqrt(width**2 + off**2)

        parameters = least_squares(cost, parameters, x_scale=[1, 1, 100, 1, 1, 100, 1e-3, 1e-3]).x
    return np.append(parameters, 1).reshape(3, 3)


def naive_mean_of_nine(picture):
    """Beyond its border the picture goes on as a mirror that stands on the last pixel would show it."""
    height, width = picture.shape
    out = np.zeros_like(picture)
    for y in range(height):
        for x in range(width):
            rows = [height - 2 if y + dy == height else abs(y + dy) for dy in (-1, 0, 1)]
            columns = [width - 2 if x + dx == width else abs(x + dx) for dx in (-1, 0, 1)]
            out[y, x] = round(sum(int(picture[row, column]) for row in rows for column in columns) / 9)
    return out


def naive_symmetric(judged, earlier, later):
    out = np.zeros(judged.shape, np.uint8)
    for place in np.ndindex(judged.shape):
        a, b = int(judged[place]) - int(earlier[place]), int(judged[place]) - int(later[place])
        if a * b > 0:
            out[place] = min(abs(a), abs(b))
    return out


def naive_exposure(means, other_means):
    """Of all gains and steps on a grid the one that most places agree with to one and a half grey levels."""
    pairs = [
        (int(a), int(b)) for a, b in zip(means.ravel(), other_means.ravel(), strict=True) if 4 < a < 250 and 4 < b < 250
    ]
    best = (-1, 1.0, 0.0)
    for gain in np.arange(0.5, 2.0, 0.01):
        steps = sorted(a - gain * b for a, b in pairs)
        # The window of 3 grey levels with most of them in it.
        first = 0
        for last in range(len(steps)):
            while steps[last] - steps[first] > 3:
                first += 1
            if last - first > best[0]:
                best = (last - first, gain, (steps[last] + steps[first]) / 2)
    return best[1:]


def naive_similarity(source, target):
    """Shift, turn and zoom by general-purpose optimisation with the same kernel at its final width."""
    from scipy.optimize import least_squares

    def cost(p, width):
        a, b, x, y = p
        moved = source @ np.array([[a, -b], [b, a]]).T + [x, y]
        off = np.hypot(*(moved - target).T)
        return off / np.sqrt(width**2 + off**2)

    p = np.array([1.0, 0.0, *np.median(target - source, axis=0)])
    for width in (4.0, 2.0, 1.0, 0.5):
        p = least_squares(cost, p, args=(width,), x_scale=[1e-2, 1e-2, 1, 1]).x
    a, b, x, y = p
    return np.array([[a, -b, x], [b, a, y], [0, 0, 1]])


def naive_block_maximum(residual, block):
    rows, columns = -(-residual.shape[0] // block), -(-residual.shape[1] // block)
    out = np.zeros((rows, columns))
    for (y, x), value in np.ndenumerate(residual):
        out[y // block, x // block] = max(out[y // block, x // block], value)
    return out


def naive_predict(state, covariance, dt_s, acceleration):
    x, y, vx, vy = state
    step = np.array([[1, 0, dt_s, 0], [0, 1, 0, dt_s], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    push = np.array([[dt_s**2 / 2, 0], [0, dt_s**2 / 2], [dt_s, 0], [0, dt_s]])
    noise = push @ push.T * acceleration**2
    return np.array([x + vx * dt_s, y + vy * dt_s, vx, vy]), step @ covariance @ step.T + noise


def naive_correct(state, covariance, centre, sigma):
    look = np.array([[1, 0, 0, 0], [0, 1, 0, 0.0]])
    gain = covariance @ look.T @ np.linalg.inv(look @ covariance @ look.T + sigma**2 * np.eye(2))
    return state + gain @ (centre - look @ state), (np.eye(4) - gain @ look) @ covariance


def naive_distance2(state, covariance, centre, sigma):
    off = centre - state[:2]
    return float(off @ np.linalg.inv(covariance[:2, :2] + sigma**2 * np.eye(2)) @ off)


def naive_enlarged(small: np.ndarray, level: int, size_px: tuple[int, int]) -> np.ndarray:
    """A halved mask at full size: each pixel looks up the one it came from."""
    large = np.zeros(size_px[::-1], np.uint8)
    for y in range(size_px[1]):
        for x in range(size_px[0]):
            large[y, x] = small[min(y >> level, small.shape[0] - 1), min(x >> level, small.shape[1] - 1)]
    return large


def naive_least_left(box, earlier_px, later_px, pictures, heights):
    """One box, pixel by pixel and height by height; places between pixels by the four around them."""

    def at(picture, x, y):
        height, width = picture.shape
        x, y = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
        left, up = min(int(x), width - 2), min(int(y), height - 2)
        u, v = x - left, y - up
        corner = picture[up : up + 2, left : left + 2].astype(float)
        return float(np.array([1 - v, v]) @ corner @ np.array([1 - u, u]))

    most = 0.0
    for y in range(int(box[1]), int(box[3])):
        for x in range(int(box[0]), int(box[2])):
            here = float(pictures.judged[y, x])
            near = pictures.judged[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2].astype(float)
            least = 255.0
            for share in heights:
                before = at(pictures.earlier, x + share * earlier_px[0], y + share * earlier_px[1])
                after = at(pictures.later, x + share * later_px[0], y + share * later_px[1])
                least = min(least, max(here - max(before, after), min(before, after) - here, 0.0))
            most = max(most, least - pictures.edge_share * (near.max() - near.min()))
    return most


def naive_blocks_of(xyxy, shape, block):
    touched = np.zeros(shape, bool)
    for row in range(shape[0]):
        for column in range(shape[1]):
            for x0, y0, x1, y1 in xyxy:
                across = x0 < (column + 1) * block and x1 > column * block
                down = y0 < (row + 1) * block and y1 > row * block
                touched[row, column] |= across and down
    return touched


def naive_trimmed(box, evidence, share):
    x0, y0, x1, y1 = box
    most = max(evidence[y, x] for y in range(y0, y1) for x in range(x0, x1))
    kept = [(x, y) for y in range(y0, y1) for x in range(x0, x1) if evidence[y, x] >= share * most]
    across, down = [x for x, _ in kept], [y for _, y in kept]
    return [min(across), min(down), max(across) + 1, max(down) + 1]


def naive_step(first, later, matrix, margin_px, every_px, clip_grey):
    """By how much a picture laid by `matrix` over the first one is off, to first order: x, y [px], zoom, turn [1]; one
    sum over every so manieth pixel. Both about the middle of these pixels.
    """
    height, width = first.shape
    places = [
        (x, y)
        for y in range(margin_px[1], height - margin_px[1], every_px)
        for x in range(margin_px[0], width - margin_px[0], every_px)
    ]
    middle = (np.array(places[0]) + places[-1]) / 2
    normal, right = np.zeros((4, 4)), np.zeros(4)
    slope = {
        (x, y): ((float(first[y, x + 1]) - first[y, x - 1]) / 2, (float(first[y + 1, x]) - first[y - 1, x]) / 2)
        for x, y in places
    }
    usual = sum(across**2 + down**2 for across, down in slope.values()) / len(places)
    for x, y in places:
        across, down = slope[x, y]
        if across**2 + down**2 < usual:
            continue
        u, v = (x, y) - middle
        slopes = np.array([across, down, across * u + down * v, down * u - across * v])
        differs = naive_between(later, *naive_apply(matrix, [(x, y)])[0]) - float(first[y, x])
        normal += np.outer(slopes, slopes)
        right += slopes * min(max(differs, -clip_grey), clip_grey)
    return np.linalg.solve(normal, right)


def naive_between(picture, x, y):
    left, up = int(x), int(y)
    u, v = x - left, y - up
    corner = picture[up : up + 2, left : left + 2].astype(float)
    return float(np.array([1 - v, v]) @ corner @ np.array([1 - u, u]))


def naive_looked_at(box, judged, earlier, later, least):
    """(x, y, grey levels brighter, darker) of each point that is looked at in and around one box, row by row."""
    height, width = judged.shape
    x0, y0, x1, y1 = box
    around = math.ceil(AROUND * max(x1 - x0, y1 - y0) + AROUND_PX)
    points = []
    for row in range(SAMPLES):
        for column in range(SAMPLES):
            x = math.floor(x0 - around + (column + 0.5) / SAMPLES * (x1 - x0 + 2 * around))
            y = math.floor(y0 - around + (row + 0.5) / SAMPLES * (y1 - y0 + 2 * around))
            x, y = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
            now, before, after = int(judged[y, x]), int(earlier[y, x]), int(later[y, x])
            points.append((x, y, now - max(before, after), min(before, after) - now))
    for which in (2, 3):
        enough = max(least, STRONG_SHARE * max(0, *(point[which] for point in points)))
        points = [
            tuple((value if value >= enough else 0) if at == which else value for at, value in enumerate(point))
            for point in points
        ]
    return points


def naive_without_shadow(box, points, direction):
    """The box around what is brighter, and darker no farther along `direction`. points: of one box, as looked at."""
    x0, y0, x1, y1 = box
    side = AROUND * max(x1 - x0, y1 - y0)
    dx, dy = direction[0] * side, direction[1] * side
    left, up = min(x0, x0 - dx) - 1, min(y0, y0 - dy) - 1
    right, low = max(x1, x1 - dx) + 1, max(y1, y1 - dy) + 1
    bright = [(x, y) for x, y, brighter, _ in points if brighter > 0 and left <= x < right and up <= y < low]
    farthest = max(x * direction[0] + y * direction[1] for x, y in bright)
    dark = [
        (x, y)
        for x, y, _, darker in points
        if darker > 0 and x0 <= x < x1 and y0 <= y < y1 and x * direction[0] + y * direction[1] <= farthest
    ]
    xs, ys = zip(*(bright + dark), strict=True)
    steps = [max(math.ceil((max(p[k] for p in points) - min(p[k] for p in points)) / (SAMPLES - 1)), 1) for k in (0, 1)]
    return [min(xs), min(ys), max(xs) + steps[0], max(ys) + steps[1]]


def naive_misfit(box, velocity_px_s, judged, others, count=10):
    """How badly what is in one box fits its way, point by point."""
    x0, y0, x1, y1 = box
    middle, side = ((x0 + x1 - 1) / 2, (y0 + y1 - 1) / 2), (max(x1 - x0, 3.0), max(y1 - y0, 3.0))
    points = [
        (middle[0] + ((column + 0.5) / count - 0.5) * side[0], middle[1] + ((row + 0.5) / count - 0.5) * side[1])
        for row in range(count)
        for column in range(count)
    ]

    def grey(picture, x, y):
        framed = np.pad(picture, 40, mode="edge")
        return naive_between(framed, x + 40, y + 40)

    def apart(picture, way):
        return [
            [abs(grey(picture, x + way[0] + dx, y + way[1] + dy) - grey(judged, x, y)) for x, y in points]
            for dx, dy in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))
        ]

    ground = [apart(other.picture, (0, 0)) for other in others]
    own = [apart(other.picture, [part * other.apart_s for part in velocity_px_s]) for other in others]
    weights = [min(one[0][at] for one in ground) + 0.2 for at in range(len(points))]
    mean = sum(weights) / len(weights)
    weights = [min(weight, 4 * mean) for weight in weights]

    def least(apart):
        means = [sum(w * value for w, value in zip(weights, row, strict=True)) / sum(weights) for row in apart]
        return min(means) + 0.5

    return sum(least(one) for one in own) / sum(least(one) for one in ground)


def naive_going_along(box, velocity_px_s, judged, others):
    """How many of the eight places around one box go its way, too."""
    x0, y0, x1, y1 = box
    height, width = judged.shape
    fits = 0
    for dx, dy in ((-1, -1), (0, -1), (1, -1), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0)):
        x = (x0 + x1) / 2 + dx * (max(x1 - x0, 3) / 2 + 10)
        y = (y0 + y1) / 2 + dy * (max(y1 - y0, 3) / 2 + 10)
        if x >= 6 and y >= 6 and x + 6 <= width and y + 6 <= height:
            fits += naive_misfit((x - 6, y - 6, x + 6, y + 6), velocity_px_s, judged, others, 5) < 0.85
    return fits / 8


def naive_bar_beyond(box, judged, earlier, later, *, above=False):
    """Share of twelve rows below a box, or above it, in which its clearest bright bar shows, and how far it goes."""
    x0, y0, x1, y1 = box
    step = max((x1 - x0) / 8, 1.0)

    def brighter(picture, slope, thick, column, row):
        def grey(aside):
            x = (x0 + x1 - 1) / 2 + step * (column + aside + 0.15 * slope * row)
            y = y0 - step * row if above else y1 - 1 + step * row
            return int(greys_at(picture, np.array([x, y])))

        core = grey(0) if thick == 0 else (grey(-1) + grey(0) + grey(1)) // 3
        return core - max(grey(-2 - thick), grey(2 + thick))

    best = (0, -3, 0, -9)
    for slope in range(-3, 4):
        for thick in (0, 1):
            for column in range(-9, 10):
                if abs(column) * step <= (x1 - x0) / 2:
                    shown = sum(brighter(judged, slope, thick, column, row) >= 4 for row in range(1, 13))
                    best = (shown, slope, thick, column) if shown > best[0] else best
    shown, slope, thick, column = best

    def place(picture):
        near = [one for one in range(-9, 10) if abs(one - column) <= 6]
        mean = {k: sum(brighter(picture, slope, thick, k, row) for row in range(1, 13)) / 12 for k in near}
        at = max(near, key=lambda one: mean[one])
        if abs(at) == 9:
            return at
        before, after = mean.get(at - 1, -255.0), mean.get(at + 1, -255.0)
        return at + min(max((before - after) / (2 * min(before - 2 * mean[at] + after, -1e-9)), -0.5), 0.5)

    return shown / 12, (place(later) - place(earlier)) * step


def naive_learned(before, misfit):
    """Mean logarithm of the misfits, a quarter from the newest, from 0 on; none counts for more than a factor e."""
    latest = min(max(math.log(misfit), -1.0), 1.0)
    return 0.25 * latest + 0.75 * (0.0 if math.isnan(before) else before)


def naive_area(box):
    return max(box[2] - box[0], 0) * max(box[3] - box[1], 0)


def naive_common(one, other):
    return naive_area((max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])))


def naive_iou(one, other):
    common = naive_common(one, other)
    return common / (naive_area(one) + naive_area(other) - common)


def naive_inside_larger(xyxy):
    """Of each box, whether three quarters of it lie in one of which it is at most six tenths."""
    found = []
    for one in xyxy:
        is_inside = False
        for other in xyxy:
            inside = naive_common(one, other) >= 0.75 * naive_area(one)
            is_inside |= bool(inside and naive_area(one) <= 0.6 * naive_area(other))
        found.append(is_inside)
    return found


def naive_told_apart(spots, things):
    """Pairs of a spot's number and a box; of a spot that two or more things fill, their boxes moved to its ends."""

    def is_in(thing, number):
        fits = [naive_iou(thing, other) for other in spots]
        if max(fits) >= 0.4 and fits.index(max(fits)) != number:
            return False
        share = naive_common(thing, spots[number]) / naive_area(thing)
        return share >= 0.6 and naive_area(thing) <= 0.85 * naive_area(spots[number])

    def gaps(members, k):
        ordered = sorted((member[k], member[k + 2]) for member in members)
        reached, gap = ordered[0][1], 0.0
        for low, high in ordered:
            gap, reached = gap + max(low - reached, 0), max(reached, high)
        return gap / (reached - ordered[0][0])

    found = []
    for number, spot in enumerate(spots):
        members = [thing for thing in things if is_in(thing, number)]
        around = [f(m[k] for m in members) for k, f in enumerate((min, min, max, max))] if members else None
        if len(members) < 2 or naive_iou(around, spot) < 0.6 or any(gaps(members, k) > 0.15 for k in (0, 1)):
            found.append((number, tuple(spot)))
            continue
        for member in members:
            box = [0.0] * 4
            for k in (0, 1):
                size = min(member[k + 2] - member[k], spot[k + 2] - spot[k])
                ends = spot[k], spot[k + 2] - size
                if member[k] == around[k] and member[k + 2] == around[k + 2]:
                    low = sum(ends) / 2
                elif member[k] == around[k]:
                    low = ends[0]
                elif member[k + 2] == around[k + 2]:
                    low = ends[1]
                else:
                    low = min(max((member[k] + member[k + 2] - size) / 2, ends[0]), ends[1])
                box[k], box[k + 2] = low, low + size
            found.append((number, tuple(box)))
    return found


def naive_strongest(pictures, ways):
    """Of each place the largest sum along a way, either way of the sign, and the first way that has it."""
    height, width = pictures[0].shape
    margin = max(abs(step) for way in ways for pair in way for step in pair)
    best, chosen = {}, {}
    for y in range(margin, height - margin):
        for x in range(margin, width - margin):
            best[x, y], chosen[x, y] = 0, 0
            for number, way in enumerate(ways):
                total = 0
                for picture, (dx, dy) in zip(pictures, way, strict=True):
                    total += int(picture[y - dy, x - dx])
                if abs(total) > best[x, y]:
                    best[x, y], chosen[x, y] = abs(total), number
    return best, chosen


def naive_mean(pictures):
    """Of pictures that lie over one another: the sum of each pixel over their number."""
    height, width = pictures[0].shape
    return [[sum(float(one[y, x]) for one in pictures) / len(pictures) for x in range(width)] for y in range(height)]


def naive_burnt_in_votes(now, then, ahead_px: int, counts: list[list[int]]) -> list[list[int]]:
    """Looks in favour of each pixel after one more: the view went on by whole pixels to the right. As `burnt_in.py`"""
    height, width = now.shape
    now, then = now.astype(int).tolist(), then.astype(int).tolist()
    after = [row[:] for row in counts]
    for y in range(height):
        for x in range(width):
            around = [
                now[j][i]
                for j in range(max(y - 1, 0), min(y + 2, height))
                for i in range(max(x - 1, 0), min(x + 2, width))
            ]
            goes, stays = abs(now[y][x] - then[y][min(x + ahead_px, width - 1)]), abs(now[y][x] - then[y][x])
            if stays >= 12:
                after[y][x] = max(after[y][x] - 3, 0)
            if stays <= max(round(goes / 8), 4) and goes >= 20 and max(around) - min(around) >= 30:
                after[y][x] = min(after[y][x] + 1, 24)
    return after


def naive_warped(picture, matrix):
    """Each pixel by itself, bilinear; the picture goes on beyond its border as it ends. shape (H, W) float"""
    height, width = picture.shape
    back, padded = np.linalg.inv(matrix), np.pad(picture, ((0, 1), (0, 1)), mode="edge")
    out = np.zeros((height, width))
    for row in range(height):
        for column in range(width):
            x, y, depth = back @ (column, row, 1.0)
            inside = min(max(x / depth, 0), width - 1), min(max(y / depth, 0), height - 1)
            out[row, column] = naive_between(padded, *inside)
    return out


def naive_usual_around(loud):
    """Median of the 11x11 blocks around each; beyond its border the picture goes on as it ends."""
    padded = np.pad(loud, 5, mode="edge")
    out = np.zeros(loud.shape)
    for row in range(loud.shape[0]):
        for column in range(loud.shape[1]):
            out[row, column] = np.median(padded[row : row + 11, column : column + 11])
    return out


def naive_greys_in(box, judged, others, least):
    """(logarithm of the grey level, of the factor to the ground, whether it differs) of each point, row by row."""
    x0, y0, x1, y1 = box
    points = []
    for row in range(24):
        for column in range(24):
            x, y = math.floor(x0 + (column + 0.5) / 24 * (x1 - x0)), math.floor(y0 + (row + 0.5) / 24 * (y1 - y0))
            now = int(judged[y, x])
            there = sorted(int(picture[y // shrink, x // shrink]) for picture, shrink in others)
            ground = there[-2] if len(there) > 2 else there[-1]
            factor = math.log(max(now, 1)) - math.log(max(ground, 1))
            points.append((math.log(max(now, 1)), factor, abs(now - ground) > max(least, 6)))
    return points


def naive_parted(box, dimmed, differs, level):
    """(beyond, thing, box, away) of one box; dimmed, differs: lists of rows."""
    side = range(24)

    def nine(points, row, column):
        beside = [(row + down, column + right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
        return sum(points[r][c] for r, c in beside if 0 <= r < 24 and 0 <= c < 24)

    near = [[differs[r][c] and abs(dimmed[r][c] - level) < 0.18 for c in side] for r in side]
    shadow = [[differs[r][c] and 2 * nine(near, r, c) > nine(differs, r, c) >= 3 for c in side] for r in side]
    rest = [[differs[r][c] and not shadow[r][c] for c in side] for r in side]
    other = [[False] * 24 for _ in side]
    for r in range(23):
        for c in range(23):
            block = [(r, c), (r + 1, c), (r, c + 1), (r + 1, c + 1)]
            if all(rest[y][x] for y, x in block):
                for y, x in block:
                    other[y][x] = True
    best = (-math.inf, None, None)
    for direction in range(16):
        angle = direction * 2 * math.pi / 16
        along = [[math.cos(angle) * (c - 11.5) / 24 + math.sin(angle) * (r - 11.5) / 24 for c in side] for r in side]
        most = max(abs(value) for row in along for value in row)
        step = [[math.floor((value / most + 1) / 2 * 24) for value in row] for row in along]
        for first in range(24):
            score = sum(shadow[r][c] - other[r][c] for r in side for c in side if step[r][c] >= first)
            if score > best[0]:
                best = (score, step, first)
    score, step, first = best
    thing = [(r, c) for r in side for c in side if other[r][c] and step[r][c] < first]
    cast = [(r, c) for r in side for c in side if shadow[r][c] and step[r][c] >= first]
    total = max(sum(map(sum, differs)), 1)
    if not thing or not cast:
        return score / total, 0.0, list(box), [0.0, 0.0]
    wide, high = (box[2] - box[0]) / 24, (box[3] - box[1]) / 24
    rows, columns = zip(*thing, strict=True)
    found = [box[0] + min(columns) * wide, box[1] + min(rows) * high]
    found += [box[0] + (max(columns) + 1) * wide, box[1] + (max(rows) + 1) * high]
    middle = [[sum(at[k] for at in points) / len(points) for k in (1, 0)] for points in (thing, cast)]
    away = [(middle[1][0] - middle[0][0]) * wide, (middle[1][1] - middle[0][1]) * high]
    return score / total, len(thing) / total, found, away
