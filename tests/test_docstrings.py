"""Every public docstring is complete numpydoc, with an example for each public name."""

import inspect

import pytest
from numpydoc.validate import validate

import skseg
from skseg import io, metrics

OWN = sorted(set(skseg.__all__) - {"io", "metrics"})
NAMES = [f"skseg.{name}" for name in OWN] + [f"skseg.metrics.{name}" for name in metrics.__all__]
NAMES += [f"skseg.io.{name}" for name in io.__all__]
METHODS = [
    f"skseg.{name}.{method}"
    for name in OWN
    for method, function in inspect.getmembers(getattr(skseg, name), inspect.isfunction)
    if not method.startswith(("_", "set_")) and function.__module__.startswith("skseg")
]
# scikit-learn's own style leaves these out as well.
IGNORED = {
    "ES01",  # an extended summary is not always needed
    "GL01",  # the summary may follow the quotes
    "RT02",  # a returned value has a name
    "SS05",  # a summary need not start with an infinitive
}


def problems(name, ignored=frozenset()):
    return [error for error in validate(name)["errors"] if error[0] not in IGNORED | ignored]


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_documented_with_an_example(name):
    assert problems(name, {"SA01"} if "metrics" in name or "io." in name else frozenset()) == []


@pytest.mark.parametrize("name", METHODS)
def test_a_public_method_is_documented(name):
    assert problems(name, {"EX01", "SA01"}) == []
