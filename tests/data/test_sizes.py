"""Pictures of any height and width, grey, RGB and RGBA, out of every dataset that has a size."""

from __future__ import annotations

import numpy as np
from PIL import Image
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.data.folders.decoding import read_picture
from tfgan_pipeline.data.made import scenes
from tfgan_pipeline.errors import UsageError

SIZED = [
  name
  for name, component in registry.dataset.components().items()
  if any(parameter.name == 'size' for parameter in component.parameters)
]
MORE = {'shapes': ', count=20', 'openmoji': ', count=20', 'tfds': ', name=tiny'}


@pytest.fixture(scope='module')
def root(tmp_path_factory, store_tfds) -> str:
  """Ten noisy pictures, 12 high and 20 wide: in files, as `tiny` of TFDS, and in Parquet."""
  root = tmp_path_factory.mktemp('rectangles')
  tfds = pytest.importorskip('tensorflow_datasets')
  images = np.random.RandomState(0).randint(0, 256, (10, 12, 20, 3), np.uint8)
  (root / 'pictures').mkdir()
  for number, image in enumerate(images):
    Image.fromarray(image).save(root / 'pictures' / f'{number}.png')
    (root / 'pictures' / f'{number}.txt').write_text(f'noise number {number}')
  features = {'image': tfds.features.Image(shape=(12, 20, 3))}
  store_tfds(root, 'tiny', features, train=[{'image': image} for image in images])
  if 'parquet' in SIZED:
    pyarrow, parquet = map(pytest.importorskip, ('pyarrow', 'pyarrow.parquet'))
    contents = [path.read_bytes() for path in sorted((root / 'pictures').glob('*.png'))]
    parquet.write_table(pyarrow.table({'image': contents}), root / 'train.parquet')
  return str(root)


def build(root: str, name: str, size: str, more: str = ''):
  folder = f'{root}/pictures' if name in ('image_folder', 'captioned') else root
  return registry.dataset.build(
    f'{name}(size={size}{MORE.get(name, "")}{more})', DataOptions(folder)
  )


@pytest.mark.parametrize('name', SIZED)
def test_a_size_is_height_and_width_or_one_number(root, name):
  wide = build(root, name, '(8, 24)')
  images = wide.split('train').spread(5)['image']
  assert wide.image_shape[:2] == images.shape[1:3] == (8, 24) and images.std() > 0
  one, both = (build(root, name, size) for size in ('9', '(9, 9)'))
  assert one.fingerprint == both.fingerprint != wide.fingerprint
  for size in ('(0, 64)', '(64, -1)'):
    with pytest.raises(UsageError, match=rf"dataset '{name}': size=.* \(height, width\) of at l"):
      build(root, name, size)
  for size in ('(64,)', '(64, 64, 3)', '(8, 8.0)', 'wide'):
    with pytest.raises(
      UsageError, match=rf"dataset '{name}': .*should be int \| tuple\[int, int\]"
    ):
      build(root, name, size)


def test_the_canonical_string_of_a_square_is_as_it_was():
  text = str(registry.dataset.parse('image_folder(64)'))
  assert text == 'image_folder(size=64, channels=3, validation=0.1, test=0.1, resize=crop)'
  wide = str(registry.dataset.parse('image_folder((64, 128), 4)'))
  assert registry.dataset.parse(wide).arguments['size'] == (64, 128)


def test_both_readers_crop_the_same_part(root):
  """Crops 12x20 to the middle 10 rows for 10x20, and to the middle 4 columns for 12x4."""
  stored = np.asarray(Image.open(f'{root}/pictures/0.png'))
  for height, width, part in ((10, 20, stored[1:11]), (12, 4, stored[:, 8:12])):
    text = f'({height}, {width})'
    path = f'{root}/pictures/0.png'
    read = read_picture(path, size=(height, width), channels=3, resize='crop')
    np.testing.assert_array_equal(read, part)
    records = build(root, 'tfds', text).split('train')
    images = next(records.ordered(10))['image']
    assert any(np.array_equal(image, part) for image in images)
    stretched = read_picture(path, size=(height, width), channels=3, resize='stretch')
    assert not np.array_equal(stretched, part)


