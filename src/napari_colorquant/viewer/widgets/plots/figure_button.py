"""The button that saves the plot of shares, or the palette as a legend."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from napari.utils.notifications import show_warning
from qtpy.QtWidgets import QPushButton

from napari_colorquant.viewer.session.jobs import Job
from napari_colorquant.viewer.session.notify import complain
from napari_colorquant.viewer.widgets.common import give_menu, keep_offered
from napari_colorquant.viewer.widgets.dialogs import choose_file
from napari_colorquant.viewer.widgets.plots.figure_file import (
    NO_LETTERS,
    SUFFIXES,
    legend_figure,
    plot_figure,
    write_figure,
)

if TYPE_CHECKING:
    from napari_colorquant.viewer.session.session import Session
    from napari_colorquant.viewer.widgets.plots.shares_plot import SharesPlot

_TIP = "Save the plot, or the palette as a legend, as PNG, SVG or PDF."
_FIGURES = {
    "plot": (
        "The plot …",
        "All bars, or the lines that are shown, with a legend, on white.",
    ),
    "legend": (
        "The palette as a legend …",
        "Colors, names, shares and areas of the image, region and slice of the "
        "selected row, or else of the first one.",
    ),
}


_STOPPED = "Cancelled: no figure is saved."


class FigureButton(QPushButton):
    """A button with a menu: which figure is saved."""

    def __init__(self, session: Session, plot: SharesPlot) -> None:
        super().__init__("Figure …")
        self._session, self._plot = session, plot
        give_menu(
            self, _FIGURES, {what: partial(self._save, what) for what in _FIGURES}
        )
        keep_offered(session, {"save_table": (self, _TIP)})

    def _save(self, what: str) -> None:
        """Let the user save a figure of the table; a large one takes a while."""
        session, shares = self._session, self._plot.shares
        family = self.fontInfo().family()
        if shares is None or session.jobs.refuse_while_busy():
            return  # without a table the button is disabled
        try:
            if what == "plot":
                figure = plot_figure(shares, self._plot.panel, family)
            else:
                index = shares.index_of(self._plot.selected) or 0
                figure = legend_figure(shares, index, family)
            path = choose_file(self, "Save the figure", what, SUFFIXES)
        except Exception as error:  # noqa: BLE001, told as what it is
            complain(error)
            return
        if path is None:
            return

        def show(has_all_letters: bool) -> None:
            session.say(f"Saved the figure as {path}.")
            if not has_all_letters:
                show_warning(NO_LETTERS)

        write = partial(write_figure, figure, path)
        job = Job("Saving the figure", write, show, if_cancelled=_STOPPED)
        session.jobs.put(job)
