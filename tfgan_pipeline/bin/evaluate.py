r"""Scores one checkpoint of a run, every checkpoint as it appears, or a folder of images.

    tfgan-evaluate --model_dir=/tmp/run
    tfgan-evaluate --model_dir=/tmp/run --watch --metrics="fid, kid(subsets=20)"
    tfgan-evaluate --model_dir="/tmp/runs/*" --watch --also=raw
    tfgan-evaluate --generated_dir=/tmp/fakes --reference_dir=/tmp/reals --metrics=fid \
      --extractor="inception('/tmp/inception')" --output=/tmp/score.json
    tfgan-evaluate --generated_dir="/tmp/samples-*.npz" --reference_dir=/tmp/reals --metrics=fid
    tfgan-evaluate --generated_features=/tmp/fakes.npy --reference_features=/tmp/reals.npy \
      --metrics=fid,prdc

Each score is one JSON line on stdout. Scores of a run are kept in its eval/<name>/scores.jsonl and
in TensorBoard, too.
"""

from __future__ import annotations

from collections.abc import Iterator
import os
from typing import Any

from absl import flags

from tfgan_pipeline.bin import command_line, early, results
from tfgan_pipeline.config.chosen_step import checked_step
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import RELOCATABLE, Experiment
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs.directory import is_many

FLAGS = flags.FLAGS


def main() -> None:
  """Scores the runs or the folder that the flags name, and prints each record."""
  options = EvaluationOptions.from_flags(FLAGS)
  checked_step(FLAGS.step)
  for name in FLAGS.also:
    if name not in ('raw', 'batch', 'standing'):
      raise UsageError(f'--also={name}: should be one of raw, batch, standing')
  if not FLAGS.watch:
    command_line.refuse('stop_after', 'timeout_minutes', 'stop_when', because='only with --watch')
  elif FLAGS.stop_when:
    early.require_stop_rule(FLAGS.stop_when)
  if not (options.reference_dir or FLAGS.generated_dir):
    for name in ('resize_pictures', 'picture_channels'):
      command_line.refuse(name, because='only with --reference_dir or --generated_dir')
  if FLAGS.generated_dir or FLAGS.generated_features:
    return command_line.print_results(_score_files(options), FLAGS.output)
  if FLAGS.dataset:
    raise UsageError('--dataset: only with --generated_dir; a run has its own')
  if FLAGS.watch:
    command_line.refuse(
      'output', 'step', because='not with --watch, which makes a record of every step'
    )

  places = {name: getattr(FLAGS, name) for name in RELOCATABLE if name != 'model_dir'}
  early.require_sources()
  early.require_run(FLAGS.model_dir or '', labels=options.labels, may_come=FLAGS.watch, **places)

  from tfgan_pipeline.evaluation.many_runs import score_runs, watch_runs

  common = dict(
    also=FLAGS.also,
    strategy=command_line.devices(),
    **places,
  )
  if not FLAGS.watch:
    records = score_runs(FLAGS.model_dir, options, step=FLAGS.step, **common)
    return command_line.print_results(records, FLAGS.output)
  watching = dict(
    timeout_seconds=FLAGS.timeout_minutes * 60,
    stop_after=FLAGS.stop_after,
    stop_when=FLAGS.stop_when,
  )
  records = watch_runs(FLAGS.model_dir, options, **watching, **common)
  table = results.ScoreTable(options.best_by, many=is_many(FLAGS.model_dir))
  command_line.print_results(records, form=table.line)


def _score_files(options: EvaluationOptions) -> Iterator[dict[str, Any]]:
  """Returns the records of --generated_dir or --generated_features.

  Raises:
    UsageError: A flag needs a run, or images where there are features alone.
  """
  flag = 'generated_dir' if FLAGS.generated_dir else 'generated_features'
  command_line.refuse(
    *('model_dir', 'watch', 'step', 'also', 'weights', 'batch_norm', 'best_by', 'eval_name'),
    *('eval_dir', 'labels', 'label_proportions', 'projector'),
    because=f'not with --{flag}, which is no run',
  )
  early.require_sources()
  every = not FLAGS.protocol and FLAGS['num_samples'].using_default_value
  if not FLAGS.generated_dir:
    command_line.refuse(
      *('dataset', 'extractor', 'reference_dir', 'resize_pictures', 'picture_channels'),
      because='not with --generated_features, which has no images',
    )

    from tfgan_pipeline.evaluation.score_features import score_feature_files

    return score_feature_files(FLAGS.generated_features, options, every=every)
  command_line.refuse('generated_features', because='not with --generated_dir; give one of both')
  dataset, text = command_line.read_dataset(FLAGS.dataset) if FLAGS.dataset else (None, '')

  from tfgan_pipeline.evaluation.score_folder import score_folders

  return score_folders(
    FLAGS.generated_dir,
    options,
    every=every,
    dataset=dataset,
    dataset_text=text,
    strategy=command_line.devices(),
    per_sample_path=FLAGS.output and f'{os.path.splitext(FLAGS.output)[0]}.per_sample',
  )


def run() -> None:
  """Defines the flags of tfgan-evaluate and runs `main`."""
  Experiment.define_flags(only=(*RELOCATABLE, 'dataset'), recorded=True)
  EvaluationOptions.define_flags()
  command_line.define_devices('generate and extract')
  command_line.define_path(
    'generated_dir',
    'Images to score instead of a run: a folder, or an .npy or .npz file. Arrays are uint8 '
    '[n, H, W, C]; all are scored, or --num_samples. Several with commas or as a pattern.',
  )
  command_line.define_path(
    'generated_features',
    'Features to score instead of a run: an .npy or .npz file. Floats [n, width]; several with '
    'commas or as a pattern.',
  )
  command_line.define_path('output', 'Write the records to this file, too.')
  flags.DEFINE_string(
    'step', 'newest', 'The checkpoint to score: a step, newest, best, or best:kid.'
  )
  flags.DEFINE_bool('watch', False, 'Score every checkpoint in order until the run is done.')
  flags.DEFINE_list(
    'also',
    [],
    'Score raw (weights), batch or standing (batch normalisation), too. Warns when they are more '
    'than a tenth apart.',
  )
  command_line.define_stop_when()
  flags.DEFINE_integer(
    'stop_after', 0, 'With --watch, end after as many checkpoints.', lower_bound=0
  )
  flags.DEFINE_float(
    'timeout_minutes',
    0,
    'With --watch, stop when nothing new came for so long; 0 waits for ever.',
    lower_bound=0,
  )
  command_line.run(main, __doc__)


if __name__ == '__main__':
  run()
