"""A rating is an exact function of its events."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiment.running.rating import CursorSpeed, Rating, RatingResult
from hardware.devices import Response

ONSET = 10.0


def rate(
    start: float, *responses: Response, end: float = ONSET + 6, **settings: bool
) -> RatingResult:
    rating = Rating(start, **settings)
    rating.begin(ONSET)
    for response in responses:
        rating.respond(response)
    return rating.result(end)


def key(after: float, role: str, pressed: bool = True) -> Response:
    return Response(ONSET + after, role, pressed)


def move(after: float, x: float) -> Response:
    return Response(ONSET + after, "move", x=x)


def test_nobody_answers() -> None:
    result = rate(50.0)
    assert result.rating is None
    assert not result.confirmed
    assert result.response_time is None
    assert result.first_movement is None
    assert result.path_times == (ONSET,)
    assert result.path_positions == (50.0,)


def test_moved_but_not_confirmed() -> None:
    result = rate(50.0, move(1.0, 0.2), move(1.5, 0.333))
    assert result.rating == 33.3
    assert not result.confirmed
    assert result.response_time is None
    assert result.first_movement == pytest.approx(1.0)


def test_confirmed() -> None:
    result = rate(50.0, move(1.0, 0.8), key(2.0, "confirm"), move(3.0, 0.1), key(4.0, "left"))
    assert result.rating == 80.0
    assert result.confirmed
    assert result.response_time == pytest.approx(2.0)


def test_visible_start_may_be_confirmed_an_invisible_one_may_not() -> None:
    assert rate(37.0, key(1.0, "confirm")).rating == 37.0
    unseen = rate(37.0, key(1.0, "confirm"), show_start=False)
    assert unseen.rating is None
    assert not unseen.confirmed


def test_cursor_shows_with_the_first_movement() -> None:
    rating = Rating(50.0, show_start=False)
    rating.begin(ONSET)
    assert not rating.state(ONSET + 1).visible
    rating.respond(move(1.0, 0.4))
    assert rating.state(ONSET + 1).visible
    assert not rating.state(ONSET + 1).locked


def test_click_sets_and_locks() -> None:
    result = rate(50.0, Response(ONSET + 1, "click", x=0.25))
    assert (result.rating, result.confirmed) == (25.0, True)


def test_held_key_accelerates_to_a_highest_speed() -> None:
    speed = CursorSpeed(tap=1.0, initial_per_s=10.0, acceleration_per_s2=20.0, highest_per_s=30.0)
    assert speed.travelled(0.0) == 1.0
    assert speed.travelled(1.0) == 1.0 + 10.0 + 10.0
    assert speed.travelled(2.0) == pytest.approx(1.0 + 10.0 + 10.0 + 30.0)
    rating = Rating(0.0, speed)
    rating.begin(ONSET)
    rating.respond(key(1.0, "right"))
    rating.respond(key(2.0, "right", pressed=False))
    assert rating.state(ONSET + 5).position == 21.0


def test_a_tap_moves_by_the_finest_step() -> None:
    result = rate(50.0, key(1.0, "right"), key(1.0, "right", pressed=False))
    assert result.rating == 50.5  # even where a button box gives both the same stamp
    result = rate(50.0, key(1.0, "right"), key(1.05, "right", pressed=False))
    assert result.rating == pytest.approx(51.1, abs=0.06)


def test_autorepeat_and_stale_releases_change_nothing() -> None:
    plain = rate(50.0, key(1.0, "left"), key(1.5, "left", pressed=False))
    repeated = rate(
        50.0,
        key(0.5, "left", pressed=False),
        key(1.0, "left"),
        key(1.2, "left"),
        key(1.3, "left"),
        key(1.5, "left", pressed=False),
    )
    assert plain == repeated


def test_before_the_onset_nothing_counts() -> None:
    assert rate(50.0, key(-0.1, "confirm"), move(-0.5, 0.9)).rating is None
    rating = Rating(50.0)
    rating.respond(key(1.0, "confirm"))  # the scale isn't on the screen yet
    assert not rating.locked


def test_a_response_that_was_overtaken_is_taken_in_as_it_comes() -> None:
    assert rate(50.0, move(2.0, 0.5), move(1.9, 0.7)).rating == 70.0


def test_start_off_the_scale() -> None:
    with pytest.raises(ValueError, match="can't start at 101"):
        Rating(101.0)


EVENTS = st.lists(
    st.tuples(
        st.floats(0, 5),
        st.sampled_from(["left", "right", "move"]),
        st.booleans(),
        st.floats(-0.5, 1.5),
    ),
    max_size=12,
)


def responses(events: list[tuple[float, str, bool, float]]) -> list[Response]:
    return [
        Response(ONSET + time, role, pressed, x=x if role == "move" else None)
        for time, role, pressed, x in sorted(events)
    ]


@given(st.floats(0, 100), EVENTS, st.lists(st.floats(0, 6), max_size=50))
def test_asking_for_the_cursor_never_changes_the_rating(
    start: float, events: list[tuple[float, str, bool, float]], frames: list[float]
) -> None:
    """Whatever the frame rate, the rating is the same."""
    plain = rate(start, *responses(events))
    rating = Rating(start)
    rating.begin(ONSET)
    left = sorted(frames)
    for response in responses(events):
        while left and ONSET + left[0] <= response.time:
            rating.state(ONSET + left.pop(0))
        rating.respond(response)
    for frame in left:
        rating.state(max(ONSET + frame, ONSET + 5))
    assert rating.result(ONSET + 6) == plain


@given(st.floats(0, 100), EVENTS)
def test_always_on_the_scale_and_in_order(
    start: float, events: list[tuple[float, str, bool, float]]
) -> None:
    result = rate(start, *responses(events))
    assert all(0 <= position <= 100 for position in result.path_positions)
    assert list(result.path_times) == sorted(result.path_times)
    assert len(result.path_times) == len(result.path_positions)
    assert (result.rating is None) == (result.first_movement is None)
    if result.rating is not None:
        assert result.rating == result.path_positions[-1]
        assert result.rating == round(result.rating, 1)


@given(st.floats(0, 100), st.floats(0, 4), st.floats(0.01, 2))
def test_the_path_is_where_the_cursor_was(start: float, press: float, held: float) -> None:
    rating = Rating(start)
    rating.begin(ONSET)
    rating.respond(key(press, "right"))
    seen = [
        (press + held * part / 7, rating.state(ONSET + press + held * part / 7))
        for part in range(8)
    ]
    rating.respond(key(press + held, "right", pressed=False))
    result = rating.result(ONSET + 6)
    path = list(zip(result.path_times, result.path_positions, strict=True))
    for time, state in seen[1:]:
        before = [p for t, p in path if t <= ONSET + time]
        after = [p for t, p in path if t >= ONSET + time]
        assert before[-1] - 0.06 <= state.position
        assert not after or state.position <= after[0] + 0.06
    # No step of the path is longer than its grid, while the cursor moves.
    moving = [t for t, p in path if ONSET + press <= t <= ONSET + press + held and p < 100]
    assert all(b - a <= 1 / 60 + 1e-9 for a, b in itertools.pairwise(moving))


def tilt(after: float, x: float) -> Response:
    return Response(ONSET + after, "tilt", x=x)


def test_a_stick_moves_the_cursor_as_long_as_it_is_out() -> None:
    result = rate(20.0, tilt(1.0, 0.4), tilt(1.5, 0.4), tilt(2.0, -0.1), tilt(4.0, 0.0))
    assert result.rating == 40.0
    assert result.first_movement == pytest.approx(1.0)
    assert rate(20.0, tilt(1.0, 0.4), end=ONSET + 9).rating == 100.0


def test_saying_the_same_tilt_again_changes_nothing() -> None:
    often = [tilt(1 + n / 200, 0.3) for n in range(200)]
    assert rate(20.0, *often, tilt(2.0, 0.0)) == rate(20.0, tilt(1.0, 0.3), tilt(2.0, 0.0))


def test_a_key_counts_more_than_the_stick_and_confirming_ends_both() -> None:
    alone = rate(20.0, key(1.0, "right"), key(1.4, "right", False))
    both = rate(20.0, tilt(0.5, 0.0), key(1.0, "right"), tilt(1.2, -0.5), key(1.4, "right", False))
    assert both.rating == alone.rating
    result = rate(20.0, tilt(1.0, 0.2), key(2.0, "confirm"), tilt(2.1, 0.2))
    assert (result.rating, result.confirmed) == (40.0, True)
