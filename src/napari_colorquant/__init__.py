"""Colour quantization for napari: learn a palette, assign every pixel, redraw.

The names below are the public API. They are loaded when they are first used,
so that ``import napari_colorquant`` stays light: it loads no Qt, napari,
scikit-learn, SciPy, numba or dask.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as type checkers read it; the real one takes time to import
if TYPE_CHECKING:
    from typing import Any

    from napari_colorquant.core.channels.quantize_channels import quantize_channels
    from napari_colorquant.core.estimator.color_quantizer import ColorQuantizer
    from napari_colorquant.core.learn.parameters import Parameters
    from napari_colorquant.core.learn.presets import preset
    from napari_colorquant.core.measure.areas import measure_areas
    from napari_colorquant.core.measure.objects import measure_objects
    from napari_colorquant.core.palette.edits import (
        Classify,
        Clean,
        Lock,
        Merge,
        Recolor,
        Remove,
        Rename,
        Sort,
    )
    from napari_colorquant.core.palette.palette import Palette
    from napari_colorquant.core.quality.curve import Curve, CurvePoint
    from napari_colorquant.core.quality.error_map import error_map
    from napari_colorquant.core.quality.quality import Quality, measure_quality
    from napari_colorquant.core.quantization.clean import clean_labels
    from napari_colorquant.core.quantization.counts import count_all
    from napari_colorquant.core.quantization.curve import error_curve, suggest_elbow
    from napari_colorquant.core.quantization.edit import edit
    from napari_colorquant.core.quantization.quantize import (
        apply_palette,
        fit_palette,
        quantize,
    )
    from napari_colorquant.core.quantization.report import Report
    from napari_colorquant.core.quantization.result import (
        Quantization,
        SliceQuantization,
    )
    from napari_colorquant.core.quantization.slices import quantize_slices
    from napari_colorquant.core.quantization.stained import (
        estimate_stains,
        normalize_stains,
        stain_scales,
    )
    from napari_colorquant.files.images.save import save_labels, save_picture
    from napari_colorquant.files.ome_zarr.save import save_ome_zarr
    from napari_colorquant.files.regions.annotations import save_annotations
    from napari_colorquant.viewer.api import (
        measure_layer,
        quantize_layer,
        quantize_layers,
    )

__all__ = [
    "Classify",
    "Clean",
    "ColorQuantizer",
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
    "clean_labels",
    "count_all",
    "edit",
    "error_curve",
    "error_map",
    "estimate_stains",
    "fit_palette",
    "measure_areas",
    "measure_layer",
    "measure_objects",
    "measure_quality",
    "normalize_stains",
    "preset",
    "quantize",
    "quantize_channels",
    "quantize_layer",
    "quantize_layers",
    "quantize_slices",
    "save_annotations",
    "save_labels",
    "save_ome_zarr",
    "save_picture",
    "stain_scales",
    "suggest_elbow",
]

_HOME = {
    "Classify": "core.palette.edits",
    "Clean": "core.palette.edits",
    "ColorQuantizer": "core.estimator.color_quantizer",
    "Curve": "core.quality.curve",
    "CurvePoint": "core.quality.curve",
    "Lock": "core.palette.edits",
    "Merge": "core.palette.edits",
    "Palette": "core.palette.palette",
    "Parameters": "core.learn.parameters",
    "Quality": "core.quality.quality",
    "Quantization": "core.quantization.result",
    "Recolor": "core.palette.edits",
    "Remove": "core.palette.edits",
    "Rename": "core.palette.edits",
    "Report": "core.quantization.report",
    "SliceQuantization": "core.quantization.result",
    "Sort": "core.palette.edits",
    "apply_palette": "core.quantization.quantize",
    "clean_labels": "core.quantization.clean",
    "count_all": "core.quantization.counts",
    "edit": "core.quantization.edit",
    "error_curve": "core.quantization.curve",
    "error_map": "core.quality.error_map",
    "estimate_stains": "core.quantization.stained",
    "fit_palette": "core.quantization.quantize",
    "measure_areas": "core.measure.areas",
    "measure_layer": "viewer.api",
    "measure_objects": "core.measure.objects",
    "measure_quality": "core.quality.quality",
    "normalize_stains": "core.quantization.stained",
    "preset": "core.learn.presets",
    "quantize": "core.quantization.quantize",
    "quantize_channels": "core.channels.quantize_channels",
    "quantize_layer": "viewer.api",
    "quantize_layers": "viewer.api",
    "quantize_slices": "core.quantization.slices",
    "save_annotations": "files.regions.annotations",
    "save_labels": "files.images.save",
    "save_ome_zarr": "files.ome_zarr.save",
    "save_picture": "files.images.save",
    "stain_scales": "core.quantization.stained",
    "suggest_elbow": "core.quantization.curve",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name == "__version__":
        from importlib.metadata import version

        # Every report names it, and the look at the installed files takes a while.
        globals()[name] = version("napari-colorquant")
        return globals()[name]
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
