"""Compiles a training step for TPU slices, without having any, and reports whether it fits them.

    tfgan-tpu-check --flagfile=flags/mnist_dcgan.flags --topology=v4:2x2x1,v5e:2x2,v6e:2x2
    tfgan-tpu-check --flagfile=flags/mnist_dcgan.flags --image_shape=28,28,1 --find_batch

Needs pip install "tfgan_pipeline[tpu-check]", but no data if --image_shape is given. Prints a JSON
line per slice on stdout and a table on stderr; exit code 1 if a step does not compile or fit.
"""

from absl import flags

from tfgan_pipeline.bin import command_line, presets
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import UsageError

FLAGS = flags.FLAGS


def main() -> None:
  """Compiles or exports the training step for the slices that --topology names."""
  from tfgan_pipeline.tpu import compiler, shape, topology

  experiment = Experiment.from_flags(FLAGS)
  topologies = [topology.Topology.parse(name) for name in FLAGS.topology.split(',')]
  if FLAGS.export_stablehlo and len(topologies) > 1:
    raise UsageError('--export_stablehlo: with one --topology only; each has its own step')
  if not FLAGS.export_stablehlo:
    compiler.require()

  dataset = shape.dataset_like(experiment, FLAGS.image_shape, FLAGS.num_classes)

  from tfgan_pipeline.tpu import session

  if FLAGS.export_stablehlo:
    result = session.export(experiment, dataset, topologies[0], FLAGS.export_stablehlo)
    command_line.print_result(result)
  else:
    report = command_line.print_result
    session.check_all(
      experiment, dataset, topologies, find_batch=FLAGS.find_batch, on_result=report
    )


def run() -> None:
  """Defines the flags of tfgan-tpu-check and runs `main`."""
  Experiment.define_flags()
  EvaluationOptions.define_flags()  # Flagfiles for training may set them; ignored here.
  presets.define_flag()
  flags.DEFINE_string('topology', 'v5e:2x2', 'Slices to compile for, as GENERATION:AxB or AxBxC.')
  flags.DEFINE_string('image_shape', '', 'height,width,channels; empty: as read from --dataset.')
  flags.DEFINE_integer('num_classes', 0, 'With --image_shape, how many labels.', lower_bound=0)
  flags.DEFINE_bool('find_batch', False, 'Also look for the largest --batch_size that fits.')
  flags.DEFINE_string(
    'export_stablehlo', '', 'Write the step of one replica to this file instead of compiling it.'
  )
  command_line.run(main, __doc__)


if __name__ == '__main__':
  run()
