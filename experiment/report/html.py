"""The parts of a report's page: one file that needs nothing else and prints well.

All text is escaped here, and nowhere else; what comes out of these functions is HTML.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CSS = """
body { font: 10.5pt/1.45 sans-serif; color: #111; max-width: 48em; margin: 2em auto; padding: 0 1em }
h1 { font-size: 1.5em; margin-bottom: .2em } h2 { font-size: 1.15em; margin-top: 1.8em }
table { border-collapse: collapse; font-size: .92em; font-variant-numeric: tabular-nums }
th, td { text-align: left; vertical-align: top; padding: .15em .9em .15em 0; border-bottom: 1px solid #ccc }
th { border-bottom-color: #888 } td.n, th.n { text-align: right; white-space: nowrap }
pre { white-space: pre-wrap }
figure { margin: 1em 0; break-inside: avoid } img { max-width: 100% }
figcaption, footer, .small { color: #444; font-size: .9em }
.mark { border: 2px solid #CC3311; padding: .4em .8em; font-weight: bold }
.missing { border-left: .4em solid #E69F00; padding: .1em .7em }
footer { margin-top: 2.5em; border-top: 1px solid #ccc; padding-top: .6em }
@page { margin: 16mm }
@media print { body { margin: 0; max-width: none; font-size: 9.5pt } h2 { break-after: avoid }
  tr { break-inside: avoid } thead { display: table-header-group } }
"""


def page(title: str, parts: Iterable[str], *, mark: str = "") -> str:
    """The whole page. `mark` stands framed at its top: whose data these aren't."""
    framed = f"<p class=mark>{escape(mark)}</p>\n" if mark else ""
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f"<title>{escape(title)}</title>\n<style>{CSS}</style>\n"
        f"<h1>{escape(title)}</h1>\n{framed}{body}\n</html>\n"
    )


def heading(text: str) -> str:
    """A section's heading."""
    return f"<h2>{escape(text)}</h2>"


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph; `kind` is one of the classes in `CSS`, such as `small` or `missing`."""
    return f"<p class={kind}>{escape(text)}</p>" if kind else f"<p>{escape(text)}</p>"


def formula(text: str) -> str:
    """Lines kept as they are."""
    return f"<pre class=small>{escape(text)}</pre>"


def bullets(lines: Iterable[str]) -> str:
    """A list; nothing if it's empty."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table. A column whose cells are all numbers is set to the right."""
    rows = list(rows)
    numeric = [all(_is_number(row[i]) for row in rows) for i in range(len(header))]

    def line(tag: str, cells: Sequence[str]) -> str:
        filled = (
            f"<{tag}{' class=n' if right else ''}>{escape(cell)}</{tag}>"
            for cell, right in zip(cells, numeric, strict=True)
        )
        return f"<tr>{''.join(filled)}</tr>"

    body = "\n".join(line("td", row) for row in rows)
    return f"<table><thead>{line('th', header)}</thead>\n<tbody>{body}</tbody></table>"


def _is_number(cell: str) -> bool:
    return cell.strip().lstrip("-+< −")[:1].isdigit() or cell in ("n/a", "")


def picture(figure: Figure, caption: str) -> str:
    """A figure as a picture inside the page, with its caption, which also describes it."""
    data = io.BytesIO()
    figure.savefig(data, format="png")
    source = base64.b64encode(data.getvalue()).decode("ascii")
    return (
        f'<figure><img alt="{escape(caption)}" src="data:image/png;base64,{source}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
