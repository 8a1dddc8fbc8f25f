"""Several runs as one generator, and folders of samples."""

import copy
import json

import numpy as np
import pytest

from tests.conftest import QUICK, files_under, run_binary, tiny_experiment
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.media.images import Image
from tfgan_pipeline.runs import atomic_files
from tfgan_pipeline.sampling.ensemble import Ensemble
from tfgan_pipeline.sampling.files import write_folder, write_grid


def decoded(path):
  return tf.io.decode_png(path.read_bytes()).numpy()


def test_two_seeds_are_trained_sampled_in_turn_and_scored(tiny_run, tmp_path, cache_dir):
  other = tmp_path / 'other'
  run_binary('train', *QUICK, '--seed=1', f'--model_dir={other}')
  fakes = tmp_path / 'fakes'
  sample = ('sample', f'--model_dir={tiny_run},{other}', f'--images_dir={fakes}', '--count=150')
  result = json.loads(run_binary(*sample, '--sample_seed=3').stdout)
  assert result == {
    'images_dir': str(fakes),
    'runs': [{'run': str(place), 'step': 4, 'weights': 'average'} for place in (tiny_run, other)],
    'count': 150,
    'sample_seed': 3,
  }
  assert sorted(files_under(fakes)) == [f'{index:06d}.png' for index in range(150)]
  for turn, place in enumerate((tiny_run, other)):
    expected = GANEstimator.of_run(str(place)).predict(75, seed=3)
    for number, picture in enumerate(expected):
      np.testing.assert_array_equal(decoded(fakes / f'{2 * number + turn:06d}.png'), picture)
  process = run_binary(
    'evaluate',
    f'--generated_dir={fakes}',
    '--dataset=digits(size=16)',
    '--extractor=random_projection',
    '--metrics=fid',
    f'--cache_dir={cache_dir}',
  )
  record = json.loads(process.stdout)
  assert record['definition']['num_generated'] == 150
  assert record['scores']['fid[random_projection]'] > 0


@pytest.fixture(scope='module')
def labelled(tmp_path_factory):
  """Two short runs that know classes."""
  root = tmp_path_factory.mktemp('labelled')
  for seed in (0, 1):
    values = dict(model='conditional_gan', networks='mlp(units=8)', max_steps=1, seed=seed)
    GANEstimator(tiny_experiment(root / f'{seed}', **values)).train()
  return root


def test_classes_are_those_of_each_run_in_turn(labelled, tmp_path):
  ensemble = Ensemble(f'{labelled}/*', labels=[2, 7])
  runs = [GANEstimator.of_run(str(labelled / name)).sampler() for name in '01']
  for run in runs:
    run.restore()
  pictures = ensemble.images(range(9), 5)
  for index, picture in enumerate(pictures):
    number = index // 2
    alone = runs[index % 2].images([number], 5, [(2, 7)[number % 2]])[0]
    np.testing.assert_array_equal(picture, alone)
  np.testing.assert_array_equal(ensemble.images([8, 3], 5), pictures[[8, 3]])
  assert write_grid(str(tmp_path / 'x.png'), ensemble, seed=5) == 8 * 4
  picture = decoded(tmp_path / 'x.png')
  factor = picture.shape[1] // (4 * 18 + 2)
  picture = picture[-(8 * 18 + 2) * factor :]  # Without the names of the classes above it.
  assert picture[::factor, ::factor].shape == (8 * 18 + 2, 4 * 18 + 2, 1)
  np.testing.assert_array_equal(picture[::factor, ::factor][20:36, 2:18], pictures[4])


