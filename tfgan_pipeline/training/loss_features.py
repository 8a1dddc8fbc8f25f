"""Features of fixed networks that a game's losses compare, as super-resolution does.

game.features = loss_features(experiment, game, dataset)
"""

from __future__ import annotations

from collections.abc import Callable

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.extractors.base import ExtractorContext
from tfgan_pipeline.models.game import Game

# Extractors that are trained on the run's data and kept outside of the run, on which a run that is
# continued elsewhere would depend.
_TRAINED = ('auto', 'classifier', 'self_supervised')


def loss_features(
  experiment: Experiment, game: Game, dataset: Dataset
) -> Callable[[tf.Tensor], tf.Tensor]:
  """Returns the features of `game.features_from`, a function with gradients.

  To be called in the scope of the strategy, whose replicas then hold the extractor's network. Its
  variables belong to no network of the game, so they are neither trained nor saved.

  Args:
    experiment: The run's choices, for messages.
    game: The game; its first task says which images are compared.
    dataset: The data of the run.

  Returns:
    Function of images float32 [n, H, W, C] in [-1, 1] to features float32 [n, D].

  Raises:
    UsageError: The extractor cannot be made, or has no gradients.
  """
  text = game.features_from
  try:
    if registry.extractor.parse(text).name in _TRAINED:
      raise UsageError(f'{text} is trained on data; take keras_application or saved_model')
    context = ExtractorContext(dataset.seen_as(game.task().target), '')
    function = registry.extractor.build(text, context).differentiable
    if function is None:
      raise UsageError(
        f'{text} has no gradients; a saved_model needs input_range=(0, 255), or what its network '
        'was trained with'
      )
  except UsageError as error:
    reason = str(error).removeprefix('--extractor=')
    raise UsageError(f'--model={experiment.model}: features: {reason}') from None
  return lambda images: function((images + 1.0) * 127.5)
