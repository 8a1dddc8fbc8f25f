"""Defaults and bounds of the arguments of every dataset: values just inside and just outside."""

from __future__ import annotations

import inspect

import numpy as np
from PIL import Image
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.data.splits.files import FileSplit
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.data.splits.records import RecordSplit
from tfgan_pipeline.errors import UsageError

DEFAULTS = {
  'arrays': {
    'key': '',
    'labels': '',
    'range': '',
    'axes': 'NHWC',
    'classes': (),
    'validation': 0.1,
    'test': 0.1,
  },
  'captioned': {
    **{'folder': '', 'size': 64, 'captions': '', 'pictures': 'image_folder(64)', 'at_least': 1},
  },
  'series': {'path': '', 'key': '', 'length': 0, 'validation': 0.1, 'test': 0.1},
  'tunes': {'folder': '', 'corpus': 'folk', 'bars': 8, 'transposed': 0},
  'waves': {'length': 128, 'count': 6000},
  'attributes': {'dataset': 'image_folder(64)', 'names': ()},
  'chosen': {'dataset': 'digits', 'classes': 0},
  'without': {'dataset': 'digits', 'classes': 0},
  'digits': {'size': 32},
  'domains': {'a': 'digits', 'b': 'shapes(size=32)'},
  'gaussian_grid': {'side': 5},
  'gaussian_ring': {'modes': 8},
  'image_folder': {
    'channels': 3,
    'validation': 0.1,
    'test': 0.1,
    'resize': 'crop',
    'range': None,
    'background': None,
    'folder': '',
  },
  'paired': {'a': 'shapes(style=outline)', 'b': 'shapes'},
  'reduced': {'dataset': 'shapes', 'factor': 4},
  'halves': {'dataset': 'shapes(style=pairs)', 'first': 'left'},
  'in_memory': {},
  'openmoji': {'task': 'pictures', 'size': 64, 'count': 0},
  'parquet': {
    'file': '',
    'image': '',
    'label': '',
    'size': 0,
    'channels': 0,
    'validation': 0.1,
    'test': 0.1,
    'resize': 'crop',
  },
  'shapes': {
    **{'size': 32, 'count': 10_000, 'label': 'shape', 'seed': 0, 'style': 'filled', 'things': 2},
  },
  'stacked': {'dataset': 'digits', 'times': 1, 'seed': 0},
  'tfds': {'size': 0, 'validation': 0.0, 'train': '', 'test': '', 'label': '', 'attributes': ()},
}
LAST_SEED = 2**32 - 1


@pytest.fixture(scope='module')
def root(tmp_path_factory, store_tfds) -> str:
  """Ten pictures of 4x4 twice: under `pictures`, and as `tiny` of TFDS."""
  root = tmp_path_factory.mktemp('arguments')
  tfds = pytest.importorskip('tensorflow_datasets')
  images = [np.full((4, 4, 3), value, np.uint8) for value in range(10)]
  (root / 'pictures').mkdir()
  for value, image in enumerate(images):
    Image.fromarray(image).save(root / 'pictures' / f'{value}.png')
  features = {'image': tfds.features.Image(shape=(4, 4, 3))}
  store_tfds(root, 'tiny', features, train=[{'image': image} for image in images])
  return str(root)


def build(root: str, text: str, limit: float = 1.0):
  folder = f'{root}/pictures' if text.startswith('image_folder') else root
  return registry.dataset.build(text, DataOptions(folder, limit))


@pytest.mark.parametrize('name', registry.dataset.components())
def test_defaults_are_the_documented_ones(name):
  parameters = inspect.signature(registry.dataset.function(name)).parameters.values()
  found = {one.name: one.default for one in parameters if one.default is not one.empty}
  assert found == DEFAULTS[name]
  assert DataOptions() == DataOptions(data_dir=None, memory_limit_gb=4.0)


