"""Measures of accuracy against known truth, one file each. The conventions stand in `benchmarks/score.py`."""
