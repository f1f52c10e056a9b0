"""The text of scripts; that they repeat the results is tested with the viewer."""

from __future__ import annotations

import ast
import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
)
from napari_colorquant.core.learn.parameters import DEFAULTS
from napari_colorquant.core.palette.edits import edit_as_dict
from napari_colorquant.viewer.session.script import script_of
from plain import palettes


def record(edits=(), parameters=DEFAULTS, **changes):
    applied = changes.pop("applied", None)
    made = {
        "source": "cells",
        "origin": {"path": "/data/cells.png", "reader": "napari", "sample": None},
        "shape": [40, 50, 3],
        "rgb": True,
        "multiscale": False,
        "masked": False,
        "parameters": None if applied else parameters.as_dict(),
        "applied": applied and applied.as_dict(),
        "edits": [edit_as_dict(edit) for edit in edits],
        "painted": False,
        "version": "1.2.3",
    }
    return made | changes


def made_by(script):
    """Return the part of a script that makes the result."""
    start = script.index("\n\n", script.index("assert")) + 2
    return script[start : script.index("\n\nprint(q.report)")]


def test_a_layer_from_a_file():
    assert (
        script_of(record())
        == """\
# Repeats what napari-colorquant 1.2.3 made of the layer 'cells'.
import npe2
import numpy as np
from napari.components import ViewerModel
from napari_colorquant import quantize

npe2.PluginManager.instance().discover()  # readers and samples
viewer = ViewerModel()  # without a window
layers = viewer.open('/data/cells.png', plugin='napari')
# By its name, or if it was renamed since, the only one.
(layer,) = [one for one in layers if one.name == 'cells'] or layers
image = layer.data
assert image.shape == (40, 50, 3), 'this is another image'

q = quantize(image)

print(q.report)
q.palette.save('cells-palette.csv')
# From 0. Where a pixel was not quantized, q.labels is 0.
np.save('cells-indices.npy', q.indices)
"""
    )


def test_a_sample_with_edits():
    origin = {"path": None, "reader": None, "sample": ["napari-colorquant", "ihc"]}
    edits = [Merge([2, 3]), Rename(0, "nuclei")]
    parameters = Parameters(n_colors=8, method="wu")
    script = script_of(record(edits, parameters, source="IHC", origin=origin))
    assert (
        script
        == """\
# Repeats what napari-colorquant 1.2.3 made of the layer 'IHC'.
import npe2
import numpy as np
from napari.components import ViewerModel
from napari_colorquant import Merge, Rename, edit, quantize

npe2.PluginManager.instance().discover()  # readers and samples
viewer = ViewerModel()  # without a window
layers = viewer.open_sample('napari-colorquant', 'ihc')
# By its name, or if it was renamed since, the only one.
(layer,) = [one for one in layers if one.name == 'IHC'] or layers
image = layer.data
assert image.shape == (40, 50, 3), 'this is another image'

q = quantize(image, n_colors=8, method='wu')
q = edit(
    q,
    image,
    [Merge(entries=(2, 3), into_first=False), Rename(entry=0, name='nuclei')],
)

print(q.report)
q.palette.save('IHC-palette.csv')
# From 0. Where a pixel was not quantized, q.labels is 0.
np.save('IHC-indices.npy', q.indices)
"""
    )


def test_a_grey_layer_of_a_session_with_a_ready_palette():
    origin = {"path": None, "reader": None, "sample": None}
    applied = Palette([[0.1], [1 / 3]])
    script = script_of(
        record([Sort()], source="a", origin=origin, rgb=False, applied=applied)
    )
    assert (
        script
        == """\
# Repeats what napari-colorquant 1.2.3 made of the layer 'a'.
import napari
import numpy as np
from napari_colorquant import Palette, Sort, apply_palette, edit

# The layer came from no file: run this in napari's console.
viewer = napari.current_viewer()
layer = viewer.layers['a']
image = layer.data
assert image.shape == (40, 50, 3), 'this is another image'

palette = Palette([[0.1], [0.3333333333333333]])
q = apply_palette(image, palette, channel_axis=None)
q = edit(q, image, [Sort(by='lightness')], channel_axis=None)

print(q.report)
q.palette.save('a-palette.csv')
# From 0. Where a pixel was not quantized, q.labels is 0.
np.save('a-indices.npy', q.indices)
"""
    )


