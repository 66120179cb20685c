"""RegionDisplay: the regions of an image at several scales, drawn with matplotlib."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ._display import as_rgb, new_axes


class RegionDisplay:
    """Boundaries of regions over an image, one panel per scale.

    Make it with `from_estimator`.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3)
        What is shown, sRGB from 0 to 1.

    region_maps : list of ndarray of int, shape (height, width)
        Regions, one map per panel; masked where a pixel has none.

    titles : list of str
        What is written above each.

    Attributes
    ----------
    axes_ : ndarray of Axes
        The panels; set by `plot`.

    figure_ : Figure
        The figure they are in.

    See Also
    --------
    RegionSegmenter : What finds the regions.

    Examples
    --------
    >>> from skimage.data import coffee
    >>> from skseg import RegionDisplay, RegionSegmenter
    >>> display = RegionDisplay.from_estimator(RegionSegmenter().fit(coffee()), coffee())
    >>> [ax.get_title().split(",")[0] for ax in display.axes_]
    ['scale 7.33', 'scale 22', 'scale 66']
    """

    def __init__(self, image: NDArray[Any], region_maps: list[Any], titles: list[str]) -> None:
        self.image = image
        self.region_maps = region_maps
        self.titles = titles

    @classmethod
    def from_estimator(cls, segmenter: Any, X: Any, *, scales: Any = None, image: Any = None, axes: Any = None) -> Self:
        """Find the regions of an image and show them.

        Parameters
        ----------
        segmenter : RegionSegmenter
            A fitted segmenter.

        X : image of shape (height, width, n_channels)
            What is segmented.

        scales : sequence of float, default=None
            A panel for each; a third of the segmenter's scale, the scale itself and three times it if not given.

        image : image of shape (height, width, 1) or (height, width, 3), default=None
            What is shown; X if not given. Needed where X has other channels than gray or RGB.

        axes : array-like of Axes, default=None
            Where to draw, one for each scale; a new figure if not given.

        Returns
        -------
        display : RegionDisplay
            The display, drawn.
        """
        scales = [segmenter.scale / 3, segmenter.scale, segmenter.scale * 3] if scales is None else list(scales)
        hierarchy = segmenter.hierarchy(X)
        maps = [hierarchy.cut(scale=scale) for scale in scales]
        titles = [f"scale {s:.3g}, {int(np.ma.max(m)) + 1} regions" for s, m in zip(scales, maps, strict=True)]
        return cls(as_rgb(X if image is None else image), maps, titles).plot(axes=axes)

    def plot(self, *, axes: Any = None) -> Self:
        """Draw a panel for each map of regions.

        Parameters
        ----------
        axes : array-like of Axes, default=None
            Where to draw, one for each map; a new figure if not given.

        Returns
        -------
        display : RegionDisplay
            The display itself.

        Raises
        ------
        ValueError
            If there are more or fewer axes than maps.
        """
        from skimage.segmentation import mark_boundaries  # noqa: PLC0415

        n_panels = len(self.region_maps)
        self.axes_ = np.ravel(new_axes(n_panels, self.image.shape[:2]) if axes is None else axes)
        if self.axes_.size != n_panels:
            raise ValueError(f"axes must be {n_panels}; got {self.axes_.size} instead.")
        self.figure_ = self.axes_[0].figure
        for ax, regions, title in zip(self.axes_, self.region_maps, self.titles, strict=True):
            outlined = mark_boundaries(self.image, np.ma.getdata(regions), (1, 1, 0), (0, 0, 0), background_label=-1)
            ax.imshow(outlined)
            ax.set(title=title, xticks=[], yticks=[])
        return self
