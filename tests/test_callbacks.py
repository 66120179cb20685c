"""Callbacks have no effect where scikit-learn is too old for them."""

import sys

import numpy as np

import skseg


def test_without_callbacks_in_scikit_learn_estimators_work_as_before(monkeypatch):
    image = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    expected = skseg.KMeansSegmenter(3, random_state=0).fit(image)
    for name in [name for name in sys.modules if name.split(".")[0] == "skseg"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn.callback", None)
    from skseg import KMeansSegmenter  # noqa: PLC0415  anew

    segmenter = KMeansSegmenter(3, random_state=0).fit([image])
    assert np.array_equal(segmenter.cluster_centers_, expected.cluster_centers_)
    assert not hasattr(segmenter, "set_callbacks")
