"""What an evaluation measures, one flag per field."""

from __future__ import annotations

import dataclasses
import os

from tfgan_pipeline import registry
from tfgan_pipeline.settings import Settings, setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class EvaluationOptions(Settings):
  """How checkpoints are scored. Every field with `defines` is part of each record's definition."""

  extractor: str = setting('classifier', 'Turns images into features.', one_of=registry.extractor)
  metrics: str = setting(
    'inception_score, fid, kid', 'What is computed from the features.', some_of=registry.metric
  )
  num_samples: int = setting(10000, 'Images generated per score.', minimum=2)
  reference_split: str = setting(
    'train',
    'The real images compared with, all of that split.',
    choices=('train', 'validation', 'test'),
  )
  weights: str = setting(
    'average',
    'average: the moving average of the generator, where the run '
    'keeps one. raw: the trained weights themselves.',
    choices=('average', 'raw'),
  )
  sample_seed: int = setting(0, 'Of the noise of the generated images.', minimum=0, below=2**31)
  eval_name: str = setting(
    '',
    'Directory under model_dir/eval; empty makes one from extractor, '
    'number of samples and weights.',
    defines=False,
  )
  eval_batch_size: int = setting(
    256, 'Images generated at a time; changes no score.', defines=False, minimum=1
  )
  cache_dir: str = setting(
    '',
    'Where classifiers and reference features are kept; empty is $TFGAN_PIPELINE_CACHE or '
    '~/.cache/tfgan_pipeline.',
    defines=False,
    path=True,
  )

  @property
  def directory_name(self) -> str:
    name = registry.extractor.parse(self.extractor).name
    raw = '-raw' if self.weights == 'raw' else ''
    return self.eval_name or f'{name}-{self.num_samples}{raw}'

  @property
  def cache_path(self) -> str:
    return os.path.expanduser(
      self.cache_dir or os.environ.get('TFGAN_PIPELINE_CACHE') or '~/.cache/tfgan_pipeline'
    )
