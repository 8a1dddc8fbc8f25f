"""What an evaluation measures, one flag per field."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import logging
import os
from typing import Any

from absl import flags

from tfgan_pipeline import registry
from tfgan_pipeline.config.settings import Settings, setting
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.registry.calls import Call

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class EvaluationOptions(Settings):
  """How checkpoints are scored. Every field with `defines` is part of each record's definition.

  `protocol` names the one that these values follow, and is empty when they follow none: use
  `EvaluationOptions.of_protocol('train_50k')`.
  """

  protocol: str = setting(
    '',
    'Sets the number of samples, the reference split and the weights in a named way; flags that '
    'are given override it.',
    defines=False,
    one_of=registry.protocol,
  )
  extractor: str = setting('classifier', 'Turns images into features.', one_of=registry.extractor)
  metrics: str = setting(
    'inception_score, fid, kid', 'What is computed from the features.', some_of=registry.metric
  )
  image_metrics: str = setting(
    '', 'What is computed from the images themselves.', some_of=registry.image_metric
  )
  bootstrap: int = setting(
    0,
    'Resamples for a 95 % interval beside each score that can have one: fid, which then takes as '
    'many times as long, inception_score, precision, memorised. 0: no intervals.',
    minimum=0,
  )
  pair_metrics: str = setting(
    '',
    'What is computed from outputs and the real samples that they should equal, where a task reads '
    'one half of a pair.',
    some_of=registry.pair_metric,
  )
  generator_metrics: str = setting(
    '',
    'What is computed from a generator of standard normal noise, at inputs of its own choice.',
    some_of=registry.generator_metric,
  )
  path_length: int = setting(
    0,
    'Short for --generator_metrics="perceptual_path_length(samples=N)", how evenly images change '
    'with the noise. 0: do not measure it.',
    minimum=0,
  )
  task: str = setting(
    '',
    'What the game is asked for, such as a_to_b, where it has several tasks. Empty: the first.',
  )
  num_samples: int = setting(10000, 'Images generated per score.', minimum=2)
  reference_split: str = setting(
    'train',
    'The real images compared with, all of that split.',
    choices=('train', 'validation', 'test'),
  )
  reference_dir: str = setting(
    '', 'Compare with the pictures in this folder instead, as they are stored.', path=True
  )
  reference_stats: str = setting(
    '',
    'Compare with the mu and sigma in this .npz file instead, of tfgan-reference or another tool; '
    'for fid.',
    path=True,
  )
  resize_pictures: int | tuple[int, int] = setting(
    0,
    'Resize pictures of folders to so many pixels a side, or to height,width as in 64,128, from '
    'their largest central part of these proportions; 0 keeps them as they are stored.',
    minimum=0,
    size=True,
  )
  weights: str = setting(
    'average',
    'average: the moving average of the generator, where the run '
    'keeps one. raw: the trained weights themselves.',
    choices=('average', 'raw'),
  )
  batch_norm: str = setting(
    'moving',
    'What batch normalisation of the generator divides by. moving: the averages of training. '
    'batch: the statistics of the samples, in batches as trained with. standing: the average over '
    '16 such batches.',
    choices=('moving', 'batch', 'standing'),
  )
  sample_seed: int = setting(0, 'Of the noise of the generated images.', minimum=0, below=2**31)
  best_by: str = setting(
    'fid',
    'The score by which a checkpoint is the best; the trainer is asked to keep that one. Empty: '
    'keep none.',
    defines=False,
  )
  eval_name: str = setting(
    '',
    'Directory under model_dir/eval; empty makes one from extractor, number of samples, weights '
    'and batch normalisation.',
    defines=False,
  )
  cache_dir: str = setting(
    '',
    'Where classifiers and reference features are kept; empty is $TFGAN_PIPELINE_CACHE or '
    '~/.cache/tfgan_pipeline.',
    defines=False,
    path=True,
  )

  def __post_init__(self) -> None:
    super().__post_init__()
    if self.generator_calls and self.batch_norm == 'batch':
      raise UsageError(f'--{self.generator_flag}: of single images, so not with --batch_norm=batch')
    if self.path_length and 'perceptual_path_length' in self.generator_metrics:
      raise UsageError('--path_length: is in --generator_metrics already; give one of both')
    if self.protocol and any(
      getattr(self, name) != value for name, value in _values(self.protocol).items()
    ):
      object.__setattr__(self, 'protocol', '')

  @classmethod
  def from_flags(cls, values: flags.FlagValues) -> EvaluationOptions:
    """The options that parsed flags describe: those given, then the protocol, then defaults."""
    names = [field.name for field in dataclasses.fields(cls)]
    given = {name: getattr(values, name) for name in names if not values[name].using_default_value}
    return cls.of_protocol(**given)

  @classmethod
  def of_protocol(cls, protocol: str = '', **overrides: Any) -> EvaluationOptions:
    """The values of a protocol, overridden; warns when it is then no longer followed."""
    cls(protocol=protocol, **overrides)  # Checks them.
    values = _values(protocol) if protocol else {}
    options = cls(protocol=protocol, **{**values, **overrides})
    if protocol and not options.protocol:
      changed = [f'--{name}={overrides[name]}' for name in values if name in overrides]
      _log.warning('--protocol=%s is not followed: %s', protocol, ', '.join(changed))
    return options

  def variant(self, name: str) -> EvaluationOptions:
    """The same measurement of another kind of samples: 'raw', 'batch' or 'standing'."""
    change = {'weights': name} if name == 'raw' else {'batch_norm': name}
    return dataclasses.replace(
      self,
      **change,
      eval_name=self.eval_name and f'{self.eval_name}-{name}',
      **({'path_length': 0, 'generator_metrics': ''} if name == 'batch' else {}),
    )

  @property
  def generator_calls(self) -> dict[str, Call]:
    """The metrics of the generator itself, by the strings that score ids are made of."""
    texts = [self.generator_metrics] if self.generator_metrics else []
    if self.path_length:
      texts.append(f'perceptual_path_length(samples={self.path_length})')
    calls = {}
    for call in registry.generator_metric.parse_all(', '.join(texts)):
      # Ids of path lengths were made of this string before there were other such metrics.
      short = f'{call.name}(samples={call.arguments.get("samples")})'
      is_same = 'samples' in call.arguments and call == registry.generator_metric.parse(short)
      calls[short if is_same else str(call)] = call
    return calls

  @property
  def generator_flag(self) -> str:
    """The flag that asks for a metric of the generator itself."""
    return 'path_length' if self.path_length else 'generator_metrics'

  @property
  def directory_name(self) -> str:
    name = registry.extractor.parse(self.extractor).name
    kinds = [kind for kind in (self.weights, self.batch_norm) if kind not in ('average', 'moving')]
    task = [self.task] if self.task else []
    return self.eval_name or '-'.join([*task, name, str(self.num_samples), *kinds])

  @property
  def cache_path(self) -> str:
    return os.path.expanduser(
      self.cache_dir or os.environ.get('TFGAN_PIPELINE_CACHE') or '~/.cache/tfgan_pipeline'
    )

  def require(self, chosen: Mapping[str, Any]) -> None:
    """Raises UsageError for a metric about what a generator of such samples is not asked for.

    Args:
      chosen: 'labels' and 'codes' of samples; None, or no key, where there are none.
    """
    for call in registry.metric.parse_all(self.metrics):
      needed = getattr(registry.metric.function(call.name), 'needs', None)
      if needed and chosen.get(needed) is None:
        raise UsageError(f'--metrics={call.name}: the generator of this run is not given {needed}')

  def make_cache(self) -> None:
    """Raises UsageError when there can be no directory at `cache_path`."""
    from tfgan_pipeline.compat import tf

    try:
      tf.io.gfile.makedirs(self.cache_path)
    except tf.errors.OpError as error:
      raise UsageError(f'--cache_dir={self.cache_path}: {error.message}') from None


def _values(protocol: str) -> dict[str, Any]:
  """What a protocol sets; the reference is always a split of the data."""
  return {'reference_dir': '', 'reference_stats': '', **registry.protocol.build(protocol).values}
