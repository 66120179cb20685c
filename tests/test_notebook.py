"""In a notebook, estimators link to their pages, and a fitted segmenter shows its palette."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.pipeline import make_pipeline

from skseg import ColorConverter, KMeansSegmenter, WhiteBalancer

IMAGE = np.array([[[255, 0, 0]] * 3, [[0, 0, 255]] * 3], dtype=np.uint8)


@pytest.mark.parametrize("estimator", [KMeansSegmenter(), ColorConverter(), WhiteBalancer()])
def test_an_estimator_links_to_its_page(estimator):
    page = f"api/skseg.{type(estimator).__name__}.html"
    assert page in estimator._repr_html_()
    assert page in make_pipeline(estimator)._repr_html_()


def test_a_fitted_segmenter_shows_its_palette():
    segmenter = KMeansSegmenter(2, random_state=0)
    assert 'role="img"' not in segmenter._repr_html_()
    segmenter.fit(IMAGE)
    for html in (segmenter._repr_html_(), segmenter._repr_mimebundle_()["text/html"]):
        assert 'aria-label="Clusters, from dark to light: #0000ff 50%, #ff0000 50%"' in html
        assert "background:#ff0000;flex:0.5000" in html


def test_a_palette_that_is_too_long_to_be_seen_is_left_out():
    gray = np.arange(100, dtype=np.uint8).reshape(10, 10, 1)
    assert "Clusters, from dark to light" not in KMeansSegmenter(100, random_state=0).fit(gray)._repr_html_()


def test_text_stays_short():
    segmenter = KMeansSegmenter(2, random_state=0).fit(IMAGE)
    assert repr(segmenter) == "KMeansSegmenter(n_clusters=2, random_state=0)"
    with config_context(display="text"):
        assert segmenter._repr_mimebundle_() == {"text/plain": repr(segmenter)}
        assert not hasattr(segmenter, "_repr_html_")
