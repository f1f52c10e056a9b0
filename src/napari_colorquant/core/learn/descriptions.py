"""What every place says of the parameters of a run: titles, help, and bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from napari_colorquant.core.color.background import OTSU
from napari_colorquant.core.compute.wording import Sentence, Words
from napari_colorquant.formats.palette_data import MAX_COLORS

EVERY_PIXEL = 0
"""What controls and settings hold for an `n_samples` of None."""
NO_LIMIT = 0.0
"""What a control holds for a `max_distance` of None."""
_LARGEST = 2**31 - 1
"""That a control can hold."""


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
