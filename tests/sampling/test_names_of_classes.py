"""Names of classes in all that a run leaves, and in what samples are asked for by."""

import glob
import json

import numpy as np
from PIL import Image
import pytest

from tests.conftest import QUICK, run_binary
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator

NAMES = ('bird', 'cat', 'dog')


@pytest.fixture(scope='module')
def run(tmp_path_factory):
  """A run of pictures of three kinds, stored kind after kind."""
  folder = tmp_path_factory.mktemp('pets')
  random = np.random.RandomState(0)
  labels = np.repeat(NAMES, 100)
  pictures = (
    random.randint(0, 60, (300, 16, 16, 1)) + 90 * np.repeat(range(3), 100)[:, None, None, None]
  )
  np.savez(folder / 'pets.npz', x=pictures.astype(np.uint8), y=labels)
  flags = ('--dataset=arrays("pets.npz", labels=y)', f'--data_dir={folder}', '--max_steps=1')
  flags = (*QUICK, *flags, '--model=conditional_gan', f'--model_dir={folder}/run')
  run_binary('train', *flags)
  return folder / 'run'


def text_of(run, tag: str) -> str:
  """Returns a text that TensorBoard shows."""
  for path in glob.glob(f'{run}/train/events*'):
    for event in tf.compat.v1.train.summary_iterator(path):
      for value in event.summary.value:
        if value.tag == tag:
          return tf.make_ndarray(value.tensor).item().decode()
  raise AssertionError(f'no {tag}')


def test_the_record_and_tensorboard_have_them(run):
  record = json.loads((run / 'experiment.json').read_text())
  assert record['dataset']['fields']['label']['classes'] == list(NAMES)
  assert text_of(run, 'classes').splitlines()[2:] == ['| 0 | bird |', '| 1 | cat |', '| 2 | dog |']


def test_an_export_has_them(run, tmp_path):
  run_binary('export', f'--model_dir={run}', f'--output={tmp_path}/out')
  assert (tmp_path / 'out/assets/classes.txt').read_text().splitlines() == list(NAMES)
  loaded = tf.saved_model.load(str(tmp_path / 'out'))
  with open(loaded.classes.asset_path.numpy()) as file:
    assert file.read().splitlines() == list(NAMES)


def grey(path) -> np.ndarray:
  with Image.open(path) as image:
    return np.asarray(image)


def test_samples_are_asked_for_by_name_and_headed_by_it(run, tmp_path):
  for name, labels in (('names', 'dog,bird'), ('numbers', '2,0')):
    flags = (f'--model_dir={run}', f'--labels={labels}', f'--output={tmp_path}/{name}.png')
    result = json.loads(run_binary('sample', *flags).stdout)
    assert result['count'] == 16
  named = grey(tmp_path / 'names.png')
  np.testing.assert_array_equal(named, grey(tmp_path / 'numbers.png'))
  # Two columns and eight rows of 16 pixels, enlarged 13 times, below a line of text.
  assert named.shape[1] == 38 * 13 and named.shape[0] > 146 * 13
  heading = named[: named.shape[0] - 146 * 13]
  assert heading.max() == 255 and heading.min() < 64
  columns = ('--columns=4', f'--output={tmp_path}/other.png')
  run_binary('sample', f'--model_dir={run}', '--labels=dog,bird', *columns)
  assert grey(tmp_path / 'other.png').shape[0] == 74 * 7  # Columns are no classes: no heading.


def test_python_takes_names(run):
  estimator = GANEstimator.of_run(str(run))
  pictures = estimator.predict(4, labels=['cat', 'dog'])
  sampler = estimator.sampler()
  sampler.restore()
  np.testing.assert_array_equal(sampler.images(range(4), 0, [1, 2, 1, 2]), pictures)
  np.testing.assert_array_equal(estimator.predict(4, labels='cat,dog'), pictures)
  assert (estimator.predict(4) != pictures).any()
  with pytest.raises(UsageError, match="no class 'dug'; there are classes 0 to 2: dog, bird, cat"):
    estimator.predict(4, labels=['dug'])


@pytest.mark.parametrize(
  'labels, message',
  [
    ('dgo', "--labels=dgo: no class 'dgo'; there are classes 0 to 2: dog, bird, cat"),
    ('3-1', '--labels=3-1: 3-1 counts down; write 1-3'),
    ('0-3', '--labels=0-3: no class 3; there are classes 0 to 2: bird, cat, dog'),
  ],
)
def test_what_is_no_class_is_refused(run, tmp_path, labels, message):
  flags = (f'--model_dir={run}', f'--labels={labels}', f'--output={tmp_path}/x.png')
  process = run_binary('sample', *flags, code=2)
  assert process.stderr.splitlines() == [message]
  assert not (tmp_path / 'x.png').exists()


def test_the_first_picture_of_real_examples_shows_all_classes(run):
  """Counts the levels of grey, of which each class has its own, in data sorted by class."""
  reals = grey(run / 'samples/reals.png')
  middles = reals[::4, ::4]
  shares = [((middles >= low) & (middles < low + 90)).mean() for low in (0, 90, 180)]
  assert min(shares) > 0.2


def test_training_heads_its_samples(run):
  picture = grey(sorted((run / 'samples').glob('fakes-*.png'))[0])
  # 63 samples in 21 rows below a heading, three columns wide, which is enlarged 9 times.
  assert picture.shape[1] == 56 * 9 and picture.shape[0] > (21 * 18 + 2) * 9
