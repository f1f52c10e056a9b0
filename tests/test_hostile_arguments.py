"""Arguments that are none: each is refused in one sentence, or does what it says."""

import inspect
import re

import dask
import dask.array as da
import numpy as np
import pandas as pd
import pytest
import zarr

import napari_colorquant
from napari_colorquant import (
    Classify,
    Clean,
    Lock,
    Merge,
    Palette,
    Parameters,
    Recolor,
    Remove,
    Rename,
    Sort,
    apply_palette,
    clean_labels,
    count_all,
    edit,
    error_curve,
    error_map,
    estimate_stains,
    fit_palette,
    measure_areas,
    measure_objects,
    measure_quality,
    normalize_stains,
    preset,
    quantize,
    quantize_channels,
    quantize_slices,
    save_annotations,
    save_labels,
    save_ome_zarr,
    save_picture,
    stain_scales,
    suggest_elbow,
)
from stained_slides import HE, cells, stained

IMAGE = np.random.default_rng(0).integers(0, 256, (9, 8, 3)).astype(np.uint8)
SLIDE = stained(cells(64, 9)[0], HE)
STACK = np.stack([IMAGE, IMAGE // 2])


class Odd:
    """What nobody knows anything of."""


HOSTILE = [
    *(None, True, -1, 2**70, 10**400, 0.5, np.nan, np.inf, 1j, "", "ab", b"ab", Odd()),
    *([], [0.5], [None], ["1"], [[1, 2], [3]], {1, 2}, {"a": 1}, iter([1]), ...),
    *(np.array(3), np.zeros((2, 2, 2)), np.array(["a"]), np.array([None]), [99], [-1]),
    *(pd.Series([1, 2]), da.zeros((3, 3)), np.datetime64("2020"), np.ma.zeros(2)),
]
FOREIGN = re.compile(
    r"inhomogeneous|ambiguous|broadcast|has no attribute|operand|not JSON|iterable"
    r"|subscript|Unable to|required positional|cannot be interpreted|0x[0-9a-f]+|\n"
)


def calls():
    """Return each public name that is called, and arguments that are right."""
    q = quantize(IMAGE, 4)
    curve = error_curve(IMAGE, max_colors=4)
    return {
        quantize: {"image": IMAGE, "n_colors": 4},
        fit_palette: {"image": IMAGE, "n_colors": 4},
        apply_palette: {"image": IMAGE, "palette": q.palette},
        quantize_channels: {"channels": [*IMAGE.T], "n_colors": 4},
        quantize_slices: {"image": STACK, "n_colors": 3},
        edit: {"quantization": q, "image": IMAGE, "edits": [Sort()]},
        error_curve: {"image": IMAGE, "max_colors": 4},
        suggest_elbow: {"points": curve.points},
        error_map: {"original": IMAGE, "redrawn": q.image},
        estimate_stains: {"image": SLIDE},
        stain_scales: {"image": SLIDE},
        normalize_stains: {"image": SLIDE, "to": SLIDE},
        measure_quality: {"original": IMAGE, "redrawn": q.image},
        count_all: {"quantization": q},
        clean_labels: {"q": q, "majority": 1},
        measure_areas: {"q": q, "scale": 1},
        measure_objects: {"q": q, "scale": 1},
        Palette: {"colors": [[1, 2, 3], [4, 5, 6]]},
        Parameters: {},
        preset: {"name": "photo", "image": IMAGE},
        Merge: {"entries": [0, 1]},
        Remove: {"entries": [0]},
        Classify: {"entries": [0], "name": "a"},
        Clean: {},
        Lock: {"entries": [0]},
        Recolor: {"entry": 0, "color": [1, 2, 3]},
        Rename: {"entry": 0, "name": "a"},
        Sort: {},
        q.palette.select: {"entries": [0]},
        q.palette.in_units: {"units": "uint16"},
        q.palette.drawn: {"dtype": "uint8"},
        Palette.from_dict: {"plain": {"colors": [[1]]}},
        Parameters.from_dict: {"plain": {}},
    }


CALLS = calls()
SAVES = {
    save_annotations: ".geojson",
    save_labels: ".tif",
    save_ome_zarr: ".zarr",
    save_picture: ".png",
}


def refusal(function, arguments):
    """Return what a call raises, if it is no error of ours; None where all is well."""
    try:
        function(**arguments)
    except (TypeError, ValueError, IndexError) as error:
        text = str(error)
        return text if FOREIGN.search(text) or not text.endswith(".") else None
    except Exception as error:  # noqa: BLE001, whatever is raised is what is asked for
        return repr(error)
    return None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("function", CALLS, ids=lambda one: one.__qualname__)
def test_every_argument_is_refused_in_a_sentence_of_ours(function):
    right, leaks = CALLS[function], {}
    for name in inspect.signature(function).parameters:
        for value in HOSTILE:
            if leak := refusal(function, right | {name: value}):
                leaks[name, type(value).__name__] = leak
    assert leaks == {}


def test_every_public_name_that_is_called_is_tried():
    results = {"Curve", "CurvePoint", "Quality", "Quantization", "Report"}
    of_layers = {"measure_layer", "quantize_layer", "quantize_layers"}
    others = {"SliceQuantization", *of_layers, *results}
    others.add("ColorQuantizer")  # it checks when it is fitted, as scikit-learn wants
    tried = {function.__name__ for function in (*CALLS, *SAVES)}
    assert {*napari_colorquant.__all__} - others <= tried


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("save", "name"),
    [
        (save, name)
        for save in SAVES
        for name in inspect.signature(save).parameters
        if name != "path"
    ],
)
def test_a_file_is_saved_as_it_is_said_or_not_at_all(save, name, tmp_path):
    q = CALLS[count_all]["quantization"]
    for number, value in enumerate(HOSTILE):
        path = tmp_path / f"{number}{SAVES[save]}"
        arguments = {"path": path, "quantization": q, name: value}
        assert refusal(save, arguments) is None, value


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: Palette([[1]], names="a"), TypeError, "names is 'a': pass a list of"),
        (lambda: Palette([[1]], names=[None]), TypeError, "a name is None: pass a st"),
        (lambda: Palette([[1]], locked=[0.5]), TypeError, "a locked entry is 0.5: pas"),
        (lambda: Palette([[1]], locked="0"), TypeError, "locked is '0': pass a list o"),
        (lambda: Palette([[1]], locked=[True]), TypeError, "a locked entry is True: p"),
        (lambda: Palette([[1, 2], [3]]), ValueError, "the palette colors are not an a"),
        (lambda: Palette([[1]], counts="1"), ValueError, "palette counts must be whol"),
        (lambda: Palette([[1]]).select([99]), IndexError, "there is no entry 99: the"),
        (lambda: Palette([[1]]).select([-1]), IndexError, "there is no entry -1: the"),
        (lambda: Palette([[1]]).select("0"), TypeError, "entries is '0': pass a list"),
        (lambda: Merge(5), TypeError, "entries is 5: pass a list of whole numbers."),
        (lambda: Merge({0, 1}), TypeError, "entries is {0, 1}: pass a list of whole n"),
        (lambda: Lock("0"), TypeError, "entries is '0': pass a list of whole numbers."),
        (lambda: Remove([True]), TypeError, "an entry is True: pass a whole number."),
        (lambda: Recolor(0, "12"), TypeError, "the color is '12': pass a list of numb"),
        (lambda: Sort(["hue"]), ValueError, "a palette cannot be sorted by ['hue']: p"),
        (lambda: quantize(IMAGE, 4, progress=5), TypeError, "progress is 5: pass None"),
        (lambda: error_curve(IMAGE, progress=5), TypeError, "progress is 5: pass None"),
        (lambda: quantize(IMAGE, 4, per_class=0.5), TypeError, "per_class is 0.5: pas"),
        (lambda: quantize(IMAGE, 4, fixed=[[1, 2, 3], [4]]), ValueError, "the palette"),
        (
            lambda: quantize(IMAGE, 4, mask=np.full((9, 8), 255, np.uint8)),
            ValueError,
            "the mask has the value 255: pass booleans, such as mask > 0.",
        ),
        (
            lambda: quantize(IMAGE, 4, learn_mask=np.arange(72).reshape(9, 8)),
            ValueError,
            "the learn_mask has the value 2: pass booleans, such as learn_mask > 0.",
        ),
        (
            lambda: measure_quality(IMAGE, IMAGE, ssim="no"),
            TypeError,
            "ssim is 'no': pass True or False, or None.",
        ),
        (lambda: suggest_elbow([1, 2]), TypeError, "a point is 1: pass the points of"),
    ],
)
def test_the_argument_is_named(call, error, sentence):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(sentence)


