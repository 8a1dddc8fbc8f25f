"""Health metrics of invented states, against NumPy."""

import logging
import types

import numpy as np
import pytest

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.media import points
from tfgan_pipeline.models.image_game import GENERATE, ImageGame
from tfgan_pipeline.training.health import Health, diversity

TRAIN, HELD_OUT = np.array([3.0, 1.0, -2.0, 0.0]), np.array([0.5, -0.5, 0.0, 1.0])


class Split:
  """Images of one pixel, of which image i has the value i modulo 256, and class i modulo 3."""

  def __init__(self, size: int, name: str = '', hides_labels: bool = False):
    self.size, self.name, self.hides_labels = size, name, hides_labels
    self.asked = []

  def spread(self, count):
    self.asked.append(count)
    numbers = np.arange(count)
    images = (numbers % 256).astype(np.uint8).reshape(-1, 1, 1, 1)
    return {'image': images, 'label': (numbers % 3).astype(np.int32)}


class Game(ImageGame):
  """A game whose discriminator knows images by their number."""

  def __init__(self, judge=None, of_generated=()):
    super().__init__(types.SimpleNamespace(size=1), Fields.of_images((1, 1, 1), 'abc'))
    self.judge, self.of_generated, self.sizes = judge, of_generated, []
    if judge:
      network = keras.Sequential([keras.layers.InputLayer((1,))])
      self.networks = {'discriminator': network, 'generator': network}

  def gan_model(self, batch):
    raise NotImplementedError

  def run(self, task, networks, inputs):
    return None

  def logits(self, images, labels):
    if images is None:
      return tf.constant(self.of_generated, tf.float32)
    self.sizes.append(len(images))
    numbers = np.rint((images.numpy()[:, 0, 0, 0] + 1) * 127.5).astype(int)
    return self.judge(numbers).astype(np.float32)


def health_of(game, **splits) -> Health:
  state = types.SimpleNamespace(game=game, averages={})
  data = types.SimpleNamespace(splits=splits, split=splits.get)
  return Health(state, data)


def look(health: Health, step: int, samples: np.ndarray) -> dict[str, float]:
  """Health at a step with these samples, whose inputs nothing reads."""
  measured = health.measure({GENERATE: tf.zeros([len(samples), 1])})
  arrays = tf.nest.map_structure(lambda tensor: tensor.numpy(), measured)
  return health.scalars(step, arrays, {GENERATE: samples})


def pictures(*values) -> np.ndarray:
  return np.array(values, np.uint8).reshape(-1, 1, 1, 1)


def real(*values) -> dict[str, np.ndarray]:
  return {'image': pictures(*values), 'label': np.zeros(len(values), np.int32)}


@pytest.mark.parametrize(
  'size, asked', [(1000, 128), (128, 128), (127, 64), (65, 64), (64, 64), (40, 40)]
)
def test_so_many_real_images_are_looked_at(size, asked):
  split = Split(size)
  health_of(Game(), train=split)
  assert split.asked == [asked]


def test_the_judgement_of_images_that_stay():
  """Accuracies count outputs of exactly 0 as wrong; images are judged 64 at a time."""
  game = Game(lambda numbers: TRAIN[numbers % 4], of_generated=[-1.0, 0.0, 0.5, 0.5])
  found = look(health_of(game, train=Split(128)), 0, pictures(1, 2))
  assert game.sizes == [64, 64]
  del found['samples/diversity']
  assert found == {
    'weight_norm/discriminator': 0.0,
    'weight_norm/generator': 0.0,
    'discriminator_output_fixed/train': 0.5,
    'discriminator_output_fixed/generated': 0.0,
    'discriminator_accuracy_fixed/train': 0.5,
    'discriminator_accuracy_fixed/generated': 0.25,
  }


@pytest.mark.parametrize(
  'generated, expected', [(0.0, 0.25 / 0.5), (0.25, 1.0), (0.5, None), (2, None)]
)
def test_overfitting_from_held_out_images(generated, expected):
  """r_v is left out while training images score no higher than generated ones."""
  train, game = Split(80), Game(of_generated=[generated])
  train.spread = lambda count: real(*[0] * count)
  held_out = Split(80)
  held_out.spread = lambda count: real(*[1] * count)
  game = Game(lambda numbers: np.where(numbers, 0.25, 0.5), of_generated=[generated])
  found = look(health_of(game, train=train, test=held_out), 0, pictures(1, 2))
  assert found.get('overfitting/r_v') == expected
  assert found['discriminator_output_fixed/held_out'] == 0.25


