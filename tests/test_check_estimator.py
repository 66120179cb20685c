"""scikit-learn's own checks on several configurations: all of them, none skipped, none expected to fail."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from skseg import ColorConverter, KMeansSegmenter, WhiteBalancer

CONFIGURATIONS = [
    KMeansSegmenter(),
    KMeansSegmenter(output="label"),
    KMeansSegmenter(output="distance"),
    KMeansSegmenter(color_space=None),
    KMeansSegmenter(n_clusters=3, channel_weights=None, init="random"),
    ColorConverter(),
    ColorConverter(None),
    ColorConverter(None, channel_weights="scale"),
    ColorConverter("direction"),
    KMeansSegmenter(color_space=None, channel_weights="scale"),
    KMeansSegmenter(color_space="direction"),
    WhiteBalancer(),
    WhiteBalancer(p=1),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # the checks' data has few colors
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
@parametrize_with_checks(CONFIGURATIONS, expected_failed_checks=lambda estimator: {})
def test_passes_the_check_of_scikit_learn(estimator, check):
    check(estimator)
