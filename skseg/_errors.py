"""Errors and warnings, the image of a list that they are about, and the objects that X must not be."""

import inspect
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from numbers import Number
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

_READ = "Read files first, for example with skimage.io.imread."
_WAYS_OUT = {  # the first attribute that an object has tells its kind; None for what NumPy converts
    "getbands": None,  # PIL's images, which copy all pixels to give their __array_interface__
    "__array__": None,
    "__array_interface__": None,
    "read": _READ,
    "__dlpack__": "Pass np.from_dlpack({}).",
    "toarray": "It is sparse, but dense data is required: pass {}.toarray().",
    "keys": "Pass list({}.values()).",
    "__getitem__": None,
    "__iter__": "Pass list({}).",
}
Problem = TypeVar("Problem", bound=Exception)
_image_index: ContextVar[int | None] = ContextVar("image_index", default=None)


def is_word(value: object, *words: str) -> bool:
    """Whether the value of a parameter, of any type, is one of these words. An array would compare number by number."""
    return isinstance(value, str) and value in words


class NoPixelsError(ValueError):
    """No pixel counts: all are masked or have weight 0."""


class HintedError(ValueError):
    """A problem with a way out that the kind of error knows; `problem` is the text without it."""

    hint = ""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return f"{super().__str__()} {self.hint}"


class NotFiniteError(HintedError):
    """Pixels are NaN or infinite."""

    hint = "Mask them: np.ma.masked_invalid(X)."


class TooLargeError(HintedError):
    """An image has too many pixels to be read at once."""

    hint = "If that is right, raise PIL.Image.MAX_IMAGE_PIXELS."


def current_image() -> int | None:
    """The index of the image of a list that is being worked on; None outside of lists."""
    return _image_index.get()


@contextmanager
def image_of_list(index: int | None) -> Iterator[None]:
    """Let errors and warnings name an image of a list, if any: in their text, and as the attribute `image_index`.

    Their attribute `problem` is the text without it.
    """
    token = _image_index.set(index)
    try:
        yield
    except (TypeError, ValueError) as error:
        if index is None:
            raise
        kind = type(error) if isinstance(error, HintedError) else _plain_kind(error)
        raise _with_index(error, kind, index) from error
    finally:
        _image_index.reset(token)


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn the code that called skseg, maybe through scikit-learn."""
    warning, index = category(message), _image_index.get()
    warning = warning if index is None else _with_index(warning, category, index)
    warnings.warn(warning, stacklevel=_levels_to_caller())


def _with_index(problem: Exception, kind: type[Problem], index: int) -> Problem:
    text = getattr(problem, "problem", None) or str(problem)
    named = kind(f"X[{index}]: {text}")
    vars(named).update(image_index=index, problem=text)  # attributes, which joblib keeps
    return named


def _plain_kind(error: Exception) -> type[TypeError | ValueError]:
    return TypeError if isinstance(error, TypeError) else ValueError


def _levels_to_caller() -> int:
    """How many frames lie between a warning and the code that called skseg."""
    frame, level = inspect.currentframe(), 0
    while frame and frame.f_globals.get("__name__", "").split(".")[0] in ("skseg", "sklearn", "joblib"):
        frame, level = frame.f_back, level + 1
    return level


def not_an_image(kind: str, way_out: str) -> str:
    """The sentence that says what X may be."""
    return (
        "X must be a pixel table (n_pixels, n_channels), an image (height, width, n_channels) or a list of images; "
        f"got {kind} instead. {way_out}"
    )


def check_kind(X: object) -> None:
    """Refuse an object that NumPy does not convert to numbers, a list with one, and an empty list."""
    items = X if isinstance(X, list | tuple) else [X]
    if not items:
        raise ValueError("X is an empty list; at least one image, or one pixel, is needed.")
    for index, item in enumerate(items):
        if way_out := _way_out(item):
            name, kind = (f"X[{index}]", f"{type(X).__name__} of ") if items is X else ("X", "")
            raise TypeError(not_an_image(kind + type(item).__name__, way_out.format(name)))


def to_array(X: object) -> NDArray[Any]:
    """X as an array, masked if it is."""
    try:
        return np.asanyarray(X)
    except (TypeError, RuntimeError) as error:  # of arrays on a GPU, for example
        raise TypeError(f"X cannot be converted to a NumPy array: {error}") from error
    except ValueError as error:
        if not isinstance(X, list | tuple):
            raise
        way_out = "Make each image an array: [np.asarray(image) for image in X]."
        raise ValueError(not_an_image("lists of different lengths", way_out)) from error


def as_real(array: NDArray[Any]) -> NDArray[Any]:
    """An array if it holds real numbers; objects are converted to them."""
    kind = array.dtype.kind
    if kind == "O":
        try:
            return array.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise _plain_kind(error)(f"X must hold real numbers; {error}.") from error
    if kind not in "biuf":
        refused, way_out = ("Complex data not supported: ", "np.abs(X)") if kind == "c" else ("", "X.astype(float)")
        raise ValueError(f"{refused}X must hold real numbers; got {array.dtype} instead. Pass {way_out}, for example.")
    return array


def _way_out(X: object) -> str | None:
    """How to make an array of an object, with {} in place of its name; None if NumPy does."""
    if isinstance(X, list | tuple | Number):
        return None
    if isinstance(X, str | bytes):
        return _READ
    if getattr(getattr(X, "dtype", None), "names", None):
        return "It is structured: pass numpy.lib.recfunctions.structured_to_unstructured({})."
    return next((_WAYS_OUT[name] for name in _WAYS_OUT if hasattr(X, name)), _READ)