@pytest.mark.parametrize(
  'inside, outside',
  [
    (['digits(8)', 'digits((8, 9))'], ['digits(7)', 'digits((8, 7))', 'digits((8, 8, 1))']),
    (['gaussian_grid(1)', 'gaussian_grid(100)'], ['gaussian_grid(0)', 'gaussian_grid(101)']),
    (
      ['gaussian_ring(1)', 'gaussian_ring(10000)'],
      ['gaussian_ring(0)', 'gaussian_ring(10001)'],
    ),
    (
      [
        'image_folder(1)',
        'image_folder(4, 1)',
        'image_folder(4, 3)',
        'image_folder((1, 4), 4)',
        'image_folder(4, validation=0, test=0)',
        'image_folder(4, validation=0.5, test=0.4)',
      ],
      [
        'image_folder(0)',
        'image_folder(4, 0)',
        'image_folder(4, 2)',
        'image_folder(4, 5)',
        'image_folder((0, 4))',
        'image_folder((4,))',
        'image_folder(4, validation=-0.01)',
        'image_folder(4, validation=0.5, test=0.5)',
        'image_folder(4, validation=0.6, test=0.39)',
      ],
    ),
    (
      [
        'shapes(8, 10)',
        'shapes((8, 9), 10)',
        'shapes(8, 10, seed=0)',
        f'shapes(8, 10, seed={LAST_SEED})',
      ],
      [
        'shapes(7, 10)',
        'shapes((7, 8), 10)',
        'shapes(8, 9)',
        'shapes(8, 10, seed=-1)',
        'shapes(8, 10, seed=2**32)',
      ],
    ),
    (
      ['stacked("digits(8)", 1, 0)', f'stacked("digits(8)", 1, {LAST_SEED})'],
      ['stacked("digits(8)", 0)', 'stacked(seed=-1)', 'stacked(seed=2**32)'],
    ),
    (
      [
        'tfds(tiny, size=0)',
        'tfds(tiny, size=1)',
        'tfds(tiny, size=(1, 4))',
        'tfds(tiny, validation=0.9)',
      ],
      [
        'tfds(tiny, size=-1)',
        'tfds(tiny, size=(0, 4))',
        'tfds(tiny, validation=-0.01)',
        'tfds(tiny, validation=1.0)',
      ],
    ),
  ],
)
def test_bounds(root, inside, outside):
  for text in inside:
    for name, split in build(root, text).splits.items():
      assert split.size, name
  for text in outside:
    with pytest.raises(UsageError):
      build(root, text.replace('2**32', str(2**32)))


@pytest.mark.parametrize(
  'text, count, pixels, otherwise',
  [
    ('image_folder(4)', 10, 4 * 4 * 3, FileSplit),
    ('image_folder(5, channels=1)', 10, 5 * 5, FileSplit),
    ('tfds(tiny, validation=0.5)', 10, 4 * 4 * 3, RecordSplit),
    ('tfds(tiny, size=3)', 10, 3 * 3 * 3, RecordSplit),
    ('shapes(8, 11)', 11, 8 * 8 * 3, None),
    ('shapes(8, 11, style=pairs)', 11, 8 * 16 * 3, None),
    ('stacked("digits(8)", times=2)', 2 * 1797, 8 * 8 * 3, None),
  ],
)
def test_images_are_held_in_memory_up_to_the_limit(root, text, count, pixels, otherwise):
  fits = build(root, text, (count * pixels + 0.5) / 1e9)
  assert np.prod(fits.image_shape) == pixels
  assert sum(split.size for split in fits.splits.values()) == count
  for split in fits.splits.values():
    assert isinstance(split, MemorySplit) and split.image_shape == fits.image_shape
  less = (count * pixels - 0.5) / 1e9
  if otherwise:
    assert {type(split) for split in build(root, text, less).splits.values()} == {otherwise}
  else:
    with pytest.raises(UsageError, match='do not fit --memory_limit_gb'):
      build(root, text, less)
