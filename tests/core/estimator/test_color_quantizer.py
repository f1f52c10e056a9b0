"""ColorQuantizer keeps scikit-learn's word and this project's."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

from napari_colorquant import ColorQuantizer, quantize
from napari_colorquant.core.learn import fit

FEW = "ignore::sklearn.exceptions.ConvergenceWarning"
"""Tables with fewer distinct rows than clusters are among those that are tried."""


@pytest.mark.filterwarnings(FEW)
@parametrize_with_checks([ColorQuantizer(), ColorQuantizer(n_clusters=2)])
def test_it_is_an_estimator(estimator, check):
    check(estimator)


# Three squares of side 2 around (1, 1), (51, 1) and (1, 101), the last one twice.
SQUARE = np.array([[0, 0], [0, 2], [2, 0], [2, 2]])
SQUARES = np.concatenate([SQUARE + at for at in ((0, 100), (0, 0), (50, 0), (0, 100))])


@pytest.mark.parametrize("dtype", ["int64", "uint8", "uint16", "float32", "float64"])
def test_clusters_that_are_known_are_found_with_their_error(dtype):
    model = ColorQuantizer(n_clusters=3)
    labels = model.fit_predict(SQUARES.astype(dtype))
    assert model.cluster_centers_.tolist() == [[1, 1], [51, 1], [1, 101]]
    assert labels.tolist() == [2] * 4 + [0] * 4 + [1] * 4 + [2] * 4
    assert labels.dtype == np.int32
    assert model.labels_ is labels
    assert model.inertia_ == 16 * 2
    assert model.score(SQUARES.astype(dtype)) == -32
    assert model.n_features_in_ == 2


def test_distances_are_those_of_euclid():
    model = ColorQuantizer(n_clusters=3).fit(SQUARES)
    distances = model.transform([[4, 5], [51, 1]])
    np.testing.assert_array_equal(distances[0, 0], 5)  # 3 and 4 from (1, 1)
    np.testing.assert_array_equal(distances[1], [50, 0, np.hypot(50, 100)])
    names = [f"colorquantizer{i}" for i in range(3)]
    assert model.get_feature_names_out().tolist() == names
    np.testing.assert_array_equal(
        model.fit_transform(SQUARES), model.transform(SQUARES)
    )


def test_what_is_as_near_to_two_centers_gets_the_first():
    model = ColorQuantizer(n_clusters=3).fit(SQUARES)
    assert model.predict([[26, 1], [1, 51], [26, 2], [1, 52]]).tolist() == [0, 0, 0, 2]


def test_weights_move_the_center_and_count_in_the_error():
    model = ColorQuantizer(n_clusters=1)
    model.fit([[0.0], [4.0], [99.0]], sample_weight=[3, 1, 0])
    assert model.cluster_centers_.tolist() == [[1]]
    assert model.inertia_ == 3 * 1 + 1 * 9
    assert model.score([[0.0], [4.0]], sample_weight=[1, 0.5]) == -(1 + 4.5)


@pytest.mark.parametrize(
    ("dtype", "scale", "n_channels"),
    [("uint8", 1, 3), ("uint16", 257, 3), ("float64", 1 / 255, 3), ("uint16", 9, 1)],
)
def test_the_centers_are_the_palette_of_quantize(china, dtype, scale, n_channels):
    image = (china[::4, ::4, :n_channels] * np.float64(scale)).astype(dtype)
    q = quantize(image, 24, n_samples=None, channel_axis=2)
    rows = image.reshape(-1, n_channels)
    model = ColorQuantizer(n_clusters=24).fit(rows)
    np.testing.assert_array_equal(model.cluster_centers_, q.palette.colors)
    np.testing.assert_array_equal(model.labels_ + 1, q.labels.reshape(-1))
    weighted = ColorQuantizer(24).fit(rows, sample_weight=np.full(len(rows), 8.0))
    np.testing.assert_array_equal(weighted.cluster_centers_, q.palette.colors)


DTYPES = st.sampled_from(["uint8", "int64", "float32"])


@st.composite
def tables(draw):
    """Return a table with equal rows, and a whole weight for each row."""
    n_columns = draw(st.integers(1, 4))
    values = st.integers(0, 9)
    rows = draw(arrays("int64", (draw(st.integers(2, 30)), n_columns), elements=values))
    weights = draw(arrays("int64", len(rows), elements=st.integers(0, 3)))
    weights[draw(st.integers(0, len(rows) - 1))] = 2
    return rows.astype(draw(DTYPES)), weights


@pytest.mark.filterwarnings(FEW)
@settings(max_examples=40, deadline=None)
@given(tables(), st.integers(1, 6))
def test_a_weight_is_how_often_a_row_is_there(table, n_clusters):
    rows, weights = table
    weighted = ColorQuantizer(n_clusters).fit(rows, sample_weight=weights)
    repeated = ColorQuantizer(n_clusters).fit(np.repeat(rows, weights, axis=0))
    np.testing.assert_array_equal(weighted.cluster_centers_, repeated.cluster_centers_)
    labels = np.repeat(weighted.labels_, weights)
    np.testing.assert_array_equal(labels, repeated.labels_)
    assert weighted.inertia_ == pytest.approx(repeated.inertia_, rel=1e-12, abs=1e-20)


@pytest.mark.filterwarnings(FEW)
@settings(max_examples=40, deadline=None)
@given(tables(), st.integers(1, 6), st.randoms())
def test_the_order_of_rows_does_not_matter(table, n_clusters, random):
    rows, weights = table
    order = [*range(len(rows))]
    random.shuffle(order)
    model = ColorQuantizer(n_clusters).fit(rows, sample_weight=weights)
    other = ColorQuantizer(n_clusters).fit(rows[order], sample_weight=weights[order])
    np.testing.assert_array_equal(model.cluster_centers_, other.cluster_centers_)
    np.testing.assert_array_equal(model.labels_[order], other.labels_)


@pytest.mark.filterwarnings(FEW)
@settings(max_examples=40, deadline=None)
@given(tables(), st.integers(1, 6))
def test_the_error_is_that_of_the_nearest_centers(table, n_clusters):
    rows, weights = table
    model = ColorQuantizer(n_clusters).fit(rows, sample_weight=weights)
    total = Fraction(0)
    for row, weight, label in zip(rows, weights, model.labels_, strict=True):
        squares = [
            sum((Fraction(float(x)) - Fraction(y)) ** 2 for x, y in zip(row, center))  # noqa: B905
            for center in model.cluster_centers_.tolist()
        ]
        # Of a tie that is none in float64, either is as near as can be told.
        assert float(squares[label]) <= float(min(squares)) * (1 + 1e-12) + 1e-24
        total += squares[label] * int(weight)
    assert model.inertia_ == pytest.approx(float(total), rel=1e-12, abs=1e-20)


@pytest.mark.parametrize("power", [-900, 900])
def test_no_square_overflows_or_vanishes(power):
    scale = 2.0**power
    plain = ColorQuantizer(n_clusters=3).fit(SQUARES.astype(float))
    model = ColorQuantizer(n_clusters=3).fit(SQUARES * scale)
    centers = plain.cluster_centers_ * scale
    np.testing.assert_array_equal(model.cluster_centers_, centers)
    np.testing.assert_array_equal(model.labels_, plain.labels_)
    distances = plain.transform(SQUARES) * scale
    np.testing.assert_array_equal(model.transform(SQUARES * scale), distances)


def test_rows_may_lie_beyond_those_of_the_fit():
    model = ColorQuantizer(n_clusters=3).fit(SQUARES.astype(np.float32))
    far = np.array([[-1e9, -1e9], [1e9, 0], [0, 1e9]])
    assert model.predict(far).tolist() == [0, 1, 2]
    assert model.predict(far[:0:-1].astype(np.int64)).tolist() == [2, 1]


def test_fewer_distinct_rows_than_clusters_are_all_kept():
    rows = [[5, 5], [1, 2], [5, 5], [1, 2], [0, 0]]
    model = ColorQuantizer(n_clusters=8)
    said = "X has only 2 distinct rows: there are as many clusters, instead of the 8"
    with pytest.warns(ConvergenceWarning, match=said):
        model.fit(rows, sample_weight=[1, 1, 1, 1, 0])
    assert model.cluster_centers_.tolist() == [[1, 2], [5, 5]]
    assert model.labels_.tolist() == [1, 0, 1, 0, 0]
    assert (model.inertia_, model.n_iter_) == (0, 0)
    assert model.transform(rows).shape == (5, 2)
    assert len(model.get_feature_names_out()) == 2


def test_the_iterations_are_those_that_ran(monkeypatch):
    # Two groups far apart: the start is where they are, so that the first step moves
    # nothing, and the second one shows it.
    assert ColorQuantizer(n_clusters=2).fit([[0], [1], [90], [91]]).n_iter_ == 2
    # Many rows are walked in cells first, and then five times at most.
    monkeypatch.setattr(fit, "_MANY_POINTS", 1000)
    monkeypatch.setattr(fit, "_NEARLY_ALL", 500)
    steps = []
    walk = fit.lloyd

    def counted(*given, **named):
        clusters = walk(*given, **named)
        steps.append(clusters.n_steps)
        return clusters

    monkeypatch.setattr(fit, "lloyd", counted)
    rows = np.random.default_rng(0).random((3000, 2))
    assert ColorQuantizer(n_clusters=40).fit(rows).n_iter_ == sum(steps)
    assert len(steps) == 2
    assert 1 <= steps[1] <= 5


def test_one_cluster_is_the_mean():
    rows = np.array([[0, 10], [2, 20], [4, 60]])
    model = ColorQuantizer(n_clusters=1).fit(rows)
    assert model.cluster_centers_.tolist() == [[2, 30]]
    assert model.inertia_ == 4 + 4 + 400 + 100 + 900


def test_the_example_has_a_smaller_error_with_no_more_changed_than_the_import(china):
    from sklearn.utils import shuffle

    image_array = china.reshape(-1, 3) / 255
    sample = shuffle(image_array, random_state=0, n_samples=1_000)
    errors = []
    for estimator in (ColorQuantizer, KMeans):
        kmeans = estimator(n_clusters=64, random_state=0).fit(sample)
        labels = kmeans.predict(image_array)
        redrawn = kmeans.cluster_centers_[labels]
        errors.append(((redrawn - image_array) ** 2).mean())
    assert errors[0] < errors[1]


def test_the_random_state_that_all_share_is_left_alone():
    rows = np.random.default_rng(0).random((200, 3))
    before = np.random.get_state()[1].tolist()  # noqa: NPY002, it is looked at
    default = ColorQuantizer(8).fit(rows).cluster_centers_
    for random_state in (None, np.random.RandomState(1)):
        assert ColorQuantizer(8, random_state=random_state).fit(rows).inertia_ > 0
    after = np.random.get_state()[1].tolist()  # noqa: NPY002, it is looked at
    assert after == before
    again = ColorQuantizer(8, random_state=0).fit(rows).cluster_centers_
    np.testing.assert_array_equal(default, again)
    drawn = np.random.RandomState(1).randint(2**31 - 1)
    same = [
        ColorQuantizer(8, random_state=seed).fit(rows).cluster_centers_
        for seed in (int(drawn), np.random.RandomState(1))
    ]
    np.testing.assert_array_equal(*same)


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"n_clusters": 0}, ValueError, "n_clusters is 0: pass a whole number, from 1"),
        ({"n_clusters": 70_000}, ValueError, "n_clusters is 70000: pass a whole numbe"),
        ({"n_clusters": 2.5}, TypeError, "n_clusters is 2.5: pass a whole number."),
        ({"n_clusters": "auto"}, TypeError, "n_clusters is 'auto': pass a whole numb"),
        ({"random_state": -1}, ValueError, "random_state is -1: pass a whole number, "),
        ({"random_state": "a"}, TypeError, "random_state is 'a': pass a whole number"),
    ],
)
def test_parameters_that_are_none_are_refused_in_a_sentence(arguments, error, sentence):
    with pytest.raises(error, match=f"^{sentence}"):
        ColorQuantizer(**arguments).fit(SQUARES)


@pytest.mark.parametrize(
    ("rows", "weights", "error", "sentence"),
    [
        (SQUARES + 2**53, None, ValueError, r"X holds int64 values beyond 2\*\*53, wh"),
        (SQUARES.astype("M8[s]"), None, TypeError, "X has the dtype datetime64"),
        (SQUARES, [1, 2], ValueError, "Found input variables with inconsistent number"),
        (SQUARES, np.ones((16, 1)), ValueError, r"sample_weight has the shape \(16, 1"),
        (SQUARES, [-1.0] + [1] * 15, ValueError, "sample_weight holds -1: pass number"),
        (SQUARES, np.zeros(16), ValueError, "all weights in sample_weight are zero: p"),
        (SQUARES, [np.nan] * 16, ValueError, "Input sample_weight contains NaN"),
        (SQUARES * np.nan, None, ValueError, "Input X contains NaN"),
    ],
)
def test_tables_and_weights_that_are_none_are_refused(rows, weights, error, sentence):
    with pytest.raises(error, match=f"^{sentence}"):
        ColorQuantizer(2).fit(rows, sample_weight=weights)


def test_nothing_is_found_before_the_fit():
    for method in ("predict", "transform", "score"):
        with pytest.raises(NotFittedError):
            getattr(ColorQuantizer(), method)(SQUARES)
