"""Plotly figures: the title maps, coloured by O*NET-SOC major group, and the LLM benchmark."""

import html
from collections import Counter
from dataclasses import dataclass
from itertools import cycle

import numpy as np
import plotly.graph_objects as go

from jobtitles.records import OwnTitle, Title

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
FADED = "rgba(128, 128, 128, 0.25)"
HEIGHT = 460
# The page's own background, light or dark.
CLEAR = "rgba(0, 0, 0, 0)"
# Shows on white and on a dark page alike.
INK = "#808895"
MARKED = "#e11d48"
# So many groups are named in a map, the largest: more would hide it.
LABELLED = 9
LABEL = {
    "showarrow": False,
    "font": {"size": 10, "color": "#ffffff"},
    "bgcolor": "rgba(55, 65, 81, 0.75)",
    "borderpad": 2,
}
BARS = ("#0d9488", "#c9a400", "#6a5acd", "#ff6f61")


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
        **_page_colours(),
    )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, scaleanchor="x")
    return figure


def worth_figure(base: float, means: dict[str, float]) -> go.Figure:
    """What training on a generator's titles brings, beside the untrained base model.

    Args:
        base: Mean on validation of the base model.
        means: Generator -> that figure after training on its titles.
    """
    shown = {"base model, untrained": base, **dict(reversed(means.items()))}
    figure = go.Figure()
    # Points, not bars: an axis from zero would hide the differences. The first row is the lowest.
    figure.add_scatter(
        x=list(shown.values()),
        y=list(shown),
        mode="markers+text",
        text=[f"{value:.3f}" for value in shown.values()],
        textposition="top center",
        marker={"color": [INK, *[BARS[0]] * len(means)], "size": 16},
        hoverinfo="skip",
    )
    figure.add_vline(base, line={"color": INK, "dash": "dot"})
    low, high = min(shown.values()), max(shown.values())
    margin = 0.15 * (high - low)
    figure.update_xaxes(range=[low - margin, high + margin])
    figure.update_yaxes(range=[-0.6, len(shown) - 0.4])
    return _plain(figure)


def shares_figure(columns: list[str], shares: dict[str, list[float]]) -> go.Figure:
    """Shares of every generator's titles, one group of bars a share.

    Args:
        columns: What the shares are of.
        shares: Generator -> its shares, in the order of `columns`.
    """
    figure = go.Figure()
    for (name, values), colour in zip(shares.items(), cycle(BARS)):
        figure.add_bar(
            x=values[::-1],
            y=columns[::-1],
            orientation="h",
            name=name,
            marker={"color": colour},
            hovertemplate=f"{html.escape(name)}: %{{x:.3f}}<extra></extra>",
        )
    figure.update_xaxes(range=[0, 1])
    figure.update_layout(barmode="group", legend={"orientation": "h", "y": -0.1})
    return _plain(figure)


def compared_figure(rows: dict[str, dict[str, float]]) -> go.Figure:
    """What the base model and the fine-tuned one reach, a line between the two.

    Args:
        rows: Label -> figure with "base" and "finetuned", the first on top.
    """
    labels = list(rows)[::-1]
    figure = go.Figure()
    for label in labels:
        figure.add_scatter(
            x=[rows[label]["base"], rows[label]["finetuned"]],
            y=[label, label],
            mode="lines",
            line={"color": INK, "width": 2},
            hoverinfo="skip",
            showlegend=False,
        )
    for name, written, colour in (
        ("base", "base model", INK),
        ("finetuned", "fine-tuned model", BARS[0]),
    ):
        figure.add_scatter(
            x=[rows[label][name] for label in labels],
            y=labels,
            mode="markers",
            name=written,
            marker={"color": colour, "size": 13},
            hovertemplate=f"%{{y}}, {written}: %{{x:.3f}}<extra></extra>",
        )
    figure.update_layout(legend={"orientation": "h", "y": -0.1})
    return _plain(figure)


def reliability_figure(groups: dict[str, list[dict[str, float]]]) -> go.Figure:
    """How often codes of a confidence were right; on the diagonal it says what it means.

    Args:
        groups: Label -> bins with "confidence", "right" and "titles".
    """
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": INK, "dash": "dot"}, name="exact"
    )
    for (label, bins), colour in zip(groups.items(), cycle(BARS)):
        figure.add_scatter(
            x=[one["confidence"] for one in bins],
            y=[one["right"] for one in bins],
            customdata=[one["titles"] for one in bins],
            mode="lines+markers",
            name=label,
            line={"color": colour},
            hovertemplate="confidence %{x:.2f}, right %{y:.2f}, %{customdata} titles"
            "<extra></extra>",
        )
    figure.update_xaxes(range=[0, 1], title="confidence")
    figure.update_yaxes(range=[0, 1], title="share right")
    figure.update_layout(legend={"orientation": "h", "y": -0.2})
    return _plain(figure)


def _plain(figure: go.Figure) -> go.Figure:
    figure.update_layout(
        height=HEIGHT,
        font={"color": INK},
        margin={"l": 0, "r": 10, "t": 30, "b": 0},
        **_page_colours(),
    )
    figure.update_xaxes(gridcolor=FADED, zeroline=False, fixedrange=True)
    figure.update_yaxes(automargin=True, fixedrange=True, gridcolor=FADED)
    return figure


def _page_colours() -> dict[str, object]:
    return {
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "hoverlabel": {"bgcolor": "#1f2937", "font": {"color": "#f9fafb"}},
        "modebar": {"bgcolor": CLEAR, "color": "#808080", "activecolor": "#0d9488"},
    }


def _hover(title: Title | OwnTitle) -> str:
    """Plotly reads tags in it, and knows no entity for a quotation mark."""
    return f"{html.escape(title.text, quote=False)}<br>{html.escape(title.onet_name, quote=False)}"
