"""The stains of the slide, chosen without a window."""

from __future__ import annotations

import re
from functools import partial

import dask.array
import numpy as np
import pytest

import napari_colorquant
from napari_colorquant import (
    Palette,
    apply_palette,
    estimate_stains,
    quantize,
    stain_scales,
)
from napari_colorquant.core.learn.parameters import DEFAULTS
from napari_colorquant.viewer.layers.metadata import METADATA_KEY as KEY
from napari_colorquant.viewer.layers.preview import coarse
from napari_colorquant.viewer.session.choices.stain_choice import PaletteStains
from napari_colorquant.viewer.session.script import script_of
from napari_colorquant.viewer.session.session import Session
from shell import save
from stained_slides import HDAB, HE, OTHER_HE, cells, stained

CELLS, NUCLEI = cells(128, 15)
FIRST, SECOND = stained(CELLS, HE), stained(CELLS, OTHER_HE, 0.6)
PAINTED = np.where(NUCLEI, 1, 2)
PAINTED[:, 96:] = 0
SPACE = {"color_space": "stains"}
LEARNED = quantize(FIRST, 3, **SPACE)


def vectors_of(image):
    return estimate_stains(image, regions=PAINTED)


@pytest.fixture
def session(viewer_model):
    viewer_model.add_image(FIRST, name="first", rgb=True)
    session = Session(viewer_model)
    session.choose(n_colors=3, **SPACE)
    yield session
    session.close()


@pytest.fixture
def applied(session, viewer_model):
    """The session with the palette of the first slide, to apply to a second one."""
    viewer_model.add_image(SECOND, name="second", rgb=True)
    session.opening.offer_palette(LEARNED.palette.uncounted(), "of first")
    return session


def paint(session, painted=PAINTED, name="painted"):
    layer = session.viewer.add_labels(painted, name=name)
    session.staining.choose(layer)
    return layer


def newest(session):
    return session.viewer.layers[-1]


def repeated(session, image):
    """Return what the copied script makes of an image."""
    script = script_of(newest(session).metadata[KEY])
    given = {"image": image, "np": np}
    names = ("quantize", "apply_palette", "Palette")
    given |= {name: getattr(napari_colorquant, name) for name in names}
    making = re.search(r"^(palette = .*?|q = .*?)^print", script, re.S | re.M)[1]
    exec(making, given)
    return given["q"]


@pytest.mark.parametrize("kind", ["memory", "lazy"])
def test_stains_are_learned_where_they_are_painted(session, viewer_model, kind):
    if kind == "lazy":
        viewer_model.layers[0].data = dask.array.from_array(FIRST, (50, 70, 3))
    paint(session)
    assert session.quantize() == ""
    expected = quantize(FIRST, 3, stains=vectors_of(FIRST), **SPACE)
    np.testing.assert_array_equal(newest(session).data, expected.labels)
    found = newest(session).metadata[KEY]["parameters"]["stains"]
    np.testing.assert_allclose(found, vectors_of(FIRST), rtol=1e-12)
    np.testing.assert_array_equal(repeated(session, FIRST).labels, expected.labels)


def test_stains_of_a_palette_are_those_of_another_slide(session, viewer_model):
    assert session.quantize() == ""
    stains = PaletteStains("first (3 colors)", LEARNED.palette.stains)
    assert session.staining.choices()[1] == ("Palette: first (3 colors)", stains)
    session.staining.choose(stains)
    viewer_model.add_image(SECOND, name="second", rgb=True)
    assert session.staining.source == stains
    assert session.quantize() == ""
    expected = quantize(SECOND, 3, stains=LEARNED.palette.stains, **SPACE)
    np.testing.assert_array_equal(newest(session).data, expected.labels)
    np.testing.assert_array_equal(repeated(session, SECOND).labels, expected.labels)
    # The palette that is shown is another one now, and the chosen one is still there.
    assert [words for words, _ in session.staining.choices()[:3]] == [
        "Estimated",
        "Palette: first (3 colors)",
        "Palette: second (3 colors)",
    ]


def test_stains_that_are_chosen_stay_when_a_result_of_that_name_is_made_anew(session):
    before = PaletteStains("first (3 colors)", tuple(map(tuple, HDAB.tolist())))
    session.staining.choose(before)
    session.choose(color_space="stains")
    session.opening.offer_palette(LEARNED.palette.uncounted(), "first (3 colors)")
    now = PaletteStains("first (3 colors)", LEARNED.palette.stains)
    assert session.staining.source == before
    assert session.staining.choices()[1:] == [
        ("Palette: first (3 colors)", before),
        ("Palette: first (3 colors), as it is now", now),
    ]