def channels_record(origins, **changes):
    """Return the record of layers that were quantized together."""
    channels = [
        {"layer": name, "origin": origin, "contrast_limits": [0.0, 100 / 3]}
        for name, origin in zip(("dapi", "it's"), origins, strict=True)
    ]
    made = record(source="dapi + it's", shape=[4, 5], rgb=False)
    return made | {"channels": channels, "scaling": "contrast_limits"} | changes


def test_several_layers_from_files():
    origins = [
        {"path": "/data/a.tif", "reader": "napari", "sample": None},
        {"path": "/data/b.tif", "reader": None, "sample": None},
    ]
    assert (
        script_of(channels_record(origins))
        == """\
# Repeats what napari-colorquant 1.2.3 made of the layers
# 'dapi'
# "it's"
import npe2
import numpy as np
from napari.components import ViewerModel
from napari_colorquant import Palette, quantize_layers

npe2.PluginManager.instance().discover()  # readers and samples
viewer = ViewerModel()  # without a window
layers = []

opened = viewer.open('/data/a.tif', plugin='napari')
(layer,) = [one for one in opened if one.name == 'dapi'] or opened
layer.name = 'dapi'
layers.append(layer)

opened = viewer.open('/data/b.tif')
(layer,) = [one for one in opened if one.name == "it's"] or opened
layer.name = "it's"
layers.append(layer)
# They are scaled and shown in these limits.
layers[0].contrast_limits = (0.0, 33.333333333333336)
layers[1].contrast_limits = (0.0, 33.333333333333336)
assert layers[0].data.shape == (4, 5), 'these are other images'

image_layer, labels_layer = quantize_layers(layers)

print(labels_layer.features.to_string(index=False))
made = labels_layer.metadata['napari-colorquant']
Palette.from_dict(made['palette']).save('dapi_it_s-palette.csv')
# From 1. Where a pixel was not quantized, they are 0.
labels = labels_layer.data
np.save('dapi_it_s-labels.npy', labels)
"""
    )


def test_several_layers_of_one_file_are_opened_once():
    origin = {"path": "/data/a.tif", "reader": "napari", "sample": None}
    assert script_of(channels_record([origin, origin])).count("viewer.open(") == 1


def test_several_layers_of_a_session():
    origins = [
        {"path": "/data/a.tif", "reader": "napari", "sample": None},
        {"path": None, "reader": None, "sample": None},
    ]
    fixed = Palette([[1, 2]])
    parameters = Parameters(n_colors=5, fixed=fixed).as_dict()
    script = script_of(
        channels_record(
            origins,
            scaling="zscore",
            parameters=parameters,
            multiscale=True,
            masked=True,
            painted=True,
        )
    )
    start, end = script.index("# Layers came"), script.index("\nprint")
    assert (
        script[start:end]
        == """\
# Layers came from no file: run this in napari's console.
viewer = napari.current_viewer()
layers = [viewer.layers['dapi'], viewer.layers["it's"]]
# They are scaled and shown in these limits.
layers[0].contrast_limits = (0.0, 33.333333333333336)
layers[1].contrast_limits = (0.0, 33.333333333333336)
assert layers[0].data[0].shape == (4, 5), 'these are other images'

# It was made with a mask, which is not recorded: add it here as mask=...
fixed = Palette([[1.0, 2.0]])
image_layer, labels_layer = quantize_layers(
    layers,
    n_colors=5,
    fixed=fixed,
    scaling='zscore',
)
# Labels were painted by hand afterwards, which no script can repeat.
"""
    )


def test_edits_of_several_layers_are_not_repeated():
    origins = [{"path": None, "reader": None, "sample": None}] * 2
    edits = [edit_as_dict(Lock([0]))]
    sentence = (
        r"^the palette of \"dapi \+ it's\" was edited, which a script cannot repeat "
        r"for several layers: save the palette and the labels instead\.$"
    )
    with pytest.raises(ValueError, match=sentence):
        script_of(channels_record(origins, edits=edits))
    with pytest.raises(ValueError, match="was applied, which a script cannot"):
        script_of(channels_record(origins, parameters=None))
    with pytest.raises(ValueError, match="this is no record of a quantized layer"):
        script_of(channels_record(origins) | {"channels": None})


