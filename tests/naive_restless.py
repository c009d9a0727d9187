"""Slow twins of the routines for restless ground, pixel by pixel."""

import math
import statistics

import cv2
import numpy as np


def naive_off_parabola(way, t_s):
    found = []
    for n in range(way.shape[1]):
        total = 0.0
        for axis in range(2):
            fitted = np.polyfit(t_s, way[:, n, axis], 2)
            total += np.mean((np.polyval(fitted, t_s) - way[:, n, axis]) ** 2)
        found.append(math.sqrt(total))
    return np.array(found)


def naive_patch(picture, x, y, side):
    """By bilinear interpolation, the edge repeated."""
    height, width = picture.shape
    out = []
    for row in range(side):
        for column in range(side):
            u, v = x + column - (side - 1) / 2, y + row - (side - 1) / 2
            u0, v0 = math.floor(u), math.floor(v)
            value = 0.0
            for du in (0, 1):
                for dv in (0, 1):
                    weight = (1 - abs(u - u0 - du)) * (1 - abs(v - v0 - dv))
                    value += weight * picture[min(max(v0 + dv, 0), height - 1), min(max(u0 + du, 0), width - 1)]
            out.append(value)
    return np.array(out)


def naive_levels(values):
    counts = [0.0] * 32
    for value in values.ravel().tolist():
        counts[value // 8] += 1
    smooth = []
    for i in range(32):
        left = counts[i - 1] if i > 0 else 0.0
        right = counts[i + 1] if i < 31 else 0.0
        smooth.append(0.25 * left + 0.5 * counts[i] + 0.25 * right)
    return np.array(smooth) / sum(smooth)


def naive_misfit(judged, other, valid, way):
    height, width = judged.shape
    apart = np.zeros(judged.shape)
    shown = np.zeros(judged.shape, bool)
    for y in range(height):
        for x in range(width):
            u, v = x + way[0], y + way[1]
            inside = 0 <= u < width and 0 <= v < height
            shown[y, x] = inside and (valid is None or valid[v, u] > 0)
            apart[y, x] = abs(int(judged[y, x]) - int(other[min(max(v, 0), height - 1), min(max(u, 0), width - 1)]))
    padded = cv2.copyMakeBorder(apart, 3, 3, 3, 3, cv2.BORDER_REFLECT_101)
    mean = np.array([[padded[y : y + 7, x : x + 7].mean() for x in range(width)] for y in range(height)])
    return np.where(shown, mean, 255.0)


def naive_overlap(one, other):
    return min(one[2], other[2]) > max(one[0], other[0]) and min(one[3], other[3]) > max(one[1], other[1])


def naive_area(box):
    return (box[2] - box[0]) * (box[3] - box[1])


def naive_around_finer(row, xyxy, peak, dark):
    x0, y0, x1, y1 = xyxy[row]
    for other, box in enumerate(xyxy):
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        finer = 0.04 < naive_area(box) / naive_area(xyxy[row]) < 0.5
        if finer and x0 <= x < x1 and y0 <= y < y1 and dark[other] == dark[row] and peak[other] >= peak[row]:
            return True
    return False


def naive_apart(xyxy, peak, dark, order, count):
    def clash(one, other):
        if not naive_overlap(xyxy[one], xyxy[other]):
            return False
        wide = min(xyxy[one][2], xyxy[other][2]) - max(xyxy[one][0], xyxy[other][0])
        high = min(xyxy[one][3], xyxy[other][3]) - max(xyxy[one][1], xyxy[other][1])
        smaller = min(naive_area(xyxy[one]), naive_area(xyxy[other]))
        return dark[one] == dark[other] or wide * high > 0.5 * smaller

    chosen = []
    for row in order:
        if len(chosen) == count:
            break
        if not naive_around_finer(row, xyxy, peak, dark) and not any(clash(row, other) for other in chosen):
            chosen.append(row)
    return chosen


def naive_centred_in(xyxy, others):
    def holds(box, x, y):
        return box[0] <= x < box[2] and box[1] <= y < box[3]

    return [any(holds(o, (x0 + x1 - 1) / 2, (y0 + y1 - 1) / 2) for o in others) for x0, y0, x1, y1 in xyxy]


def naive_points_in(xyxy, points):
    return [sum(x0 <= x < x1 and y0 <= y < y1 for x, y in points) for x0, y0, x1, y1 in xyxy]


def naive_common_way(moved, counts, needed, alike_px, alike_share):
    ways = [way for way, counted in zip(moved, counts, strict=True) if counted]
    if not ways:
        return [np.nan, np.nan]
    x, y = (statistics.median(way[k] for way in ways) for k in (0, 1))
    reach = alike_px + alike_share * math.hypot(x, y)
    agree = sum(math.hypot(way[0] - x, way[1] - y) <= reach for way in ways)
    return [x, y] if agree >= needed and 2 * agree > len(ways) else [np.nan, np.nan]
