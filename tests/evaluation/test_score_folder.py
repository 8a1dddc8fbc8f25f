"""Folders of images, scored as they are."""

from __future__ import annotations

import numpy as np
from PIL import Image
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.data.folders.loose_pictures import picture_split
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.evaluation.score_folder import score_folder
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.frechet.fid import fid

RANDOM = np.random.RandomState(0)
REAL = RANDOM.randint(0, 256, (50, 8, 6, 3)).astype(np.uint8)
FAKE = RANDOM.randint(0, 200, (40, 8, 6, 3)).astype(np.uint8)


def write(folder, pictures, extension='png'):
  """Pictures in their order, half of them in a sub-folder that comes last."""
  (folder / 'z').mkdir(parents=True)
  for index, picture in enumerate(pictures):
    place = folder / 'z' if index >= len(pictures) // 2 else folder
    image = Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)
    image.save(place / f'{index:03}.{extension}')
  return str(folder)


@pytest.fixture
def real(tmp_path):
  return write(tmp_path / 'real', REAL)


@pytest.fixture
def fake(tmp_path):
  return write(tmp_path / 'fake', FAKE)


@pytest.fixture
def options(real, cache_dir):
  def options(**values):
    values = {'extractor': 'random_projection', 'metrics': 'fid', 'reference_dir': real, **values}
    return EvaluationOptions(cache_dir=cache_dir, **values)

  return options


def test_pictures_are_read_as_stored(real, tmp_path):
  split = picture_split(real, '--x')
  np.testing.assert_array_equal(next(split.ordered(99))['image'], REAL)
  grey = picture_split(write(tmp_path / 'grey', REAL[..., :1], 'bmp'), '--x')
  np.testing.assert_array_equal(next(grey.ordered(99))['image'], REAL[..., :1])
  assert picture_split(real, '--x', size=5).image_shape == (5, 5, 3)


def test_the_score_is_that_of_the_pixels(fake, options):
  record = score_folder(fake, options())
  matrix = np.random.Generator(np.random.PCG64(0)).standard_normal((144, 64)) / 12
  sets = [(images.reshape(len(images), -1) / 127.5 - 1) @ matrix for images in (REAL, FAKE)]
  expected = fid(*map(Features, sets))
  assert record['scores'] == {
    f'{name}[random_projection]': pytest.approx(value, rel=1e-4) for name, value in expected.items()
  }
  definition = record['definition']
  assert definition['num_generated'] == 40 and definition['num_reference'] == 50
  assert definition['quantisation'] == 'files as stored'


def test_a_definition_follows_the_content_and_not_the_place(fake, options, tmp_path):
  first = score_folder(fake, options())
  moved = write(tmp_path / 'moved', REAL)
  again = score_folder(fake, options(reference_dir=moved))
  assert again['definition_id'] == first['definition_id'] and again['scores'] == first['scores']
  changed = write(tmp_path / 'changed', REAL ^ 1)
  other = score_folder(fake, options(reference_dir=changed))
  assert other['score_ids'] != first['score_ids']
  resized = score_folder(fake, options(resize_pictures=4))
  assert 'square resized to 4x4' in resized['definition']['quantisation']
  wide = score_folder(fake, options(resize_pictures=(3, 6)))
  assert 'part resized to 3x6' in wide['definition']['quantisation']
  assert wide['scores'] != resized['scores']


def test_a_size_is_written_as_one_number_or_two(options):
  for text, size in (('0', 0), ('64', 64), (64, 64), ('64,128', (64, 128)), ((8, 4), (8, 4))):
    assert options(resize_pictures=text).resize_pictures == size
  for wrong in ('', '-1', '64x128', '0,64', '64,', '1,2,3', (64,), (0, 4), (4.0, 4), True, None):
    with pytest.raises(UsageError) as raised:
      options(resize_pictures=wrong)
    assert str(raised.value).startswith(
      f'--resize_pictures={wrong}: should be a number of at least'
    )


def test_alpha_is_read_where_the_data_has_it_and_laid_over_white_elsewhere(options, tmp_path):
  clear = np.concatenate([FAKE, np.zeros_like(FAKE[..., :1])], axis=-1)
  folder = write(tmp_path / 'clear', clear)
  assert picture_split(folder, '--generated_dir').image_shape == (8, 6, 3)
  white = next(picture_split(folder, '--generated_dir').ordered(40))
  assert (white['image'] == 255).all()
  real = RANDOM.randint(0, 256, (50, 8, 6, 4)).astype(np.uint8)
  dataset = Dataset.of_images('real', (8, 6, 4), (), {'train': MemorySplit({'image': real})})
  record = score_folder(folder, options(reference_dir=''), dataset=dataset)
  matrix = np.random.Generator(np.random.PCG64(0)).standard_normal((192, 64)) / 192**0.5
  black = np.zeros((40, 192))  # What is fully transparent.
  expected = fid(*(Features((x / 127.5 - 1) @ matrix) for x in (real.reshape(50, -1), black)))
  found = record['scores']['fid[random_projection]']
  assert found == pytest.approx(expected['fid'], rel=1e-3)


