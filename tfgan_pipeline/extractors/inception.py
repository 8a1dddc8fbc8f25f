"""Inception, the network that FID and Inception Score are defined with, from any kind of file."""

from __future__ import annotations

import os

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError, first_line, is_there_another
from tfgan_pipeline.extractors import frozen_inception, keras_application
from tfgan_pipeline.extractors import saved_model as saved_models
from tfgan_pipeline.extractors.base import Extractor, ExtractorContext
from tfgan_pipeline.extractors.on_replicas import Forward, network_extractor
from tfgan_pipeline.extractors.preprocessing import Preprocessing
from tfgan_pipeline.runs.digests import digest, digest_of_files

_SIZE = 299  # Pixels a side that Inception takes.


@registry.extractor
def inception(context: ExtractorContext, *, path: str, resize: str = 'tf1') -> Extractor:
  """Inception v3 of a TF-Hub handle, SavedModel, frozen .pb, or Keras weights in .h5.

  The first three hold the network of 2015 that published scores are made with: pool_3 [N, 2048]
  and 1008 logits of images resized to 299 x 299, whatever their proportions, and scaled by
  (x - 128) / 128. Keras' weights are another training of another variant, scaled by x / 127.5 - 1:
  its scores are called `fid[inception:keras]` and compare with no published FID.

  Args:
    context: Data set and strategy of the run that is scored.
    path: TF-Hub handle, folder of a SavedModel, or file.
    resize: Method of resizing, see `Preprocessing`; published scores need 'tf1'.

  Raises:
    UsageError: There is nothing at `path`, it is of another kind, or it lacks these outputs.
  """
  where = f'--extractor=inception: path={path}'
  try:
    prepare = Preprocessing(_SIZE, resize, subtract=128, divide=128)
  except UsageError as error:
    raise UsageError(f'--extractor=inception: {error}') from None
  path = _fetch(where, path)
  if path.lower().endswith(('.h5', '.hdf5')):
    return keras_application.application_extractor(
      context, where, 'inception:keras', 'InceptionV3', path, Preprocessing(_SIZE, resize)
    )
  directory = saved_models.is_saved_model(path)
  if directory:
    weights = saved_models.digest_of_model(where, path)
  elif path.endswith('.pb'):
    weights = digest_of_files({'graph': path})
  else:
    raise UsageError(
      f'{where}: neither a directory with a saved_model.pb, nor a frozen graph (.pb), nor Keras '
      'weights (.h5)'
    )

  def build() -> Forward:
    if directory:
      call = saved_models.load(where, path)
    else:
      pruned = frozen_inception.read(where, path)

      def call(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return dict(zip(('pool_3', 'logits'), pruned(images)))

    def forward(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
      outputs = call(prepare(images))
      pool, logits = (
        saved_models.select(where, outputs, 'key', key) for key in ('pool_3', 'logits')
      )
      return pool, logits

    return forward

  fingerprint = digest(f'inception, {prepare}', weights)
  details = {'preprocessing': str(prepare)}
  return network_extractor(context, where, 'inception', fingerprint, build, details)


def _fetch(where: str, path: str) -> str:
  """Returns a path that exists; downloads a TF-Hub handle to TF-Hub's cache, $TFHUB_CACHE_DIR."""
  if path.startswith(('http://', 'https://')):
    import tensorflow_hub

    try:
      return tensorflow_hub.resolve(path)
    except Exception as error:  # Network, archive and disk raise errors of their own.
      raise UsageError(f'{where}: cannot be downloaded ({first_line(error)})') from None
  path = os.path.expanduser(path)
  if not tf.io.gfile.exists(path):
    raise UsageError(f'{where}: no such file or directory{is_there_another(path)}')
  return path
