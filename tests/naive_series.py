"""Slow twins of what is done to sensor streams: one sample after the other."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from detector.timebase import iso_from_ns


def naive_time_order(t_ns: list[int], window_ns: int) -> tuple[list[int], dict[str, int]]:
    """Rows that stay, by their place in the input, in the order of time; and what was counted. No times far ahead."""
    newest = None
    kept: dict[int, int] = {}
    counted = {"sorted_in": 0, "went_back": 0, "duplicates": 0}
    for row, t in enumerate(t_ns):
        if newest is not None and t < newest - window_ns:
            counted["went_back"] += 1
            continue
        if newest is not None and t < newest:
            counted["sorted_in"] += 1
        if t in kept:
            counted["duplicates"] += 1
        else:
            kept[t] = row
        newest = t if newest is None else max(newest, t)
    return [kept[t] for t in sorted(kept)], counted


def naive_stand_still(values: list[float], interval_s: float) -> list[bool]:
    """Which samples of one channel are blanked."""
    per_s = 1 / interval_s
    shortest, rail = max(32, math.ceil(0.02 * per_s - 1e-9)), math.ceil(per_s - 1e-9)
    blank = [False] * len(values)
    seen = same = 0
    at = 0
    while at < len(values):
        end = at + 1
        while end < len(values) and values[end] == values[at]:
            end += 1
        before = [value for value in values[: at + 1] if not math.isnan(value)]
        seen += 1
        repeats = end - at - 1
        habit = (same + 90) / (seen + 100)
        limit = max(shortest, math.ceil(25 / -math.log(habit)))
        if values[at] != 0 and before and (values[at] in {max(before), min(before)}):
            limit = max(limit, rail)
        if repeats >= limit:
            for row in range(at + 1, end):
                blank[row] = True
        else:
            seen += repeats
            same += repeats
        at = end
    return blank


def naive_clipped(values: list[float]) -> int:
    """How many samples of one channel are cut off."""
    count, run, total = 0, 0, 0.0
    known, peak = 0, 0.0
    for at, value in enumerate(values):
        run = run + 1 if at and value == values[at - 1] else 1
        if math.isnan(value):
            run = 0
            continue
        known, total = known + 1, total + abs(value)
        if known > 1000 and run >= 3 and abs(value) >= peak and abs(value) > 0 and abs(value) >= 8 * total / known:
            count += 3 if run == 3 else 1
        peak = max(peak, abs(value))
    return count


def cut(length: int, random: np.random.Generator, pieces: int) -> list[slice]:
    """A stream cut anywhere, empty pieces too."""
    edges = np.sort(random.integers(0, length + 1, pieces))
    return [slice(int(a), int(b)) for a, b in zip(np.r_[0, edges], np.r_[edges, length], strict=True)]


def naive_sta_lta(energy: list[float], valid: list[bool], weights: tuple[float, float]) -> list[float]:
    """Ratio of one channel at each hop."""
    averages, seen, ratio = [0.0, 0.0], 0, []
    for now, good in zip(energy, valid, strict=True):
        if not good:
            ratio.append(math.nan)
            continue
        seen += 1
        averages = [a + max(w, 1 / seen) * (now - a) for a, w in zip(averages, weights, strict=True)]
        ratio.append(averages[0] / averages[1] if averages[1] > 0 else math.nan)
    return ratio


def naive_aic(samples: list[float]) -> list[float]:
    """Akaike's criterion of a change of variance before each sample."""
    found = []
    for k in range(len(samples)):
        before, after = samples[:k], samples[k:]
        if min(len(before), len(after)) < 4:
            found.append(math.nan)
            continue
        found.append(len(before) * math.log(np.var(before)) + len(after) * math.log(np.var(after)))
    return found


def naive_biquads(sos: np.ndarray, zi: np.ndarray, values: list[float]) -> list[float]:
    """Second-order sections, transposed direct form II; begun as if the first value had been there for ever."""
    states = [[float(z) * values[0] for z in one] for one in zi]
    found = []
    for value in values:
        for (b0, b1, b2, _, a1, a2), z in zip(sos.tolist(), states, strict=True):
            out = b0 * value + z[0]
            z[0] = b1 * value - a1 * out + z[1]
            z[1] = b2 * value - a2 * out
            value = out  # noqa: PLW2901
        found.append(value)
    return found


def naive_band(values: list[float], rate_hz: float, config) -> list[float]:
    """What the impulse detector's band leaves of one channel."""
    from scipy.signal import butter, sosfilt_zi

    high_hz = min(config.high_hz, 0.45 * rate_hz)
    sos = butter(2, (config.low_hz, high_hz), "bandpass", fs=rate_hz, output="sos")
    return naive_biquads(sos, sosfilt_zi(sos), values)


