"""The parameters of a run and their only defaults."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING

from napari_colorquant.core.learn import METHODS
from napari_colorquant.core.palette import MAX_COLORS

if TYPE_CHECKING:
    from collections.abc import Iterable

COLOR_SPACES = ("rgb",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What a run was asked for; checked when made.

    The widget, the command line and the manifest's settings read their
    defaults from here.

    Parameters
    ----------
    n_colors : int
        Number K of palette entries, 2 to 65,535.
    method : str
        How the palette is learned: a key of ``METHODS``.
    n_samples : int or None
        Number of pixels that the palette is learned from, at least `n_colors`;
        None learns from every pixel.
    color_space : str
        Space in which colours are compared. ``"rgb"`` takes the channels as
        they are, whatever they show.
    random_state : int
        Seed of every random draw, 0 to 2**32 - 1.

    Raises
    ------
    TypeError
        If a number is not a whole number.
    ValueError
        If a value is out of its range or a name unknown.
    """

    n_colors: int = 64
    method: str = "kmeans"
    n_samples: int | None = 10_000
    color_space: str = "rgb"
    random_state: int = 0

    def __post_init__(self) -> None:
        # Whole numbers become plain ints, so that a report holds plain data.
        for field in ("n_colors", "n_samples", "random_state"):
            value = getattr(self, field)
            if field == "n_samples" and value is None:
                continue
            object.__setattr__(self, field, _whole_number(field, value))
        if not 2 <= self.n_colors <= MAX_COLORS:
            raise ValueError(
                f"n_colors is {self.n_colors}: pass a number from 2 to {MAX_COLORS:,}."
            )
        if self.method not in list(METHODS):  # a list: any value can be looked up
            raise ValueError(
                f"method {self.method!r} is unknown: pass one of {_listed(METHODS)}."
            )
        if self.n_samples is not None and self.n_samples < self.n_colors:
            raise ValueError(
                f"n_samples is {self.n_samples}, fewer than the {self.n_colors} colors "
                "to learn: pass at least as many samples as colors, or None for "
                "every pixel."
            )
        if self.color_space not in COLOR_SPACES:
            raise ValueError(
                f"color_space {self.color_space!r} is unknown: pass one of "
                f"{_listed(COLOR_SPACES)}."
            )
        if not 0 <= self.random_state < 2**32:
            raise ValueError(
                f"random_state is {self.random_state}: pass a seed from 0 to 2**32 - 1."
            )


def _whole_number(name: str, value: object) -> int:
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    raise TypeError(f"{name} is {value!r}: pass a whole number.")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)


DEFAULTS = Parameters()
