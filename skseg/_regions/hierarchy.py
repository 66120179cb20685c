"""RegionHierarchy: the regions of an image at every scale."""

from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.utils import check_scalar

from .graph import Floats, borders
from .tree import Tree, cut, joining_heights
from .weights import DRAWN


class RegionHierarchy:
    """Regions of an image at every scale, from many small ones to a single one.

    Create it with `RegionSegmenter.hierarchy`.

    Parameters
    ----------
    regions : ndarray of int32, shape (height, width)
        Smallest regions, numbered from 0; −1 under the mask.

    mask : ndarray of bool, shape (height, width), or None
        Where the image is masked.

    tree : Tree
        Order and cost of their mergers.

    Attributes
    ----------
    n_regions : int
        Number of the smallest regions.

    scales : ndarray of shape (n_mergers,)
        Scale of each merger, in ascending order: the probability that people see two regions.

    See Also
    --------
    RegionSegmenter : Creates hierarchies.
    RegionDisplay : Displays several cuts.

    Notes
    -----
    A hierarchy holds a map of the smallest regions, with 4 bytes per pixel, and their tree.

    Examples
    --------
    >>> from skimage.data import coffee
    >>> from skseg import RegionSegmenter
    >>> hierarchy = RegionSegmenter().fit(coffee()).hierarchy(coffee())
    >>> [int(hierarchy.cut(n_regions=n).max()) + 1 for n in (2, 5, 20)]
    [2, 5, 20]
    """

    def __init__(self, regions: NDArray[np.int32], mask: NDArray[np.bool_] | None, tree: Tree) -> None:
        self._regions = regions
        self._mask = mask
        self._tree = tree
        self.n_regions = tree.n_regions
        self.scales = np.asarray(expit(tree.heights))

    def __repr__(self) -> str:
        size, half = " × ".join(map(str, self._regions.shape)), self._count(0.5)
        return f"{type(self).__name__}({size} pixels, {self.n_regions} regions, {half} at scale 0.5)"

    def _repr_html_(self) -> str:
        scales = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
        rows: dict[str, list[Any]] = {"scale": scales, "regions": [self._count(scale) for scale in scales]}
        cells = {name: "".join(f"<td>{value}</td>" for value in values) for name, values in rows.items()}
        return f"<table>{''.join(f'<tr><th>{name}</th>{row}</tr>' for name, row in cells.items())}</table>"

    def _count(self, scale: float) -> int:
        """Number of regions at a scale."""
        return self.n_regions - int(np.searchsorted(self.scales, scale, side="right"))

    def cut(self, *, scale: float | None = None, n_regions: int | None = None) -> NDArray[np.int32]:
        """Cut the tree at a scale, or at a number of regions.

        Parameters
        ----------
        scale : float or None, default=None
            Probability of two regions up to which all mergers are made, from 0 to 1.

        n_regions : int or None, default=None
            Number of regions to keep, at least 1; more if the mask separates them, fewer if there were fewer.

        Returns
        -------
        regions : ndarray of int32, shape (height, width)
            Number of the region of each pixel, from 0, without gaps; −1 under the mask.

        Raises
        ------
        ValueError
            If not exactly one of the two is given, or it is out of range.

        TypeError
            If it is not a number, or `n_regions` is not an integer.
        """
        if (scale is None) == (n_regions is None):
            raise ValueError(f"One of scale and n_regions must be given; got {scale} and {n_regions}.")
        if scale is not None:
            check_probability(scale)
            n_mergers = self.n_regions - self._count(scale)
        else:
            check_scalar(n_regions, "n_regions", Integral, min_val=1)
            n_mergers = int(np.clip(self.n_regions - int(n_regions or 0), 0, len(self.scales)))
        numbers = np.append(cut(self._tree, n_mergers), np.int32(-1))  # −1, under the mask, is the last
        return self._with_mask(numbers[self._regions])

    def boundaries(self) -> Floats:
        """Compute how likely people are to draw each boundary: the ultrametric boundary map.

        The probability grows with the scale at which the boundary disappears. It is calibrated for photos and the
        default cost: of boundaries with probability 0.3, people draw about 30 %. Scales are larger than the shares of
        people.

        Returns
        -------
        boundaries : ndarray of shape (height, width)
            The largest probability of the boundaries between a pixel and its right and lower neighbors; 0 within the
            smallest regions and along the mask.
        """
        one, other = borders(self._regions)
        ends = np.sort(self._regions.ravel()[[one, other]], axis=0).astype(np.int64)
        keys, places = np.unique(ends[0] * self.n_regions + ends[1], return_inverse=True)
        pairs = np.stack(np.divmod(keys, self.n_regions), axis=1)
        boundaries = np.zeros(self._regions.shape)
        intercept, slope = DRAWN
        drawn = expit(intercept + slope * joining_heights(self._tree, pairs))
        np.maximum.at(boundaries.ravel(), one, drawn[places])
        return self._with_mask(boundaries)

    def _with_mask(self, values: NDArray[Any]) -> NDArray[Any]:
        return values if self._mask is None else np.ma.MaskedArray(values, mask=self._mask)


def check_probability(scale: float) -> None:
    """Validate a scale."""
    check_scalar(scale, "scale", Real)
    if not 0 <= scale <= 1:
        raise ValueError(f"scale must be a probability, from 0 to 1; got {scale} instead.")
