"""The parameters of a run, checked, and their only defaults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from napari_colorquant.core.color.background import Background, check_background
from napari_colorquant.core.color.spaces import check_space, check_weights
from napari_colorquant.core.color.stains import check_given
from napari_colorquant.core.compute.arguments import (
    flag,
    is_word,
    number,
    shown,
    whole_number,
)
from napari_colorquant.core.compute.wording import Argument, Sentence
from napari_colorquant.core.learn.auto import MOST_COLORS
from napari_colorquant.core.learn.methods import METHODS
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.formats.palette_data import MAX_COLORS

AUTO = "auto"
"""What `n_colors` is where the fewest are wanted that reach a target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What a run was asked for; checked when made.

    The widget, the command line and the manifest's settings read their
    defaults from here.

    Parameters
    ----------
    n_colors : int or "auto"
        Number K of palette entries, 2 to 65,535; "auto": the fewest that reach the
        target.
    method : str
        How the palette is learned: a key of ``METHODS``.
    refine : bool
        Polish the palette over every pixel, where the method can.
    n_samples : int or None
        Number of pixels that the palette is learned from, at least `n_colors`;
        None learns from every pixel. A palette that is refined is only started from
        them, and not even that where every colour of the image is counted.
    color_space : str
        Space in which colours are compared: one of ``COLOR_SPACES``. ``"rgb"`` takes
        the channels as they are, whatever they show.
    weights : tuple of float, or None
        What each channel of the space is multiplied by before distances, 1e-6 to 1e6;
        None where all are 1.
    stains : tuple of tuple of float, or None
        Of ``"stains"``: the optical densities of red, green and blue of two or three
        stains, whose directions alone count; None: two are estimated of the image.
    stain_scale : tuple of float, or None
        Of ``"stains"``: the optical density of each stain that is full staining; None:
        the 99th percentile over tissue.
    background : "otsu", float, tuple of float, or None
        Of ``"rgb"``: what is at or below the limit of its channel counts as the limit;
        ``"otsu"``: limits are found in the image.
    balance : float
        0 to 1: how much rare colours are favoured. A cell of colours with n pixels
        counts n**(1 - balance) in learning: 0 is every pixel's vote, 1 every cell's.
    fixed : Palette or None
        Entries that are in the palette unchanged; F is at most `n_colors`.
    target_psnr : float or None
        For "auto": peak signal-to-noise ratio to reach, in dB.
    target_delta_e : float or None
        For "auto": mean colour difference ΔE2000 to reach.
    max_distance : float or None
        Pixels that are farther than this from every entry are left out, above 0, in the
        units in which colours are compared; None leaves none out.
    random_state : int
        Seed of every random draw, 0 to 2**32 - 1.

    Raises
    ------
    TypeError
        If a number is none, or not a whole number, or `refine` not a bool.
    ValueError
        If a value is out of its range or a name unknown.
    """

    n_colors: int | str = 64
    method: str = "kmeans"
    refine: bool = True
    n_samples: int | None = 10_000
    color_space: str = "rgb"
    weights: Sequence[float] | None = None
    stains: ArrayLike | None = None
    stain_scale: Sequence[float] | None = None
    background: Background = None
    balance: float = 0.0
    fixed: Palette | None = None
    target_psnr: float | None = None
    target_delta_e: float | None = None
    max_distance: float | None = None
    random_state: int = 0

    def __post_init__(self) -> None:
        # Whole numbers become plain ints, so that a report holds plain data.
        if not is_word(self.n_colors, [AUTO]):
            or_auto = Sentence(", or {n_colors:'auto'}")
            n_colors = whole_number(self.n_colors, Argument("n_colors"), or_auto)
            object.__setattr__(self, "n_colors", n_colors)
        if self.n_samples is not None:
            or_none = Sentence(", or {n_samples:None}")
            n_samples = whole_number(self.n_samples, Argument("n_samples"), or_none)
            object.__setattr__(self, "n_samples", n_samples)
        seed = whole_number(self.random_state, Argument("random_state"))
        object.__setattr__(self, "random_state", seed)
        object.__setattr__(self, "refine", flag(self.refine, Argument("refine")))
        if self.n_colors != AUTO and not 2 <= int(self.n_colors) <= MAX_COLORS:
            raise ValueError(
                Sentence(
                    "{n_colors} is {n}: pass a number from 2 to {most:,}.",
                    n=self.n_colors,
                    most=MAX_COLORS,
                )
            )
        self._check_target()
        object.__setattr__(self, "max_distance", check_distance(self.max_distance))
        if not is_word(self.method, METHODS):
            raise ValueError(
                Sentence(
                    "{method} {name} is unknown: pass one of {known}.",
                    name=shown(self.method),
                    known=_listed(METHODS),
                )
            )
        at_most = MOST_COLORS if self.n_colors == AUTO else int(self.n_colors)
        if self.n_samples is not None and self.n_samples < at_most:
            raise ValueError(
                Sentence(
                    "{n_samples} is {n}, fewer than the {at_most:,} colors to learn: "
                    "pass at least as many samples as colors, or {n_samples:None} for "
                    "every pixel.",
                    n=self.n_samples,
                    at_most=at_most,
                )
            )
        check_space(self.color_space)
        vectors, scales = check_given(self.stains, self.stain_scale, self.color_space)
        object.__setattr__(self, "stains", vectors)
        object.__setattr__(self, "stain_scale", scales)
        n_channels = None if vectors is None else len(vectors)
        weights = check_weights(self.weights, self.color_space, n_channels)
        object.__setattr__(self, "weights", weights)
        background = check_background(self.background, self.color_space)
        object.__setattr__(self, "background", background)
        balance = number(self.balance, Argument("balance"))
        if not 0 <= balance <= 1:
            raise ValueError(
                Sentence("{balance} is {value:g}: pass 0 to 1.", value=balance)
            )
        object.__setattr__(self, "balance", balance)
        if self.fixed is not None:
            if not isinstance(self.fixed, Palette):
                raise TypeError(
                    Sentence(
                        "{fixed} is a {kind}: pass a Palette.",
                        kind=type(self.fixed).__name__,
                    )
                )
            if len(self.fixed) > at_most:
                raise ValueError(
                    f"there are {len(self.fixed):,} fixed colors and at most "
                    f"{at_most:,} in the palette: pass at least as many colors as "
                    "fixed ones."
                )
        if not 0 <= self.random_state < 2**32:
            raise ValueError(
                Sentence(
                    "{random_state} is {seed}: pass a seed from 0 to 2**32 - 1.",
                    seed=self.random_state,
                )
            )

    def _check_target(self) -> None:
        targets = {
            name: getattr(self, name)
            for name in ("target_psnr", "target_delta_e")
            if getattr(self, name) is not None
        }
        for name, value in targets.items():
            object.__setattr__(self, name, number(value, Argument(name), above=0.0))
        if self.n_colors == AUTO and len(targets) != 1:
            raise ValueError(
                Sentence(
                    "{n_colors} is {n_colors:'auto'}: pass {target_psnr} or "
                    "{target_delta_e}, one of them, to say how close the picture shall "
                    "be."
                )
            )
        if self.n_colors != AUTO and targets:
            raise ValueError(
                Sentence(
                    "{target} is a target for {n_colors:='auto'}, and {n_colors} is "
                    "{n}: pass one or the other.",
                    target=Argument(next(iter(targets))),
                    n=self.n_colors,
                )
            )

    def as_dict(self) -> dict[str, Any]:
        """Return the parameters as plain data.

        Returns
        -------
        dict
            Numbers, strings, None, and dicts and lists of these: what
            :meth:`from_dict` takes.
        """
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        if self.fixed is not None:
            plain["fixed"] = self.fixed.as_dict()
        if self.stains is not None:
            plain["stains"] = np.array(self.stains).tolist()
        for name in ("weights", "stain_scale", "background"):
            if isinstance(plain[name], tuple):
                plain[name] = list(plain[name])
        return plain

    @staticmethod
    def from_dict(plain: Mapping[str, Any]) -> Parameters:
        """Return the parameters that :meth:`as_dict` made plain data of.

        Parameters
        ----------
        plain : mapping
            What is missing has its default.

        Returns
        -------
        napari_colorquant.Parameters
            The parameters.

        Raises
        ------
        TypeError
            As :class:`Parameters`.
        ValueError
            As :class:`Parameters`.
        """
        if not isinstance(plain, Mapping):
            raise TypeError(f"plain is {shown(plain)}: pass a dict.")
        known = {f.name: plain[f.name] for f in fields(Parameters) if f.name in plain}
        if known.get("fixed") is not None:
            known["fixed"] = Palette.from_dict(known["fixed"])
        return Parameters(**known)


def check_distance(value: object) -> float | None:
    """Return a max_distance; raise TypeError or ValueError if it is no number above 0.

    None is no limit.
    """
    return None if value is None else number(value, Argument("max_distance"), above=0)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)


DEFAULTS = Parameters()
