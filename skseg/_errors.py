"""Errors and warnings, and the image of a list that they are about."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_image_index: ContextVar[int | None] = ContextVar("image_index", default=None)


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


@contextmanager
def image_of_list(index: int) -> Iterator[None]:
    """Let errors and warnings name an image of a list: in their text, and as the attribute `image_index`.

    Their attribute `problem` is the text without it.
    """
    token = _image_index.set(index)
    try:
        yield
    except (TypeError, ValueError) as error:
        raise _with_index(error, _kind_of(error), index) from error
    finally:
        _image_index.reset(token)


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn the code that called skseg, maybe through scikit-learn."""
    warning, index = category(message), _image_index.get()
    warning = warning if index is None else _with_index(warning, category, index)
    warnings.warn(warning, stacklevel=_levels_to_caller())


def _with_index(problem: Exception, kind: type[Exception], index: int) -> Any:
    text = getattr(problem, "problem", None) or str(problem)
    named = kind(f"X[{index}]: {text}")
    named.__cause__ = problem  # joblib may replace it, but keeps attributes
    vars(named).update(image_index=index, problem=text)
    return named


def _kind_of(error: Exception) -> type[TypeError | ValueError]:
    if isinstance(error, HintedError):
        return type(error)
    return TypeError if isinstance(error, TypeError) else ValueError


def _levels_to_caller() -> int:
    """How many frames lie between a warning and the code that called skseg."""
    frame, level = inspect.currentframe(), 0
    while frame and frame.f_globals.get("__name__", "").split(".")[0] in ("skseg", "sklearn", "joblib"):
        frame, level = frame.f_back, level + 1
    return level
