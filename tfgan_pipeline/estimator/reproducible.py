"""A decorator of methods of estimators, for equal results from equal seeds."""

from __future__ import annotations

from collections.abc import Callable
import functools
from typing import Concatenate, ParamSpec, TypeVar

from tfgan_pipeline.estimator.run_reader import RunReader
from tfgan_pipeline.replicas import strategies

_Arguments = ParamSpec('_Arguments')
_Result = TypeVar('_Result')
_Run = TypeVar('_Run', bound=RunReader)


def reproducible(
  function: Callable[Concatenate[_Run, _Arguments], _Result],
) -> Callable[Concatenate[_Run, _Arguments], _Result]:
  """Wraps a function of an estimator so that it runs with the experiment's seed and determinism."""

  @functools.wraps(function)
  def wrapper(estimator: _Run, *args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
    with strategies.reproducible(estimator.experiment):
      return function(estimator, *args, **kwargs)

  return wrapper
