"""RegionDisplay: the regions of an image at several scales, drawn with matplotlib."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .._images import SingleImage, open_images, open_single
from .._nested import inner_segmenter
from .axes import as_rgb, check_can_be_shown, new_axes, thinned


class RegionDisplay:
    """Boundaries of regions over an image, one panel per scale.

    Create it with `from_estimator`.

    Parameters
    ----------
    image : ndarray of shape (height, width, 1) or (height, width, 3)
        Image to show: uint8, uint16, bool, or float from 0 to 1.

    region_maps : list of ndarray of int, shape (height, width)
        Regions, one map per panel; masked for pixels without a region.

    titles : list of str
        Title of each panel.

    Attributes
    ----------
    axes_ : ndarray of Axes
        The panels; set by `plot`.

    figure_ : Figure
        The figure of the panels.

    See Also
    --------
    RegionSegmenter : Finds the regions.

    Examples
    --------
    >>> from skimage.data import coffee
    >>> from skseg import RegionDisplay, RegionSegmenter
    >>> display = RegionDisplay.from_estimator(RegionSegmenter().fit(coffee()), coffee())
    >>> [ax.get_title().split(",")[0] for ax in display.axes_]
    ['scale 0.289', 'scale 0.55', 'scale 0.786']
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
        segmenter : RegionSegmenter, Pipeline or search
            A fitted segmenter, or a Pipeline or search that ends in one.

        X : image of shape (height, width, n_channels)
            Image to segment. The images of a list or stack are shown one by one.

        scales : sequence of float, default=None
            Scale of each panel; by default, a third, one and three times the odds of the segmenter's scale.

        image : image of shape (height, width, 1) or (height, width, 3), default=None
            Image to show; X by default. Required if X is not gray or RGB.

        axes : array-like of Axes, default=None
            Axes to draw on, one per scale; a new figure by default.

        Returns
        -------
        display : RegionDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If X is a list or stack of images, or cannot be shown.
        """
        model, arrived = inner_segmenter(segmenter, X, kind="RegionSegmenter")
        _check_one(arrived)
        if scales is None:  # a third, one and three times the odds of the segmenter's
            scales = [model.scale / (model.scale + part * (1 - model.scale)) for part in (3, 1, 1 / 3)]
        scales = list(scales)
        image = np.ma.filled(open_single(X if image is None else image).array, 0)
        check_can_be_shown(image)
        hierarchy = model.hierarchy(arrived)
        maps = [hierarchy.cut(scale=scale) for scale in scales]
        titles = [f"scale {scale:.3g}, {_count(regions)}" for scale, regions in zip(scales, maps, strict=True)]
        return cls(image, maps, titles).plot(axes=axes)

    def plot(self, *, axes: Any = None) -> Self:
        """Draw one panel per region map; large images are thinned to screen size.

        Parameters
        ----------
        axes : array-like of Axes, default=None
            Axes to draw on, one per map; a new figure by default.

        Returns
        -------
        display : RegionDisplay
            The display itself.

        Raises
        ------
        ValueError
            If the number of axes differs from the number of maps.
        """
        from skimage.segmentation import mark_boundaries  # noqa: PLC0415

        n_panels = len(self.region_maps)
        self.axes_ = np.ravel(new_axes(n_panels, self.image.shape[:2]) if axes is None else axes)
        if self.axes_.size != n_panels:
            raise ValueError(f"axes must be {n_panels}; got {self.axes_.size} instead.")
        self.figure_ = self.axes_[0].figure
        image = as_rgb(thinned(self.image))
        for ax, regions, title in zip(self.axes_, self.region_maps, self.titles, strict=True):
            numbers = np.ma.getdata(thinned(regions))
            ax.imshow(mark_boundaries(image, numbers, (1, 1, 0), (0, 0, 0), background_label=-1))
            ax.set(title=title, xticks=[], yticks=[])
        return self


def _check_one(X: Any) -> None:
    """Refuse anything but a single image."""
    images = open_images(X)
    if not isinstance(images, SingleImage) or len(images.shape) != 3:
        kind = f"the shape {images.shape}" if isinstance(images, SingleImage) else f"a list of {len(images.data)}"
        raise ValueError(
            f"X must be one image (height, width, n_channels); got {kind} instead. "
            "Show the images of a list or stack one by one: X[0]."
        )


def _count(regions: Any) -> str:
    n_regions = int(np.ma.getdata(regions).max(initial=-1)) + 1
    return f"{n_regions} region" + "s" * (n_regions != 1)
