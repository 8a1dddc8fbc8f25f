"""Events for TensorBoard's pages besides curves, pictures and text.

layout_event([Category('Players', [Lines('losses', ['3_loss/.*'])])])   # Custom Scalars
hyperparameters_event({'seed': 0}, 'a run')                             # HParams
graph_event(graph_def)                                                  # Graphs
histogram_event(100, 'generator/dense/kernel', values)                  # Histograms
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import dataclasses

import numpy as np
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.custom_scalar import metadata as custom_scalar
from tensorboard.plugins.histogram.summary_v2 import histogram_pb
from tensorboard.plugins.hparams.summary_v2 import hparams_pb
from tensorboard.util import tensor_util

from tfgan_pipeline.compat import tf
from tfgan_pipeline.writers.tensorboard import event_of

_BUCKETS = 30


@dataclasses.dataclass(frozen=True)
class Lines:
  """A chart with several curves.

  Attributes:
    title: Heading of the chart.
    tags: Regular expressions of the tags.
  """

  title: str
  tags: Sequence[str]

  def chart(self) -> layout_pb2.Chart:
    """Returns the chart as TensorBoard reads it."""
    content = layout_pb2.MultilineChartContent(tag=self.tags)
    return layout_pb2.Chart(title=self.title, multiline=content)


@dataclasses.dataclass(frozen=True)
class Margin:
  """A chart with a curve between two others, such as a score in its interval.

  Attributes:
    title: Heading of the chart.
    value, lower, upper: Tags of the curves.
  """

  title: str
  value: str
  lower: str
  upper: str

  def chart(self) -> layout_pb2.Chart:
    """Returns the chart as TensorBoard reads it."""
    series = layout_pb2.MarginChartContent.Series(
      value=self.value, lower=self.lower, upper=self.upper
    )
    content = layout_pb2.MarginChartContent(series=[series])
    return layout_pb2.Chart(title=self.title, margin=content)


@dataclasses.dataclass(frozen=True)
class Category:
  """A group of charts, which has a heading.

  Attributes:
    title: The heading.
    charts: The charts, in the order to show.
  """

  title: str
  charts: Sequence[Lines | Margin]


def layout_event(step: int, categories: Sequence[Category]) -> event_pb2.Event:
  """Returns the event of a layout of charts; TensorBoard joins those of several directories."""
  layout = layout_pb2.Layout(
    category=[
      layout_pb2.Category(title=one.title, chart=[chart.chart() for chart in one.charts])
      for one in categories
    ]
  )
  summary = summary_pb2.Summary()
  summary.value.add(
    tag=custom_scalar.CONFIG_SUMMARY_TAG,
    tensor=tensor_util.make_tensor_proto(
      np.array(layout.SerializeToString(), object), dtype=np.object_
    ),
    metadata=custom_scalar.create_summary_metadata(),
  )
  return event_of(step, summary)


def hyperparameters_event(
  step: int, values: Mapping[str, bool | float | str], trial: str
) -> event_pb2.Event:
  """Returns the event of a row of TensorBoard's table of settings.

  Args:
    step: Step of the event.
    values: Values of settings by name.
    trial: Text that no other row has; rows with equal ones would become one.
  """
  return event_of(step, hparams_pb(dict(values), trial_id=trial))


def histogram_event(step: int, tag: str, values: np.ndarray) -> event_pb2.Event:
  """Returns the event of a histogram of the values of an array, in 30 buckets."""
  return event_of(step, histogram_pb(tag, values, buckets=_BUCKETS))


def graph_event(graph: tf.compat.v1.GraphDef) -> event_pb2.Event:
  """Returns the event of a graph, of which a directory shows the last."""
  return event_pb2.Event(graph_def=graph.SerializeToString())
