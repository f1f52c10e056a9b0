"""What a session tells: which of what it holds has changed."""

from __future__ import annotations

from psygnal import Signal, SignalGroup


class SessionEvents(SignalGroup):
    """What is emitted after something has changed."""

    target = Signal()
    """What is chosen to be quantized, or what there is to choose from."""
    parameters = Signal()
    results = Signal()
    """The results that there are, their names, or which one is shown."""
    palette = Signal()
    """The palette that is shown is another one, or was edited."""
    entries = Signal()
    possible = Signal(dict)
    """What can be done now may be something else: emitted with `possible`."""
    opened = Signal()
    """A palette or a result from a file is shown."""
    busy = Signal(bool)
    progress = Signal(int, int)
    message = Signal(str)
    quality = Signal()
    areas = Signal()
    """What is measured, or what there is to choose from for it, or the table."""
    moved = Signal()
    """The viewer may show another slice."""
    curve = Signal()
    listed = Signal(str, list)
    """What came of many images, and sentences on single ones."""
    preview_wanted = Signal()
    """`update_preview` should be called after a pause: more changes may follow."""
