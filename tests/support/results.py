"""Results in a viewer without a window, as a script adds them."""

from __future__ import annotations

from napari.components import ViewerModel

from napari_colorquant import quantize_layer
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.viewer.session.results.result_list import ResultList

KEY = "napari-colorquant"


def quantized(data, n_colors=4, *, rgb=True, multiscale=False):
    """Return a viewer with a source and its result's layers, as a script adds them."""
    viewer = ViewerModel()
    source = viewer.add_image(data, name="tiny", rgb=rgb, multiscale=multiscale)
    picture, labels = quantize_layer(source, n_colors)
    viewer.add_layer(picture)
    viewer.add_layer(labels)
    return viewer, source, picture, labels


def result_of(viewer, layer):
    return ResultList().of(layer, list(viewer.layers))


def do(result, edit):
    result.adopt(result.edited(edit)(Monitor()), edit)


def offer(tab, results):
    """Let the session of a tab have these results, shown in turn, and no others."""
    session = tab._session
    for one in set(session.results) - set(results):
        session.results._drop(one)
    for one in results:
        if one not in list(session.results):
            session.results.add(one)
            session.editor.show(one)
    session.results.changed.emit()
