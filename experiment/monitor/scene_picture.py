"""A small drawing of what the participant sees, made from a phase's kind of scene alone.

A portrait is always the same silhouette, so that a blinded page can't show who or how.
"""

from __future__ import annotations

from markupsafe import Markup, escape

from experiment.journal.events import PhaseStart

OVER = "the session is over"
_SILHOUETTE = (
    '<ellipse cx="80" cy="36" rx="15" ry="19" fill="#8a8a8a"/>'
    '<path d="M48 92 Q50 62 80 60 Q110 62 112 92 Z" fill="#8a8a8a"/>'
)
_CROSS = '<path d="M80 40 V60 M70 50 H90" stroke="#ddd" stroke-width="3"/>'


def scene_picture(phase: PhaseStart | None, caption: str = "", *, over: bool = False) -> Markup:
    """The scene as SVG, 16 : 10. `phase` None: a page of text; `over`: nothing is shown any more."""
    return Markup(
        '<svg viewBox="0 0 160 100" role="img" style="width:100%;background:#333;'
        'border-radius:4px">{}</svg>'
    ).format((_text(OVER, 52, 8) if over else _drawing(phase)) + _text(caption, 97, 6))


def _drawing(phase: PhaseStart | None) -> Markup:
    scene = phase.scene if phase is not None else ""
    if scene == "Fixation":
        return Markup(_CROSS)
    if scene == "Portrait":
        return Markup(_SILHOUETTE)
    if scene == "RatingScale" and phase is not None:
        question = phase.trial_type.removeprefix("rating_")
        line = '<path d="M25 58 H135 M25 53 V63 M135 53 V63" stroke="#ddd" stroke-width="2"/>'
        return Markup(line) + _text(f"{question}?", 40, 10)
    if scene == "Choice":
        boxes = '<path d="M30 50 H70 V66 H30 Z M90 50 H130 V66 H90 Z" fill="none" stroke="#ddd"/>'
        return Markup(boxes) + _text("a question with options", 38, 8)
    return _text("a page of text", 52, 8)


def _text(words: str, y: int, size: int) -> Markup:
    return Markup(
        '<text x="80" y="{}" font-size="{}" fill="#ddd" text-anchor="middle" '
        'font-family="sans-serif">{}</text>'
    ).format(y, size, escape(words))
