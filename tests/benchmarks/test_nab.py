"""The scorer of the Numenta Anomaly Benchmark against what NAB publishes."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scoring.nab import PROFILES, corpus_score, load, normalised, probation_of, score, worth

STANDARD = PROFILES["standard"]


def test_the_worth_of_a_position_is_the_published_table():
    # Docstring of NAB's scaledSigmoid.
    assert worth(-1.0) == pytest.approx(0.98661, abs=5e-6)
    assert worth(-0.5) == pytest.approx(0.84828, abs=5e-6)
    assert worth(0.0) == 0.0
    assert worth(1.0) == pytest.approx(-0.98661, abs=5e-6)
    assert worth(3.0) == -1.0


@pytest.mark.parametrize(
    ("width", "published"),
    [  # one window, all its alarms inside, no false one: results/*/..._standard_scores.csv of numenta/NAB
        (403, 0.8606718242697022),  # windowedGaussian, ec2_network_in_257a54
        (403, 0.9993145504551451),  # Fixed10, ec2_cpu_utilization_77c1ca
        (403, 0.9994890707385985),  # Fixed10, art_increase_spike_density
        (239, 0.999127466332713),  # Fixed10, speed_6005
        (153, 0.862098587352162),  # windowedGaussian, exchange-3_cpm_results
    ],
)
def test_a_published_score_is_that_of_one_row_of_its_window(width, published):
    first = 2000
    scores = [score(4032, ((first, first + width - 1),), [first + at], STANDARD) for at in range(width)]
    assert min(abs(one - published) for one in scores) < 1e-12
    assert scores[0] == pytest.approx(1.0, abs=1e-12)
    assert scores == sorted(scores, reverse=True)


def test_false_alarms_are_the_published_ones():
    # windowedGaussian: 12 false alarms in ec2_cpu_utilization_c6585a, which has no window; 4 before the windows of
    # rogue_agent_key_hold, both missed.
    assert score(4032, (), list(range(1000, 1012)), STANDARD) == pytest.approx(-1.32)
    windows = ((1000, 1094), (1500, 1594))
    assert score(1882, windows, [300, 400, 500, 600], STANDARD) == pytest.approx(-2.44)
    assert score(1882, windows, [300, 400, 500, 600], PROFILES["reward_low_FP"]) == pytest.approx(-2.88)
    assert score(1882, windows, [300, 400, 500, 600], PROFILES["reward_low_FN"]) == pytest.approx(-4.44)


def test_only_the_first_alarm_in_a_window_counts_and_one_just_behind_it_costs_little():
    window = ((2000, 2099),)
    assert score(4032, window, [2010, 2020, 2050], STANDARD) == score(4032, window, [2010], STANDARD)
    behind = score(4032, window, [2010, 2100], STANDARD) - score(4032, window, [2010], STANDARD)
    assert behind == pytest.approx(0.11 * (2 / (1 + math.exp(5 / 99)) - 1))


def test_alarms_of_the_probation_do_not_count():
    assert probation_of(4032) == 604
    assert probation_of(22695) == 750
    assert score(4032, (), [0, 603], STANDARD) == 0
    assert score(4032, (), [604], STANDARD) == -0.11
    assert score(4032, ((100, 200),), [], STANDARD) == 0  # a window that lies in it cannot be missed


def test_nothing_is_0_and_everything_at_once_is_100():
    assert normalised(-7.0, 7, STANDARD) == 0
    assert normalised(7.0, 7, STANDARD) == 100
    assert normalised(-14.0, 7, PROFILES["reward_low_FN"]) == 0


def test_a_folder_is_read_as_nab_has_it(tmp_path: Path):
    (tmp_path / "labels").mkdir()
    (tmp_path / "data" / "realThings").mkdir(parents=True)
    lines = [f"2014-04-01 {at // 60:02d}:{at % 60:02d}:00,{at / 2}" for at in range(600)]
    (tmp_path / "data" / "realThings" / "one.csv").write_text("timestamp,value\n" + "\n".join(lines))
    window = [["2014-04-01 05:00:00.000000", "2014-04-01 05:59:00.000000"]]
    (tmp_path / "labels" / "combined_windows.json").write_text(json.dumps({"realThings/one.csv": window}))
    (file,) = load(tmp_path)
    assert (file.category, file.name, file.windows, file.probation) == ("realThings", "one", ((300, 359),), 90)
    np.testing.assert_array_equal(file.values, np.arange(600) / 2)
    assert np.diff(file.t_ns).tolist() == [60_000_000_000] * 599
    assert corpus_score([file], [[300]], STANDARD) == pytest.approx(100)
    assert corpus_score([file], [[]], STANDARD) == 0
