"""scikit-learn's own checks on several configurations: all of them, none expected to fail, those skipped listed here.

scikit-learn checks estimators of tables, so it leaves out nearly everything for `RegionSegmenter`, which needs images.
Its checks without data run here, and tests/test_region_contract.py stands in for the others.
"""

from unittest import SkipTest

import pytest
from sklearn.exceptions import SkipTestWarning
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from skseg import ColorConverter, KMeansSegmenter, RegionSegmenter, WhiteBalancer

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

# The light of a table is that of all its pixels, so a part of the table is transformed otherwise. The only tag for this
# says that an estimator is not deterministic. scikit-learn then skips these checks, and does not even make those of the
# order of pixels and of parts of a table. All but the last pass without the tag, see tests/test_balancer.py.
SKIPPED = {
    "WhiteBalancer is non deterministic": {
        "check_pipeline_consistency",
        "check_transformer_data_not_an_array",
        "check_transformer_general",
    }
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # the checks' data has few colors
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
@parametrize_with_checks(CONFIGURATIONS, expected_failed_checks=lambda estimator: {})
def test_passes_the_check_of_scikit_learn(estimator, check):
    try:
        check(estimator)
    except SkipTest as reason:
        if check.func.__name__ not in SKIPPED.get(str(reason), ()):
            pytest.fail(f"{check.func.__name__} is skipped: {reason}")
        raise


# Regions


@pytest.mark.parametrize(
    "check",
    [
        "check_do_not_raise_errors_in_init_or_set_params",
        "check_estimator_cloneable",
        "check_estimator_repr",
        "check_estimator_tags_renamed",
        "check_get_params_invariance",
        "check_mixin_order",
        "check_no_attributes_set_in_init",
        "check_parameters_default_constructible",
        "check_set_params",
        "check_valid_tag_types",
    ],
)
def test_regions_pass_the_checks_that_need_no_data(check):
    getattr(estimator_checks, check)("RegionSegmenter", RegionSegmenter())


def test_scikit_learn_itself_makes_only_one_check_of_regions():
    with pytest.warns(SkipTestWarning, match="Can't test estimator RegionSegmenter"):
        (check,) = estimator_checks.estimator_checks_generator(RegionSegmenter())
    assert check[1].func.__name__ == "check_estimator_cloneable"
