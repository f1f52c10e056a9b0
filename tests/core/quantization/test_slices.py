"""One palette a slice, and labels that mean the same in all of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_colorquant import Palette, Parameters, quantize, quantize_slices
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.pixels import see_pixels
from napari_colorquant.core.quantization.slices import quantize_stack


def movie(*frames):
    """Return frames of two rows, one channel."""
    return np.array([[frame, frame[::-1]] for frame in frames], np.uint8)


def grey(stack, n_colors, **options):
    return quantize_slices(stack, n_colors, channel_axis=None, **options)


def test_entries_follow_their_colors_from_slice_to_slice():
    # Blue brightens and red dims, until red is the darker one.
    blue = [[0, 0, value] for value in (100, 130, 160, 190)]
    red = [[value, 0, 0] for value in (200, 170, 140, 110)]
    stack = np.array([[[b, r], [r, b]] for b, r in zip(blue, red, strict=True)])
    stack = stack.astype(np.uint8)
    q = quantize_slices(stack, 2)
    assert q.labels.tolist() == [[[1, 2], [2, 1]]] * 4
    assert [p.colors.tolist() for p in q.palettes] == [
        list(pair) for pair in zip(blue, red, strict=True)
    ]
    np.testing.assert_array_equal(q.image, stack)
    assert quantize(stack[3], 2).labels.tolist() == [[2, 1], [1, 2]]


def test_the_sum_of_the_differences_is_the_least():
    # Entry by entry, 60 would go to 50 and leave 110 to 0.
    stack = movie([0, 50], [60, 110])
    assert [p.colors[:, 0].tolist() for p in grey(stack, 2).palettes] == [
        [0, 50],
        [60, 110],
    ]


def test_each_slice_is_quantized_as_alone(china):
    stack = np.stack([china[:60, :80], china[60:120, :80], china[120:180, :80] // 2])
    q = quantize_slices(stack, 12, method="wu", random_state=3)
    for i, one in enumerate(stack):
        alone = quantize(one, 12, method="wu", random_state=3)
        np.testing.assert_array_equal(q.image[i], alone.image)
        palette = q.palettes[i]
        assert sorted(palette.colors.tolist()) == sorted(alone.palette.colors.tolist())
        assert palette.counts.tolist() == np.bincount(q.labels[i].ravel())[1:].tolist()
        np.testing.assert_array_equal(
            palette.drawn(np.uint8)[q.labels[i] - 1], alone.image
        )
        assert q.reports[i].mse == alone.report.mse
    np.testing.assert_array_equal(
        q.palettes[0].colors, quantize(stack[0], 12, method="wu").palette.colors
    )


def test_the_axis_may_be_any_and_counts_those_of_the_image():
    stack = np.random.default_rng(0).integers(0, 255, (4, 6, 3, 5), np.uint8)
    q = quantize_slices(stack, 4, slice_axis=3, channel_axis=2)
    assert len(q.palettes) == 5
    assert q.slice_axis == 3
    assert q.image.shape == stack.shape
    assert q.labels.shape == (4, 6, 5)
    alone = quantize(stack[..., 0], 4, channel_axis=2)
    np.testing.assert_array_equal(q.labels[..., 0], alone.labels)
    np.testing.assert_array_equal(q.image[..., 0], alone.image)
    same = quantize_slices(stack, 4, slice_axis=-1, channel_axis=2)
    np.testing.assert_array_equal(same.labels, q.labels)


def test_opacity_and_masks_are_those_of_each_slice():
    stack = np.random.default_rng(0).integers(0, 255, (3, 8, 9, 4), np.uint8)
    stack[..., 3] = 255
    stack[1, 2, 3, 3] = 0
    mask = np.ones((3, 8, 9), bool)
    mask[2, 4:] = False
    q = quantize_slices(stack, 4, mask=mask)
    left_out = ~mask
    left_out[1, 2, 3] = True
    np.testing.assert_array_equal(q.labels == 0, left_out)
    np.testing.assert_array_equal(q.image[left_out], stack[left_out])
    assert q.report.n_pixels == np.count_nonzero(~left_out)


def test_a_slice_of_few_colors_leaves_the_others_to_its_neighbours():
    stack = movie([10, 10], [12, 90], [91, 91], [5, 92])
    with pytest.warns(UserWarning, match="^Slice 0: The image has only 1 color: .* 2 "):
        q = grey(stack, 2)
    assert [p.colors[:, 0].tolist() for p in q.palettes] == [
        [10, 90],  # as the slice after has it
        [12, 90],
        [12, 91],  # as the slice before
        [5, 92],
    ]
    assert [p.counts.tolist() for p in q.palettes] == [[4, 0], [2, 2], [0, 4], [2, 2]]
    assert q.labels[:, 0].tolist() == [[1, 1], [1, 2], [2, 2], [1, 2]]


def test_the_palette_of_the_stack_is_the_mean_over_its_pixels():
    stack = movie([0, 100, 100], [40, 104, 104], [20, 20, 108])
    q = grey(stack, 2)
    assert q.palette.colors[:, 0].tolist() == [20, pytest.approx(103.2)]
    assert q.palette.counts.tolist() == [8, 10]
    assert q.whole.palette.colors.tolist() == q.palette.colors.tolist()
    np.testing.assert_array_equal(q.indices, q.labels - 1)


def test_fixed_colors_keep_their_labels():
    # Without them, 10 would go to 0 and 0 to 20: a smaller sum.
    fixed = Palette([[10]], names=["ten"], locked=[0])
    stack = movie([10, 20, 10], [10, 0, 0])
    q = grey(stack, 2, fixed=fixed)
    assert [p.colors[:, 0].tolist() for p in q.palettes] == [[10, 20], [10, 0]]
    assert all(p.names == ("ten", "") for p in q.palettes)
    assert all(p.locked == (0,) for p in q.palettes)


def test_the_number_may_be_found_for_each_slice():
    rows = np.arange(256, dtype=np.uint8).reshape(16, 16)
    stack = np.stack([rows // 64 * 80, rows, rows // 64 * 80])
    q = grey(stack, "auto", target_psnr=40)
    in_use = [np.count_nonzero(p.counts) for p in q.palettes]
    assert in_use[0] == in_use[2] == 4
    assert in_use[1] > 8
    assert {len(p) for p in q.palettes} == {in_use[1]}
    np.testing.assert_array_equal(q.labels[0], q.labels[2])


def test_the_report_of_the_stack():
    stack = np.random.default_rng(0).integers(0, 255, (3, 20, 20), np.uint8)
    q = grey(stack, 5)
    errors = (stack.astype(float) - q.image) ** 2
    assert q.report.mse == pytest.approx(errors.mean())
    assert q.report.psnr == pytest.approx(
        20 * np.log10(255) - 10 * np.log10(errors.mean())
    )
    assert q.report.n_pixels == q.report.n_sampled == 1200
    assert q.report.n_colors_after == 5
    assert q.report.parameters == Parameters(n_colors=5)
    assert "→ 5 colors" in q.report.summary()


def test_the_progress_is_that_of_all_slices():
    pixels = see_pixels(np.arange(96, dtype=np.uint8).reshape(3, 4, 8), None)
    parameters = Parameters(n_colors=4)
    seen = []
    quantize_stack([pixels], parameters, 0, Monitor(seen.append))
    done = [piece.done for piece in seen]
    assert done == sorted(done)
    assert set(done) >= {round(1000 * n / 9) for n in range(1, 10)}
    assert {piece.total for piece in seen} == {1000}


@given(arrays(np.uint8, (4, 3, 3), elements=st.integers(0, 40)))
def test_any_stack_is_drawn_in_its_palettes(stack):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        q = grey(stack, 4)
    assert len({len(p) for p in q.palettes}) == 1
    for palette, labels, picture in zip(q.palettes, q.labels, q.image, strict=True):
        np.testing.assert_array_equal(palette.drawn(np.uint8)[labels - 1, 0], picture)
        counts = np.bincount(labels.ravel(), minlength=len(palette) + 1)[1:]
        np.testing.assert_array_equal(palette.counts, counts)


@pytest.mark.parametrize(
    ("shape", "channel_axis", "slice_axis", "said"),
    [
        ((3, 4), None, 0, "which has three or more.$"),
        ((4, 5, 3), -1, 0, "with channels in axis 2: .* which has three or more.$"),
        ((2, 4, 5, 3), -1, 3, "one of 0, 1, 2.$"),
        ((2, 4, 5, 3), -1, -1, "one of 0, 1, 2.$"),
        ((2, 4, 5), None, 3, "one of 0, 1, 2.$"),
        ((2, 4, 5), None, "t", "one of 0, 1, 2.$"),
        ((2, 4, 5), None, 1.0, "^slice_axis is 1.0, and .* one of 0, 1, 2.$"),
        ((2, 4, 5), None, True, "^slice_axis is True, and .* one of 0, 1, 2.$"),
        (
            (2, 4, 5),
            None,
            np.array([0, 1]),
            "^slice_axis is an array.* one of 0, 1, 2.$",
        ),
    ],
)
def test_what_is_no_axis_of_slices_is_refused(shape, channel_axis, slice_axis, said):
    with pytest.raises(ValueError, match=said):
        quantize_slices(
            np.zeros(shape, np.uint8), slice_axis=slice_axis, channel_axis=channel_axis
        )


def test_a_slice_without_pixels_has_the_colors_of_the_nearest():
    stack = movie([1, 2], [10, 20], [3, 4], [5, 6], [30, 12], [7, 8])
    mask = np.zeros(stack.shape, bool)
    mask[[1, 4]] = True
    sentence = "^Slice 0: no pixel can be quantized. So it is in 4 of 6 slices.$"
    with pytest.warns(UserWarning, match=sentence):
        q = grey(stack, 2, mask=mask)
    first, second = [10, 20], [12, 30]
    assert [p.colors[:, 0].tolist() for p in q.palettes] == [
        *(first, first, first),
        *(second, second, second),
    ]
    assert [p.counts.tolist() for p in q.palettes] == [
        *([0, 0], [2, 2], [0, 0]),
        *([0, 0], [2, 2], [0, 0]),
    ]
    assert q.labels[:, 0].tolist() == [[0, 0], [1, 2], [0, 0], [0, 0], [2, 1], [0, 0]]
    np.testing.assert_array_equal(q.image, stack)
    assert q.palette.counts.tolist() == [4, 4]
    assert q.report.n_pixels == 8
    assert q.report.mse == 0
    assert [r.n_pixels for r in q.reports] == [0, 4, 0, 0, 4, 0]
    assert q.reports[0].notes == ("no pixel can be quantized.",)


def test_at_a_tie_the_earlier_slice_is_the_nearest():
    stack = movie([10, 20], [0, 0], [12, 30]).astype(float)
    stack[1] = np.nan
    with pytest.warns(UserWarning, match="^Slice 1: no pixel can be quantized.$"):
        q = grey(stack, 2)
    assert q.palettes[1].colors[:, 0].tolist() == [10, 20]
    assert np.isnan(q.image[1]).all()
    assert q.labels[2, 0].tolist() == [1, 2]


def test_transparent_slices_stay_as_they_are():
    stack = np.random.default_rng(0).integers(0, 255, (3, 8, 9, 4), np.uint8)
    stack[..., 3] = 255
    stack[0, ..., 3] = 0
    with pytest.warns(UserWarning, match="^Slice 0: no pixel can be quantized.$"):
        q = quantize_slices(stack, 4)
    rest = quantize_slices(stack[1:], 4)
    np.testing.assert_array_equal(q.image[0], stack[0])
    np.testing.assert_array_equal(q.image[1:], rest.image)
    np.testing.assert_array_equal(q.labels[1:], rest.labels)
    np.testing.assert_array_equal(q.palette.colors, rest.palette.colors)
    assert (q.report.mse, q.report.psnr) == (rest.report.mse, rest.report.psnr)


def test_a_slice_that_learns_nothing_has_the_palette_of_the_nearest():
    stack = movie([11, 18], [10, 20], [3, 4])
    mask, learn_mask = np.ones(stack.shape, bool), np.zeros(stack.shape, bool)
    mask[2], learn_mask[1] = False, True
    with pytest.warns(UserWarning, match="^Slice [02]: no pixel ") as told:
        q = grey(stack, 2, mask=mask, learn_mask=learn_mask)
    assert [str(one.message) for one in told] == list(q.report.notes)
    assert q.report.notes == (
        "Slice 0: no pixel to learn from was found: it has the palette of a slice "
        "nearby.",
        "Slice 2: no pixel can be quantized.",
    )
    assert [p.colors[:, 0].tolist() for p in q.palettes] == [[10, 20]] * 3
    assert [p.counts.tolist() for p in q.palettes] == [[2, 2], [2, 2], [0, 0]]
    assert q.labels[:, 0].tolist() == [[1, 2], [1, 2], [0, 0]]
    assert q.image[:, 0].tolist() == [[10, 20], [10, 20], [3, 4]]
    assert q.report.mse == (2 * 1 + 2 * 4) / 8
    assert q.report.n_sampled == 4


def test_the_difference_in_color_is_that_of_the_slices_that_learned():
    stack = np.random.default_rng(0).integers(0, 255, (2, 8, 9, 3), np.uint8)
    learn_mask = np.zeros(stack.shape[:3], bool)
    learn_mask[1] = True
    how = {"target_delta_e": 8.0}
    with pytest.warns(UserWarning, match="^Slice 0: no pixel to learn from was found"):
        q = quantize_slices(stack, "auto", learn_mask=learn_mask, **how)
    assert q.report.delta_e == quantize(stack[1], "auto", **how).report.delta_e


def test_fixed_colors_are_in_the_palette_of_an_empty_slice():
    stack = movie([10, 20], [50, 20])
    mask = np.ones(stack.shape, bool)
    mask[0] = False
    with pytest.warns(UserWarning, match="^Slice 0: "):
        q = grey(stack, 2, mask=mask, fixed=Palette([[20]], names=["x"], locked=[0]))
    assert [p.colors[:, 0].tolist() for p in q.palettes] == [[20, 50]] * 2
    assert all(p.names == ("x", "") and p.locked == (0,) for p in q.palettes)


@pytest.mark.parametrize(
    ("which", "said"),
    [
        ("mask", "^slice 0 of the stack: no pixel of the image can be quantized"),
        ("learn_mask", "^slice 0 of the stack: where the palette is learned, no pixel"),
    ],
)
def test_a_stack_without_pixels_is_refused(which, said):
    stack = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    with pytest.raises(ValueError, match=said):
        grey(stack, 2, **{which: np.zeros(stack.shape, bool)})


def test_palettes_too_large_to_match_are_refused():
    stack = np.arange(2 * 80 * 80, dtype=np.uint16).reshape(2, 80, 80)
    sentence = "^the palette of slice 0 has 5,000 colors, and at most 4,096 are matched"
    with pytest.raises(ValueError, match=sentence):
        grey(stack, 5000, method="random")
