"""How the benchmarks of speed make their clips and take their times."""