def test_only_what_is_not_the_default_is_spelled_out():
    parameters = Parameters(
        n_colors="auto",
        target_psnr=100 / 3,
        n_samples=None,
        refine=False,
        color_space="lab",
        weights=(0.5, 1, 1),
        balance=0.25,
        random_state=7,
    )
    assert (
        made_by(script_of(record(parameters=parameters, rgb=False)))
        == """\
q = quantize(
    image,
    n_colors='auto',
    refine=False,
    n_samples=None,
    color_space='lab',
    weights=[0.5, 1.0, 1.0],
    balance=0.25,
    target_psnr=33.333333333333336,
    random_state=7,
    channel_axis=None,
)"""
    )


def test_fixed_colors_are_spelled_out_with_all_that_is_kept_of_them():
    fixed = Palette(
        np.array([[0, 0, 0], [255, 127.5, 1 / 3]]),
        counts=[7, 8],  # of another image: they say nothing here
        names=["ink", 'the "red"'],
        color_space="lab",
        units="uint8",
        locked=[1],
        weights=[0.1, 1, 2],
    )
    assert (
        made_by(script_of(record(parameters=Parameters(n_colors=5, fixed=fixed))))
        == """\
fixed = Palette(
    [[0.0, 0.0, 0.0], [255.0, 127.5, 0.3333333333333333]],
    names=['ink', 'the "red"'],
    color_space='lab',
    weights=[0.1, 1.0, 2.0],
    units='uint8',
    locked=[1],
)
q = quantize(image, n_colors=5, fixed=fixed)"""
    )


WIDE = Palette([[0, 0, 0], [100, 0, 4000]], units="uint16", white=4095).as_dict()
FULL = WIDE | {"white": None}
FLOAT = Palette([[0, 0, 0], [0, 0, 1]], units="float32").as_dict()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"palette": WIDE, "dtype": "uint16"}, "4095"),  # was guessed
        ({"palette": FULL, "dtype": "uint16"}, "65535"),
        ({"palette": FULL, "dtype": "uint16", "rgb": False}, None),
        ({"palette": FLOAT, "dtype": "float32"}, None),
        ({"palette": FLOAT, "dtype": "float32", "data_range": 1.0}, "1"),
        ({"palette": FLOAT, "dtype": "float32", "data_range": 0.1 + 0.2}, None),
        ({"palette": FULL, "dtype": "uint16", "data_range": 5000}, "5000"),
    ],
)
@pytest.mark.parametrize("is_applied", [False, True])
def test_white_is_said_where_it_was_passed_or_may_be_guessed(changes, said, is_applied):
    if is_applied:
        changes = changes | {"applied": Palette.from_dict(WIDE)}
        said = said if "data_range" in changes else None  # the palette says it
    if changes.get("data_range") == 0.1 + 0.2:
        said = "0.30000000000000004"
    making = made_by(script_of(record(**changes)))
    assert re.findall(r"data_range=([\d.]+)", making) == ([said] if said else [])


def test_large_palettes_have_one_color_a_line():
    applied = Palette(
        [[0.015625, 100, 200], [1, 2, 3], [4, 5, 6], [7, 8, 9], [1, 0, 0]]
    )
    assert (
        made_by(script_of(record(applied=applied)))
        == """\
palette = Palette(
    [
        [0.015625, 100.0, 200.0],
        [1.0, 2.0, 3.0],
        [4.0, 5.0, 6.0],
        [7.0, 8.0, 9.0],
        [1.0, 0.0, 0.0],
    ],
)
q = apply_palette(image, palette)"""
    )


def test_every_edit_is_spelled_out():
    edits = [
        Recolor(1, [9, 8.5, 1 / 3]),
        Merge([3, 2], into_first=True),
        Remove([0]),
        Rename(0, "it's\n"),
        Classify([2, 0], "DAB"),
        Lock([0, 1]),
        Sort("population"),
        Clean(2, 9),
    ]
    script = script_of(record(edits, applied=Palette([[1, 2, 3]])))
    assert (
        """\
from napari_colorquant import (
    Classify,
    Clean,
    Lock,
    Merge,
    Palette,
    Recolor,
    Remove,
    Rename,
    Sort,
    apply_palette,
    edit,
)
"""
        in script
    )
    assert made_by(script).endswith(
        """\
q = edit(
    q,
    image,
    [
        Recolor(entry=1, color=(9.0, 8.5, 0.3333333333333333)),
        Merge(entries=(3, 2), into_first=True),
        Remove(entries=(0,)),
        Rename(entry=0, name="it's\\n"),
        Classify(entries=(2, 0), name='DAB'),
        Lock(entries=(0, 1), locked=True),
        Sort(by='population'),
        Clean(majority=2, min_region=9, ndim=2),
    ],
)"""
    )


