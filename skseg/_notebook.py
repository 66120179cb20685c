"""HTML of estimators in a notebook: a link to their page, a palette and a thumbnail."""

import warnings
from base64 import b64encode
from contextlib import suppress
from html import escape
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import get_config
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from ._color import hex_code, to_uint8

LONGEST = 240  # pixels of a side of a thumbnail


class NotebookMixin:
    """Adds to scikit-learn's HTML representation a link to our API pages, and the result of `_repr_html_fitted`."""

    _doc_link_module = "skseg"
    _doc_link_template = "https://skseg.readthedocs.io/en/stable/api/{estimator_module}.{estimator_name}.html"

    def _repr_html_fitted(self) -> str:
        return ""

    def _repr_html_inner(self) -> str:
        """HTML, for notebooks that support nothing else."""
        with warnings.catch_warnings():  # by NumPy, where scikit-learn formats fitted attributes that are masked arrays
            warnings.filterwarnings("ignore", "Format strings passed to MaskedConstant", FutureWarning)
            html: str = super()._repr_html_inner()  # type: ignore[misc]
        with suppress(NotFittedError):
            check_is_fitted(self)
            html += self._repr_html_fitted()
        return html

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """Text and HTML, of which a notebook chooses one."""
        html = {"text/html": self._repr_html_inner()} if get_config()["display"] == "diagram" else {}
        return {"text/plain": repr(self), **html}


def palette_strip(colors: NDArray[np.float64], sizes: NDArray[np.float64], title: str) -> str:
    """A strip of colors as HTML, as wide as their shares, with hex codes to hover over."""
    parts = [*zip(map(hex_code, colors), sizes, strict=True)]
    strips = "".join(
        f'<span title="{label}: {code}, {share:.1%}" style="background:{code};flex:{share:.4f};min-width:3px"></span>'
        for label, (code, share) in enumerate(parts)
    )
    text = ", ".join(f"{code} {share:.0%}" for code, share in parts)
    style = "display:flex;height:1.6em;width:100%;max-width:40em;margin:.4em 0;border-radius:4px;overflow:hidden"
    return f'<div role="img" aria-label="{title}: {text}" style="{style}">{strips}</div>'


def thumbnail(label_map: Any, colors: NDArray[np.float64], kind: str = "clusters") -> str:
    """A small image of a label map as HTML, in the colors of the labels, transparent where it is masked."""
    labels = label_map[small(label_map)]
    height, width = label_map.shape
    alt = f"Label map of {width} × {height} pixels in the colors of its {kind}"
    return picture(to_uint8(colors)[np.ma.filled(labels, 0)], np.ma.getmaskarray(labels), alt)


def small(image: Any) -> tuple[slice, slice]:
    """The pixels of an image or label map that a thumbnail shows."""
    step = slice(None, None, -(-max(image.shape[:2]) // LONGEST))
    return step, step


def picture(colors: NDArray[np.uint8], is_masked: NDArray[np.bool_], alt: str) -> str:
    """An image as HTML, transparent where it is masked."""
    from PIL import Image  # noqa: PLC0415

    file = BytesIO()
    Image.fromarray(np.dstack([colors, np.uint8(255) * ~is_masked])).save(file, "png")
    return f'<img src="data:image/png;base64,{b64encode(file.getvalue()).decode()}" alt="{escape(alt)}">'
