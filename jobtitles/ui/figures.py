"""Plotly figures of results: the LLM benchmark, both models compared, the coder's confidence."""

import html
from itertools import cycle

import plotly.graph_objects as go

FADED = "rgba(128, 128, 128, 0.25)"
HEIGHT = 460
# The page's own background, light or dark.
CLEAR = "rgba(0, 0, 0, 0)"
# Shows on white and on a dark page alike.
INK = "#808895"
BARS = ("#0d9488", "#c9a400", "#6a5acd", "#ff6f61")


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
        **page_colours(),
    )
    figure.update_xaxes(gridcolor=FADED, zeroline=False, fixedrange=True)
    figure.update_yaxes(automargin=True, fixedrange=True, gridcolor=FADED)
    return figure


def page_colours() -> dict[str, object]:
    """Layout of a figure that stands on the page, light or dark."""
    return {
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "hoverlabel": {"bgcolor": "#1f2937", "font": {"color": "#f9fafb"}},
        "modebar": {"bgcolor": CLEAR, "color": "#808080", "activecolor": "#0d9488"},
    }
