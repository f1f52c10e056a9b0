"""The shares of a table of areas, as the parts of bars or the points of lines."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_colorquant.viewer.widgets.number_format import (
    area_in_words,
    share_in_words,
)

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

MOST_ENTRIES = 256
"""More cannot be told apart, and take long to draw."""

Step = Literal["left", "right", "up", "down", "first", "last"]


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """The rows of a table that have a color, N of them, by their places in a plot.

    table: these rows. rows: their numbers in the whole table, (N,). place: the number
    of the bar, from 0, or else the slice, (N,). panel: the image and region of the
    lines, which are seen one at a time, (N,); 0 for bars. low, high: where a part of a
    bar begins and ends, in percent, (N,). of_slices: whether these are lines.
    n_missing: images that were not measured.
    """

    table: pd.DataFrame
    rows: NDArray[np.int64]
    place: NDArray[np.int64]
    panel: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    of_slices: bool
    n_missing: int

    @property
    def percent(self) -> NDArray[np.float64]:
        """The share of each row, NaN where nothing is quantized, (N,)."""
        return self.table["percent"].to_numpy(np.float64)

    @property
    def why_not(self) -> str:
        """Why nothing can be drawn, else empty."""
        n = self.table["label"].nunique()
        if not n:
            return "No image was measured."
        return (
            f"{n:,} entries are too many to be told apart in a plot, which shows "
            f"{MOST_ENTRIES}: measure by class, or learn fewer colors."
            if n > MOST_ENTRIES
            else ""
        )

    def index_of(self, row: int | None) -> int | None:
        """Return which of the N is a row of the whole table; None for none."""
        found = np.flatnonzero(self.rows == row)
        return int(found[0]) if len(found) else None

    def says(self, column: str) -> bool:
        """Return whether a column tells bars or lines apart: "image" or "region"."""
        if column == "image":
            return bool(self.table["image"].nunique() > 1)
        return bool(self.table[column].notna().any())

    def where(self, index: int, *, with_slice: bool = True) -> list[str]:
        """Return the slice, the region and the image of one, if they tell it apart."""
        row = self.table.iloc[index]
        words = []
        if self.of_slices and with_slice:
            words.append(f"slice {row['slice']}")
        if self.says("region"):
            words.append(f"region {row['region']}")
        return [*words, name_of(row["image"])] if self.says("image") else words

    def facts(self, index: int, *, with_area: bool = True) -> list[str]:
        """Return the share, entry, area and place of one, in words."""
        row = self.table.iloc[index]
        estimated = bool(row["estimated"])
        share = share_in_words(float(row["percent"]), estimated=estimated)
        name = f"label {row['label']}" + (f" ({row['name']})" if row["name"] else "")
        area = area_in_words(float(row["area"]), estimated=estimated)
        return [
            f"{share} %" if share else "No quantized pixel",
            name,
            *([f"{area} {row['unit']}"] if with_area else []),
            *self.where(index),
        ]

    def title(self, panel: int, bars: range) -> str:
        """Return what is shown: lines of a panel, or some of the bars."""
        about = ", estimated" if self.table["estimated"].any() else ""
        if self.n_missing:
            about += f", {self.n_missing:,} not measured"
        if self.of_slices:
            first = int(np.flatnonzero(self.panel == panel)[0])
            of = self.where(first, with_slice=False) if self.panel.any() else []
            return ", ".join([f"Share (%) by slice{about}", *of])
        by = " by region" if self.says("region") else ""
        n = int(self.place.max()) + 1
        some = (
            f", {bars.start + 1} to {bars.stop} of {n:,}" if 0 < len(bars) < n else ""
        )
        return f"Share (%){by or (' by image' if n > 1 else '')}{about}{some}"

    def nearest(self, x: float, y: float, panel: int) -> int:
        """Return what is at a place: of the nearest bar or slice, the nearest in it."""
        mine = np.flatnonzero(self.panel == panel)
        place = self.place[mine]
        mine = mine[place == place[np.argmin(np.abs(place - x))]]
        if self.of_slices:
            away = np.abs(self.percent[mine] - y)
        else:
            away = np.maximum(self.low[mine] - y, y - self.high[mine]).clip(0)
            away[self.high[mine] == self.low[mine]] = np.inf  # has no height
        away[np.isnan(away)] = np.inf
        return int(mine[np.argmin(away)])

    def beside(self, index: int, step: Step) -> int:
        """Return the next one in a direction, or the same one at an end."""
        mine = np.flatnonzero(self.panel == self.panel[index])
        if step in ("up", "down"):
            same = mine[self.place[mine] == self.place[index]]
            key = self.percent[same] if self.of_slices else self.low[same]
            same = same[np.argsort(key, kind="stable")]
            at = int(np.flatnonzero(same == index)[0]) + (1 if step == "up" else -1)
            return int(same[min(max(at, 0), len(same) - 1)])
        places = np.unique(self.place[mine])
        now = int(np.searchsorted(places, self.place[index]))
        last = len(places) - 1
        to = {"left": max(now - 1, 0), "right": min(now + 1, last), "first": 0}
        there = mine[self.place[mine] == places[to.get(step, last)]]
        labels = self.table["label"].to_numpy()
        alike = there[labels[there] == labels[index]]
        return int(alike[0] if len(alike) else there[0])


def name_of(image: str) -> str:
    """Return the name of an image, without the folder of a file."""
    return os.path.basename(image) if os.path.isabs(image) else image


def shares_of(table: pd.DataFrame) -> Shares:
    """Return the shares of a table, as measure_areas returns it."""
    rows = np.flatnonzero(table["label"].fillna(0) > 0)  # as files may have none
    types = {"percent": np.float64, "estimated": bool}
    kept = table.iloc[rows].reset_index(drop=True).astype(types)
    of_slices = bool(kept["slice"].notna().any())
    options: dict[str, Any] = {"dropna": False, "sort": False}
    parts = kept.groupby(["image", "region"], **options).ngroup()
    part = np.asarray(parts, np.int64)
    filled = kept["percent"].fillna(0.0)
    bars = [kept["image"], kept["region"], kept["slice"]]
    high = filled.groupby(bars, **options).cumsum().to_numpy(np.float64)
    return Shares(
        kept,
        rows,
        kept["slice"].to_numpy(np.int64) if of_slices else part,
        part if of_slices else np.zeros_like(part),
        high - filled.to_numpy(np.float64),
        high,
        of_slices,
        int(table["image"].nunique() - kept["image"].nunique()),
    )
