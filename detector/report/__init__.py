"""Reads the log and says what is in it: tables, comparison with a scene's known truth."""
