"""Progress for callbacks, of no effect where nobody listens or scikit-learn is too old to."""

import runpy
import sys

from skseg import _callbacks
from skseg._callbacks import fit_task


def test_without_callbacks_in_scikit_learn_methods_stay_as_they_are(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.callback", None)
    old = runpy.run_path(_callbacks.__file__)
    assert old["with_callbacks"](len) is len
    assert not hasattr(old["CallbackSupportMixin"], "set_callbacks")


def test_tasks_of_an_estimator_without_callbacks_pass_results_through():
    with fit_task(object(), 2) as task, task.part("count", 3) as counting:
        assert list(counting.each("images", iter("abc"))) == ["a", "b", "c"]
