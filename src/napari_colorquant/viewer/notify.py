"""What goes wrong, told in the window and in its words.

Whether it is told in a plain sentence, or as a mistake with its traceback, is decided
by :func:`napari_colorquant.core.wording.is_expected`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from napari.utils.notifications import (
    Notification,
    notification_manager,
    show_error,
)

from napari_colorquant.core.wording import Words, is_expected, sentence_of

if TYPE_CHECKING:
    from collections.abc import Mapping

E = TypeVar("E", bound=BaseException)

_CONTROLS = {
    "n_colors": "Colors",
    "target_psnr": "Target",
    "target_delta_e": "Target",
    "color_space": "Compare in",
    "n_samples": "Sample size",
    "random_state": "Seed",
    "scheduler": "Cluster",
    "channel_axis": "Channel axis",
    "slice_axis": "Slices",
    "within": "Apply in",
    "mask": "Apply in",
    "learn_within": "Learn in",
    "learn_mask": "Learn in",
    "seeds": "Classes",
    "per_class": "Entries each",
    "fixed": "Locked colors",
    "data_range": "White",
}
_VALUES: Mapping[tuple[str, str], str] = {
    ("n_samples", "None"): "0",
    ("color_space", "'rgb'"): "Channel values",
}
_IS_PLAIN = "is_plain_in_napari_colorquant"


class _WindowWords(Words):
    """What the window calls the engine's arguments, and their values."""

    def name(self, argument: str) -> str:
        """Return what stands before a control; see the class of words."""
        return _CONTROLS.get(argument, argument.replace("_", " ").capitalize())

    def value(self, argument: str, value: str) -> str:
        """Return the value as it is chosen; see the class of words."""
        return _VALUES.get((argument, value), value.strip("'"))

    def setting(self, argument: str, value: str) -> str:
        """Return what to choose where; see the class of words."""
        return f"{self.value(argument, value)!r} at {self.name(argument)!r}"


WINDOW = _WindowWords()


def in_window(error: BaseException) -> str:
    """Return what an error says in the words of the window.

    Parameters
    ----------
    error : exception
        Any error.

    Returns
    -------
    str
        A sentence that begins with a capital letter, or with a name.
    """
    text = sentence_of(error, WINDOW)
    what, colon, advice = text.rpartition(": ")
    text = what + colon + re.sub(r"\bpass\b", "choose", advice)  # nothing is passed
    begins_with_word = text.partition(" ")[0].isalpha()
    return text[:1].upper() + text[1:] if begins_with_word else text


def complain(error: BaseException) -> None:
    """Tell the user of an error: of what they can cause, in a plain notification.

    Parameters
    ----------
    error : exception
        An error that was caught. A mistake of the program is shown with its traceback.
    """
    if is_expected(error):
        show_error(in_window(error))
    else:
        notification_manager.dispatch(Notification.from_exception(error))


def plain(error: E) -> E:
    """See to it that an error which napari is to tell of is told in a sentence.

    napari shows a traceback of all that a writer raises.

    Parameters
    ----------
    error : exception
        An error that is to be raised.

    Returns
    -------
    exception
        The same.
    """
    setattr(error, _IS_PLAIN, True)
    notification_manager.notification_ready.connect(_tell_plainly, position="first")
    return error


def _tell_plainly(notification: Notification) -> None:
    error = getattr(notification, "exception", None)
    if error is not None and getattr(error, _IS_PLAIN, False):
        notification.blocked = True  # for all that would show its traceback
        show_error(in_window(error))
