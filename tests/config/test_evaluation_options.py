"""Options of an evaluation that depend on each other."""

import pytest

from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.errors import UsageError


def test_both_spellings_of_the_path_length_are_one_metric():
  short = EvaluationOptions(path_length=50)
  long = EvaluationOptions(generator_metrics='perceptual_path_length(samples=50)')
  assert short.generator_calls == long.generator_calls
  assert list(short.generator_calls) == ['perceptual_path_length(samples=50)']
  other = EvaluationOptions(generator_metrics='perceptual_path_length(50, epsilon=0.1)')
  (text,) = other.generator_calls
  assert text.startswith('perceptual_path_length(samples=50, epsilon=0.1')
  assert (short.generator_flag, long.generator_flag) == ('path_length', 'generator_metrics')
  with pytest.raises(UsageError, match='--path_length: is in --generator_metrics already'):
    EvaluationOptions(path_length=9, generator_metrics='perceptual_path_length')
  for options in (short, long):
    assert not options.variant('batch').generator_calls
    with pytest.raises(UsageError, match=f'--{options.generator_flag}: of single images'):
      EvaluationOptions(
        **{options.generator_flag: getattr(options, options.generator_flag)}, batch_norm='batch'
      )


def test_a_task_has_a_directory_of_its_own():
  plain = EvaluationOptions(extractor='random_projection', num_samples=9)
  assert plain.directory_name == 'random_projection-9'
  task = EvaluationOptions(
    extractor='random_projection', num_samples=9, task='a_to_b', weights='raw'
  )
  assert task.directory_name == 'a_to_b-random_projection-9-raw'