def test_shapes_on_rectangles_are_round_and_spread_over_the_longer_side():
  scene = scenes.draw(300, seed=0)
  wide = scenes.filled(scene, (40, 120))
  tall = scenes.filled(scene, (120, 40))
  painted = np.zeros((2, 120), bool)
  for index in range(300):
    ground = scenes._DARK if scene.dark[index] else scenes.BRIGHT
    for place, picture in enumerate((wide[index], tall[index].transpose(1, 0, 2))):
      there = (picture != ground).any(-1)
      rows, columns = (np.flatnonzero(there.any(axis)) for axis in (1, 0))
      assert 0 < rows[0] and rows[-1] < 39 and 0 < columns[0] and columns[-1] < 119
      painted[place, columns] = True
      if scene.shape[index] == 0:
        assert abs(np.ptp(rows) - np.ptp(columns)) <= 1
  assert painted[:, 24:96].all()


RED = (200, 0, 0)


def transparent_palette() -> Image.Image:
  image = Image.new('P', (8, 8), 0)
  image.putpalette([0, 0, 0, *RED])
  image.paste(1, (0, 0, 4, 8))
  image.info['transparency'] = 0
  return image


@pytest.mark.parametrize(
  'name, image, left, right',
  [
    ('rgba.png', Image.new('RGBA', (8, 8), (*RED, 128)), (*RED, 128), (*RED, 128)),
    ('rgba.webp', Image.new('RGBA', (8, 8), (*RED, 255)), (*RED, 255), (*RED, 255)),
    ('clear.png', Image.new('RGBA', (8, 8), (9, 9, 9, 0)), (0, 0, 0, 0), (0, 0, 0, 0)),
    ('grey_alpha.png', Image.new('LA', (8, 8), (70, 128)), (70, 70, 70, 128), (70, 70, 70, 128)),
    ('palette.png', transparent_palette(), (*RED, 255), (0, 0, 0, 0)),
    ('grey.png', Image.new('L', (8, 8), 70), (70, 70, 70, 255), (70, 70, 70, 255)),
    ('deep.png', Image.fromarray(np.full((8, 8), 77 * 257, np.uint16)), (77, 77, 77, 255), None),
    ('cmyk.tif', Image.new('CMYK', (8, 8), (0, 255, 255, 0)), (255, 0, 0, 255), None),
    ('plain.bmp', Image.new('RGB', (8, 8), RED), (*RED, 255), None),
  ],
)
def test_alpha_is_read_where_four_channels_are_asked_for(tmp_path, name, image, left, right):
  image.save(tmp_path / name)
  (found,) = (
    registry.dataset.build('image_folder((8, 8), channels=4)', DataOptions(str(tmp_path)))
    .split('train')
    .images
  )
  assert found.shape == (8, 8, 4)
  tolerance = 4 if name.endswith('webp') else 0
  np.testing.assert_allclose(found[3, 1], left, atol=tolerance)
  np.testing.assert_allclose(found[3, 6], right or left, atol=tolerance)


def test_reducing_weighs_colours_by_their_opacity(tmp_path):
  pixels = np.zeros((16, 16, 4), np.uint8)
  pixels[:, ::2] = (*RED, 255)
  pixels[:, 1::2] = (0, 0, 255, 0)  # Blue that nobody sees.
  Image.fromarray(pixels).save(tmp_path / 'x.png')
  found = read_picture(str(tmp_path / 'x.png'), size=(4, 8), channels=4, resize='stretch')
  middle = found[1:3, 2:6].astype(int)
  assert abs(middle[..., :3] - RED).max() <= 2 and abs(middle[..., 3] - 128).max() <= 20