def naive_impulses(values: list[float], rate_hz: float, config) -> list[tuple[int, int, float]]:
    """First sample, end, and highest ratio of each impulse in one channel without a missing value."""
    samples = naive_band(values, rate_hz, config)
    hop = max(1, round(config.hop_s * rate_hz))
    hops = lambda seconds: max(1, round(seconds * rate_hz / hop))  # noqa: E731
    energy = [sum(s * s for s in samples[h * hop : (h + 1) * hop]) / hop for h in range(len(samples) // hop)]
    weights = tuple(1 - (1 - 1 / max(w * rate_hz, 1)) ** hop for w in (config.sta_s, config.lta_s))
    ratio = naive_sta_lta(energy, [True] * len(energy), weights)
    found, h, quiet, ended = [], hops(config.warm_up_s), 0, 0
    while h < len(ratio):
        if ratio[h] < config.on or h < quiet:
            h += 1
            continue
        begin = h
        while h < len(ratio) and ratio[h] >= config.off:
            h += 1
        if h - begin < hops(config.min_s):
            continue
        quiet = h + round(config.dead_s * rate_hz / hop)
        end = min(h, begin + hops(config.longest_s))
        peak = max(ratio[begin:end])
        left = max(begin * hop - max(8, round(config.before_s * rate_hz)), ended)
        right = min((begin + 1) * hop + max(8, round(config.after_s * rate_hz)), len(samples))
        ended = h * hop
        found.append((left + int(np.nanargmin(naive_aic(samples[left:right]))), end * hop, peak))
    return found


def naive_sorted_at(t: int) -> int:
    """When the past was last sorted, as of sample t: at strides of 64, less and less often."""
    last = 0
    for begin in range(0, t + 1, 64):
        every = 64 if begin < 2048 else 64 * 2 ** min(int(math.log2(begin / 1024)), 4)
        if begin % every == 0:
            last = begin
    return last


def naive_heights(numbers: list[float], lag: int, history: int) -> list[float]:
    """Least distance of each number to one of its past; the first lag - 1 are none."""
    found, kept = [], math.ceil(history / 64) * 64
    for t in range(len(numbers)):
        oldest = naive_sorted_at(t) - lag + 1 - kept
        past = [numbers[j] for j in range(max(oldest, lag - 1), t - lag + 1)]
        found.append(min((abs(numbers[t] - one) for one in past), default=math.inf))
    return found


def naive_courses(values: list[float], shape: int, history: int) -> list[float]:
    """Least distance of the course up to each sample to a remembered one."""

    def course(end: int) -> list[float]:
        return [sum(values[end - 4 * k - i] for i in range(4)) / 4 for k in range(shape // 4)]

    found, kept = [], math.ceil(history / 64) * 64
    for t in range(len(values)):
        end = t // 64 * 64 - shape
        past = [j for j in range(max(end - kept, 0), max(end, 0)) if j % 4 == 3 and j >= shape - 1]
        found.append(min((math.dist(course(t), course(j)) for j in past), default=math.inf))
    return found


def naive_nearest(values: list[float], mean: int, shape: int, history: int) -> list[tuple[float, float, float]]:
    """Distance of each sample of one channel to its past by value, by mean and by shape."""
    levels = [sum(values[max(t - mean + 1, 0) : t + 1]) / mean for t in range(len(values))]
    by_level = [math.inf] * (mean - 1) + naive_heights(levels, mean, history)[mean - 1 :]
    return list(zip(naive_heights(values, 1, history), by_level, naive_courses(values, shape, history), strict=True))


def naive_tail(scores: list[float], history: int, calibrate: int, tail: int) -> list[float]:
    """-log10 p of each score of one channel by those before its stride."""
    found = []
    kept = math.ceil(history / 64) * 64
    for t, score in enumerate(scores):
        begin, sorted_at = t // 64 * 64, naive_sorted_at(t)
        in_order = [one for one in scores[max(sorted_at - kept, 0) : sorted_at] if not math.isnan(one)]
        past = sorted(in_order + [one for one in scores[sorted_at:begin] if not math.isnan(one)], reverse=True)
        if math.isnan(score) or len(past) < calibrate:
            found.append(math.nan)
            continue
        k = min(tail, len(past) // 5)
        edge = past[k - 1]
        if score > edge > 0:
            slope = max(sum(math.log(one / edge) for one in [past[1], *past[1:k]]) / k, 1e-3)
            found.append(-math.log10(k / len(past) * (edge / score) ** (1 / slope)))
        else:
            found.append(-math.log10((sum(one >= score for one in in_order) + 1) / (len(in_order) + 1)))
    return found


def naive_level(values: list[float], interval_s: float, config) -> list[tuple[int, float]]:
    """Row and -log10 p of each alarm in one channel without a missing value, sampled at one rate."""
    from scipy.stats import chi2

    distances = naive_nearest(values, config.mean, config.shape, config.history)
    scores = [[math.nan] * 3] * config.listen + [
        [d if d < math.inf else math.nan for d in one] for one in distances[config.listen :]
    ]
    parts = [
        naive_tail([one[part] for one in scores], config.history, config.calibrate, config.tail) for part in range(3)
    ]
    threshold = math.log10(86_400 / interval_s / config.alarms_per_day)
    found = []
    for row, three in enumerate(zip(*parts, strict=True)):
        if any(math.isnan(one) for one in three):
            continue
        # Three variables of mean 1 and variance 1, correlated by .25: half a chi square of 4 degrees, times 1.5.
        together = -math.log10(chi2.sf(math.log(10) * sum(min(one, 12.0) for one in three) / 1.5 * 2, 4))
        p_log10 = min(together, max(*three, math.log10(config.history)))
        if p_log10 >= threshold and (not found or row >= found[-1][0] + config.dead):
            found.append((row, p_log10))
    return found


def naive_hop_means(t_ns: list[int], values: list[list[float]], hop_ns: int) -> list[tuple[int, list[float]]]:
    """Time and means of each hop."""
    hops: dict[int, list[int]] = {}
    for row, t in enumerate(t_ns):
        hops.setdefault(t // hop_ns, []).append(row)
    found = []
    for rows in hops.values():
        columns = [[values[row][c] for row in rows if not math.isnan(values[row][c])] for c in range(len(values[0]))]
        found.append((t_ns[rows[-1]], [sum(one) / len(one) if one else math.nan for one in columns]))
    return found


def naive_joint_scores(rows: list[list[float]], config, on: float) -> list[float]:
    """Score over `on` of each row of a stream without missing values in which no row is unusual for long."""
    weight, state, averages = 1 / config.mean, rows[0], []
    for row in rows:
        state = [weight * x + (1 - weight) * s for x, s in zip(row, state, strict=True)]
        averages.append(state)
    usual, scores, score_of, since = [], [], None, 0
    for begin in range(0, len(rows), 64):
        stride = range(begin, min(begin + 64, len(rows)))
        now = [math.nan if score_of is None else score_of(averages[t]) / on for t in stride]
        scores += now
        fresh = [t for t, one in zip(stride, now, strict=True) if not one >= config.off and t >= 3 * config.mean]
        usual, since = usual + fresh, since + len(fresh)
        if since >= (config.learn if score_of is None else config.history):
            usual, since = usual[-config.history :], 0
            score_of = _naive_model(np.array(averages)[usual], np.array(rows)[usual], config.explained)
    return scores


def _naive_model(averages: np.ndarray, samples: np.ndarray, explained: float):
    centre, scale = averages.mean(axis=0), samples.std(axis=0)
    _, singular, axes = np.linalg.svd((averages - centre) / scale, full_matrices=False)
    variance = singular**2 / (len(averages) - 1)
    kept = next(k for k in range(1, len(variance) + 1) if variance[:k].sum() / variance.sum() >= explained)

    def both(row) -> tuple[float, float]:
        scaled = (np.array(row) - centre) / scale
        inside = [float(scaled @ axis) for axis in axes[:kept]]
        rest = scaled - sum(one * axis for one, axis in zip(inside, axes[:kept], strict=True))
        return sum(one**2 / v for one, v in zip(inside, variance[:kept], strict=True)), float(rest @ rest)

    usual = [both(row) for row in averages]
    most_t2, most_q = (float(np.quantile([one[at] for one in usual], 0.99)) for at in (0, 1))

    def score(row) -> float:
        t2, q = both(row)
        return max(q / most_q, t2 / most_t2 / 4)

    return score


def naive_senml(records):
    """Each record resolved by itself from all before it: name, time as ISO 8601, value, unit of the name's first."""
    found, units = [], {}
    for last in range(len(records)):
        if "v" not in records[last]:
            continue
        base = {}
        for one in records[: last + 1]:
            base.update({key: value for key, value in one.items() if key.startswith("b")})
        name = base.get("bn", "") + records[last].get("n", "")
        if not name:
            raise ValueError("no name")
        seconds = Fraction(base.get("bt", 0)) + Fraction(records[last].get("t", 0))
        if seconds < 2**28:
            raise ValueError("counts from now")
        units.setdefault(name, records[last].get("u", base.get("bu", "")))
        found.append((name, iso_from_ns(round(seconds * 10**9), 9), records[last]["v"] + base.get("bv", 0)))
    return [(*one, units[one[0]]) for one in found]
