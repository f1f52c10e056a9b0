"""The form that shows the quality measures of a picture."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, NamedTuple

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFormLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from napari_colorquant.viewer.widgets.common import wrapped

if TYPE_CHECKING:
    from napari_colorquant.core.quality.quality import Quality

_EMPTY = "Nothing is measured yet."
_NONE = "-"
_RGB_ALONE = (
    "ΔE2000 is a difference of RGB colors: of three channels of unsigned integers, or "
    "of floats from 0 to 1."
)

_PARTLY = "Measured on {read:,} of {of:,} blocks."
_PLANES_READ_WHOLE = (
    "SSIM compares windows of whole planes, and only parts of this image are read."
)
_FILES_IN_MEMORY = "Files are encoded of images in memory, and this one is lazy."


class _Row(NamedTuple):
    """A measure: its title, its meaning, and what it needs."""

    title: str
    tip: str
    needs: str = ""


_ROWS = {
    "colors": _Row(
        "Unique colors",
        "How many different colors the original has, and the redrawn picture.",
    ),
    "mse": _Row(
        "MSE",
        "Mean squared error: the mean over pixels of the squared difference, summed "
        "over channels, in squared units of the image.",
    ),
    "psnr": _Row(
        "PSNR",
        "Peak signal-to-noise ratio: the range of the image against the error, on a "
        "logarithmic scale where higher is closer.",
    ),
    "ssim": _Row(
        "SSIM",
        "Structural similarity: how alike edges and textures are, 1 where they are the "
        "same.",
        "SSIM compares windows of 7 x 7 pixels, and the picture is smaller.",
    ),
    "delta_e": _Row(
        "Mean ΔE2000",
        "The mean color difference that an eye sees: about 1 can just be noticed, 2 is "
        "hardly visible.",
        _RGB_ALONE,
    ),
    "delta_e_95": _Row(
        "95 % ΔE2000",
        "95 % of the pixels have a color difference of no more than that: it tells of "
        "the worst ones.",
        _RGB_ALONE,
    ),
    "png": _Row(
        "As PNG",
        "The size of the original as a PNG file.",
        "PNG holds one plane of RGB or grey with 8 bits, or of grey with 16.",
    ),
    "indexed": _Row(
        "As indexed PNG",
        "The size of the redrawn picture as a PNG file of palette indices, and in "
        "percent of the original's.",
        "An indexed PNG holds one plane of up to 256 RGB or grey colors; of 255 where "
        "some pixels are not quantized.",
    ),
}


class QualityPanel(QWidget):
    """A form of measures, whose values can be selected and copied."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._message = QLabel()
        self._message.setWordWrap(True)
        # Or it breaks its lines at a fraction of the width that it has.
        self._message.setSizePolicy(
            QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred
        )
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.values = {name: _value_label(row) for name, row in _ROWS.items()}
        for name, row in _ROWS.items():
            title = QLabel(row.title)
            title.setToolTip(wrapped(row.tip))
            title.setBuddy(self.values[name])
            form.addRow(title, self.values[name])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._message)
        layout.addLayout(form)
        layout.addStretch()
        self.clear()

    def show_quality(
        self, quality: Quality, png_bytes: int | None, indexed_bytes: int | None
    ) -> None:
        """Show the measures; a size is None where PNG cannot hold the image."""
        self._message.setText(
            _PARTLY.format(read=quality.n_blocks_read, of=quality.n_blocks)
            if quality.is_estimated
            else ""
        )
        self._message.setVisible(quality.is_estimated)
        is_lazy = quality.n_blocks > 0
        self._set("colors", f"{quality.colors_before} → {quality.colors_after}")
        self._set("mse", f"{quality.mse:.4g}")
        is_lossless = quality.psnr == inf
        self._set("psnr", "∞ (lossless)" if is_lossless else f"{quality.psnr:.2f} dB")
        ssim = None if quality.ssim is None else f"{quality.ssim:.4f}"
        self._set("ssim", ssim, _PLANES_READ_WHOLE if quality.is_estimated else "")
        for name in ("delta_e", "delta_e_95"):
            difference: float | None = getattr(quality, name)
            self._set(name, None if difference is None else f"{difference:.2f}")
        files = _FILES_IN_MEMORY if is_lazy else ""
        png = None if png_bytes is None else human_bytes(png_bytes)
        self._set("png", png, files)
        indexed = None if indexed_bytes is None else human_bytes(indexed_bytes)
        if indexed_bytes is not None and png_bytes is not None:
            indexed = f"{indexed} ({indexed_bytes / png_bytes:.0%})"
        self._set("indexed", indexed, files)

    def clear(self, message: str = _EMPTY) -> None:
        """Show a message instead of measures."""
        self._message.setText(message)
        self._message.show()
        for value in self.values.values():
            value.setText(_NONE)
            value.setToolTip(wrapped(message))

    def _set(self, name: str, words: str | None, why: str = "") -> None:
        """Show a value, or a dash for None, explained by why or the needs."""
        value, row = self.values[name], _ROWS[name]
        value.setText(_NONE if words is None else words)
        value.setToolTip(wrapped((why or row.needs) if words is None else row.tip))


def human_bytes(n_bytes: int) -> str:
    """Return bytes such as "812 bytes", "9.5 kB" or "310 kB", in powers of 1000."""
    if n_bytes < 1000:
        return f"{n_bytes} bytes"
    value, unit = n_bytes / 1000, "kB"
    for larger in ("MB", "GB", "TB"):
        if round(value) < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.1f} {unit}" if round(value, 1) < 10 else f"{value:.0f} {unit}"


def _value_label(row: _Row) -> QLabel:
    value = QLabel()
    value.setAccessibleName(row.title)
    value.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse
        | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    return value
