"""The Plotly figure of a title map, coloured by O*NET-SOC major group."""

import html
from collections import Counter
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from jobtitles.records import OwnTitle, Title
from jobtitles.ui.figures import BARS, FADED, HEIGHT, page_colours

# The first two digits of an O*NET-SOC code, with the group's name (BLS, SOC 2018) in short and a
# colour that shows on white and on a dark page. O*NET has no data on the military group, 55.
MAJOR_GROUPS = {
    "11": ("Management", "#e6194b"),
    "13": ("Business and finance", "#3cb44b"),
    "15": ("Computing and mathematics", "#4363d8"),
    "17": ("Architecture and engineering", "#f58231"),
    "19": ("Science", "#a335c8"),
    "21": ("Community and social service", "#22b8d6"),
    "23": ("Legal", "#f032e6"),
    "25": ("Education and libraries", "#c9a400"),
    "27": ("Arts, design, sports, media", "#e78ac3"),
    "29": ("Healthcare, clinical", "#2a9d8f"),
    "31": ("Healthcare support", "#6fcf97"),
    "33": ("Protective service", "#9a6324"),
    "35": ("Food preparation, serving", "#b03a2e"),
    "37": ("Cleaning and grounds", "#808000"),
    "39": ("Personal care and service", "#a58bdb"),
    "41": ("Sales", "#6fa8ff"),
    "43": ("Office and administration", "#8a8f98"),
    "45": ("Farming, fishing, forestry", "#8bc34a"),
    "47": ("Construction, extraction", "#d98c5f"),
    "49": ("Installation and repair", "#6a5acd"),
    "51": ("Production", "#ffb000"),
    "53": ("Transport and moving", "#ff6f61"),
}
ALL_GROUPS = "all"
MARKED = "#e11d48"
# So many groups are named in a map, the largest: more would hide it.
LABELLED = 9
LABEL = {
    "showarrow": False,
    "font": {"size": 10, "color": "#ffffff"},
    "bgcolor": "rgba(55, 65, 81, 0.75)",
    "borderpad": 2,
}


@dataclass(frozen=True)
class Marks:
    """What a map shows besides its points.

    Attributes:
        title: A title that is no point of the map.
        place: Where it goes, shape (2,), or None for no such title.
        nearest: Rows of the titles nearest to it.
        changed: Rows of the titles whose neighbourhoods changed most.
    """

    title: str
    place: np.ndarray | None
    nearest: list[int]
    changed: list[int]


def map_figure(
    xy: np.ndarray, titles: list[Title | OwnTitle], highlighted: str, marks: Marks
) -> go.Figure:
    """A map with one point a title, which carries its row.

    Args:
        xy: Coordinates, shape (n, 2).
        titles: The n titles.
        highlighted: Code of the one major group to colour, or `ALL_GROUPS`.
        marks: What else is drawn.
    """
    groups = np.array([title.onet_code[:2] for title in titles])
    hover = np.array([_hover(title) for title in titles], object)
    figure = go.Figure()
    # What is marked stands out from paler points.
    opacity = 0.35 if marks.nearest or marks.changed else 1.0
    large = {highlighted, *(code for code, _ in Counter(groups.tolist()).most_common(LABELLED))}
    # The highlighted group is drawn last, over the others.
    for code in sorted(np.unique(groups), key=lambda code: code == highlighted):
        rows = np.flatnonzero(groups == code)
        name, colour = MAJOR_GROUPS.get(code, ("", BARS[0]))
        faded = highlighted not in (ALL_GROUPS, code)
        figure.add_scattergl(
            x=xy[rows, 0],
            y=xy[rows, 1],
            name=name,
            mode="markers",
            marker={"size": 4, "color": FADED if faded else colour, "opacity": opacity},
            customdata=rows,
            hovertext=hover[rows],
            hoverinfo="text",
        )
        if name and not faded and code in large:
            # In the thick of the group: the median place of its points.
            x, y = np.median(xy[rows], axis=0).tolist()
            figure.add_annotation(x=x, y=y, text=name, **LABEL)
    for name, rows, marker in (
        ("nearest", marks.nearest, {"size": 11, "symbol": "circle-open", "line": {"width": 2}}),
        ("changed most", marks.changed, {"size": 11, "symbol": "diamond-open"}),
    ):
        if rows:
            figure.add_scattergl(
                x=xy[rows, 0],
                y=xy[rows, 1],
                name=name,
                mode="markers",
                marker=marker | {"color": MARKED},
                customdata=np.array(rows),
                hovertext=hover[rows],
                hoverinfo="text",
            )
    if marks.place is not None:
        figure.add_scattergl(
            x=marks.place[:1],
            y=marks.place[1:],
            name="placed",
            mode="markers",
            marker={"size": 17, "symbol": "star", "color": MARKED},
            hovertext=html.escape(marks.title, quote=False),
            hoverinfo="text",
        )
    figure.update_layout(
        height=HEIGHT,
        showlegend=False,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        **page_colours(),
    )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, scaleanchor="x")
    return figure


def _hover(title: Title | OwnTitle) -> str:
    """Plotly reads tags in it, and knows no entity for a quotation mark."""
    return f"{html.escape(title.text, quote=False)}<br>{html.escape(title.onet_name, quote=False)}"
