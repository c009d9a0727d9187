"""Triggers of several sensors become one incident."""
