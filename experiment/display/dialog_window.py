"""The window that asks, as a program of its own: fields as JSON on stdin, answers on stdout.

A process of its own, since Qt ends the whole process where its platform plugin can't be loaded,
and so that Qt and the experiment's window never meet. Run by `experiment.session.dialog`.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys

from experiment.session.dialog import Question


def show(title: str, questions: list[Question], problem: str = "") -> dict[str, str] | None:
    """Show a PsychoPy dialog until every answer is valid; None if it was cancelled."""
    from psychopy import gui, logging

    logging.console.setLevel(logging.CRITICAL)
    values = {question.name: question.initial for question in questions}
    while True:
        dialog = gui.Dlg(title=title)
        if problem:
            dialog.addText(problem, color="#b00020")
        for question in questions:
            dialog.addField(
                question.name,
                initial=values[question.name],
                label=question.label,
                choices=list(question.choices) or None,
                tip=question.tip,
            )
        dialog.show()
        if not dialog.OK:
            return None
        for question, value in zip(questions, dialog.data.values(), strict=True):
            values[question.name] = str(value).strip()
        problems = [q.problem(values[q.name]) for q in questions]
        problem = next(filter(None, problems), "")
        if not problem:
            return values


def main() -> None:
    """Answer one request."""
    request = json.load(sys.stdin)
    # PsychoPy and Qt may print what they like; stdout is for the answer.
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        questions = [Question(**field) for field in request["questions"]]
        values = show(request["title"], questions, request["problem"])
    json.dump(values, answer)
    answer.close()


if __name__ == "__main__":
    main()
