"""Progress of `fit` for the callbacks of scikit-learn 1.9; nothing happens before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from sklearn.base import BaseEstimator

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn < 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands in for the mixin of scikit-learn 1.9."""

    def with_callbacks(method: Callable[..., Any]) -> Callable[..., Any]:
        """The method itself."""
        return method


__all__ = ["CallbackSupportMixin", "Task", "fit_task", "with_callbacks"]

T = TypeVar("T")


class Task:
    """`fit`, or a part of it, reported to callbacks; does nothing without a `context`."""

    def __init__(self, estimator: BaseEstimator, context: Any) -> None:
        self._estimator = estimator
        self._context = context

    @contextmanager
    def running(self) -> Iterator[Task]:
        """The task from its begin to its end."""
        if self._context is not None:
            self._context.call_on_fit_task_begin(estimator=self._estimator)
        yield self
        if self._context is not None:
            self._context.call_on_fit_task_end(estimator=self._estimator)

    def part(self, name: str, n_parts: int | None = 0) -> AbstractContextManager[Task]:
        """A part of this task, of `n_parts` parts itself, None if it is not known."""
        context = self._context and self._context.subcontext(task_name=name, max_subtasks=n_parts)
        return Task(self._estimator, context).running()

    def each(self, name: str, results: Iterator[T]) -> Iterator[T]:
        """The results, each a part of this task."""
        for result in results:
            with self.part(name):
                yield result


def fit_task(estimator: BaseEstimator, n_parts: int) -> AbstractContextManager[Task]:
    """The whole of `fit`, of `n_parts` parts; within a method that has `with_callbacks`."""
    start = getattr(estimator, "_init_callback_context", None)  # scikit-learn's documented hook
    return Task(estimator, start and start(max_subtasks=n_parts)).running()
