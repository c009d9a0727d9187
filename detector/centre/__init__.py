"""Many live feeds: one process each, kept running; one log; nothing watched unrecorded.

Its parts are imported by their own names: the process of a feed needs few of them, and starts in a tenth of the time.
"""
