"""tfgan-translate by a game that is told a class and makes larger pictures, and its export."""

from __future__ import annotations

import numpy as np
from PIL import Image
import pytest

from tests.conftest import tiny_experiment
from tests.forked import run
from tests.sampling import told_translation
from tests.sampling.told_translation import register_all
from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.sampling.any_size import AnySize
from tfgan_pipeline.sampling.asked_class import asked_class
from tfgan_pipeline.sampling.translation import open_translator


@pytest.fixture(scope='module')
def told(tmp_path_factory, register_in_module):
  """The model_dir of a run of one step."""
  register_in_module(registry.model, told_translation.toned)
  register_in_module(registry.network, told_translation.toned_network)
  register_in_module(registry.dataset, told_translation.toned_pictures)
  model_dir = str(tmp_path_factory.mktemp('told') / 'run')
  networks = 'toned_network, patchgan(filters=4, layers=1)'
  values = dict(model='toned', networks=networks, dataset='toned_pictures', max_steps=1)
  GANEstimator(tiny_experiment(model_dir, **values, sample_every=9)).train()
  return model_dir


def test_the_class_asked_for_is_told_and_alpha_grows_with_the_picture(told, tmp_path):
  picture = np.random.RandomState(1).randint(0, 256, (11, 9, 4), np.uint8)
  Image.fromarray(picture).save(tmp_path / 'one.png')
  made = {}
  common = (f'--model_dir={told}', f'--input={tmp_path}/one.png')
  for tone in ('dark', 'light'):
    flags = (*common, f'--output_dir={tmp_path}/{tone}', f'--labels={tone}')
    done = run('translate', flags, 200, register_all)
    assert done.returncode == 0, done.stderr
    made[tone] = np.asarray(Image.open(tmp_path / f'{tone}/one.png'))
  assert made['dark'].shape == (22, 18, 4) and (made['dark'] != made['light']).any()
  resized = Image.fromarray(picture[..., 3]).resize((18, 22), Image.Resampling.LANCZOS)
  np.testing.assert_array_equal(made['dark'][..., 3], resized)
  for flags, message in (
    ((), '--labels: --task=a_to_b is told --labels, of light,medium,dark; say which'),
    (('--labels=pink',), "--labels=pink: no class 'pink'"),
    (('--labels=0-1',), '--labels=0-1: one class at a time'),
    (('--attributes=dark',), '--attributes=dark: --task=a_to_b is told --labels'),
  ):
    refused = run('translate', (*common, f'--output_dir={tmp_path}/o', *flags), 200, register_all)
    assert refused.returncode == 2 and message in refused.stderr.splitlines()[-1]


def test_tiles_of_larger_outputs_are_as_the_whole(told):
  translator = open_translator(told)
  asked = asked_class(translator, labels='1')
  picture = np.random.RandomState(0).randint(0, 256, (40, 50, 3), np.uint8)
  whole, tiles = (
    AnySize(translator, given=asked, tile=tile).translate([(0, picture)])[0] for tile in (0, 16)
  )
  assert whole.shape == (80, 100, 3)
  np.testing.assert_array_equal(tiles, whole)


def test_an_export_takes_any_size_and_is_told_the_class(told, tmp_path):
  path = GANEstimator.of_run(told).export_saved_model(str(tmp_path / 'exported'))
  loaded = tf.saved_model.load(path)
  pictures = np.random.RandomState(0).randint(0, 256, (2, 11, 9, 3), np.uint8)
  asked = np.array([2, 2], np.int32)
  outputs = loaded.signatures['a_to_b'](
    image_a=tf.constant(pictures), label_asked=tf.constant(asked)
  )
  assert set(outputs) == {'image_b'}
  whole = AnySize(open_translator(told), given={'label_asked': asked[0]})
  made = whole.translate([(0, pictures[0]), (0, pictures[1])])
  assert np.abs(outputs['image_b'].numpy().astype(int) - made).max() <= 1
  np.testing.assert_array_equal(loaded.a_to_b(pictures, asked), outputs['image_b'])


def test_translate_in_python_is_told_the_class(told):
  run = GANEstimator.of_run(told)
  side = run.sampler().game.data['image_a'].shape
  pictures = np.random.RandomState(0).randint(0, 256, (3, *side), np.uint8)
  dark, light = (run.translate(pictures, label=tone) for tone in ('dark', 0))
  sampler = run.sampler()
  sampler.restore()
  given = {'image_a': pictures, 'label_asked': np.array([2, 2, 2], np.int32)}
  np.testing.assert_array_equal(dark, sampler.outputs(given))
  assert (dark != light).any()
  for arguments, message in (
    (dict(label='pink'), "no class 'pink'"),
    (dict(attributes='dark'), 'is told --labels'),
  ):
    with pytest.raises(UsageError, match=message):
      run.translate(pictures, **arguments)


def test_attributes_are_all_or_none_of_those_named(told):
  translator = open_translator(told)
  field = translator.game.data['label_asked']
  names = ('blond', 'young', 'male')
  translator.game.data['label_asked'] = type(field)((3,), 'int32', classes=names)
  for text, expected in (('young,blond', [1, 1, 0]), ('male', [0, 0, 1]), ('none', [0, 0, 0])):
    np.testing.assert_array_equal(
      asked_class(translator, attributes=text)['label_asked'], np.array(expected, np.int32)
    )
  with pytest.raises(UsageError, match="--attributes=old: no class 'old'"):
    asked_class(translator, attributes='old')
