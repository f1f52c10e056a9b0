"""Edits of a quantized image: palette, labels and picture stay one."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.metrics import peak_signal_noise_ratio

from napari_colorquant import (
    Lock,
    Merge,
    Palette,
    Recolor,
    Remove,
    Rename,
    Sort,
    apply_palette,
    count_all,
    edit,
    quantize,
    quantize_slices,
)
from napari_colorquant.core.assign.labels import count_labels, relabel
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.pixels import see_pixels
from napari_colorquant.core.palette.apply_edit import edit_palette
from napari_colorquant.core.quantization.edit import (
    IndexedImage,
    counted,
    edit_labelling,
    redraw_picture,
)
from plain import edits_of, images, nearest_by_search

BLACK, RED, GREEN, WHITE = [0, 0, 0], [200, 0, 0], [0, 210, 0], [255, 255, 255]
TINY = np.array([[BLACK, RED, RED, GREEN], [GREEN, GREEN, WHITE, WHITE]], np.uint8)
LABELS = [[1, 2, 2, 3], [3, 3, 4, 4]]
GREY = np.array([[10, 12, 20, 29], [30, 31, 40, 49]], np.uint16)
GREY_PALETTE = Palette([[10], [20], [30], [40]])


@pytest.fixture
def tiny():
    q = quantize(TINY, 4)
    assert q.labels.tolist() == LABELS
    return q


def as_bytes(q):
    arrays = (q.palette.colors, q.palette.counts, q.labels, q.image)
    return [(a.dtype, a.shape, np.ascontiguousarray(a).tobytes()) for a in arrays]


# ---------------------------------------------------------------- each edit


def test_recolor(tiny):
    edited = edit(tiny, TINY, Recolor(1, [7, 8.5, 300]))
    assert edited.labels is tiny.labels
    assert edited.palette.colors.tolist() == [BLACK, [7, 8.5, 300], GREEN, WHITE]
    assert edited.image[0, 1:3].tolist() == [[7, 8, 255]] * 2
    assert np.delete(edited.image.reshape(8, 3), [1, 2], 0).tolist() == (
        np.delete(TINY.reshape(8, 3), [1, 2], 0).tolist()
    )
    squared = (200 - 7) ** 2 + 8**2 + 255**2
    assert edited.report.mse == 2 * squared / 8
    assert edited.report.n_colors_after == 4


def test_merge(tiny):
    edited = edit(tiny, TINY, Merge([1, 2]))
    assert edited.labels.tolist() == [[1, 2, 2, 2], [2, 2, 3, 3]]
    assert edited.palette.colors.tolist() == [BLACK, [80, 126, 0], WHITE]
    assert edited.palette.counts.tolist() == [1, 5, 2]
    assert edited.image[0].tolist() == [BLACK, *[[80, 126, 0]] * 3]
    assert edited.report.n_colors_after == 3


def test_remove(tiny):
    edited = edit(tiny, TINY, Remove([1]))
    assert edited.labels.tolist() == [[1, 1, 1, 2], [2, 2, 3, 3]]
    assert edited.palette.colors.tolist() == [BLACK, GREEN, WHITE]
    assert edited.palette.counts.tolist() == [3, 3, 2]
    assert edited.image[0].tolist() == [BLACK, BLACK, BLACK, GREEN]


def test_each_pixel_of_a_removed_entry_goes_to_its_own_nearest():
    q = apply_palette(GREY, GREY_PALETTE, channel_axis=None)
    assert q.labels.tolist() == [[1, 1, 2, 3], [3, 3, 4, 4]]
    edited = edit(q, GREY, Remove([2]), channel_axis=None)
    # 30 is as near to 20 as to 40, and goes to the lower index; 29 and 31 do not.
    assert edited.labels.tolist() == [[1, 1, 2, 2], [2, 3, 3, 3]]
    assert edited.palette.counts.tolist() == [2, 3, 3]


def test_the_pixels_of_other_entries_stay_also_where_a_nearer_one_was_recolored():
    q = apply_palette(GREY, GREY_PALETTE, channel_axis=None)
    edited = edit(q, GREY, [Recolor(0, [31]), Remove([3])], channel_axis=None)
    assert edited.labels.tolist() == [[1, 1, 2, 3], [3, 3, 1, 1]]
    assert edited.image.tolist() == [[31, 31, 20, 30], [30, 30, 31, 31]]


def test_removed_pixels_are_compared_in_the_palettes_color_space():
    image = np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8)
    q = quantize(image, 9, color_space="lab", refine=False)
    edited = edit(q, image, Remove([4]))
    removed = q.labels == 5
    found = apply_palette(image, edited.palette, mask=removed).labels
    in_rgb = replace(edited.palette, color_space="rgb")
    assert (found != apply_palette(image, in_rgb, mask=removed).labels).any()
    np.testing.assert_array_equal(edited.labels[removed], found[removed])


def test_an_entry_without_pixels_is_removed():
    q = apply_palette(TINY, Palette([BLACK, [9, 9, 9], RED, GREEN, WHITE]))
    edited = edit(q, TINY, Remove([1]))
    assert edited.labels.tolist() == LABELS


def test_sort(tiny):
    edited = edit(tiny, TINY, Sort("population"))
    assert edited.palette.colors.tolist() == [GREEN, RED, WHITE, BLACK]
    assert edited.palette.counts.tolist() == [3, 2, 2, 1]
    assert edited.labels.tolist() == [[4, 2, 2, 1], [1, 1, 3, 3]]
    np.testing.assert_array_equal(edited.image, TINY)
    assert edited.report.psnr == np.inf


@pytest.mark.parametrize(
    "one", [Rename(0, "night"), Lock([1]), Recolor(0, [1, 1, 1]), Sort("lightness")]
)
def test_what_moves_no_pixel_keeps_the_labels_themselves(tiny, one):
    assert edit(tiny, TINY, one).labels is tiny.labels


def test_edits_are_done_one_after_another(tiny):
    edits = [Sort("population"), Rename(0, "leaf"), Merge([3, 1]), Lock([2])]
    edited = edit(tiny, TINY, edits)
    assert edited.palette.as_dict() == {
        "colors": [GREEN, WHITE, [400 / 3, 0, 0]],
        "counts": [3, 2, 3],
        "names": ["leaf", "", ""],
        "color_space": "rgb",
        "units": "uint8",
        "locked": [2],
    }
    assert edited.labels.tolist() == [[3, 3, 3, 1], [1, 1, 2, 2]]
    with pytest.raises(ValueError, match=r"^the entry 2 is locked"):
        edit(edited, TINY, Remove([2]))


def test_no_edit_changes_nothing(tiny):
    assert as_bytes(edit(tiny, TINY, [])) == as_bytes(tiny)


def test_the_run_is_reported_with_the_new_errors():
    q = quantize(TINY, "auto", target_delta_e=5.0)
    assert q.report.delta_e is not None
    edited = edit(q, TINY, Recolor(0, [0, 0, 2]))
    psnr = peak_signal_noise_ratio(TINY, edited.image, data_range=255)
    assert edited.report.psnr == pytest.approx(psnr, rel=1e-12)
    assert edited.report == replace(
        q.report,
        mse=2**2 / 8,
        psnr=edited.report.psnr,
        delta_e=None,
        distance=None,
        n_colors_after=len(q.palette),
    )


# ---------------------------------------------------------------- any image


def test_transparent_pixels_stay_as_they_are():
    image = np.dstack([TINY, [[0, 9, 0, 9], [9, 255, 9, 0]]]).astype(np.uint8)
    q = apply_palette(image, Palette([BLACK, RED, GREEN, WHITE]))
    edited = edit(q, image, [Recolor(1, [1, 2, 3]), Remove([0, 3])])
    assert edited.labels.tolist() == [[0, 1, 0, 2], [2, 2, 2, 0]]
    np.testing.assert_array_equal(edited.image[..., 3], image[..., 3])
    np.testing.assert_array_equal(edited.image[0, 2], image[0, 2])
    assert edited.image[0, 1].tolist() == [1, 2, 3, 9]
    assert edited.image[1, 2].tolist() == [*GREEN, 9]


def test_pixels_without_a_value_stay_as_they_are():
    image = GREY.astype(np.float32)
    image[0, 0], image[1, 3] = np.nan, -np.inf
    q = apply_palette(image, GREY_PALETTE, channel_axis=None)
    edited = edit(q, image, Merge([2, 3]), channel_axis=None)
    assert edited.labels.tolist() == [[0, 1, 2, 3], [3, 3, 3, 0]]
    merged = np.float32((3 * 30 + 40) / 4)
    np.testing.assert_array_equal(
        edited.image, [[np.nan, 10, 20, merged], [merged, merged, merged, -np.inf]]
    )


def test_pixels_outside_a_mask_stay_as_they_are_to_the_last_bit():
    image = np.array([[1, 2, 3, 2**63 - 1], [1, 2, 3, 2**53 + 1]])
    mask = image < 2**53
    palette = Palette([[1], [2], [3]])
    q = apply_palette(image, palette, channel_axis=None, mask=mask)
    edited = edit(q, image, [Recolor(0, [7]), Remove([1])], channel_axis=None)
    assert edited.labels.tolist() == [[1, 2, 2, 0], [1, 2, 2, 0]]
    assert edited.image.tolist() == [[7, 3, 3, 2**63 - 1], [7, 3, 3, 2**53 + 1]]


def test_channels_of_data():
    image = np.moveaxis(np.dstack([TINY, TINY[..., :1]]), -1, 0)
    q = quantize(image, 4, channel_axis=0)
    edited = edit(q, image, Recolor(3, [1, 2, 3, 4]), channel_axis=0)
    assert edited.image[:, 1, 3].tolist() == [1, 2, 3, 4]
    np.testing.assert_array_equal(edited.image[:, 0], image[:, 0])


def test_labels_take_the_smallest_type_that_holds_them():
    image = np.arange(257, dtype=np.uint16).reshape(1, 257)
    q = quantize(image, 257, channel_axis=None)
    dtypes = []
    for entry in (256, 0, 100):
        q = edit(q, image, Remove([entry]), channel_axis=None)
        dtypes.append((len(q.palette), q.labels.dtype, q.indices.dtype))
        assert q.labels.max() == len(q.palette)
    assert dtypes == [
        (256, np.uint16, np.uint8),
        (255, np.uint8, np.uint8),
        (254, np.uint8, np.uint8),
    ]


@st.composite
def edited_images(draw: st.DrawFn):
    """Draw an image, a palette that is applied to it, and edits of that."""
    case = draw(images())
    valid = case.colors[case.valid].astype(np.float64)
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_colors = draw(st.integers(1, 8))
    colors = random.choice(valid, n_colors) + random.integers(0, 3, (n_colors, 1))
    palette = Palette(colors, locked=draw(st.lists(st.integers(0, n_colors - 1))))
    q = apply_palette(case.image, palette, **case.how)
    pixels = (see_pixels(case.image, case.channel_axis),)
    edits, edited = [], IndexedImage(q.palette, (q.labels,))
    for _ in range(draw(st.integers(1, 4))):
        edits.append(draw(edits_of(edited.palette)))
        edited = edit_labelling(edited, edits[-1], pixels, Monitor())
    return case, q, edits


@given(edited_images())
def test_palette_labels_and_picture_stay_one(drawn):
    case, q, edits = drawn
    before = as_bytes(q)
    edited = edit(q, case.image, edits, channel_axis=case.channel_axis)
    assert as_bytes(q) == before
    np.testing.assert_array_equal(edited.labels > 0, q.labels > 0)
    n_colors = len(edited.palette)
    indices = edited.indices[case.valid]
    assert edited.palette.counts.tolist() == (
        np.bincount(indices, minlength=n_colors).tolist()
    )
    expected = case.colors.copy()
    expected[case.valid] = edited.palette.drawn(case.image.dtype)[indices]
    assert case.colors_of(edited.image).tobytes() == expected.tobytes()
    assert edited.image.dtype == case.image.dtype
    if case.channel_axis == -1 and case.image.shape[-1] == 4:
        np.testing.assert_array_equal(edited.image[..., 3], case.image[..., 3])
    before, after = (
        colors[case.valid].astype(np.float64) for colors in (case.colors, expected)
    )
    mse = ((before - after) ** 2).sum(axis=-1).mean()
    assert edited.report.mse == pytest.approx(mse, rel=1e-9)
    assert edited.report.n_colors_after == np.count_nonzero(edited.palette.counts)


@given(edited_images())
def test_each_pixel_goes_where_its_entry_goes_or_to_its_nearest(drawn):
    case, q, edits = drawn
    image = (case.image, case.channel_axis)
    labelling = IndexedImage(q.palette, (q.labels,))
    for one in edits:
        new, places = edit_palette(labelling.palette, one)
        gone = np.zeros_like(case.valid)
        before = labelling.labels[0]
        expected = np.zeros(before.shape, np.int64)
        for entry, place in enumerate(places.tolist()):
            expected[before == entry + 1] = place + 1
            gone |= (before == entry + 1) & (place < 0)
        expected[gone] = nearest_by_search(case.colors[gone], new.colors) + 1
        edited = edit_labelling(labelling, one, (see_pixels(*image),), Monitor())
        np.testing.assert_array_equal(edited.labels[0], expected)
        assert edited.labels[0].dtype == np.uint8
        if isinstance(one, Recolor | Rename | Lock):
            assert edited.labels is labelling.labels
        total = labelling.palette.counts.sum()
        assert edited.palette.counts.sum() == total
        labelling = edited


# ---------------------------------------------------------------- levels and painting


def test_all_levels_are_edited_and_the_largest_is_counted(tiny):
    small = TINY[:, ::2]
    levels = (see_pixels(TINY), see_pixels(small))
    both = IndexedImage(
        tiny.palette, (tiny.labels, apply_palette(small, tiny.palette).labels)
    )
    merged = edit_labelling(both, Merge([0, 3]), (), Monitor())
    assert [labels.tolist() for labels in merged.labels] == [
        [[1, 2, 2, 3], [3, 3, 1, 1]],
        [[1, 2], [3, 1]],
    ]
    assert merged.palette.counts.tolist() == [3, 2, 3]
    removed = edit_labelling(both, Remove([2, 3]), levels, Monitor())
    assert [labels.tolist() for labels in removed.labels] == [
        [[1, 2, 2, 1], [1, 1, 2, 2]],
        [[1, 2], [1, 2]],
    ]
    assert removed.palette.counts.tolist() == [4, 4]


def test_estimates_are_estimates_until_all_is_counted(tiny):
    labelling = IndexedImage(tiny.palette, (tiny.labels,), counts_are_estimates=True)
    for one in (Rename(0, "a"), Merge([2, 1]), Sort("population")):
        labelling = edit_labelling(labelling, one, (), Monitor())
        assert labelling.counts_are_estimates
    pixels = see_pixels(TINY)
    labelling = edit_labelling(labelling, Remove([0]), [pixels], Monitor())
    assert not labelling.counts_are_estimates


def test_a_palette_alone_is_edited():
    edited = edit_labelling(IndexedImage(GREY_PALETTE), Remove([1, 2]), (), Monitor())
    assert edited.palette.colors.tolist() == [[10], [40]]
    assert edited.labels == ()


def test_without_the_image_entries_are_merged_and_not_removed(tiny):
    labelling = IndexedImage(tiny.palette, (tiny.labels,))
    sentence = (
        "removing needs the image, as each pixel goes to its own nearest entry, and "
        "the image is gone: merge the entry with another one."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        edit_labelling(labelling, Remove([0]), (), Monitor())


def test_removing_tells_how_far_it_is_and_can_be_stopped(tiny):
    labelling = IndexedImage(tiny.palette, (tiny.labels,))
    seen = []
    given = (labelling, Remove([0]), (see_pixels(TINY),))
    edit_labelling(*given, Monitor(seen.append))
    assert seen == [("assign", 1000, 1000)]

    def stop(_piece):
        raise InterruptedError

    with pytest.raises(InterruptedError), Monitor(stop) as monitor:
        edit_labelling(*given, monitor)
    assert labelling.labels[0].tolist() == LABELS


def test_labels_beyond_the_palette_stay(tiny):
    painted = tiny.labels.copy()
    painted[0, 0], painted[1, 3] = 9, 200
    labelling = counted(IndexedImage(tiny.palette, (painted,)))
    assert labelling.palette.counts.tolist() == [0, 2, 3, 1]
    for one, expected, counts in [
        (Merge([1, 2]), [[9, 2, 2, 2], [2, 2, 3, 200]], [0, 5, 1]),
        (Remove([2]), [[9, 2, 2, 1], [1, 1, 3, 200]], [3, 2, 1]),
        (Sort("population"), [[9, 2, 2, 1], [1, 1, 3, 200]], [3, 2, 1, 0]),
    ]:
        edited = edit_labelling(labelling, one, (see_pixels(TINY),), Monitor())
        assert edited.labels[0].tolist() == expected
        assert edited.palette.counts.tolist() == counts


def test_painted_labels_beyond_255_keep_their_type():
    labels = np.array([[1, 2], [3, 300]], np.uint16)
    relabelled = relabel(labels, np.array([0, 0, 1]), 2)
    assert relabelled.dtype == np.uint16
    assert relabelled.tolist() == [[1, 1], [2, 300]]
    assert relabel(labels[:1], np.array([1, 0, 2]), 3).dtype == np.uint8


def test_an_entry_painted_where_there_is_no_color_becomes_label_0():
    image = np.array([[1, 2], [3, np.nan]])
    painted = np.array([[1, 2], [2, 3]], np.uint8)
    palette = Palette([[1], [3], [5]])
    labelling = counted(IndexedImage(palette, (painted,)))
    pixels = (see_pixels(image, None),)
    edited = edit_labelling(labelling, Remove([2]), pixels, Monitor())
    assert edited.labels[0].tolist() == [[1, 2], [2, 0]]
    assert edited.palette.counts.tolist() == [1, 2]


def test_a_picture_is_drawn_where_a_label_is_one_of_the_palettes():
    picture = np.full((2, 3, 4), 77, np.uint8)
    labels = np.array([[0, 1, 2], [3, 2, 255]], np.uint8)
    palette = Palette([[1, 2, 3], [4.5, 5.5, 300]])
    redraw_picture(see_pixels(picture), labels, palette, picture)
    rest = [77] * 4
    assert picture.tolist() == [
        [rest, [1, 2, 3, 77], [4, 6, 255, 77]],
        [rest, [4, 6, 255, 77], rest],
    ]


def test_a_picture_of_any_layout_is_drawn_in_place():
    wide = np.zeros((4, 6), ">i8")
    picture = wide[::2, ::2]
    labels = np.asfortranarray(np.array([[0, 1, 2], [2, 1, 0]], np.uint16))
    labels.flags.writeable = False
    redraw_picture(see_pixels(picture, None), labels, Palette([[5], [-6]]), picture)
    assert picture.tolist() == [[0, 5, -6], [-6, 5, 0]]
    assert np.count_nonzero(wide) == 4


@pytest.mark.parametrize("shape", [(3, 4), (1100, 1100)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32])
def test_labels_are_counted(shape, dtype):
    labels = np.random.default_rng(0).integers(0, 9, shape).astype(dtype).T
    labels[0, 0] = np.iinfo(dtype).max
    counts = count_labels(labels, 5)
    assert counts.dtype == np.int64
    assert counts.tolist() == [np.count_nonzero(labels == i) for i in range(1, 6)]


@pytest.mark.parametrize("n_colors", [254, 255, 65_535])
def test_full_types_are_counted(n_colors):
    labels = np.arange(n_colors + 1).reshape(1, -1)
    labels = labels.astype(np.uint8 if n_colors < 256 else np.uint16)
    assert count_labels(labels, n_colors).tolist() == [1] * n_colors


# ---------------------------------------------------------------- what is refused


def test_what_is_no_quantization_is_refused():
    stack = np.arange(8, dtype=np.uint8).reshape(2, 2, 2)
    slices = quantize_slices(stack, 4, channel_axis=None)
    for what, kind in ((stack, "ndarray"), (None, "NoneType"), (slices, "SliceQuan")):
        sentence = f"^quantization is a {kind}.*: pass what `quantize` or `apply_pal"
        with pytest.raises(TypeError, match=sentence):
            edit(what, stack, Lock([0]), channel_axis=None)
        with pytest.raises(TypeError, match=sentence):
            count_all(what)
    assert count_all(slices.whole).palette.counts.tolist() == [2, 2, 2, 2]


def test_another_image_is_refused(tiny):
    sentence = (
        "the image has the shape (2, 3, 3) and the labels (2, 4): pass the image that "
        "was quantized."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        edit(tiny, TINY[:, :3], Sort())
    with pytest.raises(ValueError, match="pass two images of one shape and dtype"):
        edit(tiny, TINY.astype(np.uint16), Sort())


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        (None, "edits is None: pass a list of edits, such as Merge([2, 3])."),
        ("Sort", "edits is 'Sort': pass a list of edits, such as Merge([2, 3])."),
        ([Sort(), 7], "an edit is 7: pass one such as Merge([2, 3])."),
        (Sort, "edits is a type: pass a list of edits, such as Merge([2, 3])."),
    ],
)
def test_what_is_no_edit_is_refused(tiny, what, sentence):
    with pytest.raises(TypeError, match=f"^{re.escape(sentence)}$"):
        edit(tiny, TINY, what)
