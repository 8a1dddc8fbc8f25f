"""The step as StableHLO: its arguments, its results, and the operation named in a refusal."""

import functools
import re

import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.losses.penalties import Penalty
from tfgan_pipeline.tpu.export import LoweringError, StepExporter

pytestmark = pytest.mark.usefixtures('exports')

IMAGES = Dataset.of_images('any', (16, 16, 1), tuple('0123456789'), {})


def exporter(replicas=4, **values) -> StepExporter:
  experiment = Experiment(
    **{**dict(networks='dcgan(filters=4)', noise='normal(8)', batch_size=16), **values}
  )
  return StepExporter(experiment, IMAGES, replicas)


@functools.cache
def of_four() -> tuple[StepExporter, str]:
  """Returns the exporter with all defaults and the step of one of four replicas."""
  step = exporter()
  return step, step.stablehlo(replica_batch=4)


def signature(text: str) -> tuple[list[str], list[str]]:
  """Returns the types of the arguments and results of main."""
  arguments, results = re.search(r'func\.func @main\((.*)\) -> \((.*)\) {', text).groups()
  return re.findall(r'tensor<(.*?)>', arguments), re.findall(r'tensor<(.*?)>', results)


def count(state) -> int:
  """Counts the variables that a step uses."""
  return (
    sum(len(network.variables) for network in [*state.networks.values(), *state.averages.values()])
    + sum(len(optimizer.variables) for optimizer in state.optimizers.values())
    + len(state.optimizers)  # Their learning rates.
    + 2  # The global step and the number of rollbacks.
  )


@pytest.mark.parametrize(
  'values, batches, counters',
  [
    (dict(), 1, 0),
    (dict(update='sequential', discriminator_steps=2), 3, 1),
  ],
  ids=['joint', 'sequential'],
)
def test_arguments_and_results(values, batches, counters):
  step = exporter(**values) if values else of_four()[0]
  text = step.stablehlo(replica_batch=4) if values else of_four()[1]
  arguments, results = signature(text)
  assert arguments[: 2 * batches] == ['4x16x16x1xui8', '4xi32'] * batches
  # The spare step is counted where the discriminator moves alone.
  assert len(arguments) == 2 * batches + count(step.state) + counters
  assert '?' not in ''.join(arguments + results)
  assert 'tensor<?' not in text
  # What changes is returned in place of what came in.
  scalars = 12
  assert text.count('kind = "may_alias"') == len(results) - scalars
  assert 'mhlo.copy' not in text


def test_replicas_are_summed_over():
  assert 'dense<[[0, 1, 2, 3]]> : tensor<1x4xi64>' in (text := of_four()[1])
  assert 'stablehlo.replica_id' in text
  # The noise of all replicas is drawn, and the rows of this one taken.
  assert 'tensor<16x8xf32>' in text and 'tensor<4x8xf32>' in text
  alone = exporter(replicas=1).stablehlo(4)
  assert 'stablehlo.batch_norm_training' in alone and 'tensor<16x8xf32>' not in alone


@pytest.fixture
def refused(request, monkeypatch):
  """A penalty that no XLA compiler takes, registered for one test."""
  monkeypatch.setattr(registry.penalty, '_runtime', {})

  @registry.penalty
  def refused() -> Penalty:
    """A penalty for one test only."""
    return Penalty('discriminator', request.param)


def calls_python(model):
  return tf.py_function(lambda x: x, [model.discriminator_gen_outputs[0, 0]], tf.float32)


def has_a_shape_that_depends_on_values(model):
  count = tf.cast(model.discriminator_gen_outputs[0, 0], tf.int32)
  return tf.reduce_sum(tf.zeros([count], name='as_many'))


@pytest.mark.parametrize(
  'refused, op',
  [(calls_python, 'EagerPyFunc'), (has_a_shape_that_depends_on_values, 'Fill')],
  indirect=['refused'],
)
def test_the_operation_at_fault_is_named(refused, op):
  with pytest.raises(LoweringError) as caught:
    exporter(penalties='refused').stablehlo(4)
  assert caught.value.op == op and op in str(caught.value)
