"""Stains that travel: a palette of one slide means the same in others.

The slides are of the same cells, drawn from amounts of stains: the nuclei are known.
"""

import re

import dask.array
import numpy as np
import pytest

from napari_colorquant import (
    Merge,
    Palette,
    Remove,
    apply_palette,
    edit,
    error_curve,
    estimate_stains,
    fit_palette,
    normalize_stains,
    quantize,
    quantize_slices,
)
from stained_slides import HDAB, HE, OTHER_HE, cells, stained

CELLS, NUCLEI = cells()
AMOUNTS = CELLS * (0.5, 1)  # nuclei that are paler than their surroundings are pink
FIRST, SECOND = stained(AMOUNTS, HE), stained(AMOUNTS, OTHER_HE, 0.45)
SPACE = {"color_space": "stains"}


def dice(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


def nuclei_in(q, own=NUCLEI):
    """Return the label that the nuclei of a slide have."""
    return 1 + max(range(len(q.palette)), key=lambda i: dice(q.labels == i + 1, own))


def found(space):
    """Return how well the nuclei of both slides are found by a palette of the first."""
    q = quantize(FIRST, 3, color_space=space)
    number, applied = nuclei_in(q), apply_palette(SECOND, q.palette)
    return [dice(one.labels == number, NUCLEI) for one in (q, applied)], applied


def test_a_palette_of_stains_finds_the_nuclei_of_a_slide_stained_otherwise():
    (first, second), applied = found("stains")
    assert min(first, second) >= 0.99
    assert (applied.palette.counts > 1000).all()
    assert applied.report.notes == ()


@pytest.mark.parametrize(
    ("space", "most"), [("rgb", 0.1), ("lab", 0.93), ("ab", 0.3), ("hed", 0.01)]
)
def test_other_spaces_find_them_worse_and_leave_entries_empty(space, most):
    with pytest.warns(UserWarning, match="The palette does not fit: its pixels are "):
        (first, second), applied = found(space)
    assert applied.report.distance > applied.report.most_distance
    assert first >= 0.99
    assert second < most
    assert applied.palette.counts.min() < 100


def test_what_is_applied_is_drawn_in_the_colors_of_the_palette():
    palette = quantize(FIRST, 3, **SPACE).palette
    q = apply_palette(SECOND, palette)
    np.testing.assert_array_equal(q.palette.colors, palette.colors)
    assert q.palette.stains == palette.stains
    np.testing.assert_array_equal(q.image, palette.drawn("uint8")[q.labels - 1])
    own = np.linalg.norm(q.report.stains, axis=1)
    np.testing.assert_allclose(own, np.linalg.norm(palette.stains, axis=1) * 0.45, 0.05)


def test_one_scale_keeps_real_differences():
    palette = quantize(FIRST, 3, **SPACE).palette
    scale = np.linalg.norm(palette.stains, axis=1)
    with pytest.warns(UserWarning, match="The palette does not fit: .* has label 1,"):
        pale = apply_palette(SECOND, palette, stains=OTHER_HE, stain_scale=scale)
    assert (pale.labels[NUCLEI] != nuclei_in(quantize(FIRST, 3, **SPACE))).all()
    again = apply_palette(SECOND, palette, stains=OTHER_HE, stain_scale=0.45 * scale)
    assert dice(again.labels == 1, NUCLEI) >= 0.99


def test_a_slide_without_dab_has_none():
    amounts = CELLS.copy()
    amounts[..., 1] = NUCLEI[::-1] * 0.8  # what is brown
    brown = (amounts[..., 1] > 0) & (amounts[..., 0] == 0)
    palette = quantize(stained(amounts, HDAB), 3, stains=HDAB, **SPACE).palette
    entry = nuclei_in(apply_palette(stained(amounts, HDAB), palette), brown)
    without = stained(CELLS * (1, 0), HDAB, 0.6)
    with pytest.warns(UserWarning, match="Stain 2|does not fit"):
        q = apply_palette(without, palette)
    assert q.palette.counts[entry - 1] == 0
    assert [note.partition(" of ")[0] for note in q.report.notes[:2]] == [
        "Stain 2",
        "Stain 2 has an optical density",
    ]
    assert q.report.unfit == f"no label {entry}"
    with pytest.warns(UserWarning, match="Stain 2|does not fit"):
        given = apply_palette(without, palette, stains=HDAB)
    assert given.report.notes[0].startswith("Stain 2 has an optical density of 0.0")
    assert given.palette.counts[entry - 1] == 0
    assert given.report.unfit == f"no label {entry}"


def test_three_stains_are_given_and_travel_by_their_scales():
    three = np.array([*HE, HDAB[1]])
    amounts = np.dstack([CELLS, 0.8 * (NUCLEI[::-1] & ~NUCLEI)])
    q = quantize(stained(amounts, three), 4, stains=three, **SPACE)
    assert len(q.palette.stains) == 3
    pale = apply_palette(stained(amounts, three, 0.6), q.palette)
    assert (pale.labels == q.labels).mean() > 0.99


def test_lazy_slides_have_the_labels_that_they_have_in_memory():
    lazy = [dask.array.from_array(one, (100, 70, 3)) for one in (FIRST, SECOND)]
    q, expected = quantize(lazy[0], 3, **SPACE), quantize(FIRST, 3, **SPACE)
    np.testing.assert_array_equal(q.labels, expected.labels)
    applied, expected = (apply_palette(one, q.palette) for one in (lazy[1], SECOND))
    np.testing.assert_array_equal(applied.labels, expected.labels)
    np.testing.assert_array_equal(applied.image, expected.image)


def test_a_cluster_gives_the_labels_of_this_machine(client):
    lazy = [dask.array.from_array(one, (100, 70, 3)) for one in (FIRST, SECOND)]
    q, expected = quantize(lazy[0], 3, **SPACE), quantize(FIRST, 3, **SPACE)
    np.testing.assert_array_equal(q.labels, expected.labels)
    applied, expected = (apply_palette(one, q.palette) for one in (lazy[1], SECOND))
    np.testing.assert_array_equal(applied.labels, expected.labels)
    np.testing.assert_array_equal(applied.image, expected.image)
    regions = np.where(NUCLEI, 1, 2)
    regions[:, 192:] = 0
    found = estimate_stains(lazy[0], regions=regions)
    np.testing.assert_array_equal(found, estimate_stains(FIRST, regions=regions))
    redrawn = normalize_stains(lazy[0], SECOND)
    np.testing.assert_array_equal(redrawn, normalize_stains(FIRST, SECOND))


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_other_units_have_the_same_labels(dtype):
    q = quantize(FIRST, 3, **SPACE)
    other = stained(AMOUNTS, HE, dtype=dtype)
    assert (quantize(other, 3, **SPACE).labels == q.labels).mean() > 0.999
    assert (apply_palette(other, q.palette).labels == q.labels).mean() > 0.999


def test_weights_are_one_for_each_stain():
    q = quantize(FIRST, 2, weights=(1, 1e-6), **SPACE)
    assert dice(q.labels == nuclei_in(q), NUCLEI) >= 0.99
    sentence = "weights hold 3 numbers: pass 2, one for each channel."
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        quantize(FIRST, 2, weights=(1, 1, 2), **SPACE)


@pytest.mark.parametrize("suffix", [".json", ".csv"])
def test_files_keep_the_stains(tmp_path, suffix):
    palette = fit_palette(FIRST, 3, **SPACE)
    palette.save(tmp_path / f"a{suffix}")
    read = Palette.load(tmp_path / f"a{suffix}")
    assert (read.stains, read.color_space) == (palette.stains, "stains")
    q, expected = apply_palette(SECOND, read), apply_palette(SECOND, palette)
    np.testing.assert_array_equal(q.labels, expected.labels)


def test_a_fixed_palette_that_text_has_rounded_is_of_the_same_stains():
    palette = fit_palette(FIRST, 3, **SPACE)
    rounded = Palette(
        palette.colors, color_space="stains", stains=np.round(palette.stains, 4)
    )
    scale = np.linalg.norm(palette.stains, axis=1)
    given = {"stains": palette.stains, "stain_scale": scale, **SPACE}
    q = quantize(FIRST, 4, fixed=rounded, **given)
    expected = quantize(FIRST, 4, fixed=palette.colors, **given)
    np.testing.assert_array_equal(q.labels, expected.labels)
    others = Palette(
        palette.colors, color_space="stains", stains=np.array(palette.stains) + 2e-4
    )
    with pytest.raises(ValueError, match=r"^the fixed palette is of the stains of"):
        quantize(FIRST, 4, fixed=others, **given)


def test_a_palette_for_other_programs_has_no_space_that_nobody_knows(tmp_path):
    fit_palette(FIRST, 3, **SPACE).save(tmp_path / "a.gpl")
    assert Palette.load(tmp_path / "a.gpl").color_space == "rgb"


def test_edits_compare_in_the_stains_of_the_image():
    palette = quantize(FIRST, 4, **SPACE).palette
    q = apply_palette(SECOND, palette)
    gone = edit(q, SECOND, Remove([0]))
    expected = apply_palette(SECOND, palette.select([1, 2, 3]))
    np.testing.assert_array_equal(gone.labels, expected.labels)
    merged = edit(q, SECOND, Merge([0, 1]))
    assert merged.palette.stains == palette.stains


def test_painted_classes_slices_and_the_curve_compare_in_stains():
    seeds = np.zeros((256, 256), np.uint8)
    seeds[NUCLEI & (np.arange(256) < 128)] = 1
    q = quantize(FIRST, 3, seeds=seeds, **SPACE)
    number = 1 + q.palette.names.index("class 1")
    assert dice(q.labels == number, NUCLEI) >= 0.99
    stack = quantize_slices(np.stack([FIRST, FIRST[::-1]]), 3, **SPACE)
    assert len({palette.stains for palette in stack.palettes}) == 1
    np.testing.assert_array_equal(stack.labels[0], stack.labels[1][::-1])
    points = error_curve(FIRST, max_colors=4, **SPACE).points
    assert [point.n_colors for point in points] == [2, 3, 4]


def test_a_run_can_be_repeated_from_its_report():
    q = quantize(FIRST, 3, **SPACE)
    asked = q.report.parameters
    again = quantize(
        FIRST, 3, stains=asked.stains, stain_scale=asked.stain_scale, **SPACE
    )
    np.testing.assert_array_equal(again.palette.colors, q.palette.colors)
    assert again.palette.stains == q.palette.stains
    assert type(asked).from_dict(asked.as_dict()) == asked


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: quantize(FIRST, 3, stains=HE),
            "stains is for color_space='stains', and color_space is 'rgb': pass one or "
            "the other.",
        ),
        (
            lambda: Palette([[1, 2, 3]], color_space="stains"),
            "color_space is 'stains', and stains are missing: pass stains where "
            "color_space='stains', and only there.",
        ),
        (
            lambda: Palette([[1, 2, 3]], stains=HE),
            "color_space is 'rgb', and stains are passed: pass stains where "
            "color_space='stains', and only there.",
        ),
        (
            lambda: apply_palette(FIRST, Palette([[1, 2, 3]]), stains=HE),
            "stains is for color_space='stains', and color_space is 'rgb': pass one or "
            "the other.",
        ),
        (
            lambda: apply_palette(
                FIRST, fit_palette(FIRST, 3, **SPACE), stains=np.eye(3)
            ),
            "stains are 3, and the palette is of 2: pass as many.",
        ),
        (
            lambda: quantize(FIRST, 4, fixed=fit_palette(SECOND, 3, **SPACE), **SPACE),
            "the fixed palette is of the stains of a slide: pass these as stains and "
            "stain_scale, or colors alone.",
        ),
        (
            lambda: quantize(FIRST, 3, stains=HE, stain_scale=[1, 1, 1], **SPACE),
            "stain_scale holds 3: pass 2 numbers, one for each stain.",
        ),
    ],
)
def test_what_cannot_be_is_one_sentence(call, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        call()