def test_so_many_of_them_are_drawn_by_the_seed(fake, options):
  scores = [
    score_folder(fake, options(num_samples=count, sample_seed=seed), every=False)['scores']
    for count, seed in ((20, 0), (20, 0), (20, 1), (40, 0), (40, 1))
  ]
  assert scores[0] == scores[1] != scores[2] and scores[3] == scores[4]
  assert scores[3] == score_folder(fake, options())['scores']


def test_each_picture_is_read_once_whatever_a_batch_is(options, tmp_path, register):
  """Scores more pictures than are read at a time; each holds its own number."""
  seen = []

  def look(reference, generated) -> dict[str, float]:
    """Looks."""
    seen.append(generated)
    return {}

  register(registry.image_metric, look)
  numbered = np.zeros((300, 8, 6, 3), np.uint8)
  numbered[..., 0] = np.arange(300)[:, None, None] % 256
  numbered[256:, ..., 1] = 1
  folder = write(tmp_path / 'many', numbered, 'bmp')
  score_folder(folder, options(image_metrics='look'))
  np.testing.assert_array_equal(seen[-1], numbered)
  score_folder(folder, options(image_metrics='look', num_samples=280, sample_seed=3), every=False)
  drawn = np.random.Generator(np.random.PCG64(3)).permutation(300)[:280]
  np.testing.assert_array_equal(seen[-1], numbered[np.sort(drawn)])


def test_two_pictures_are_enough(options, tmp_path):
  two = write(tmp_path / 'two', FAKE[:2])
  assert score_folder(two, options(metrics='precision_recall(k=1)'))['scores']


def statistics_of(path, pool):
  """An .npz file of features float [n, D]."""
  np.savez(path, mu=pool.mean(axis=0), sigma=np.cov(pool, rowvar=False))
  return str(path)


def test_statistics_of_a_file_as_the_reference(fake, options, tmp_path):
  matrix = np.random.Generator(np.random.PCG64(0)).standard_normal((144, 64)) / 12
  pool = (REAL.reshape(50, -1) / 127.5 - 1) @ matrix
  with_file = options(reference_dir='', reference_stats=statistics_of(tmp_path / 'a.npz', pool))
  expected = score_folder(fake, options())['scores']['fid[random_projection]']
  assert score_folder(fake, with_file)['scores']['fid[random_projection]'] == pytest.approx(
    expected, rel=1e-3
  )
  for message, values in (
    ('--reference_stats=.*: of 63 features, and random_projection has 64', {}),
    ('--bootstrap: needs real features', {'bootstrap': 3}),
    ('--image_metrics: need real images', {'image_metrics': 'ms_ssim'}),
  ):
    width = 64 if values else 63
    path = statistics_of(tmp_path / f'{width}.npz', pool[:, :width])
    with pytest.raises(UsageError, match=message):
      score_folder(fake, options(reference_dir='', reference_stats=path, **values))


def test_an_extractor_and_a_reference_of_a_data_set(tmp_path, cache_dir):
  dataset = registry.dataset.build('digits(size=8)', DataOptions())
  pictures = next(dataset.split('test').ordered(150))['image']
  record = score_folder(
    write(tmp_path / 'digits', pictures),
    EvaluationOptions(extractor='classifier(steps=2)', metrics='fid', cache_dir=cache_dir),
    dataset=dataset,
    dataset_text='digits(size=8)',
  )
  assert record['scores']['fid[classifier:digits]'] > 0
  assert record['definition']['reference']['split'] == 'train'


def test_refusals(fake, real, options, tmp_path):
  def refuses(message, folder=fake, every=True, dataset=None, **values):
    with pytest.raises(UsageError, match=message) as raised:
      score_folder(str(folder), options(**values), every=every, dataset=dataset)
    assert '\n' not in str(raised.value)

  refuses('--generated_dir: say what to compare with', reference_dir='')
  refuses('--generated_dir=/nowhere: there is no such folder', '/nowhere')
  refuses('--reference_dir=/nowhere: there is no such folder', reference_dir='/nowhere')
  refuses('one picture is too few', write(tmp_path / 'one', FAKE[:1]).replace('z', ''))
  (tmp_path / 'empty').mkdir()
  refuses('--generated_dir=.*empty: no pictures', tmp_path / 'empty')
  refuses('--num_samples=41: there are 40 pictures in ', every=False, num_samples=41)
  grey = write(tmp_path / 'grey', REAL[..., :1])
  refuses(
    r'grey: its pictures are \(8, 6, 1\), the images to be scored \(8, 6, 3\)',
    fake,
    reference_dir=grey,
  )
  refuses('--extractor=classifier: fake has no labels', extractor='classifier')
  digits = registry.dataset.build('digits(size=8)', DataOptions())
  refuses(r'its pictures are \(8, 6, 3\), those of digits \(8, 8, 1\)', dataset=digits)
  Image.fromarray(REAL[0, :5]).save(tmp_path / 'fake/z/last.png')
  refuses('--generated_dir=.*: 000.png is 8x6x3 and z/last.png is 5x6x3; one shape is needed')
  content = (tmp_path / 'real/000.png').read_bytes()
  (tmp_path / 'fake/z/last.png').write_bytes(content[: len(content) // 2])
  (tmp_path / 'cut').mkdir()
  (tmp_path / 'fake/z/last.png').rename(tmp_path / 'cut/last.png')
  refuses(
    '--generated_dir=.*: none of 1 pictures can be read, as last.png: image', tmp_path / 'cut'
  )
