"""The parameters of a run: their only defaults, and what every place says of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from napari_colorquant.core.color.background import OTSU, Background, check_background
from napari_colorquant.core.color.spaces import check_space, check_weights
from napari_colorquant.core.color.stains import check_given
from napari_colorquant.core.compute.arguments import (
    flag,
    is_word,
    number,
    shown,
    whole_number,
)
from napari_colorquant.core.compute.wording import Argument, Sentence, Words
from napari_colorquant.core.learn.auto import MOST_COLORS
from napari_colorquant.core.learn.methods import METHODS
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.formats.palette_data import MAX_COLORS

AUTO = "auto"
"""What `n_colors` is where the fewest are wanted that reach a target."""
EVERY_PIXEL = 0
"""What controls and settings hold for an `n_samples` of None."""
NO_LIMIT = 0.0
"""What a control holds for a `max_distance` of None."""
_LARGEST = 2**31 - 1
"""That a control can hold."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """Hold what a parameter is called, may be and does, for every place that shows it.

    help: a template of a Sentence, without capital letter and period; details: what a
    tooltip adds. choices: titles by value. minimum, maximum, step: of a control. first:
    what a control holds at first, if the default is None.
    """

    label: str
    help: str
    details: str = "."
    choices: Mapping[str, str] = field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    first: float | None = None

    def help_in(self, words: Words) -> str:
        """Return the help in the words of a place."""
        return Sentence(self.help).in_words(words)


DESCRIPTIONS: Mapping[str, Description] = {
    "n_colors": Description(
        label="Colors",
        help="colors in the palette",
        details=": fewer are simpler, more are closer.",
        minimum=2,
        maximum=MAX_COLORS,
    ),
    "target_psnr": Description(
        label="Target PSNR (dB)",
        help="PSNR to reach, in dB",
        minimum=0.1,
        maximum=200,
        step=0.5,
        first=35.0,
    ),
    "target_delta_e": Description(
        label="Target ΔE2000",
        help="mean CIEDE2000 difference to reach, of RGB",
        minimum=0.1,
        maximum=200,
        step=0.5,
        first=2.0,
    ),
    "method": Description(
        label="Method",
        help="how the palette is learned",
        details=": k-means finds the colors with the smallest error; Wu cuts color "
        "space into boxes; a random codebook picks colors of the image.",
        choices={"kmeans": "k-means", "wu": "Wu", "random": "Random"},
    ),
    "color_space": Description(
        label="Compare in",
        help="where colors are compared",
        details=": the channels as they are; CIELAB or Oklab, as an eye sees them; "
        "a* and b* of CIELAB, which are hue without brightness; the stains "
        "haematoxylin, eosin and DAB; or the two stains of the slide itself, as parts "
        "of full staining, so that a palette fits slides that are stained otherwise.",
        choices={
            "rgb": "Channel values",
            "lab": "CIELAB",
            "ab": "Hue (a*, b*)",
            "oklab": "Oklab",
            "hed": "Stains (H, E, DAB)",
            "stains": "Stains of the slide",
        },
    ),
    "weights": Description(
        label="Weights",
        help="how much each channel of the space counts, such as 0.5, 1, 1",
        details=": a number for each, by which it is multiplied before colors are "
        "compared. Empty: all alike.",
    ),
    "balance": Description(
        label="Rare colors",
        help="how much rare colors are favored, 0 to 1",
        details=": 0 counts every pixel, for the smallest error; 1 counts colors that "
        "are nearly the same once, however many pixels have them.",
        minimum=0,
        maximum=1,
        step=0.05,
    ),
    "background": Description(
        label="Background",
        help="what is at or below its limit counts as the limit",
        details=", so that the background of fluorescence is one entry. Otsu's "
        "threshold parts each channel in two, and may take faint cells for background; "
        "limits are typed; in a region that shows no cells, they are what 99 % of its "
        "pixels do not exceed. Not of RGB.",
        choices={OTSU: "Otsu's threshold"},
    ),
    "max_distance": Description(
        label="Leave out",
        help="leave out pixels that are farther than this from every color: they get "
        "no label and stay as they are",
        minimum=NO_LIMIT,
        maximum=_LARGEST,
    ),
    "refine": Description(
        label="Refine",
        help="polish the palette over every pixel",
        details=", for the smallest error. Off: learn from the sample alone.",
    ),
    "n_samples": Description(
        label="Sample size",
        help="pixels that the palette is learned from, or started from where it is "
        "refined; {n_samples:None} learns from every pixel",
        details=". More are slower and closer.",
        minimum=EVERY_PIXEL,
        maximum=_LARGEST,
        step=1000,
    ),
    "random_state": Description(
        label="Seed",
        help="the same seed gives the same palette",
        details="; another seed, another one.",
        minimum=0,
        maximum=_LARGEST,
    ),
}
"""Of all parameters but fixed and the stains, which have no control."""
