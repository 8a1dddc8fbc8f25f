"""Features of a trained discriminator, as anomaly scores compare pictures by.

features = DiscriminatorFeatures(restored)
features(images)                                # float32 [n, D]
"""

from __future__ import annotations

from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.models.image_game import GENERATE, ImageGame
from tfgan_pipeline.networks.layers.minibatch import MinibatchDiscrimination, MinibatchStdDev
from tfgan_pipeline.networks.spec import features_of
from tfgan_pipeline.sampling.restored import RestoredNetworks

_OF_BATCHES = (
  MinibatchStdDev,
  MinibatchDiscrimination,
)  # Layers that compare the images of a batch.


def latent_game(restored: RestoredNetworks, flag: str) -> ImageGame:
  """Returns the game of a run whose generator reads plain noise, and perhaps a class.

  Args:
    restored: Networks of the run.
    flag: Flag that asks, for the message.

  Raises:
    UsageError: The game makes no pictures of noise, or reads codes besides.
  """
  game, run = restored.game, restored.run.path
  if not isinstance(game, ImageGame):
    raise UsageError(
      f'{flag}: --model_dir={run} has no noise to look in; its tasks read pictures: '
      f'{", ".join(game.tasks())}'
    )
  require_pictures(restored, flag)
  reads = game.roles()[GENERATE.roles[0]].reads
  if game.noise_size != game.noise.size or set(reads) - {'noise', 'label'}:
    raise UsageError(f'{flag}: the generator of --model_dir={run} reads codes beside noise')
  return game


def require_pictures(restored: RestoredNetworks, flag: str) -> None:
  """Raises UsageError, naming `flag`, unless samples of a run of noise are pictures."""
  medium = restored.game.data[restored.game.task().target].require_medium()
  if not medium.is_picture:
    raise UsageError(
      f'{flag}: of pictures, and samples of --model_dir={restored.run.path} are of the medium '
      f'{medium.call}'
    )


class DiscriminatorFeatures:
  """Inputs of the last layer of a discriminator, in inference mode, one row for each image.

  Args:
    restored: Restored networks, 'discriminator' among them.
    flag: Flag that asks, for messages.
    without: How to do without features, for messages.

  Raises:
    UsageError: There is no discriminator, it reads classes, or it compares the images of a batch,
      so that features of an image would depend on others.
  """

  def __init__(self, restored: RestoredNetworks, flag: str, without: str):
    network = restored.networks.get('discriminator')
    run = restored.run.path
    if network is None:
      raise UsageError(f'{flag}: --model_dir={run} has no discriminator; {without}')
    if len(network.inputs) > 1:
      raise UsageError(f'{flag}: the discriminator of --model_dir={run} reads classes; {without}')
    if network.inputs[0].shape[1:] != restored.game.data.image_shape:
      raise UsageError(
        f'{flag}: the discriminator of --model_dir={run} reads more than a picture; {without}'
      )
    if any(isinstance(layer, _OF_BATCHES) for layer in network.submodules):
      raise UsageError(
        f'{flag}: the discriminator of --model_dir={run} compares the pictures of a batch, so the '
        f'score of a picture would depend on others; {without}'
      )
    self._network = features_of(network)

  def __call__(self, images: tf.Tensor) -> tf.Tensor:
    """Returns features float32 [n, D] of images float32 [n, H, W, C] in [-1, 1]."""
    values = tf.cast(self._network(images, training=False), tf.float32)
    return tf.reshape(values, [images.shape[0], -1])
