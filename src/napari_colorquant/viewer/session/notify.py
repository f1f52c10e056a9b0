"""Errors told in the window, in its words.

Whether an error is a plain sentence or a mistake with its traceback is decided by
`is_expected` in core/compute/wording.py.
"""

from __future__ import annotations

import re
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeVar

from napari.utils.notifications import Notification, notification_manager, show_error

from napari_colorquant.core.compute.wording import Words, is_expected, sentence_of
from napari_colorquant.core.learn.descriptions import DESCRIPTIONS, EVERY_PIXEL
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.files.record import load_palette_or_record

if TYPE_CHECKING:
    from collections.abc import Mapping

E = TypeVar("E", bound=BaseException)

_CONTROLS = {name: described.label for name, described in DESCRIPTIONS.items()} | {
    "target_psnr": "Target",
    "target_delta_e": "Target",
    "scheduler": "Cluster",
    "channel_axis": "Channel axis",
    "slice_axis": "Slices",
    "ndim": "In 3-D",
    "within": "Apply in",
    "mask": "Apply in",
    "learn_within": "Learn in",
    "learn_mask": "Learn in",
    "seeds": "Classes",
    "per_class": "Entries each",
    "fixed": "Locked colors",
    "data_range": "White",
    "stains": "Stains",
    "stain_scale": "Full staining",
}
_VALUES: Mapping[tuple[str, str], str] = {
    ("n_samples", "None"): str(EVERY_PIXEL),
    ("ndim", "3"): "on",
    **{
        (name, repr(value)): title
        for name, described in DESCRIPTIONS.items()
        for value, title in described.choices.items()
    },
}
_IS_PLAIN = "is_plain_in_napari_colorquant"


class _WindowWords(Words):
    """What the window calls arguments and their values."""

    def name(self, argument: str) -> str:
        """Return the label of the control."""
        return _CONTROLS.get(argument, argument.replace("_", " ").capitalize())

    def value(self, argument: str, value: str) -> str:
        """Return the value as the control shows it."""
        return _VALUES.get((argument, value), value.strip("'[]"))

    def setting(self, argument: str, value: str) -> str:
        """Return which value to choose in which control."""
        return f"{self.value(argument, value)!r} at {self.name(argument)!r}"


WINDOW = _WindowWords()


def in_window(error: BaseException) -> str:
    """Return what an error says in the words of the window, with a capital letter.

    A sentence that begins with a name keeps the name as it is.
    """
    text = sentence_of(error, WINDOW)
    what, colon, advice = text.rpartition(": ")
    text = what + colon + re.sub(r"\bpass\b", "choose", advice)  # nothing is passed
    begins_with_word = text.partition(" ")[0].isalpha()
    return text[:1].upper() + text[1:] if begins_with_word else text


def complain(error: BaseException) -> None:
    """Tell the user of an error: plainly if expected, else with its traceback."""
    if is_expected(error):
        show_error(in_window(error))
    else:
        notification_manager.dispatch(Notification.from_exception(error))


def complained(error: BaseException) -> str:
    """Tell the user of an error, and return it in the words of the window."""
    complain(error)
    return in_window(error)


def refused(why_not: str) -> str:
    """Tell the user why something is not done, and return it."""
    show_error(why_not)
    return why_not


def plain(error: E) -> E:
    """Mark an error so that napari tells it in a sentence, and return it.

    napari shows a traceback of everything that a writer raises.
    """
    setattr(error, _IS_PLAIN, True)
    notification_manager.notification_ready.connect(_tell_plainly, position="first")
    return error


def _tell_plainly(notification: Notification) -> None:
    error = getattr(notification, "exception", None)
    if error is not None and getattr(error, _IS_PLAIN, False):
        notification.blocked = True  # for all that would show its traceback
        show_error(in_window(error))


def load_or_say(path: str | PathLike[str]) -> Palette | dict[str, Any] | None:
    """Return the palette or record in a file; if unreadable, say so and return None."""
    try:
        return load_palette_or_record(path)
    except Exception as error:  # noqa: BLE001, told as what it is
        complain(error)
    return None
