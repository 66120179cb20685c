"""How estimators look in a notebook: linked to their pages, with the palette that they have learned."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from ._color import hex_code


class NotebookMixin:
    """Adds to scikit-learn's HTML representation a link to our API pages, and what `_repr_html_fitted` gives."""

    _doc_link_module = "skseg"
    _doc_link_template = "https://skseg.readthedocs.io/en/stable/api/{estimator_module}.{estimator_name}.html"

    def _repr_html_fitted(self) -> str:
        return ""

    def _repr_html_inner(self) -> str:
        """HTML, for notebooks that support nothing else."""
        return super()._repr_html_inner() + self._repr_html_more()  # type: ignore[misc, no-any-return]

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        """Text and HTML, of which a notebook chooses one."""
        bundle: dict[str, str] = super()._repr_mimebundle_(**options)  # type: ignore[misc]
        if "text/html" in bundle:
            bundle["text/html"] += self._repr_html_more()
        return bundle

    def _repr_html_more(self) -> str:
        try:
            check_is_fitted(self)
        except NotFittedError:
            return ""
        return self._repr_html_fitted()


def palette_strip(colors: NDArray[np.float64], sizes: NDArray[np.float64], title: str) -> str:
    """A strip of colors as HTML, as wide as their shares, with hex codes to hover over."""
    parts = [(hex_code(color), size) for color, size in zip(colors, sizes, strict=True)]
    strips = "".join(
        f'<span title="{label}: {code}, {share:.1%}" style="background:{code};flex:{share:.4f};min-width:3px"></span>'
        for label, (code, share) in enumerate(parts)
    )
    text = ", ".join(f"{code} {share:.0%}" for code, share in parts)
    style = "display:flex;height:1.6em;width:100%;max-width:40em;margin:.4em 0;border-radius:4px;overflow:hidden"
    return f'<div role="img" aria-label="{title}: {text}" style="{style}">{strips}</div>'
