"""A game told which class to show, on data that knows what the picture of that class looks like."""

from __future__ import annotations

import dataclasses

import numpy as np
from PIL import Image
import pytest

from tests.conftest import tiny_experiment
from tests.seams.two_way_game import TwoWay
from tests.seams.two_way_network import two_way_translators
from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.models.noise import Noise
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.networks.spec import Kind, Port, Role

GREYS = np.array([10, 90, 200])  # Of the pictures of each class.


class Asked(TwoWay):
  """Paints the grey of the class that is asked for, whatever its networks have learnt."""

  players = {'generator': ('generator',), 'discriminator': ('discriminator',)}
  averaged = ('generator',)
  reads = ('image', 'label')
  directions = ('change',)

  def roles(self):
    image = Port(self.data['image'].shape)
    return {
      'generator': Role(Kind.TRANSLATOR, {'image': image}, image),
      'discriminator': Role(Kind.READER, {'image': image}, Port((1,))),
    }

  def tasks(self):
    return {'change': Task('change', 'image', 'image', ('generator',))}

  def models(self, batch):
    one = {'image_a': batch['image'], 'image_b': batch['image']}
    self.networks |= {
      'generator_ab': self.networks['generator'],
      'discriminator_b': self.networks['discriminator'],
    }
    return (self._model(one, 'a', 'b'),)

  def losses(self, models, adversarial):
    return tuple(self.gan_loss(model, adversarial) for model in models)

  def inputs(self, task, indices, seed, given=None):
    images = super().inputs(task, indices, seed, given)
    return [images, tf.convert_to_tensor(given['label_asked'])]

  def run(self, task, networks, inputs):
    images, labels = inputs
    greys = tf.gather(tf.constant(GREYS / 127.5 - 1, tf.float32), labels)
    return 0.0 * networks['generator'](images) + greys[:, None, None, None]

  def pool_examples(self):
    return {}


def asked(noise: Noise, data: Fields):
  """Paints the grey of the class that is asked for."""
  return Asked(noise, data, 0.0)


def grey_classes(options):
  """Grey squares of three classes; the class that is asked for is the next one."""
  del options
  labels = np.arange(24, dtype=np.int32) % 3
  other = (labels + 1) % 3
  images = {
    name: np.broadcast_to(GREYS[which, None, None, None], (24, 12, 12, 1)).astype(np.uint8)
    for name, which in (('image', labels), ('image_asked', other))
  }
  fields = Fields.of_images((12, 12, 1), ('dark', 'middle', 'light'))
  fields['image_asked'] = dataclasses.replace(fields['image'], twin='image')
  fields['label_asked'] = fields['label']
  split = MemorySplit({**images, 'label': labels, 'label_asked': other})
  return Dataset('grey_classes', fields, {'train': split, 'test': split})


@pytest.fixture(scope='module')
def trained(register_in_module, tmp_path_factory):
  register_in_module(registry.model, asked)
  register_in_module(registry.network, two_way_translators)
  register_in_module(registry.dataset, grey_classes)
  one = GANEstimator(
    tiny_experiment(
      tmp_path_factory.mktemp('asked') / 'run',
      **dict(model='asked', networks='two_way_translators, mlp(units=4)', dataset='grey_classes'),
      **dict(max_steps=1, batch_size=8),
    )
  )
  one.train()
  return one


def test_outputs_are_scored_against_what_was_asked_for(trained, cache_dir):
  options = EvaluationOptions(
    extractor='classifier(steps=300)',
    metrics='label_agreement',
    pair_metrics='l1, ssim, cycle_error',
    **dict(num_samples=24, best_by='l1', cache_dir=cache_dir),
  )
  scores = trained.evaluate(options=options)['scores']
  assert scores['label_agreement[classifier:grey_classes]'] == 1
  assert scores['l1'] == 0 and scores['ssim'] == 1 and scores['cycle_error'] == 0
  gaps = np.abs(GREYS - np.roll(GREYS, -1))
  assert scores['l1_identity'] == pytest.approx(gaps.mean())
  assert scores['l1_constant'] == pytest.approx(np.abs(GREYS - 90).mean())


def test_pictures_show_input_output_target_and_the_way_back(trained):
  picture = np.asarray(Image.open(trained.run.path + '/samples/change-000001.png').convert('L'))
  middle = picture[-20]  # Within the last row of examples.
  changes = np.flatnonzero(np.diff(middle.astype(int)))
  greys = [int(middle[end]) for end in changes if middle[end] != 255]
  pairs = dict(zip(GREYS.tolist(), np.roll(GREYS, -1).tolist()))
  for first in range(0, len(greys), 4):
    source, output, target, back = greys[first : first + 4]
    assert output == target == pairs[source] and back == source


def test_without_a_truth_or_a_way_back_a_line_says_so(trained, cache_dir):
  fields = trained.dataset.fields
  assert fields.truth_of('image', 'image') == 'image_asked'
  assert fields.asked_label_of('image', 'image') == 'label_asked'
  alone = Fields({name: fields[name] for name in ('image', 'label')})
  assert alone.truth_of('image', 'image') == alone.asked_label_of('image', 'image') == ''
  options = dict(extractor='random_projection', metrics='fid', cache_dir=cache_dir)
  with pytest.raises(UsageError, match='unknown pair_metric .lpips.; there are: .*feature_dist'):
    trained.evaluate(options=EvaluationOptions(pair_metrics='lpips', **options))
