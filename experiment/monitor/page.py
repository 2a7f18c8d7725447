"""The page that one watcher sees: text and plots, brought up to date several times a second."""

from __future__ import annotations

from typing import Any

from bokeh.core.validation import silence
from bokeh.core.validation.warnings import MISSING_RENDERERS
from bokeh.document import Document
from bokeh.layouts import column, row
from bokeh.models import BasicTicker, ColumnDataSource, CustomJS, DataRange1d, Range1d
from bokeh.models.annotations import Legend
from bokeh.models.widgets import Div
from bokeh.plotting import figure

from experiment.monitor.live import Live
from experiment.monitor.state import Points, RunState, State
from experiment.report.style import BAD, GOOD, HEAT, INK, LOOK, QUESTIONS

UPDATE_MS = 250
BEAT_EVERY = 4  # updates: how often the page hears that all is well
LOST_MS = 6_000
TRACE_S = 90.0
LEAST_S = 20.0
MOST_POINTS = 20_000
FIRST_TRIALS = 8  # of the plot of ratings, until there are more

OVER = "over"  # how a beat begins once the session has ended

# A page whose server has gone still shows its last numbers: it must say that they are old, or,
# where the session had ended before (beside a run the server ends with it), that they're the last.
_WATCH_BEAT = """
window.trustpain_beat = Date.now();
function bar(id, look, text) {
    const made = document.createElement("div");
    made.id = id;
    made.style = "display:none;position:sticky;top:0;z-index:99;padding:.4em;" + look;
    made.textContent = text;
    document.body.prepend(made);
    return made;
}
const failed = bar("lost", "background:BAD;color:white;font:bold 16px sans-serif",
    "Connection lost: what stands here is old. Trying again ...");
const ended = bar("over", "background:#eee;color:#111;font:16px sans-serif",
    "The session is over; this page no longer changes.");
let asking = false;
setInterval(async () => {
    const lost = Date.now() - window.trustpain_beat > LOST_MS;
    failed.style.display = lost && !window.trustpain_over ? "block" : "none";
    ended.style.display = lost && window.trustpain_over ? "block" : "none";
    if (!lost || asking) { return; }
    asking = true;
    try {
        const answer = await fetch(window.location.href, {cache: "no-store"});
        if (answer.ok) { window.location.reload(); return; }
    } catch (error) { /* not there yet */ }
    asking = false;
}, 1000);
"""
_TAKE_BEAT = """
window.trustpain_beat = Date.now();
window.trustpain_over = cb_obj.text.startsWith("OVER");
"""


