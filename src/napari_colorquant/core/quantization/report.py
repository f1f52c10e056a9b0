"""What a run did, as plain data that prints well."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from math import inf
from typing import TYPE_CHECKING, Any

from napari_colorquant.core.learn.parameters import Parameters
from napari_colorquant.core.palette.fit import is_about_fit, unfit
from napari_colorquant.core.palette.white import is_about_white

if TYPE_CHECKING:
    from napari_colorquant.core.palette.palette import Palette


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run did.

    Parameters
    ----------
    parameters : Parameters or None
        What was asked for; None where a ready palette was applied.
    n_pixels : int
        Pixels that were quantized: those that have a label.
    n_sampled : int
        Pixels that the palette was learned from; 0 where none was learned.
    n_colors_before : int
        Distinct colours of the quantized pixels in the image, and of those that were
        left out as too far.
    n_colors_before_is_exact : bool
        False where there are more than `n_colors_before`: up to 1,048,576 are counted,
        or 65,536 where a ready palette was applied; of 8-bit images of up to three
        channels and 16-bit ones of one, all.
    n_colors_after : int
        Palette entries in use.
    mse : float
        Mean over pixels of the squared difference between the image and the
        redrawn picture, summed over channels, in squared units of the image.
    psnr : float
        Peak signal-to-noise ratio in dB, with the mean over pixels and
        channels: ``10 log10(data_range**2 / (mse / n_channels))``; infinite
        where nothing changed.
    data_range : float
        The peak of `psnr`: 255 for uint8, else the range of the image's values.
    delta_e : float or None
        Mean ΔE2000, where it was a target.
    seconds : mapping of str to float
        Time of each step: ``"survey"``, ``"learn"`` and ``"assign"``; for a lazy image
        ``"read"`` before them, and then they are those of the pixels that were read.
    tried : tuple of (int, float)
        For ``n_colors="auto"``: each number of colours that was tried, and its error:
        PSNR in dB, or mean ΔE2000.
    notes : tuple of str
        What the user should know, each one a sentence.
    version : str
        Version of napari-colorquant.
    n_blocks_read : int
        Blocks of a lazy image that were read to learn from, in whole or in part; 0 for
        an image in memory.
    n_blocks : int
        Blocks that the image has. Where more than `n_blocks_read`, `mse`, `psnr`,
        `delta_e` and `data_range` are those of the pixels that were read, and
        `n_colors_before` and `n_colors_after` are what was found among them.
    counts_are_estimates : bool
        True where `n_pixels` and the palette's counts were not counted, but reckoned
        from the pixels that were read.
    max_distance : float or None
        How far pixels might be from their entry, see :func:`quantize`; None for any.
    n_unassigned : int
        Pixels that were farther than `max_distance` from every entry, and left out.
    n_unassigned_is_estimate : bool
        True where they were reckoned from the pixels that were read, also once the
        others are counted: label 0 does not tell them from those outside a mask.
    stains : tuple of tuple of float, or None
        The image's own stains at full staining, (n, 3), where a palette of stains was
        applied; see :class:`Palette`.
    distance : float or None
        Root of the mean squared distance of the quantized pixels from their entries, in
        the space in which colours are compared. In ``"rgb"`` without weights it is the
        root of `mse`; else it is measured on up to 4,096 pixels. None where nothing is
        quantized, or the palette was edited.
    most_distance : float or None
        Up to which `distance` a palette that was applied fits the image: 1.6 times as
        much as where it was learned, or a fifth of what is between neighbouring
        entries, if that is more. None where nobody knows how it was learned.
    unfit : str
        In what a palette that was applied does not fit, in a few words: the `distance`
        is above `most_distance`, or an entry has no pixel that had 1 % of them where it
        was learned. A note says it in a sentence. Empty where it fits, or nobody knows.
    """

    parameters: Parameters | None
    n_pixels: int
    n_sampled: int
    n_colors_before: int
    n_colors_before_is_exact: bool
    n_colors_after: int
    mse: float
    psnr: float
    data_range: float
    delta_e: float | None
    seconds: Mapping[str, float]
    tried: tuple[tuple[int, float], ...]
    notes: tuple[str, ...]
    version: str
    n_blocks_read: int = 0
    n_blocks: int = 0
    counts_are_estimates: bool = False
    max_distance: float | None = None
    n_unassigned: int = 0
    n_unassigned_is_estimate: bool = False
    stains: tuple[tuple[float, ...], ...] | None = None
    distance: float | None = None
    most_distance: float | None = None
    unfit: str = ""

    @property
    def is_estimated(self) -> bool:
        """True where the errors are those of some of the blocks."""
        return self.n_blocks_read < self.n_blocks

    @property
    def total_seconds(self) -> float:
        """Time of the whole run."""
        return sum(self.seconds.values())

    @property
    def colors_before(self) -> str:
        """The colours of the image in words, such as ``"96,615"``."""
        prefix = "" if self.n_colors_before_is_exact else "over "
        return f"{prefix}{self.n_colors_before:,}"

    @property
    def colors_after(self) -> str:
        """The colours of the result in words, such as ``"64 colors"``."""
        return f"{self.n_colors_after:,} color{'s' * (self.n_colors_after != 1)}"

    @property
    def left_out(self) -> str:
        """The share that was left out in words, such as ``"21.4 % left out"``.

        Empty where there was no `max_distance`; with "about" for an estimate.
        """
        if self.max_distance is None:
            return ""
        about = "about " if self.n_unassigned_is_estimate else ""
        n_all = max(1, self.n_pixels + self.n_unassigned)
        share = f"{100 * self.n_unassigned / n_all:.1f}"
        if share == "0.0" and self.n_unassigned:
            share = "under 0.1"
        if share == "100.0" and self.n_pixels:
            share = "over 99.9"
        return f"{about}{share} % left out"

    @property
    def quality(self) -> str:
        """The error in words, such as ``"PSNR 31.7 dB"`` or ``"lossless"``.

        With "about" where it is that of some of the blocks.
        """
        if self.n_unassigned and not self.n_pixels:
            return "nothing quantized"
        about = "about " if self.is_estimated else ""
        lossless = f"{about}lossless"
        words = lossless if self.psnr == inf else f"PSNR {about}{self.psnr:.1f} dB"
        if self.delta_e is not None:
            words += f" · ΔE {about}{self.delta_e:.2f}"
        return words

    def summary(self) -> str:
        """Return the run in one line.

        Returns
        -------
        str
            Such as ``"96,615 → 64 colors · PSNR 31.7 dB · 0.08 s"``; also the share
            that was left out by a `max_distance`, in what an applied palette does not
            fit, and where it is that of some of the blocks, how many were read.
        """
        parts = [
            f"{self.colors_before} → {self.colors_after}",
            self.quality,
            *filter(None, [self.left_out]),
            *([f"does not fit: {self.unfit}"] if self.unfit else []),
            f"{self.total_seconds:.2f} s",
        ]
        if self.is_estimated:
            parts.append(f"{self.n_blocks_read:,} of {self.n_blocks:,} blocks read")
        return " · ".join(parts)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain data.

        Returns
        -------
        dict
            Numbers, strings, None, and dicts and lists of these.
        """
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        plain["parameters"] = self.parameters and self.parameters.as_dict()
        plain["seconds"] = dict(self.seconds)
        plain["tried"] = [list(pair) for pair in self.tried]
        plain["notes"] = list(self.notes)
        return plain

    @staticmethod
    def from_dict(plain: Mapping[str, Any]) -> Report:
        """Return the report that :meth:`as_dict` made plain data of.

        Parameters
        ----------
        plain : mapping
            The plain data, also as JSON has them: with None for infinity.

        Returns
        -------
        napari_colorquant.Report
            The report.

        Raises
        ------
        KeyError
            If something without a default is missing.
        TypeError
            As :class:`napari_colorquant.Parameters`.
        ValueError
            Likewise.
        """
        plain = with_infinities(plain)
        known = {
            field.name: plain[field.name]
            for field in fields(Report)
            if field.name in plain or field.default is MISSING
        }
        if known["parameters"] is not None:
            known["parameters"] = Parameters.from_dict(known["parameters"])
        known["tried"] = tuple((n, error) for n, error in known["tried"])
        known["notes"] = tuple(known["notes"])
        return Report(**known)

    def _trials(self) -> list[str]:
        if not self.tried or self.parameters is None:
            return []
        is_psnr = self.parameters.target_psnr is not None
        texts = [
            f"{n:,}: {error:.2f} dB" if is_psnr else f"{n:,}: ΔE {error:.2f}"
            for n, error in sorted(self.tried)
        ]
        return [f"{'tried':<7} {', '.join(texts)}"]

    def _blocks(self) -> list[str]:
        if not self.n_blocks:
            return []
        return [f"{'blocks':<7} {self.n_blocks_read:,} of {self.n_blocks:,} read"]

    def _far(self) -> list[str]:
        if self.max_distance is None:
            return []
        return [
            f"{self.left_out}: {self.n_unassigned:,} pixels, farther than "
            f"{self.max_distance:g} from every color"
        ]

    def _repr_html_(self) -> str:
        from napari_colorquant.core.palette.html import facts, folded, paragraph

        about = "about " if self.is_estimated else ""
        known = {
            "colors": f"{self.colors_before} → {self.colors_after}",
            "error": self.quality,
            "MSE": f"{about}{self.mse:.4g}",
            "pixels": f"{self.n_pixels:,}"
            + (", estimated" if self.counts_are_estimates else ""),
            "left out": self.left_out or None,
            "distance": self._distances(),
            "blocks": f"{self.n_blocks_read:,} of {self.n_blocks:,} read"
            if self.n_blocks
            else None,
            "time": f"{self.total_seconds:.2f} s",
        }
        asked = self.parameters and self.parameters.as_dict()
        learned = {
            name: value for name, value in (asked or {}).items() if name != "fixed"
        }
        parameters = [folded("parameters", facts(learned))] if learned else []
        return "".join([facts(known), *map(paragraph, self.notes), *parameters])

    def _distances(self) -> str | None:
        """Return how far pixels are from their entries, and how far they may be."""
        if self.distance is None:
            return None
        if self.most_distance is None:
            return f"{self.distance:.4g}"
        return f"{self.distance:.4g}, where up to {self.most_distance:.4g} fits"

    def __str__(self) -> str:
        method = self.parameters.method if self.parameters else "a ready palette"
        lines = [
            f"{self.colors_before} → {self.colors_after} ({method})",
            *self._blocks(),
            *(f"{step:<7} {time:8.3f} s" for step, time in self.seconds.items()),
            f"{'MSE':<7} {self.mse:10.4g}",
            f"{'PSNR':<7} {self.psnr:8.2f} dB",
            *self._far(),
            *self._trials(),
            *self.notes,
        ]
        return "\n".join(lines)


_ENDLESS = ("mse", "psnr", "data_range")
"""Values of a report that may be infinite."""


def without_infinities(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return a report's plain data for JSON, which has None in place of infinity."""
    finite = {
        key: None if key in _ENDLESS and value in (inf, -inf) else value
        for key, value in report.items()
    }
    _change_tried(finite, inf, None)
    return finite