def test_runs_that_do_not_go_together(labelled, tiny_run, tmp_path):
  record = json.loads((tiny_run / 'experiment.json').read_text())
  fields = (('small', 'image', {'shape': [12, 12, 1]}), ('three', 'label', {'classes': ['a', 'b']}))
  for name, field, fact in fields:
    (tmp_path / name).mkdir()
    changed = copy.deepcopy(record)
    changed['dataset']['fields'][field] |= fact
    (tmp_path / name / 'experiment.json').write_text(json.dumps(changed))

  def refuses(message, *places, **arguments):
    with pytest.raises(UsageError) as caught:
      write_grid(
        str(tmp_path / 'x.png'),
        Ensemble(','.join(map(str, places)), **arguments.pop('ensemble', {})),
        seed=0,
        **arguments,
      )
    assert message in str(caught.value) and '\n' not in str(caught.value)
    assert not (tmp_path / 'x.png').exists()

  small = tmp_path / 'small'
  refuses(
    f'--model_dir: image_shape is [16, 16, 1] in {tiny_run}, and [12, 12, 1] in {small}',
    tiny_run,
    small,
  )
  refuses(f'--model_dir={tmp_path}/gone: no run there', tiny_run, tmp_path / 'gone')
  refuses('--traverse: of one run, and --model_dir names 2', f'{labelled}/*', traverse=5)
  refuses('--interpolate: of one run, and', f'{labelled}/*', interpolate=5)
  step = dict(ensemble={'step': 3})
  refuses(f'--step=3: no such checkpoint; there are 0, 2, 4 in {tiny_run}', tiny_run, **step)
  classes = dict(ensemble={'labels': [1]})
  refuses(f'--labels: the generator of {tiny_run} is not told', labelled / '0', tiny_run, **classes)
  refuses('--model_dir: num_classes is 10 in ', labelled / '0', tmp_path / 'three', **classes)


class Pictures:
  """Stand-in for an ensemble: sample i is a grey picture of shade i + seed."""

  row = 0
  medium = Image()

  def __init__(self):
    self.asked = []

  def images(self, indices, seed):
    self.asked.append(len(indices))
    return np.stack([np.full((4, 5, 1), (index + seed) % 256, np.uint8) for index in indices])


def test_a_folder_is_written_in_batches_continued_and_extended(tmp_path, monkeypatch):
  written, stop = [], 300

  def write(path, content, **how):
    if len(written) == stop:
      raise KeyboardInterrupt
    written.append(path)
    real_write(path, content, **how)

  real_write = atomic_files.write
  monkeypatch.setattr(atomic_files, 'write', write)
  folder, pictures = tmp_path / 'fakes', Pictures()
  with pytest.raises(KeyboardInterrupt):
    write_folder(str(folder), pictures, seed=0, count=1000)
  before = files_under(folder)
  assert sorted(before) == [f'{index:06d}.png' for index in range(300)]
  stop = None
  for count in (1000, 1010, 1010):
    assert write_folder(str(folder), pictures, seed=0, count=count) == count == len(written)
  after = files_under(folder)
  assert len(after) == 1010 and before.items() <= after.items()
  assert (decoded(folder / '000777.png') == 777 % 256).all()
  # At most 256 at a time, and of what is there only the first ones again.
  assert max(pictures.asked) <= 256 and sum(pictures.asked) <= 512 + 1000 + 2 * 512


def test_a_folder_with_other_pictures_is_left_alone(tmp_path):
  folder = tmp_path / 'fakes'
  write_folder(str(folder), Pictures(), seed=0, count=20)
  # As another version of zlib might have stored it.
  path = folder / '000003.png'
  before = path.read_bytes()
  path.write_bytes(tf.io.encode_png(decoded(path), compression=0).numpy())
  assert path.read_bytes() != before
  assert write_folder(str(folder), Pictures(), seed=0, count=20) == 20
  (folder / '000003.png').unlink()
  before = files_under(tmp_path)

  def refuses(message, **arguments):
    with pytest.raises(UsageError, match=f'--images_dir={folder}: {message}'):
      write_folder(str(folder), Pictures(), **{'seed': 0, 'count': 20, **arguments})

  refuses('its 000000.png is another picture', seed=1)
  refuses('holds 000019.png, which is none of 19 samples', count=19)
  assert files_under(tmp_path) == before
  (folder / 'z').mkdir()
  (folder / 'z/a.jpg').touch()
  refuses('holds z/a.jpg, which is none of 20 samples')
