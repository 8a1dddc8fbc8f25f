"""Makes a moving average of any length of a run's weights, after its training.

tfgan-train --ema=posthoc --model_dir=/tmp/run ...
tfgan-average --model_dir=/tmp/run --length=0.15 --output_dir=/tmp/longer
tfgan-average --model_dir=/tmp/run --length=0.02,0.05,0.1,0.2 --output_dir=/tmp/lengths
tfgan-evaluate --model_dir="/tmp/lengths/*"

The length is how far an average looks back, as a share of the training up to its step. What is
written is a run of its own, with one checkpoint: the run's, but for the average.
"""

from absl import flags

from tfgan_pipeline.bin import command_line, early
from tfgan_pipeline.config.chosen_step import checked_step
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import UsageError

FLAGS = flags.FLAGS


def main() -> None:
  """Writes a run for each length, and prints what it is."""
  if not FLAGS.length:
    raise UsageError('--length: say how long an average to make, such as --length=0.1')
  if not FLAGS.output_dir:
    raise UsageError('--output_dir: say which folder to write')
  lengths = list(dict.fromkeys(_number(text) for text in FLAGS.length.split(',') if text.strip()))
  if not lengths:
    raise UsageError(f'--length={FLAGS.length}: has no number; as in --length=0.05,0.1')
  early.require_run(FLAGS.model_dir)

  from tfgan_pipeline.runs.directory import RunDirectory
  from tfgan_pipeline.sampling.posthoc import require_length, write_averaged

  for length in lengths:
    require_length(length)
  run = RunDirectory(FLAGS.model_dir)
  experiment = run.read_experiment()
  for length in lengths:
    folder = f'{FLAGS.output_dir}/length-{length:g}' if len(lengths) > 1 else FLAGS.output_dir
    made = write_averaged(run, experiment, length, checked_step(FLAGS.step), folder)
    command_line.print_result({'output_dir': folder.rstrip('/'), **vars(made)})


def _number(text: str) -> float:
  try:
    return float(text)
  except ValueError:
    raise UsageError(
      f'--length={FLAGS.length}: {text!r} is no number; as in --length=0.05,0.1'
    ) from None


def run() -> None:
  """Defines the flags of tfgan-average and runs `main`."""
  Experiment.define_flags(only=('model_dir',))
  command_line.define_path(
    'output_dir', 'The folder of the new run, or of one for each length; may be gs://.'
  )
  flags.DEFINE_string('length', '', 'Length as a share of the training, or several with commas.')
  flags.DEFINE_string('step', 'newest', 'The checkpoint: a step, newest, best, or best:kid.')
  command_line.run(main, __doc__)


if __name__ == '__main__':
  run()