def test_one_scale_is_that_of_all_slides(session):
    session.choose(stain_scale="0.8 1.1")
    assert session.quantize() == ""
    expected = quantize(FIRST, 3, stain_scale=(0.8, 1.1), **SPACE)
    np.testing.assert_array_equal(newest(session).data, expected.labels)
    np.testing.assert_array_equal(repeated(session, FIRST).labels, expected.labels)
    assert session.parameters.stain_scale == (0.8, 1.1)
    session.choose(stain_scale="")
    assert session.parameters.stain_scale is None


@pytest.mark.parametrize("is_painted", [False, True])
def test_the_scale_of_a_slide_is_taken(session, is_painted):
    if is_painted:
        paint(session)
    session.choose(stain_scale="no number")
    assert session.staining.take_scale() == ""
    text = session.choices.now["stain_scale"]
    stains = vectors_of(FIRST) if is_painted else None
    expected = stain_scales(FIRST, stains)
    assert text == ", ".join(f"{scale:.4g}" for scale in expected)
    assert session.message == (
        f"Full staining is now {text} in all slides, as in first."
    )
    np.testing.assert_allclose(session.parameters.stain_scale, expected, rtol=5e-4)


def test_a_pale_stain_is_told_when_its_scale_is_taken(session, notifications):
    session.viewer.layers[0].data = stained(CELLS * (1, 0.1), HE)
    session.staining.choose(PaletteStains("HE", tuple(map(tuple, HE))))
    assert session.staining.take_scale() == ""
    ((kind, told),) = notifications
    assert kind == "warning"
    assert told.startswith("Stain 2 has an optical density of 0.0")


def test_what_was_used_is_told(session):
    assert session.staining.used is None
    session.staining.choose(PaletteStains("HDAB", tuple(map(tuple, HDAB))))
    session.choose(stain_scale="0.8, 1.1")
    assert session.quantize() == ""
    used = session.staining.used
    assert used.name == "first (3 colors)"
    assert used.degrees == pytest.approx(np.rad2deg(np.arccos(HDAB[0] @ HDAB[1])))
    for stain, vector, scale in zip(used.stains, HDAB, (0.8, 1.1), strict=True):
        np.testing.assert_allclose(stain.vector, vector, rtol=1e-12)
        assert stain.scale == pytest.approx(scale)
        light = 255 * 10.0 ** -(scale * vector)
        np.testing.assert_allclose(stain.color, light, atol=0.51)


@pytest.mark.filterwarnings("ignore:The palette does not fit")  # in another scale
def test_a_palette_is_applied_through_painted_stains_in_one_scale(applied):
    paint(applied)
    applied.choose(stain_scale="0.5, 0.6")
    assert applied.apply_palette() == ""
    stains = vectors_of(SECOND)
    expected = apply_palette(
        SECOND, LEARNED.palette, stains=stains, stain_scale=(0.5, 0.6)
    )
    np.testing.assert_array_equal(newest(applied).data, expected.labels)
    used = [one.vector for one in applied.staining.used.stains]
    np.testing.assert_allclose(used, stains, rtol=1e-12)
    np.testing.assert_array_equal(repeated(applied, SECOND).labels, expected.labels)


def test_a_script_says_stains_that_were_estimated(applied):
    assert applied.apply_palette() == ""
    expected = apply_palette(SECOND, LEARNED.palette)
    np.testing.assert_array_equal(repeated(applied, SECOND).labels, expected.labels)
    assert "stain_scale=" in script_of(newest(applied).metadata[KEY])


@pytest.mark.filterwarnings("ignore:The palette does not fit")  # in another scale
@pytest.mark.parametrize("text", ["", "0.5, 0.6"])
def test_many_slides_have_their_own_stains_or_one_scale(applied, tmp_path, text):
    applied.choose(stain_scale=text)
    assert applied.batch.apply_to_layers(of_all=True) == ""
    scale = (0.5, 0.6) if text else None
    for image, labels in ((FIRST, -3), (SECOND, -1)):
        expected = apply_palette(image, LEARNED.palette, stain_scale=scale)
        found = applied.viewer.layers[labels].data
        np.testing.assert_array_equal(found, expected.labels)

    (tmp_path / "in").mkdir()
    save(str(tmp_path / "in" / "a.png"), SECOND)
    assert applied.batch.apply_to_files(tmp_path / "in", tmp_path / "out") == ""
    counts = applied.areas.table["pixels"].tolist()
    assert counts == expected.palette.counts.tolist()


def test_stains_painted_on_another_slide_are_left_and_told(session, viewer_model):
    layer = paint(session)
    viewer_model.add_image(SECOND, name="second", rgb=True)
    assert session.staining.source is None
    assert session.message.endswith(
        "\n'painted' shows the stains of first: Stains is 'Estimated' again."
    )
    session.staining.choose(layer)
    assert session.staining.source is layer
    viewer_model.layers.remove(layer)
    assert session.staining.source is None


