"""Calibration: which temperatures give the ratings at which a study aims, and on which skin sites.

`fixed` and `adaptive` propose stimuli and estimate; they know of no device. `refusal` says when an
estimate mustn't be used, `procedure` takes a participant through one, `written` keeps the result.
"""
