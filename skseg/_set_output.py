"""The method `set_output` of estimators whose X may be images."""

from collections.abc import Callable
from copy import copy
from functools import wraps
from typing import Any

from ._images import ImageLike, open_images


class ImageOutputMixin:
    """Apply `set_output` to tables only: a DataFrame cannot hold images."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        plain = {name: cls.__dict__[name] for name in ("transform", "fit_transform") if name in cls.__dict__}
        super().__init_subclass__(**kwargs)  # here scikit-learn wraps both to honor set_output
        for name, method in plain.items():
            setattr(cls, name, _for_tables_only(cls.__dict__[name], method))

    def _frozen(self, name: str) -> Callable[..., Any]:
        """A method of a copy, for results that are lazy: later fits and parameters must not change them."""
        frozen = copy(self)
        vars(frozen).pop("labels_", None)  # maybe a large graph
        method: Callable[..., Any] = getattr(frozen, name)
        return method

    def fit_transform(self, X: ImageLike, y: Any = None, **fit_params: Any) -> Any:
        """Fit to X, then transform it.

        Parameters
        ----------
        X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
            Colors.

        y : None
            Ignored.

        **fit_params : dict
            Passed to `fit`.

        Returns
        -------
        X_new : ndarray, or a list of them
            Output of `transform` for X.
        """
        X = open_images(X).again
        return self.fit(X, y, **fit_params).transform(X)  # type: ignore[attr-defined]


def _for_tables_only(wrapped: Callable[..., Any], plain: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(plain)
    def method(self: ImageOutputMixin, X: ImageLike, *args: Any, **kwargs: Any) -> Any:
        images = open_images(X)
        return (wrapped if images.is_table else plain)(self, images.again, *args, **kwargs)

    return method
