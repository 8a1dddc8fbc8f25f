"""Changes of the images that the discriminator sees."""

import dataclasses
import functools

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf, tfgan
from tfgan_pipeline.discriminator_augment import image_changes
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.replicas import randomness
from tfgan_pipeline.training.train_ops import TrainStep

IMAGES = np.random.RandomState(0).uniform(-1, 1, (64, 8, 8, 3)).astype(np.float32)
ALL = list(registry.discriminator_augmentation.components())


def changed(function, images=IMAGES, key=0):
  with randomness.scope(randomness.key(key)):
    return function(tf.constant(images)).numpy()


def test_mirrored():
  images = changed(lambda x: image_changes.flip(x, probability=0.5))
  flipped = [np.array_equal(one, other[:, ::-1]) for one, other in zip(images, IMAGES)]
  kept = [np.array_equal(one, other) for one, other in zip(images, IMAGES)]
  assert all(a != b for a, b in zip(flipped, kept)) and 16 < sum(flipped) < 48


def test_turned():
  images = changed(image_changes.rotate)
  turns = [
    [k for k in range(4) if np.array_equal(one, np.rot90(other, k))]
    for one, other in zip(images, IMAGES)
  ]
  assert all(len(found) == 1 for found in turns)
  assert min(np.bincount([found[0] for found in turns], minlength=4)) > 5


def test_shifted():
  images = changed(lambda x: image_changes.shift(x, 0.25))
  found = set()
  for one, other in zip(images, IMAGES):
    padded = np.pad(other, ((2, 2), (2, 2), (0, 0)))
    places = [
      (down, across)
      for down in range(5)
      for across in range(5)
      if np.allclose(padded[down : down + 8, across : across + 8], one)
    ]
    assert len(places) == 1
    found.add(places[0])
  assert len(found) > 15  # Of 25.


