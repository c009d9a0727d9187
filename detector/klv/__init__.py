"""KLV telemetry as bytes: MISB ST 0601, its nested ST 0102, and the older EG 0104. No input or output here.

Nothing that decodes raises on damaged data: what is wrong is counted and named in the result.
"""
