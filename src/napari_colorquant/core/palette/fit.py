"""Whether a palette fits an image as well as where it was learned, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from napari_colorquant.core.palette.palette import Palette

FAR = 1.6
"""How many times as far as where it was learned pixels are that a palette does not fit.

On halves of one slide it is at most 1.59, on slides of other stains mostly 1.7 to 10:
see docs/fit.md."""
CLEAR = 1 / 8
"""Of the way from an entry to its nearest one: pixels that are no farther are clear,
however near they were where the palette was learned, as those of a drawing without
noise."""
COMMON = 0.01
"""Share of an entry where it was learned from which on it is missed."""
_SAYS = "The palette does not fit: "


class Unfit(NamedTuple):
    """In what a palette does not fit an image: a few words, and a sentence."""

    words: str
    note: str


def most_distance(known: float, spacing: float) -> float:
    """Return up to which distance of its pixels a palette fits an image.

    known: where it was learned. spacing: of entries from their nearest ones. All are in
    the space in which colours are compared.
    """
    return FAR * max(known, CLEAR * spacing)


def unfit(
    palette: Palette,
    distance: float | None,
    most: float | None,
    *,
    is_sampled: bool = False,
) -> Unfit | None:
    """Return in what a palette does not fit an image; None if it does, or nobody knows.

    palette: with the image's counts and units. distance: of its pixels from their
    entries; most: up to which it fits; None where they are not known. is_sampled: True
    where not all of its pixels were looked at.
    """
    counts, known = palette.counts, palette.learned_distance
    if counts is None or not counts.any():
        return None
    words, said = [], []
    if distance is not None and most is not None and distance > most:
        how_far = f"{distance:,.0f}" if distance >= 100 else f"{distance:.3g}"
        far = f"{how_far} from the colors, where learned 0"
        against = "and those that it was learned from 0"
        if known:
            times = f"{distance / known:.1f} times as far"
            far = f"{times} as where learned"
            against = f"{times} as those that it was learned from"
        words.append(far)
        said.append(
            f"its pixels are {how_far} from their colors (root mean square), {against}"
        )
    shares = palette.learned_shares
    if shares is not None:
        missed = np.flatnonzero((counts == 0) & (np.array(shares) >= COMMON)).tolist()
        if missed:
            labels = _listed([str(entry + 1) for entry in missed])
            noun, the = "label", "label"
            if len(missed) > 1:
                noun, the = "labels", "the labels"
            share = 100 * sum(shares[entry] for entry in missed)
            words.append(f"no {noun} {labels}")
            seen = " that was looked at" if is_sampled else ""
            said.append(
                f"no pixel{seen} has {the} {labels}, which {share:.3g} % had where it "
                "was learned"
            )
    if not said:
        return None
    advice = "learn one from this image, or see whether it is the right one."
    return Unfit(" and ".join(words), f"{_SAYS}{'; '.join(said)}: {advice}")


def is_about_fit(note: str) -> bool:
    """Return whether a note is one of `unfit`."""
    return note.startswith(_SAYS)


def _listed(words: list[str]) -> str:
    """Return words as "1", "1 and 2", or "1, 2 and 3"; of many the first five."""
    if len(words) > 6:
        words = [*words[:5], f"{len(words) - 5} more"]
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