def test_scalars_of_numpy_are_numbers():
    q = quantize(IMAGE, np.uint8(4), refine=np.True_, random_state=np.int64(0))
    np.testing.assert_array_equal(q.labels, CALLS[count_all]["quantization"].labels)
    assert Palette([[1], [2]], locked=np.array([1], np.uint8)).locked == (1,)
    assert Merge(np.array([1, 0])).entries == (1, 0)
    mask = np.ones((9, 8), np.int32)
    assert np.array_equal(quantize(IMAGE, 4, mask=mask).labels, q.labels)


# ---------------------------------------------------------------- what is passed on


def test_what_a_progress_raises_is_passed_on_as_it_is():
    class MyError(Exception):
        pass

    def fail(_):
        raise MyError("mine")

    for image in (IMAGE, da.from_array(IMAGE)):
        with pytest.raises(MyError, match=r"^mine$"):
            quantize(image, 4, progress=fail)


def test_what_a_block_raises_is_passed_on_as_it_is():
    def fail():
        raise OSError(5, "the disk is gone")

    lazy = da.from_delayed(dask.delayed(fail)(), IMAGE.shape, np.uint8)
    with pytest.raises(OSError, match=r"^\[Errno 5\] the disk is gone$"):
        quantize(lazy, 4)


@pytest.mark.parametrize("in_memory", [False, True])
def test_a_damaged_chunk_is_named(tmp_path, in_memory):
    store = zarr.storage.MemoryStore() if in_memory else tmp_path / "a.zarr"
    array = zarr.create_array(store, shape=(9, 8, 3), chunks=(4, 8, 3), dtype="u1")
    array[:] = IMAGE
    if in_memory:
        key = next(key for key in store._store_dict if "c/1" in key)
        store._store_dict[key] = type(store._store_dict[key]).from_bytes(b"damaged")
    else:
        (tmp_path / "a.zarr" / "c" / "1" / "0" / "0").write_bytes(b"damaged")
    with pytest.raises(ValueError, match="cannot be read") as caught:
        quantize(array, 4)
    where = "the array" if in_memory else re.escape(str(tmp_path.resolve() / "a.zarr"))
    assert re.fullmatch(
        rf"{where}: its pixels \[4:8, 0:8, 0:3\] cannot be read: .+\.",
        str(caught.value),
    )
    assert caught.value.__cause__ is not None


def test_how_much_memory_is_missing_is_said():
    large = da.zeros((2, 2), dtype="u1").map_blocks(
        lambda block: np.empty((2**30, 2**20)), dtype="u1", meta=np.empty((0, 0), "u1")
    )
    with pytest.raises(MemoryError) as caught:
        quantize(large, 4, channel_axis=None)
    assert str(caught.value) == (
        "there is not enough memory, 9,007,199 GB more are needed: pass a part of the "
        "image, or an array of dask or zarr, which is read block by block."
    )
    assert isinstance(caught.value.__cause__, MemoryError)
