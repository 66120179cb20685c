"""Progress of `fit` for the callbacks of scikit-learn 1.9; nothing happens before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn < 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands in for the mixin of scikit-learn 1.9."""

    def with_callbacks(method: Any) -> Any:
        """The method itself."""
        return method


__all__ = ["CallbackSupportMixin", "Task", "fit_task", "with_callbacks"]


class Task:
    """`fit`, or a part of it, reported to callbacks; does nothing without a `context`."""

    def __init__(self, estimator: Any = None, context: Any = None) -> None:
        self._estimator = estimator
        self._context = context

    @contextmanager
    def part(self, name: str, n_parts: int | None = 0) -> Iterator[Task]:
        """A part of this task, of `n_parts` parts itself, None if it is not known, from its begin to its end."""
        context = None
        if self._context is not None:
            context = self._context.subcontext(task_name=name, max_subtasks=n_parts)
            context.call_on_fit_task_begin(estimator=self._estimator)
        yield Task(self._estimator, context)
        if context is not None:
            context.call_on_fit_task_end(estimator=self._estimator)

    def each(self, name: str, results: Iterator[Any]) -> Iterator[Any]:
        """The results, each a part of this task."""
        for result in results:
            with self.part(name):
                yield result


@contextmanager
def fit_task(estimator: Any, n_parts: int) -> Iterator[Task]:
    """The whole of `fit`, of `n_parts` parts; within a method that has `with_callbacks`."""
    context = None
    if hasattr(estimator, "_init_callback_context"):
        context = estimator._init_callback_context(max_subtasks=n_parts)  # noqa: SLF001, scikit-learn's documented hook
        context.call_on_fit_task_begin(estimator=estimator)
    yield Task(estimator, context)
    if context is not None:
        context.call_on_fit_task_end(estimator=estimator)