def test_painting_and_choosing_change_a_live_result(session):
    wanted = []
    session.events.preview_wanted.connect(lambda: wanted.append(1))
    session.choose_live(True)
    layer = paint(session, np.where(PAINTED == 1, 1, 0))
    wanted.clear()
    layer.data_setitem(np.nonzero(PAINTED == 2), 2)
    assert wanted
    session.update_preview()
    expected = quantize(FIRST, 3, stains=vectors_of(FIRST), **SPACE)
    np.testing.assert_array_equal(newest(session).data, expected.labels)
    wanted.clear()
    session.choose(stain_scale="1, 1")
    assert wanted


def test_a_coarser_view_has_the_stains_of_the_whole(session, monkeypatch):
    coarser = partial(coarse, max_pixels=2000)
    monkeypatch.setattr("napari_colorquant.viewer.tasks.work.coarse", coarser)
    paint(session)
    session.choose_live(True)
    session.update_preview()
    assert newest(session).data.size <= 2000
    found = newest(session).metadata[KEY]["parameters"]["stains"]
    np.testing.assert_allclose(found, vectors_of(FIRST), rtol=1e-12)


def test_another_space_has_no_stains(session):
    paint(session)
    session.choose(color_space="lab", stain_scale="1, 1")
    assert session.quantize() == ""
    np.testing.assert_array_equal(
        newest(session).data, quantize(FIRST, 3, color_space="lab").labels
    )


def test_defaults_have_estimated_stains(session):
    paint(session)
    session.choose(stain_scale="1, 1")
    session.reset_parameters()
    assert session.parameters == DEFAULTS
    session.choose(**SPACE)
    assert session.staining.source is None
    assert (session.parameters.stains, session.parameters.stain_scale) == (None, None)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1", "Full staining holds 1: choose 2 numbers, one for each stain."),
        ("1, 1, 1", "Full staining holds 3: choose 2 numbers, one for each stain."),
        ("1, 1, 1, 1", "Full staining holds 4: choose 3 numbers, one for each stain."),
        (
            "0, 1",
            "Full staining is 0.0: choose a number above 0.",
        ),
        (
            "one, two",
            "The densities of full staining 'one, two' are no numbers with commas "
            "between them.",
        ),
    ],
)
def test_scales_that_cannot_be_are_refused(session, text, sentence):
    session.choose(stain_scale=text)
    assert session.quantize() == session.message == sentence


@pytest.mark.parametrize(
    ("painted", "sentence"),
    [
        (
            0 * PAINTED,
            "Failed: Nothing is painted in 'painted' where 'first' lies: paint some "
            "pixels of each stain.",
        ),
        (
            np.where(PAINTED == 1, 1, 0),
            "Failed: The painted stains have the numbers 1: number them 1 and 2 or 1, "
            "2 and 3, one for each stain.",
        ),
    ],
)
def test_stains_that_are_not_painted_are_refused(session, painted, sentence):
    paint(session, painted)
    assert session.quantize() == ""
    assert session.message == sentence


def test_stains_that_a_palette_cannot_have_are_refused(applied):
    possible = applied.possible
    paint(applied)
    sentence = (
        "The stains are painted on one image, and others have their own: choose "
        "'Estimated' at 'Stains', or those of a palette."
    )
    assert possible.now["apply"] == ""
    assert possible.now["apply_to"] == sentence
    assert applied.batch.apply_to_layers(of_all=True) == sentence

    three = PaletteStains("three", tuple(map(tuple, np.eye(3).tolist())))
    applied.staining.choose(three)
    sentence = (
        "The palette of 'of first' has 2 stains, and 3 are chosen: choose 'Estimated' "
        "at 'Stains'."
    )
    assert possible.now["apply"] == possible.now["apply_to"] == sentence
    assert applied.apply_palette() == sentence

    applied.staining.choose(None)
    applied.choose(stain_scale="1, 1, 1")
    sentence = (
        "The palette of 'of first' has 2 stains, and 'Full staining' has 3 numbers: "
        "choose one for each stain."
    )
    assert possible.now["apply"] == possible.now["apply_to"] == sentence
    assert applied.apply_palette() == sentence

    lab = Palette([[0, 0, 0], [255, 255, 255]], color_space="lab", units="uint8")
    applied.opening.offer_palette(lab, "in lab")
    sentence = (
        "The palette of 'in lab' is compared in 'CIELAB', where stains are of no "
        "account: choose the same at 'Compare in'."
    )
    assert possible.now["apply"] == possible.now["apply_to"] == sentence
    assert applied.apply_palette() == sentence
    applied.choose(stain_scale="")
    assert possible.now["apply"] == possible.now["apply_to"] == ""
