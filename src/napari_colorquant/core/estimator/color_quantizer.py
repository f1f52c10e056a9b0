"""The engine as an estimator of scikit-learn, in place of its KMeans."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    TransformerMixin,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import (
    check_array,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from napari_colorquant.core.compute.arguments import in_range
from napari_colorquant.core.estimator.rows import (
    distances_from,
    learn_centers,
    nearest_centers,
    squared_error,
)
from napari_colorquant.core.learn.parameters import DEFAULTS
from napari_colorquant.formats.palette_data import MAX_COLORS

_LARGEST_EXACT = 2**53
"""Of whole numbers: float64 rounds those beyond."""


class ColorQuantizer(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, BaseEstimator
):
    """Clusters of the rows of a table, as an estimator of scikit-learn.

    It is :func:`quantize` for tables, and takes the place of ``sklearn.cluster.KMeans``
    where the import is changed. Rows are compared by Euclidean distance. Equal rows are
    merged before learning: a weight of 2 is the same as the row twice, and a weight of
    0 the same as no such row. Neither the number of threads changes the centers, nor,
    with weights that are whole numbers, the order of the rows.

    Parameters
    ----------
    n_clusters : int
        Number K of clusters, 1 to 65,535. A table that has no more distinct rows than
        that has one cluster for each of them.
    random_state : int, RandomState or None
        Seed of the random draws, 0 to 2**32 - 1, or what a seed is drawn from. None
        draws a new seed in each fit, from the system. The default gives the same result
        in each fit.

    Attributes
    ----------
    cluster_centers_ : ndarray of float64, shape (K, F)
        In ascending order of their mean over columns, which is dark to light. There are
        fewer than `n_clusters` where there are fewer distinct rows with a weight.
    labels_ : ndarray of int32, shape (N,)
        Index of the nearest center of each row, the lower one of exact ties.
    inertia_ : float
        Sum of the squared distances of the rows from their nearest center, times their
        weights.
    n_iter_ : int
        Number of Lloyd's iterations after the start: over all distinct rows, or, where
        there are more than 262,144, over cells of them and then over all. It is 0 where
        each distinct row is a cluster.
    n_features_in_ : int
        Number F of columns.
    feature_names_in_ : ndarray of str, shape (F,)
        Names of the columns, where all are strings.

    See Also
    --------
    quantize : The same for images, which it redraws.

    Notes
    -----
    The start is that of :func:`quantize`, and Lloyd's iterations over all distinct rows
    follow, as with ``n_samples=None``. Tables of up to three columns of uint8, or one
    of uint16, are counted, which is the fastest. It is made for few columns: with
    twenty or more, scikit-learn's KMeans is faster.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> model = ColorQuantizer(n_clusters=2).fit(X)
    >>> model.labels_
    array([0, 0, 0, 1, 1, 1], dtype=int32)
    >>> model.predict([[0, 0], [12, 3]])
    array([0, 1], dtype=int32)
    >>> model.cluster_centers_
    array([[ 1.,  2.],
           [10.,  2.]])
    """

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        random_state: int | np.random.RandomState | None = DEFAULTS.random_state,
    ) -> None:
        self.n_clusters = n_clusters
        self.random_state = random_state

    def fit(
        self, X: ArrayLike, y: object = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Learn the centers.

        Parameters
        ----------
        X : array_like, shape (N, F)
            Finite integers or floats of up to 64 bits, or booleans, which are 0 and 1.
        y : object
            Not used.
        sample_weight : array_like of float, shape (N,), optional
            What each row counts, 0 or more. By default all count 1.

        Returns
        -------
        ColorQuantizer
            This estimator.

        Raises
        ------
        TypeError
            If the table's dtype, or a parameter's type, cannot be used.
        ValueError
            If the table is no table of finite numbers, has integers beyond ``2**53``,
            no weight is above 0, or a parameter is out of range.

        Warns
        -----
        ConvergenceWarning
            If there are fewer distinct rows than clusters.
        """
        n_clusters = in_range(self.n_clusters, "n_clusters", 1, MAX_COLORS)
        seed = _seed_of(self.random_state)
        rows = self._rows(X, reset=True)
        weights = _weights_of(sample_weight, rows)
        learned = learn_centers(rows, weights, n_clusters, seed)
        centers = np.array(learned.palette.colors)
        if len(centers) < n_clusters:
            noun = "row" if len(centers) == 1 else "rows"
            warnings.warn(
                f"X has only {len(centers):,} distinct {noun}: there are as many "
                f"clusters, instead of the {n_clusters:,} that were asked for.",
                ConvergenceWarning,
                stacklevel=2,
            )
        self.cluster_centers_ = centers
        self.n_iter_ = learned.n_steps
        self.labels_ = nearest_centers(rows, centers)
        self.inertia_ = squared_error(rows, weights, centers, self.labels_)
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.int32]:
        """Return the nearest center of each row.

        Parameters
        ----------
        X : array_like, shape (N, F)
            See :meth:`fit`.

        Returns
        -------
        ndarray of int32, shape (N,)
            Indices of centers, the lower one of exact ties.

        Raises
        ------
        TypeError
            As :meth:`fit`.
        ValueError
            As :meth:`fit`, or if there are other columns than it had.
        """
        check_is_fitted(self)
        return nearest_centers(self._rows(X), self.cluster_centers_)

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the distance of each row from each center.

        Parameters
        ----------
        X : array_like, shape (N, F)
            See :meth:`fit`.

        Returns
        -------
        ndarray of float64, shape (N, K)
            Euclidean distances, in the units of the table.

        Raises
        ------
        TypeError
            As :meth:`fit`.
        ValueError
            As :meth:`predict`.
        """
        check_is_fitted(self)
        return distances_from(self._rows(X), self.cluster_centers_)

    def score(
        self, X: ArrayLike, y: object = None, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return how well the centers stand for the rows: the larger, the better.

        Parameters
        ----------
        X : array_like, shape (N, F)
            See :meth:`fit`.
        y : object
            Not used.
        sample_weight : array_like of float, shape (N,), optional
            See :meth:`fit`.

        Returns
        -------
        float
            Minus the sum of the squared distances of the rows from their nearest
            center, times their weights.

        Raises
        ------
        TypeError
            As :meth:`fit`.
        ValueError
            As :meth:`predict`, or if no weight is above 0.
        """
        check_is_fitted(self)
        rows, centers = self._rows(X), self.cluster_centers_
        weights = _weights_of(sample_weight, rows)
        return -squared_error(rows, weights, centers, nearest_centers(rows, centers))

    @property
    def _n_features_out(self) -> int:
        """Number of columns of what transform returns, which scikit-learn asks for."""
        return len(self.cluster_centers_)

    def _rows(self, X: Any, *, reset: bool = False) -> NDArray[Any]:
        """Return a table, checked; its columns are remembered, or must be the same."""
        rows: NDArray[Any] = validate_data(self, X, reset=reset, order="C")
        kind, size = rows.dtype.kind, rows.dtype.itemsize
        if kind not in "biuf" or size > 8:
            raise TypeError(
                f"X has the dtype {rows.dtype}: pass integers or floats of up to 64 "
                "bits."
            )
        if kind in "iu" and size == 8:
            largest = max(int(rows.max()), -int(rows.min()))
            if largest > _LARGEST_EXACT:
                raise ValueError(
                    f"X holds {rows.dtype} values beyond 2**53, which are not exact in "
                    "floating point: subtract an offset or divide them first."
                )
        return rows


def _seed_of(random_state: Any) -> int:
    """Return a seed; None and a RandomState give a new one each time."""
    if random_state is None:
        random_state = np.random.RandomState()  # not the one that all share
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    return in_range(random_state, "random_state", 0, 2**32 - 1)


def _weights_of(
    sample_weight: ArrayLike | None, rows: NDArray[Any]
) -> NDArray[np.float64] | None:
    """Return the weight of each row, (N,), or None where all are the same 1."""
    if sample_weight is None:
        return None
    weights: NDArray[np.float64] = check_array(
        sample_weight, dtype=np.float64, ensure_2d=False, input_name="sample_weight"
    )
    if weights.ndim != 1:
        raise ValueError(
            f"sample_weight has the shape {weights.shape}: pass one number for each "
            "row of X."
        )
    check_consistent_length(rows, weights)
    if weights.min() < 0:
        raise ValueError(
            f"sample_weight holds {weights.min():g}: pass numbers of 0 or more."
        )
    if weights.max() == 0:
        raise ValueError(
            "all weights in sample_weight are zero: pass one above 0 at least."
        )
    return weights
