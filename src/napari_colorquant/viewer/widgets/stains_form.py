"""The controls of the stains of the slide, there where colours are compared in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from magicgui.widgets import Label, LineEdit, PushButton
from qtpy.QtWidgets import QSizePolicy

from napari_colorquant.viewer.session.choices.stain_choice import EACH_OWN
from napari_colorquant.viewer.session.notify import WINDOW
from napari_colorquant.viewer.widgets.common import ChoiceBox, wrapped

if TYPE_CHECKING:
    from napari_colorquant.viewer.session.choices.stain_choice import UsedStains
    from napari_colorquant.viewer.session.session import Session

TAKE = "Measure full staining in the chosen image, and use it as the one scale for all."
_SOURCE = (
    "The colors of the stains: estimated of each image, where they are two; those of "
    "a palette; or learned from a labels or shapes layer where each is painted alone, "
    "with the label 1, 2 or 3. Paint them where there are three, or one is rare."
)
_SCALE = (
    "The optical density of each stain that is full staining. Empty: each slide's own, "
    "to find the same cells and structures in slides of several days or laboratories. "
    "Numbers, such as 0.4, 1.12: one scale for all, to compare how much stain there is "
    "in slides that were stained in one run."
)
_USED = (
    "What {name} was compared in: of each stain its color at full staining and the "
    "optical density of that; and the angle between stains: the amounts of stains that "
    "are nearly alike are mostly noise."
)


class StainsForm:
    """The controls of the stains of the slide, for a container of other parameters."""

    def __init__(self, session: Session) -> None:
        self._session = session
        staining = session.staining
        self.source = ChoiceBox(
            staining.choices,
            lambda: staining.source,
            label=WINDOW.name("stains"),
            tooltip=_SOURCE,
        )
        self.scale = LineEdit(label=WINDOW.name("stain_scale"), tooltip=_SCALE)
        self.scale.native.setPlaceholderText(EACH_OWN)
        self.scale.native.setClearButtonEnabled(True)
        self.take = PushButton(text="Take from this slide", tooltip=TAKE)
        self.used = Label(label="Used", value="", tooltip=_USED)
        self.used.native.setWordWrap(True)
        self.used.native.setSizePolicy(
            QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred
        )
        self.controls = (self.source, self.scale, self.take, self.used)
        self.source.changed.connect(staining.choose)
        # Half a number would be refused.
        self.scale.native.editingFinished.connect(self.enter)
        self.scale.changed.connect(self._on_scale)
        events = session.events
        for changed in (events.parameters, events.target, events.results):
            changed.connect(self.show)
        events.palette.connect(self.show)
        self.show()

    @property
    def is_typing(self) -> bool:
        """Whether numbers are typed that are not entered yet."""
        return bool(
            self.scale.value.strip() != self._session.choices.now["stain_scale"]
        )

    def enter(self) -> None:
        """Choose what is typed, and perhaps not yet entered."""
        self._session.choose(stain_scale=self.scale.value.strip())

    def show(self) -> None:
        """Show what is chosen, and what was used, where it is of account."""
        choices, used = self._session.choices, self._session.staining.used
        for control in (self.source, self.scale, self.take):
            control.visible = choices.is_of_stains
        if choices.is_of_stains:
            self.source.reset_choices()
        if self.is_typing:
            self.scale.value = choices.now["stain_scale"]
        self.used.visible = choices.is_of_stains and used is not None
        if used is not None:
            self.used.value = _told(used)
            self.used.tooltip = wrapped(_details(used))

    def _on_scale(self, text: str) -> None:
        if not text:  # the button that clears the line ends no editing
            self.enter()


def _told(used: UsedStains) -> str:
    """Return stains in a line of rich text, in colours and numbers."""
    stains = " ".join(
        f'<span style="color:#{bytes(one.color).hex()}">■</span>\u00a0{one.scale:.2f}'
        for one in used.stains
    )
    more = " or more" if len(used.stains) > 2 else ""
    return f"{stains} ·\u00a0{used.degrees:.0f}°\u00a0apart{more}"


def _details(used: UsedStains) -> str:
    lines = [
        f"Stain {number}: {', '.join(f'{one:.2f}' for one in stain.vector)} of red, "
        "green and blue"
        for number, stain in enumerate(used.stains, 1)
    ]
    return "\n".join([_USED.format(name=used.name), *lines])