def test_the_largest_level_of_a_multiscale_layer_is_taken():
    assert "\nimage = layer.data[0]\n" in script_of(record(multiscale=True))


def test_an_unknown_reader_is_left_to_napari():
    origin = {"path": "https://a.org/b.tif", "reader": None, "sample": None}
    opening = "\nlayers = viewer.open('https://a.org/b.tif')\n"
    assert opening in script_of(record(origin=origin))


def test_what_a_script_cannot_repeat_is_said_in_it():
    one = record(masked=True, learn_masked=True, painted=True)
    making = made_by(script_of(one))
    assert making.splitlines() == [
        "# It was made with a mask, which is not recorded: add it here as mask=...",
        "# It learned from a part, not recorded: add it here as learn_mask=...",
        "q = quantize(image)",
        "# Labels were painted by hand afterwards, which no script can repeat.",
    ]


def test_masks_that_are_kept_are_in_the_script():
    mask = {"shape": [2, 3], "bits": "A" * 100}
    one = record(
        masked=True, mask=mask, learn_masked=True, learn_mask={**mask, "bits": "Bc=="}
    )
    script = script_of(one)
    assert script.splitlines()[1:4] == ["import base64", "import zlib", "import npe2"]
    assert "def unpacked(bits, *shape):" in script
    assert (
        made_by(script)
        == f"""\
mask = unpacked(
    {"A" * 80!r}
    {"A" * 20!r},
    2,
    3,
)
learn_mask = unpacked('Bc==', 2, 3)
q = quantize(image, mask=mask, learn_mask=learn_mask)"""
    )
    applied = record(applied=Palette([[1, 2, 3]]), masked=True, mask=mask)
    assert "q = apply_palette(image, palette, mask=mask)" in script_of(applied)
    ast.parse(script)


def test_a_limit_is_said_of_what_was_learned_and_of_what_was_applied():
    learned = record(parameters=Parameters(n_colors=6, max_distance=40))
    call = "q = quantize(image, n_colors=6, max_distance=40.0)"
    assert made_by(script_of(learned)) == call
    applied = record(applied=Palette([[1, 2, 3]]), report={"max_distance": 40.0})
    call = "q = apply_palette(image, palette, max_distance=40.0)"
    assert made_by(script_of(applied)).splitlines()[-1] == call


@pytest.mark.parametrize(
    ("changes", "image", "call"),
    [
        ({"position": [2, None, None]}, "layer.data[2:3]", "q = quantize(image)"),
        (
            {"position": [None, 4, None], "rgb": False, "multiscale": True},
            "layer.data[0][:, 4:5]",
            "q = quantize(image, channel_axis=None)",
        ),
        (
            {"channel_axis": 1, "rgb": False},
            "layer.data",
            "q = quantize(image, channel_axis=1)",
        ),
        (
            {"channel_axis": 1, "rgb": False, "slice_axis": 0},
            "layer.data",
            "q = quantize_slices(image, slice_axis=0, channel_axis=1).whole",
        ),
    ],
)
def test_a_slice_and_an_axis_of_channels_are_said(changes, image, call):
    script = script_of(record(**changes))
    assert f"\nimage = {image}\n" in script
    assert made_by(script) == call


def test_one_slice_of_several_layers():
    origins = [{"path": None, "reader": None, "sample": None}] * 2
    mask = {"shape": [1, 5], "bits": "Bc=="}
    script = script_of(
        channels_record(origins, position=[3, None], masked=True, mask=mask)
    )
    start, end = script.index("# One slice"), script.index("# They are scaled")
    assert (
        script[start:end]
        == """\
# One slice of each.
slices = [one.data[3:4] for one in layers]
names = [one.name for one in layers]
layers = [Image(a, name=b) for a, b in zip(slices, names)]
"""
    )
    assert "from napari.layers import Image\n" in script
    assert "quantize_layers(layers, mask=mask)" in script
    ast.parse(script)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("cells", "cells"),
        ("a 'b' \"c\"\n#d", "a_b_c_d"),
        ("../../etc/pässwörd.png", "etc_pässwörd_png"),
        ("C:\\x", "C_x"),
        ("组织", "组织"),
        ("china [1]", "china_1"),
        ("", "image"),
        ("///", "image"),
        ("a" * 300, "a" * 60),
    ],
)
def test_files_are_named_after_the_layer(name, stem):
    script = script_of(record(source=name))
    assert f"\nq.palette.save('{stem}-palette.csv')\n" in script
    assert f"\nnp.save('{stem}-indices.npy', q.indices)\n" in script