class Page:
    """Fills a watcher's document and keeps it up to date."""

    def __init__(self, document: Document, live: Live) -> None:
        silence(MISSING_RENDERERS)  # ratings get theirs with the first question
        self._live = live
        self._parts = {
            name: Div(sizing_mode="stretch_width") for name in ("told", "now", "numbers")
        }
        self._beat = Div(text="0", visible=False)
        self._ticks = 0
        self._series = {name: _Series() for name in ("asked", "delivered", "pulses", "onsets")}
        self._answers: dict[str, _Series] = {}
        self._ratings = _plot("ratings, in the order of trials", "trial", "rating (0 to 100)")
        self._ratings.y_range = Range1d(start=-3, end=118)  # room for the legend
        self._trials = self._ratings.x_range = Range1d(start=0.5, end=FIRST_TRIALS + 0.5)
        self._ratings.xaxis.ticker = BasicTicker(min_interval=1, num_minor_ticks=0)
        self._ratings.add_layout(
            Legend(orientation="horizontal", location="top_right", background_fill_alpha=0.5)
        )
        self._off = Range1d(start=-1, end=1)  # ms; noise of microseconds mustn't fill the plot
        plots = [self._temperatures(), self._ratings, self._timing()]
        left = column(self._parts["now"], self._parts["numbers"], self._beat, width=400)
        document.add_root(
            column(
                self._parts["told"],
                row(left, column(*plots, sizing_mode="stretch_width"), sizing_mode="stretch_width"),
                sizing_mode="stretch_width",
            )
        )
        document.title = "trustpain"
        document.config.notify_connection_status = False  # Bokeh's own: red, after an end, too
        take_beat = CustomJS(code=_TAKE_BEAT.replace("OVER", OVER))
        self._beat.js_on_change("text", take_beat)
        document.js_on_event(
            "document_ready",
            CustomJS(code=_WATCH_BEAT.replace("LOST_MS", str(LOST_MS)).replace("BAD", BAD)),
        )
        document.add_periodic_callback(self.update, UPDATE_MS)
        self.update()

    def update(self) -> None:
        """Send what has changed; nothing goes the other way."""
        state, view = self._live.state, self._live.view()
        for name, part in self._parts.items():
            html = view.html(name)
            if part.text != html:
                part.text = html
        run = state.run
        for name, series in self._series.items():
            series.show(run, _points(run, name))
        self._show_ratings(state)
        if run is not None:
            worst = max(map(abs, (run.worst_lateness_ms or 0.0, run.worst_residual_ms or 0.0)))
            self._off.end = max(1.0, 1.2 * worst)
            self._off.start = -self._off.end
        self._ticks += 1
        if self._ticks % BEAT_EVERY == 0 or state.over != self._beat.text.startswith(OVER):
            self._beat.text = f"{OVER if state.over else ''} {self._ticks}"

    def _show_ratings(self, state: State) -> None:
        for number, question in enumerate(state.ratings):
            if question not in self._answers:
                colour, _, mark = QUESTIONS[number % len(QUESTIONS)]
                series = self._answers[question] = _Series()
                look: Any = {"color": colour, "legend_label": question}
                self._ratings.line("x", "y", source=series.source, **look)
                self._ratings.scatter("x", "y", source=series.source, marker=mark, size=6, **look)
        self._trials.end = max(FIRST_TRIALS, state.trials_begun) + 0.5
        for question, series in self._answers.items():
            series.show(state, state.ratings.get(question, Points()))

    def _temperatures(self) -> figure:
        plot = _plot(
            "temperature: asked for (black), delivered (purple)", "run's schedule (s)", "°C"
        )
        asked = self._series["asked"].source
        delivered = self._series["delivered"].source
        plot.line("x", "y", source=asked, color=INK, line_width=3, alpha=0.5)
        line = plot.line("x", "y", source=delivered, color=HEAT, line_width=2)
        plot.x_range = DataRange1d(
            renderers=[line, _corner(plot, 30.0)], follow="end", follow_interval=TRACE_S
        )
        plot.x_range.min_interval = LEAST_S
        plot.y_range = Range1d(start=25, end=52)
        return plot

    def _timing(self) -> figure:
        title = "off schedule: onsets (orange), scanner pulses (green)"
        plot = _plot(title, "run's schedule (s)", "ms")
        plot.y_range = self._off
        _corner(plot, 0.0)
        for name, colour, mark in (("pulses", GOOD, "circle"), ("onsets", LOOK, "square")):
            plot.scatter(
                "x", "y", source=self._series[name].source, color=colour, marker=mark, size=4
            )
        return plot


class _Series:
    """One line of a plot: new points are sent, not all of them again."""

    def __init__(self) -> None:
        self.source = ColumnDataSource({"x": [], "y": []})
        self._of: object = None
        self._sent = 0

    def show(self, of: object, points: Points) -> None:
        """Show `points`, which only grow as long as they are `of` the same run or session."""
        if of is not self._of:
            self._of, self._sent = of, len(points.x)
            self.source.data = {"x": list(points.x), "y": list(points.y)}
        elif len(points.x) > self._sent:
            new: dict[str, Any] = {"x": points.x[self._sent :], "y": points.y[self._sent :]}
            self._sent = len(points.x)
            self.source.stream(new, rollover=MOST_POINTS)


def _points(run: RunState | None, name: str) -> Points:
    if run is None:
        return Points()
    return {
        "asked": run.asked,
        "delivered": run.delivered,
        "pulses": run.residuals,
        "onsets": run.lateness,
    }[name]


def _corner(plot: figure, y: float) -> Any:
    """An unseen line over the first seconds: before there are data a plot would have no axes."""
    return plot.line([0.0, LEAST_S], [y, y], alpha=0.0)


def _plot(title: str, x: str, y: str, height: int = 210) -> figure:
    return figure(
        title=title,
        x_axis_label=x,
        y_axis_label=y,
        height=height,
        sizing_mode="stretch_width",
        toolbar_location=None,
        tools="",
        output_backend="canvas",
    )
