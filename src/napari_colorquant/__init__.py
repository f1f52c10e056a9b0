"""Colour quantization for napari: learn a palette, assign every pixel, redraw.

The names below are the public API. They are loaded when they are first used,
so that ``import napari_colorquant`` stays light: it loads no Qt, napari,
scikit-learn, SciPy, numba or dask.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as type checkers read it; the real one takes time to import
if TYPE_CHECKING:
    from typing import Any

    from napari_colorquant.core.curve import (
        Curve,
        CurvePoint,
        error_curve,
        suggest_elbow,
    )
    from napari_colorquant.core.edits import (
        Lock,
        Merge,
        Recolor,
        Remove,
        Rename,
        Sort,
    )
    from napari_colorquant.core.error_map import error_map
    from napari_colorquant.core.labelling import edit
    from napari_colorquant.core.larger import count_all
    from napari_colorquant.core.palette import Palette
    from napari_colorquant.core.parameters import Parameters
    from napari_colorquant.core.pipeline import Quantization
    from napari_colorquant.core.quality import Quality, measure_quality
    from napari_colorquant.core.quantize import (
        apply_palette,
        fit_palette,
        quantize,
    )
    from napari_colorquant.core.report import Report
    from napari_colorquant.core.slices import SliceQuantization, quantize_slices
    from napari_colorquant.files.ome_zarr import save_ome_zarr
    from napari_colorquant.files.save import save_labels, save_picture
    from napari_colorquant.viewer.scripted import quantize_layer, quantize_layers

__all__ = [
    "Curve",
    "CurvePoint",
    "Lock",
    "Merge",
    "Palette",
    "Parameters",
    "Quality",
    "Quantization",
    "Recolor",
    "Remove",
    "Rename",
    "Report",
    "SliceQuantization",
    "Sort",
    "apply_palette",
    "count_all",
    "edit",
    "error_curve",
    "error_map",
    "fit_palette",
    "measure_quality",
    "quantize",
    "quantize_layer",
    "quantize_layers",
    "quantize_slices",
    "save_labels",
    "save_ome_zarr",
    "save_picture",
    "suggest_elbow",
]

_HOME = {
    "Curve": "core.curve",
    "CurvePoint": "core.curve",
    "Lock": "core.edits",
    "Merge": "core.edits",
    "Palette": "core.palette",
    "Parameters": "core.parameters",
    "Quality": "core.quality",
    "Quantization": "core.pipeline",
    "Recolor": "core.edits",
    "Remove": "core.edits",
    "Rename": "core.edits",
    "Report": "core.report",
    "SliceQuantization": "core.slices",
    "Sort": "core.edits",
    "apply_palette": "core.quantize",
    "count_all": "core.larger",
    "edit": "core.labelling",
    "error_curve": "core.curve",
    "error_map": "core.error_map",
    "fit_palette": "core.quantize",
    "measure_quality": "core.quality",
    "quantize": "core.quantize",
    "quantize_layer": "viewer.scripted",
    "quantize_layers": "viewer.scripted",
    "quantize_slices": "core.slices",
    "save_labels": "files.save",
    "save_ome_zarr": "files.ome_zarr",
    "save_picture": "files.save",
    "suggest_elbow": "core.curve",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name == "__version__":
        from importlib.metadata import version

        return version("napari-colorquant")
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
