"""How estimators look in a notebook: linked to their pages, with what they have learned."""

from __future__ import annotations

from typing import Any

from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted


class NotebookMixin:
    """Adds to scikit-learn's HTML representation a link to our API pages, and what `_repr_html_fitted` gives."""

    _doc_link_module = "skseg"
    _doc_link_template = "https://skseg.readthedocs.io/en/stable/api/{estimator_module}.{estimator_name}.html"

    def _repr_html_fitted(self) -> str:
        return ""

    def _repr_html_inner(self) -> str:
        """HTML, for notebooks that ask for nothing else."""
        return super()._repr_html_inner() + self._repr_html_more()  # type: ignore[misc, no-any-return]

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        """Text and HTML, for notebooks that take their choice."""
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
