"""Options of an evaluation, one flag per field: samples, features, scores and references."""

from __future__ import annotations

import dataclasses
import logging
import os
import re
from typing import Any

from absl import flags

from tfgan_pipeline import registry
from tfgan_pipeline.config.settings import Settings, setting
from tfgan_pipeline.errors import UsageError, spoken
from tfgan_pipeline.registry.calls import Call

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class EvaluationOptions(Settings):
  """Options for scoring checkpoints, one field per flag of tfgan-evaluate.

  The fields become part of the definition that is recorded with the scores and says which scores
  are comparable; fields declared with `setting(defines=False)`, such as eval_name, do not.
  `EvaluationOptions.of_protocol('train_50k')` makes options with the values of a protocol, a named
  set of values. If any field has another value than the protocol says, `protocol` becomes ''.

  Raises:
    UsageError: A value is not allowed, or two options exclude each other.
  """

  protocol: str = setting(
    '',
    'Named values for the number of samples, the reference split and the weights, such as '
    'train_50k; flags given on the command line override them.',
    defines=False,
    one_of=registry.protocol,
  )
  extractor: str = setting(
    'auto',
    'Turns images into features. auto: classifier for two classes or more, else self_supervised; '
    'random_projection if no score reads features.',
    one_of=registry.extractor,
  )
  metrics: str = setting(
    'inception_score, fid, kid',
    'Scores of features. By default without those that need logits, if the extractor has none.',
    some_of=registry.metric,
  )
  image_metrics: str = setting(
    '', 'Scores computed from the images themselves.', some_of=registry.image_metric
  )
  bootstrap: int = setting(
    0,
    'Bootstrap resamples for 95 % intervals of scores; 0: none. Of fid (which then takes that many '
    'times as long), inception_score, precision, memorised.',
    minimum=0,
  )
  pair_metrics: str = setting(
    '',
    'Scores of outputs against the real samples that they should equal, such as l1, psnr, ssim; '
    'or cycle_error, of pictures there and back; or r_precision, against captions.',
    some_of=registry.pair_metric,
  )
  generator_metrics: str = setting(
    '',
    'Scores of the generator itself, at inputs that they choose. For generators that read '
    'standard normal noise.',
    some_of=registry.generator_metric,
  )
  path_length: int = setting(
    0,
    'Short for --generator_metrics="perceptual_path_length(samples=N)", which measures how evenly '
    'images change with the noise. 0: do not measure it.',
    minimum=0,
  )
  task: str = setting(
    '',
    'Task to score, such as a_to_b, if the game (--model) has several; all: each by itself. Empty: '
    'the first.',
  )
  labels: str = setting(
    '',
    'Score only these classes of a conditional run, by name or number as in cat,dog or 3, against '
    'the real images of these classes. Empty: all of them.',
  )
  num_samples: int = setting(10000, 'Number of generated images per score.', minimum=2)
  reference_split: str = setting(
    'train',
    'Split of the data set to compare with; all of its images are used.',
    choices=('train', 'validation', 'test'),
  )
  reference_dir: str = setting(
    '',
    'Compare with the pictures in this folder instead of a split; see --resize_pictures.',
    path=True,
  )
  reference_stats: str = setting(
    '',
    'Compare with the mean (mu) and covariance (sigma) of features in this .npz file instead, '
    'written by tfgan-reference or another tool; for fid.',
    path=True,
  )
  reference_features: str = setting(
    '',
    'Compare with these features of real images instead: an .npy file of floats [n, width], or an '
    '.npz file that holds them, and perhaps their logits and labels.',
    path=True,
  )
  resize_pictures: int | tuple[int, int] = setting(
    0,
    'Resize pictures of folders to this many pixels a side, or to height,width as in 64,128, after '
    'cropping them to their largest central part of these proportions; 0 keeps them as stored.',
    minimum=0,
    size=True,
  )
  picture_channels: int = setting(
    0,
    'Read pictures of folders and arrays as 1 channel, their luminance, or as 3, equal ones for '
    'grey pictures. 0: as stored.',
    minimum=0,
    below=4,
  )
  weights: str = setting(
    'average',
    'Weights of the generator. average: their moving average, where the run keeps one. raw: the '
    'trained weights themselves.',
    choices=('average', 'raw'),
  )
  batch_norm: str = setting(
    'moving',
    'Mean and variance used by batch normalisation in the generator. moving: the moving averages '
    'of training. batch: those of each batch of samples, of the size used in training. standing: '
    'their average over 16 such batches.',
    choices=('moving', 'batch', 'standing'),
  )
  sample_seed: int = setting(
    0, 'Random seed of the noise for generated images.', minimum=0, below=2**31
  )
  label_proportions: str = setting(
    'data',
    'Proportions of the classes that a generator is asked for, where it reads a class. data: those '
    'of the reference, where these are known. uniform: equally many of each class.',
    choices=('data', 'uniform'),
  )
  per_sample: bool = setting(
    False,
    'Also write a table of single samples, which tells likely copies and the worst, and a picture.',
    defines=False,
  )
  projector: int = setting(
    0, "Images of each kind for TensorBoard's projector; 0: none.", defines=False, minimum=0
  )
  best_by: str = setting(
    'fid',
    'Score that decides which checkpoint is the best; the trainer is asked to keep that one. '
    'Empty: no score.',
    defines=False,
  )
  eval_name: str = setting(
    '',
    'Directory of the scores in model_dir/eval. Empty: named after the task, the extractor, the '
    'number of samples, the weights and the batch normalisation.',
    defines=False,
  )
  eval_dir: str = setting(
    '',
    'Keep scores in a folder for each run below this one, for runs that may not be written. Empty: '
    "in each run's own eval/.",
    defines=False,
    path=True,
  )
  cache_dir: str = setting(
    '',
    'Directory that caches trained extractors and reference features. Empty: '
    '$TFGAN_PIPELINE_CACHE or ~/.cache/tfgan_pipeline.',
    defines=False,
    path=True,
  )

  def __post_init__(self) -> None:
    super().__post_init__()
    if self.generator_calls and self.batch_norm == 'batch':
      raise UsageError(f'--{self.generator_flag}: of single images, so not with --batch_norm=batch')
    if self.labels and self.batch_norm == 'batch':
      raise UsageError('--labels: of chosen samples, so not with --batch_norm=batch')
    if self.picture_channels == 2:
      raise UsageError('--picture_channels=2: should be 1 for grey or 3 for RGB')
    if self.path_length and 'perceptual_path_length' in self.generator_metrics:
      raise UsageError('--path_length: is in --generator_metrics already; give one of both')
    if self.protocol and any(
      getattr(self, name) != value for name, value in _protocol_values(self.protocol).items()
    ):
      object.__setattr__(self, 'protocol', '')

  @classmethod
  def from_flags(cls, values: flags.FlagValues) -> EvaluationOptions:
    """Returns the options that parsed flags describe.

    A value given on the command line wins over that of --protocol, and that over the default.

    Raises:
      UsageError: A value is not allowed, or two options exclude each other.
    """
    return cls.of_protocol(**cls.given_flags(values))

  @classmethod
  def of_protocol(cls, protocol: str = '', **overrides: Any) -> EvaluationOptions:
    """Returns options with the values of a protocol; warns of those that `overrides` change.

    Args:
      protocol: Name of a component of evaluation/protocols.py, such as 'train_50k'; '' for none.
      **overrides: Values of fields, by name.

    Raises:
      UsageError: A value is not allowed, or two options exclude each other.
    """
    options = cls(protocol=protocol, **overrides)  # Raises UsageError for wrong values.
    if not protocol:
      return options
    values = _protocol_values(protocol)
    options = cls(protocol=protocol, **{**values, **overrides})
    if not options.protocol:
      changes = [f'--{name}={overrides[name]}' for name in values if name in overrides]
      _log.warning('%s', spoken(f'--protocol={protocol} is not followed: {", ".join(changes)}'))
    return options

  def variant(self, name: str) -> EvaluationOptions:
    """Returns a copy of the options that scores samples made in another way.

    Args:
      name: 'raw' samples with the trained weights instead of their moving averages; 'batch' or
        'standing' samples with these statistics of batch normalisation, see GeneratorSampler.
    """
    change = {'weights': name} if name == 'raw' else {'batch_norm': name}
    return dataclasses.replace(
      self,
      **change,
      eval_name=self.eval_name and f'{self.eval_name}-{name}',
      **({'path_length': 0, 'generator_metrics': ''} if name == 'batch' else {}),
    )

  @property
  def generator_calls(self) -> dict[str, Call]:
    """Metrics of --generator_metrics and --path_length, by (shortened) call string."""
    texts = [self.generator_metrics] if self.generator_metrics else []
    if self.path_length:
      texts.append(f'perceptual_path_length(samples={self.path_length})')
    calls = {}
    for call in registry.generator_metric.parse_all(', '.join(texts)):
      # Score ids of records made before --generator_metrics existed have this short string.
      short_text = f'{call.name}(samples={call.arguments.get("samples")})'
      is_short = 'samples' in call.arguments and call == registry.generator_metric.parse(short_text)
      calls[short_text if is_short else str(call)] = call
    return calls

  @property
  def generator_flag(self) -> str:
    """Name of the flag that asks for a metric of the generator itself, for messages."""
    return 'path_length' if self.path_length else 'generator_metrics'

  @property
  def reference_flag(self) -> str:
    """Flag that names the reference."""
    flags = ('reference_stats', 'reference_features', 'reference_dir')
    return next((flag for flag in flags if getattr(self, flag)), 'reference_split')

  @property
  def directory_name(self) -> str:
    """Name of the directory in model_dir/eval, such as 'classifier-10000-raw'."""
    name = registry.extractor.parse(self.extractor).name
    kinds = [kind for kind in (self.weights, self.batch_norm) if kind not in ('average', 'moving')]
    task = [self.task] if self.task else []
    classes = [re.sub(r'[^\w.,-]', '_', f'labels-{self.labels}')] if self.labels else []
    return self.eval_name or '-'.join([*task, name, str(self.num_samples), *kinds, *classes])

  @property
  def cache_path(self) -> str:
    """Directory that caches trained extractors and reference features, with ~ expanded."""
    return os.path.expanduser(
      self.cache_dir or os.environ.get('TFGAN_PIPELINE_CACHE') or '~/.cache/tfgan_pipeline'
    )

  def make_cache(self) -> None:
    """Creates the directory `cache_path` if needed; raises UsageError if that fails."""
    from tfgan_pipeline.compat import tf

    try:
      tf.io.gfile.makedirs(self.cache_path)
    except tf.errors.OpError as error:
      raise UsageError(f'--cache_dir={self.cache_path}: {error.message}') from None


def _protocol_values(protocol: str) -> dict[str, Any]:
  """Returns the values of a protocol by field name; its reference is always a split of the data."""
  references = dict.fromkeys(('reference_dir', 'reference_stats', 'reference_features'), '')
  return {**references, **registry.protocol.build(protocol).values}
