"""In a notebook, estimators link to their pages, and a fitted segmenter shows its palette and a thumbnail."""

import re
from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from sklearn import config_context
from sklearn.pipeline import make_pipeline

from skseg import ColorConverter, KMeansSegmenter, RegionSegmenter, WhiteBalancer

IMAGE = np.array([[[255, 0, 0]] * 3, [[0, 0, 255]] * 3], dtype=np.uint8)


@pytest.mark.parametrize("estimator", [KMeansSegmenter(), ColorConverter(), WhiteBalancer(), RegionSegmenter()])
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


def thumbnail_of(segmenter):
    """The picture in the representation of a segmenter, or None."""
    urls = re.findall(r'src="data:image/png;base64,([^"]*)"', segmenter._repr_html_())
    return np.asarray(Image.open(BytesIO(b64decode(urls[0])))) if urls else None


def test_the_label_map_is_shown_in_the_colors_of_the_clusters():
    masked = np.ma.array(IMAGE, mask=np.zeros(IMAGE.shape, dtype=bool))
    masked[0, 0] = np.ma.masked
    segmenter = KMeansSegmenter(2, random_state=0).fit(masked)
    picture = thumbnail_of(segmenter)
    assert np.array_equal(picture[..., 3], [[0, 255, 255], [255, 255, 255]])
    assert np.array_equal(picture[..., :3][picture[..., 3] > 0], IMAGE[picture[..., 3] > 0])


def test_a_large_label_map_is_shown_small():
    image = np.repeat(np.repeat(IMAGE, 500, axis=0), 500, axis=1)
    picture = thumbnail_of(KMeansSegmenter(2, random_state=0).fit(image))
    assert max(picture.shape) <= 240
    assert np.array_equal(picture[[0, -1], 0, :3], IMAGE[:, 0])


@pytest.mark.parametrize("X", [IMAGE.reshape(-1, 3), [IMAGE, IMAGE], IMAGE[np.newaxis]], ids=["table", "list", "stack"])
def test_only_a_single_image_is_shown(X):
    assert thumbnail_of(KMeansSegmenter(2, random_state=0).fit(X)) is None
    assert thumbnail_of(KMeansSegmenter(2, random_state=0).partial_fit(X)) is None


def test_the_regions_of_an_image_are_shown_in_their_mean_colors():
    half = np.random.default_rng(0).integers(100, 120, (150, 400, 3), dtype=np.uint8)
    image = np.ma.array(np.concatenate([half, half + np.uint8(60)]), mask=False)
    image[:10, :10] = np.ma.masked
    estimator = RegionSegmenter(n_regions=2, min_size=400)
    assert thumbnail_of(estimator) is None
    shown = thumbnail_of(estimator.fit(image))
    assert shown.shape == (150, 200, 4)
    assert (shown[:5, :5, 3] == 0).all()
    assert np.abs(shown[[20, -1], 20, :3].astype(int) - estimator.transform(image)[[40, -1], 40]).max() <= 1
    assert (shown[5:, 5:, 3] == 255).all()


@pytest.mark.parametrize("n_channels", [1, 5])
def test_regions_of_any_channels_are_shown(n_channels):
    image = np.zeros((300, 40, n_channels), dtype=np.int16)
    image[100:], image[200:] = 500, 3000
    shown = thumbnail_of(RegionSegmenter(KMeansSegmenter(3, color_space=None), n_regions=3).fit(image))
    assert np.array_equal(np.unique(shown[..., :3]), [0, 42, 255] if n_channels == 5 else [0, 31, 187])


@pytest.mark.parametrize(
    "X", [[IMAGE, IMAGE], IMAGE[np.newaxis], np.ma.array(IMAGE, mask=True)], ids=["list", "stack", "masked"]
)
def test_only_regions_of_a_single_image_are_shown(X):
    estimator = RegionSegmenter(min_size=1).fit(IMAGE)
    assert thumbnail_of(estimator) is not None
    assert thumbnail_of(estimator.fit(X)) is None


def test_text_stays_short():
    segmenter = KMeansSegmenter(2, random_state=0).fit(IMAGE)
    assert repr(segmenter) == "KMeansSegmenter(n_clusters=2, random_state=0)"
    with config_context(display="text"):
        assert segmenter._repr_mimebundle_() == {"text/plain": repr(segmenter)}
        assert not hasattr(segmenter, "_repr_html_")
