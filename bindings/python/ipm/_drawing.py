"""What all pictures share: colours, axes, and names made fit to be drawn."""

from __future__ import annotations

from datetime import timezone

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, FuncFormatter

#: Okabe and Ito, 2008; grey is for what is left or not known.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
GREY = "#999999"
ALARM = "#D55E00"

WORDS = {
    "tx_bytes": "sent",
    "rx_bytes": "received",
    "tx_bytes_external": "sent outside",
    "rx_bytes_external": "received from outside",
}


def axes_for(ax: Axes | None, size: tuple[float, float]) -> Axes:
    return plt.subplots(figsize=size, layout="constrained")[1] if ax is None else ax


def one_line(name: str | None, most: int = 40) -> str:
    """A name as a label: one line, cut in the middle, and no mathematics of matplotlib."""
    if name is None:
        return "not known"
    if len(name) > most:  # Before and after: a letter may be escaped by ten.
        name = name[:most] + name[-most:]
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
    if len(shown) > most:
        half = (most - 1) // 2
        shown = shown[:half] + "…" + shown[-half:]
    return shown.replace("$", r"\$") or '""'


def nothing(ax: Axes, what: str) -> Axes:
    text = ax.text(0.5, 0.5, what, transform=ax.transAxes, ha="center", va="center", wrap=True)
    text.set_in_layout(False)  # A long one would push the axes together.
    ax.set_xticks([])
    ax.set_yticks([])
    return ax


def time_axis(ax: Axes) -> None:
    locator = mdates.AutoDateLocator(tz=timezone.utc)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator, tz=timezone.utc))
    ax.set_xlabel("time, UTC")


def day_numbers(when: npt.NDArray[np.datetime64]) -> npt.NDArray[np.float64]:
    return np.asarray(mdates.date2num(when))


def bytes_text(count: float) -> str:
    return str(EngFormatter(unit="B", places=1)(count)) if count >= 1000 else f"{count:.0f} B"


def bytes_ticks(unit: str) -> FuncFormatter:
    """SI prefixes from kilo on: a thousandth of a byte is written as 0.001."""
    engineering = EngFormatter(unit=unit)
    return FuncFormatter(lambda value, _: engineering(value) if abs(value) >= 1000 else f"{value:g} {unit}")


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def metric_words(metric: str) -> str:
    return WORDS.get(metric, one_line(metric))