ANY_TEXT = st.text(st.characters(), max_size=20)  # lone surrogates too


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT, st.none() | ANY_TEXT)
def test_any_name_and_path_is_told_exactly(name, entry, path, reader):
    origin = {"path": path, "reader": reader, "sample": None}
    script = script_of(record([Rename(0, entry)], source=name, origin=origin))
    source = script.encode()  # as it is saved
    told = {n.value for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Constant)}
    assert {name, entry, path, reader or name} <= told
    assert "\r" not in script
    assert script.isprintable() or {c for c in script if not c.isprintable()} == {"\n"}


@given(palettes())
def test_palettes_are_told_to_the_last_bit(palette):
    making = made_by(script_of(record(applied=palette.uncounted())))
    made = {"image": None, "apply_palette": lambda *_: None, "Palette": Palette}
    exec(making, made)
    assert made["palette"].as_dict() == palette.uncounted().as_dict()
    assert made["palette"].colors.tobytes() == palette.colors.tobytes()


STRANGE = "1'\"\n\r\x0c\u2028raise SystemExit #\\"


SOMETIMES = (
    *("slice_axis", "channel_axis", "position", "mask", "learn_mask"),
    "data_range",
)


@pytest.mark.parametrize(
    "place", [*record(), *SOMETIMES, "path", "reader", "plugin", "name"]
)
def test_a_strangers_record_brings_no_code_along(place):
    """Its texts stay texts, wherever they are."""
    edits = [Rename(0, STRANGE if place == "name" else "a")]
    origin = dict.fromkeys(("path", "reader", "sample"))
    if place == "plugin":
        origin["sample"] = [STRANGE, STRANGE]
    elif place in ("path", "reader"):
        origin |= {"path": "a", place: STRANGE}
    strange = {place: STRANGE} if place in [*record(), *SOMETIMES] else {}
    if place in ("mask", "learn_mask"):
        strange = {place: {"shape": [STRANGE], "bits": STRANGE}}
    try:
        script = script_of(record(edits) | {"origin": origin} | strange)
    except ValueError:
        return
    kinds = {type(node) for node in ast.walk(ast.parse(script))}
    assert ast.Raise not in kinds
    assert "\x0c" not in script


@pytest.mark.parametrize("place", ["layer", "contrast_limits", "scaling", "version"])
def test_nor_does_one_of_several_layers(place):
    origin = {"path": "a", "reader": None, "sample": None}
    strange = channels_record([origin, origin])
    if place in strange:
        strange[place] = STRANGE
    else:
        strange["channels"][0][place] = STRANGE
    script = script_of(strange)
    assert ast.Raise not in {type(node) for node in ast.walk(ast.parse(script))}
    assert "\x0c" not in script


def test_a_record_from_json_gives_the_same_script():
    one = record([Merge([0, 1]), Recolor(0, [0.1])], source="ä'\n")
    assert script_of(json.loads(json.dumps(one))) == script_of(one)


@pytest.mark.parametrize(
    "damaged",
    [
        {},
        record() | {"edits": None},
        record() | {"origin": "file"},
        record() | {"parameters": None},
        record() | {"shape": 7},
        record() | {"source": None},
        {key: value for key, value in record().items() if key != "rgb"},
    ],
)
def test_what_is_no_record_is_refused(damaged):
    sentence = "^this is no record of a quantized layer, or a damaged one.$"
    with pytest.raises(ValueError, match=sentence):
        script_of(damaged)


def test_a_damaged_edit_or_palette_is_named():
    with pytest.raises(ValueError, match="is no edit of a palette"):
        script_of(record() | {"edits": [{"edit": "Explode"}]})
    with pytest.raises(ValueError, match=r"^there are no colors\.$"):
        script_of(record() | {"parameters": None, "applied": {}})