@pytest.mark.parametrize(
  'height, width, holes', [(8, 10, (4, 5)), (5, 6, (3, 3)), (20, 25, (10, 13))]
)
def test_cut_out(height, width, holes):
  """Checks how often each row and column is cut out against the authors' code.

  Its centres are all of 0 to the side for an even hole, and all but the side for an odd one; a part
  of a hole that lies outside falls on the outermost pixel, which is then in the hole anyway.
  """
  count = 20000
  images = np.ones((count, height, width, 1), np.float32)
  cut = (changed(lambda x: image_changes.cut_out(x, 0.5), images) == 0)[..., 0]
  for side, hole, found in ((height, holes[0], cut.any(2)), (width, holes[1], cut.any(1))):
    centres = range(side + 1 - hole % 2)
    holes_of = [np.arange(hole) + centre - hole // 2 for centre in centres]
    share = np.mean([np.isin(np.arange(side), np.clip(one, 0, side - 1)) for one in holes_of], 0)
    np.testing.assert_allclose(share, share[::-1])
    # Five standard errors; a centre too few or too many moves some share by ten.
    np.testing.assert_allclose(found.mean(0), share, atol=5 * 0.5 / count**0.5)
    assert (np.abs(np.diff(found.astype(int), axis=1)).sum(1) <= 2).all()  # Without gaps.
  np.testing.assert_array_equal(cut, cut.any(2)[:, :, None] & cut.any(1)[:, None])


@pytest.mark.parametrize('side, reach', [(20, 3), (25, 3), (28, 4), (36, 5)])
def test_shifts_reach_an_eighth_rounded_half_up(side, reach):
  images = np.ones((4000, side, side, 1), np.float32)
  left = changed(lambda x: image_changes.shift(x, 0.125), images)[:, side // 2, :, 0]
  moves = np.argmax(left, 1) - np.argmax(left[:, ::-1], 1)
  counts = np.bincount(moves + reach)
  assert len(counts) == 2 * reach + 1
  np.testing.assert_allclose(counts / len(images), 1 / len(counts), atol=5 * 0.5 / 4000**0.5)


def test_colours():
  factor = tf.fill([64, 1, 1, 1], 0.5)
  pale = image_changes.with_saturation(tf.constant(IMAGES), factor).numpy()
  grey = IMAGES.mean(-1, keepdims=True)
  np.testing.assert_allclose(pale - grey, 0.5 * (IMAGES - grey), atol=1e-6)
  flat = image_changes.with_contrast(tf.constant(IMAGES), factor).numpy()
  mean = IMAGES.mean((1, 2, 3), keepdims=True)
  np.testing.assert_allclose(flat - mean, 0.5 * (IMAGES - mean), atol=1e-6)


def test_instance_noise_fades():
  function = registry.discriminator_augmentation.build('instance_noise(0.5, steps=10)').function
  for step, stddev in ((0, 0.5), (5, 0.25), (10, 0.0), (99, 0.0)):
    noise = changed(functools.partial(function, step=tf.constant(float(step)))) - IMAGES
    assert abs(noise.std() - stddev) < 0.01


@pytest.mark.parametrize('name', ALL)
def test_follows_its_key_and_gradients_pass(name):
  made = registry.discriminator_augmentation.build(name)
  if 'p' in made.variables:
    made.variables['p'].assign(1.0)
  step = tf.constant(1.0)
  one, same, other = (changed(lambda x: made.function(x, step), key=key) for key in (1, 1, 2))
  np.testing.assert_array_equal(one, same)
  assert not np.array_equal(one, other) and one.shape == IMAGES.shape
  images = tf.constant(IMAGES)
  with tf.GradientTape() as tape, randomness.scope(randomness.key(1)):
    tape.watch(images)
    total = tf.reduce_sum(made.function(images, step) ** 2)
  assert np.count_nonzero(tape.gradient(total, images)) > 0.4 * IMAGES.size


@pytest.mark.parametrize('name', ALL)
def test_rectangles_and_alpha_pass(name):
  """Checks shapes, and that colours change under an alpha that is only moved."""
  pictures = np.random.RandomState(1).uniform(-1, 1, (16, 8, 12, 4)).astype(np.float32)
  pictures[..., 3] = 0.5
  text = {'adaptive_augment': 'fixed_augment(p=1.0)'}.get(name, name)
  function = registry.discriminator_augmentation.build(text).function
  found = changed(lambda x: function(x, tf.zeros([])), pictures)
  assert found.shape == pictures.shape
  if name != 'instance_noise':
    assert set(np.unique(found[..., 3])) <= {0.0, 0.5}  # 0 is what comes in, or is cut out.
    assert not np.array_equal(np.unique(found[..., :3]), np.unique(pictures[..., :3]))


def test_adaptive_augment_starts_with_nothing_and_follows_the_sign():
  made = registry.discriminator_augmentation.build('adaptive_augment(target=0.6, kimg=0.64)')
  images = changed(lambda x: made.function(x, None))
  np.testing.assert_array_equal(images, IMAGES)

  @tf.function(autograph=False)
  def observe(logits):
    model = tfgan.GANModel(*[None] * 11)._replace(discriminator_real_outputs=logits)
    return made.observe(model)['augmentation/p']

  # Four updates of 16 images are 64, a tenth of 640.
  certain, unsure = np.ones([16, 1], np.float32), np.float32([[1], [-1]] * 8)
  for _ in range(8):
    observe(certain)
  assert float(made.variables['p']) == pytest.approx(0.2)
  for _ in range(3):
    observe(unsure)
  assert float(made.variables['p']) == pytest.approx(0.2)
  observe(unsure)
  assert float(made.variables['p']) == pytest.approx(0.1)
  for _ in range(12):
    observe(unsure)
  assert float(made.variables['p']) == 0.0


def test_fixed_augment_rises_along_half_a_cosine():
  made = registry.discriminator_augmentation.build('fixed_augment(p=0.8, steps=100)')
  for step, p in ((0, 0.0), (25, 0.8 * 0.146447), (50, 0.4), (100, 0.8), (999, 0.8)):
    images = np.repeat(IMAGES, 30, axis=0)
    function = functools.partial(made.function, step=tf.constant(float(step)))
    kept = (changed(function, images) == images).all((1, 2, 3)).mean()
    # Mirrored, turned by some angle, moved somewhere, and three changes of colour.
    unchanged = (1 - p / 2) * (1 - 3 / 4 * p) * (1 - 8 / 9 * p) * (1 - p) ** 3
    assert abs(kept - unchanged) < 0.03, step


def test_contrast_of_adaptive_augment_is_about_grey():
  """A picture of one value changes too, as in the paper and unlike diff_augment."""
  function = registry.discriminator_augmentation.build('fixed_augment(p=1.0, flip=False)').function
  flat = np.full((64, 8, 8, 3), 0.5, np.float32)
  images = changed(functools.partial(function, step=tf.constant(0.0)), flat)
  inside = images[:, 2:-2, 2:-2]
  assert np.ptp(inside, axis=(1, 2, 3)).max() < 1e-5
  values = inside.mean((1, 2, 3))
  log = 0.5 * np.log(2)  # (0.5 + 0.2 a) * 2^(0.5 b), of independent normal a and b.
  square = (0.5**2 + 0.2**2) * np.exp(2 * log**2)
  assert abs(values.mean() - 0.5 * np.exp(log**2 / 2)) < 0.1
  assert abs(np.sqrt(np.mean(values**2)) - np.sqrt(square)) < 0.1


@pytest.mark.parametrize(
  'text, message',
  [
    ('diff_augment(policy=())', 'changes nothing'),
    ('diff_augment(policy=(color, zoom))', 'policy=zoom should be'),
    ('adaptive_augment(kimg=0.0)', 'kimg=0.0 should be above 0'),
  ],
)
def test_refused(text, message):
  with pytest.raises(UsageError, match=message):
    registry.discriminator_augmentation.build(text)


@pytest.mark.parametrize('name', ALL)
def test_images_of_a_pair_are_changed_alike(name):
  component = registry.discriminator_augmentation.build(name)
  others = dict.fromkeys(field.name for field in dataclasses.fields(TrainStep))
  step = TrainStep(**{**others, 'augmentations': {name: component}, 'global_step': tf.Variable(0)})
  alone = changed(step.augmented)
  pair = changed(lambda x: tf.concat(step.augmented(x, x), axis=-1))
  unequal = changed(lambda x: tf.concat(step.augmented(x, -x[..., :1]), axis=-1))
  assert np.ptp(alone - IMAGES) > 0 or name == 'adaptive_augment'  # Starts at a probability of 0.
  assert unequal.shape == (64, 8, 8, 4)
  if name == 'instance_noise':  # Every channel has its own.
    assert not np.array_equal(pair[..., :3], pair[..., 3:])
  else:
    for one in (pair[..., :3], pair[..., 3:], unequal[..., :3]):
      assert np.array_equal(one, alone)
