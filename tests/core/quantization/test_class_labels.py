"""Labels in which the entries of a class are one."""

from __future__ import annotations

from dataclasses import replace

import dask.array
import numpy as np

from napari_colorquant import Classify, Palette, edit, quantize, quantize_slices

IMAGE = np.arange(96, dtype=np.uint8).reshape(8, 12)


def classified(image, **more):
    q = quantize(image, 5, channel_axis=None, **more)
    edits = [Classify([1, 3], "stain"), Classify([4, 2], "glass")]
    return edit(q, image, edits, channel_axis=None)


def test_entries_of_a_class_have_the_label_of_its_first():
    mask = IMAGE > 5
    q = classified(IMAGE, mask=mask)
    assert q.palette.classes == ("", "stain", "glass", "stain", "glass")
    expected = np.array([0, 1, 2, 3, 2, 3])[q.labels]
    assert q.class_labels.tolist() == expected.tolist()
    assert q.class_labels.dtype == q.labels.dtype


def test_lazy_labels_of_classes_are_lazy():
    q = classified(dask.array.from_array(IMAGE, chunks=5))
    assert isinstance(q.class_labels, dask.array.Array)
    expected = classified(IMAGE).class_labels
    assert q.class_labels.compute().tolist() == expected.tolist()


def test_without_classes_they_are_the_labels():
    q = quantize(IMAGE, 3, channel_axis=None)
    assert q.class_labels.tolist() == q.labels.tolist()


def test_labels_beyond_the_palette_stay():
    q = classified(IMAGE)
    painted = q.labels.copy()
    painted[0, 0] = 200
    assert replace(q, labels=painted).class_labels[0, 0] == 200


def test_classes_of_a_palette_a_slice():
    fixed = Palette([[0.0], [90.0]], classes=["low", ""])
    stack = np.stack([IMAGE, IMAGE[::-1], IMAGE // 2])
    q = quantize_slices(stack, 4, fixed=fixed, channel_axis=None)
    assert all(one.classes == q.palette.classes for one in q.palettes)
    entry = q.palette.classes.index("low")
    assert [one.colors[entry].tolist() for one in q.palettes] == [[0.0]] * 3
    assert q.class_labels.tolist() == q.labels.tolist()