def with_infinities(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plain data that without_infinities was given; leave damage as it is.

    Where all pixels are alike, the PSNR of any error is minus infinity.
    """
    endless = dict(report)
    for key in _ENDLESS:
        if key in endless and endless[key] is None:
            is_below = key == "psnr" and endless.get("mse", 0) != 0
            endless[key] = -inf if is_below else inf
    _change_tried(endless, None, inf)
    return endless


def _change_tried(report: dict[str, Any], old: object, new: object) -> None:
    if isinstance(tried := report.get("tried"), list | tuple):
        report["tried"] = [
            [pair[0], new]
            if isinstance(pair, list | tuple) and len(pair) == 2 and pair[1] == old
            else pair
            for pair in tried
        ]


def with_fit(report: Report, palette: Palette, is_sampled: bool) -> Report:
    """Return a report that says in what a palette with counts does not fit an image.

    is_sampled: whether the counts are of some of its pixels.
    """
    known = (palette, report.distance, report.most_distance)
    found = unfit(*known, is_sampled=is_sampled)
    notes = [note for note in report.notes if not is_about_fit(note)]
    if found is None:
        return replace(report, unfit="", notes=tuple(notes))
    return replace(report, unfit=found.words, notes=(*notes, found.note))


def warn_of(notes: tuple[str, ...]) -> None:
    """Warn of notes, except those about white, at the line that called the API.

    Only a function of the API itself may call it: the stack level is fixed.
    """
    for note in notes:
        if is_about_white(note):
            continue  # of every picture of such a camera, and no fault
        warnings.warn(note, UserWarning, stacklevel=3)