def test_validation_before_test_and_none_whose_labels_are_needed_and_hidden():
  def asked(hidden: bool, labelled: frozenset) -> list[list[int]]:
    game = Game(lambda numbers: TRAIN[numbers % 4], of_generated=[0.0])
    game.labelled = labelled
    test, validation = Split(90, hides_labels=hidden), Split(90, hides_labels=hidden)
    health_of(game, train=Split(90), test=test, validation=validation)
    return [test.asked, validation.asked]

  told = frozenset({'discriminator'})
  assert asked(False, told) == asked(True, frozenset()) == asked(False, frozenset()) == [[], [64]]
  assert asked(True, told) == [[], []]


def deviation(values) -> float:
  """The unbiased deviation of numbers."""
  return float(np.std(np.array(values, float), ddof=1))


def test_diversity_of_numbers():
  real, labels = pictures(0, 10, 50, 90), np.array([0, 0, 1, 1])
  found = diversity(pictures(1, 2, 9), None, real, labels)
  assert found == pytest.approx(deviation([1, 2, 9]) / deviation([0, 10, 50, 90]))
  within = np.sqrt((deviation([0, 10]) ** 2 + deviation([50, 90]) ** 2) / 2)
  found = diversity(pictures(1, 5, 7), np.array([1, 0, 1]), real, labels)
  assert found == pytest.approx(np.sqrt((3.0**2 * 2) / 1) / within)
  assert diversity(pictures(1, 2), None, pictures(7, 7), labels[:2]) is None
  assert diversity(pictures(1, 2), None, pictures(7), labels[:1]) is None
  assert diversity(pictures(5), None, pictures(7, 9), labels[:2]) == 0


def test_diversity_is_a_mean_over_pixels_of_variances_over_images():
  random = np.random.RandomState(0)
  made, real = (random.randint(0, high, (9, 4, 5, 3)).astype(np.uint8) for high in (99, 256))
  expected = np.sqrt(made.var(axis=0, ddof=1).mean() / real.var(axis=0, ddof=1).mean())
  assert diversity(made, None, real, np.zeros(9)) == pytest.approx(expected)


def test_points_are_as_diverse_as_their_coordinates():
  random = np.random.RandomState(0)
  places = {
    name: random.uniform(-reach, reach, (40, 2)) for name, reach in (('made', 0.3), ('real', 0.9))
  }
  split, game = Split(40), Game()
  split.spread = lambda count: {'image': points.to_images(places['real']), 'label': np.zeros(40)}
  game.data = Fields.of_images(points.IMAGE_SHAPE, medium='point')
  found = look(health_of(game, train=split), 0, points.to_images(places['made']))
  expected = np.sqrt(places['made'].var(axis=0).mean() / places['real'].var(axis=0).mean())
  assert found['samples/diversity'] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize('count, by_class', [(6, True), (5, False)])
def test_classes_count_where_two_of_each_are_shown(count, by_class):
  """Samples of a class are alike, so that only differences between classes are left."""
  game = Game()
  game.labelled = frozenset({'generator'})
  shown = pictures(*[100 * (number % 3) for number in range(count)])
  found = look(health_of(game, train=Split(128)), 0, shown)['samples/diversity']
  assert found == (0 if by_class else pytest.approx(found)) and (found > 0) != by_class
  game.labelled = frozenset()
  assert look(health_of(game, train=Split(128)), 0, shown)['samples/diversity'] > 0


def test_collapse_is_told_from_step_500_on_below_a_tenth_and_once(caplog):
  split = Split(2)
  split.spread = lambda count: real(0, 200)
  health = health_of(Game(), train=split)
  told = []
  with caplog.at_level(logging.WARNING, 'tfgan_pipeline'):
    for step, width in [
      *((499, 0), (500, 20), (500, 19), (600, 18)),  # Exactly a tenth is not below it.
      *((700, 22), (800, 28), (900, 0)),
    ]:
      look(health, step, pictures(0, width))
      if caplog.messages:
        told.append((step, width))
        caplog.clear()
    look(health_of(Game(), train=split), 500, pictures(0, 19))  # Without a look before.
  assert told == [(500, 19), (900, 0)] and len(caplog.messages) == 1
