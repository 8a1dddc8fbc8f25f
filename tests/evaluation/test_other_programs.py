"""Samples, features and statistics of other programs: what is read, and what is refused."""

from __future__ import annotations

import json
import pathlib
import resource

import numpy as np
from PIL import Image
import pytest

from tests.conftest import run_binary
from tfgan_pipeline import registry
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.evaluation.score_features import score_features
from tfgan_pipeline.evaluation.score_folder import score_folder
from tfgan_pipeline.extractors.base import ExtractorContext
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.frechet.fid import fid
from tfgan_pipeline.references.array_file import arrays_in

RANDOM = np.random.RandomState(0)
REAL, FAKE = RANDOM.randint(2, 256, (2, 40, 6, 8, 3)).astype(np.uint8)
POOLS = RANDOM.standard_normal((2, 300, 5)).astype(np.float32)


def write(folder: pathlib.Path, pictures, names=None) -> str:
  for index, picture in enumerate(pictures):
    path = folder / (names[index] if names else f'{index:03}.png')
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture).save(path)
  return str(folder)


@pytest.fixture
def options(tmp_path, cache_dir):
  """A function: values -> options against a folder of the real pictures."""
  real = write(tmp_path / 'real', REAL)

  def options(**values):
    values = {'extractor': 'random_projection', 'metrics': 'fid', 'reference_dir': real, **values}
    return EvaluationOptions(cache_dir=cache_dir, **values)

  return options


def save(path: pathlib.Path, **arrays) -> str:
  {'.npy': lambda: np.save(path, arrays['x']), '.npz': lambda: np.savez(path, **arrays)}[
    path.suffix
  ]()
  return str(path)


def test_arrays_of_samples_score_as_the_pictures_do(options, tmp_path):
  expected = score_folder(write(tmp_path / 'fake', FAKE), options())['scores']
  np.savez_compressed(tmp_path / 'c.npz', arr_0=FAKE, arr_1=np.arange(40))
  paths = [
    save(tmp_path / 'a.npy', x=FAKE),
    save(tmp_path / 'f.npy', x=np.asfortranarray(FAKE)),
    save(tmp_path / 'b.npz', images=FAKE, labels=np.arange(40), what=np.array({'a': 1})),
    str(tmp_path / 'c.npz'),
  ]
  for path in paths:
    assert score_folder(path, options())['scores'] == expected
  assert score_folder(FAKE, options())['scores'] == expected
  record = score_folder(paths[0], options(reference_dir=save(tmp_path / 'r.npy', x=REAL)))
  assert record['scores'] == expected and record['generated_dir'] == paths[0]


def test_arrays_are_read_a_block_at_a_time(tmp_path):
  """Reads 200 MB, compressed to nothing, in less than 100 MB."""
  path = tmp_path / 'many.npz'
  np.savez_compressed(path, images=np.zeros((1000, 256, 256, 3), np.uint8))
  before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
  blocks = arrays_in(str(path))['images'].blocks(64)
  assert sum(len(block) for block in blocks) == 1000
  assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100e3


@pytest.mark.parametrize(
  'array, message',
  [
    (FAKE / np.float32(255), 'and is float32 [40, 6, 8, 3]; convert with np.rint(255 * x)'),
    (FAKE.astype(np.int64), 'and is int64 [40, 6, 8, 3]; convert with'),
    (np.moveaxis(FAKE, -1, 1), 'and is [40, 3, 6, 8]; reorder with np.moveaxis(x, 1, -1)'),
    (np.moveaxis(FAKE, 0, -1), 'and is [6, 8, 3, 40]; reorder with np.moveaxis(x, -1, 0)'),
    (FAKE[0], 'and is [6, 8, 3], perhaps one image: x[np.newaxis]'),
    (FAKE.reshape(40, -1), 'images uint8 [n, H, W, C]'),
  ],
)
def test_other_dtypes_ranges_and_orders_are_refused_and_never_scored(
  options, tmp_path, array, message
):
  with pytest.raises(UsageError) as raised:
    score_folder(save(tmp_path / 'a.npy', x=array), options())
  assert message in str(raised.value) and str(raised.value).startswith('--generated_dir=')
  with pytest.raises(UsageError):
    score_folder(array, options())
  extractor = registry.extractor.build(
    'random_projection',
    ExtractorContext(
      Dataset.of_images('x', (6, 8, 3), (), {'train': MemorySplit({'image': REAL})}), ''
    ),
  )
  with pytest.raises(UsageError):
    extractor.features([array])


@pytest.mark.parametrize(
  'arrays, message',
  [
    (
      {'a': FAKE, 'b': REAL},
      'should hold one array of images uint8 [n, H, W, C], and holds a uint8',
    ),
    (
      {'a': np.array([{}])},
      'should hold one array of images uint8 [n, H, W, C], and holds a object',
    ),
    ({'x': FAKE // 255}, 'its values are 0 and 1; images are 0 to 255'),
    ({'x': FAKE[:0]}, 'holds no images'),
  ],
)
def test_files_that_hold_no_images_or_several(options, tmp_path, arrays, message):
  with pytest.raises(UsageError) as raised:
    score_folder(save(tmp_path / 'a.npz', **arrays), options())
  assert message in str(raised.value)


def test_a_file_that_ends_early_or_is_none(options, tmp_path):
  path = pathlib.Path(save(tmp_path / 'a.npy', x=FAKE))
  path.write_bytes(path.read_bytes()[:-1])
  with pytest.raises(UsageError, match=r'--generated_dir=.*a.npy: ends before its last value'):
    score_folder(str(path), options())
  path.write_bytes(b'text')
  with pytest.raises(UsageError, match='not an .npz file'):
    score_folder(str(path), options())
  with pytest.raises(UsageError, match=r'--generated_dir=.*: no such file'):
    score_folder(str(tmp_path / 'none.npy'), options())


def test_several_by_pattern_make_a_line_each_with_one_extractor(tmp_path):
  """Leaves out an empty folder with a warning."""
  real = write(tmp_path / 'real', REAL)
  for number in range(2):
    write(tmp_path / f'fake{number}', FAKE[: 30 + number])
  save(tmp_path / 'fake2.npz', x=FAKE)
  (tmp_path / 'fake3').mkdir()
  (tmp_path / 'fake.txt').write_text('')
  flags = ('--extractor=random_projection', '--metrics=fid', f'--cache_dir={tmp_path}/cache')
  command = ['evaluate', f'--reference_dir={real}', *flags]
  process = run_binary(*command, f'--generated_dir={tmp_path}/fake*')
  records = [json.loads(line) for line in process.stdout.splitlines()]
  assert [record['definition']['num_generated'] for record in records] == [30, 31, 40]
  assert process.stderr.count('extracting features') == 1
  assert 'fake3: no pictures' in process.stderr and 'left out' in process.stderr
  (line,) = run_binary(*command, f'--generated_dir={tmp_path}/fake0').stdout.splitlines()
  assert json.loads(line) == records[0]
  (tmp_path / 'all.json').write_text(process.stdout)
  table = run_binary('compare', f'{tmp_path}/all.json', '--format=json')
  assert len(json.loads(table.stdout)) == 3
  failed = run_binary(*command, f'--generated_dir={tmp_path}/none*', code=2)
  assert f'--generated_dir={tmp_path}/none*: there is no such folder' in failed.stderr


def test_features_that_do_not_suit_are_refused(tmp_path, options):
  real = save(tmp_path / 'r.npy', x=POOLS[0])
  by = EvaluationOptions(metrics='fid', reference_features=real)

  def refuses(message, path, options=by):
    with pytest.raises(UsageError, match=message) as raised:
      score_features(str(path), options)
    assert '\n' not in str(raised.value)

  refuses(
    r'g.npy: of width 4, and --reference_features=.* has 5',
    save(tmp_path / 'g.npy', x=POOLS[1][:, :4]),
  )
  refuses(
    '1 of 1500 values .* are NaN',
    save(tmp_path / 'n.npy', x=np.where(POOLS[1] == POOLS[1].max(), np.nan, POOLS[1])),
  )
  refuses('holds a float32.*, b float32', save(tmp_path / 'two.npz', a=POOLS[0], b=POOLS[1]))
  refuses(
    'floats .n, width., or pool, and holds int64', save(tmp_path / 'i.npy', x=POOLS[1].astype(int))
  )
  refuses(
    'for mu and sigma take --reference_stats',
    save(tmp_path / 's.npz', mu=np.zeros(5), sigma=np.eye(5)),
  )
  refuses('compare with --reference_features', real, EvaluationOptions(metrics='fid'))
  asked = EvaluationOptions(reference_features=real, metrics='inception_score')
  refuses('--metrics=.*logits are needed', real, asked)
  fake = write(tmp_path / 'fake', FAKE)
  with pytest.raises(UsageError, match='--reference_features=.*: of 5 features, and random_proj'):
    score_folder(fake, options(reference_dir='', reference_features=real))


def test_features_of_others_as_the_reference_of_images(tmp_path, options):
  expected = score_folder(FAKE, options())['scores']['fid[random_projection]']
  real = Dataset.of_images('x', (6, 8, 3), (), {'train': MemorySplit({'image': REAL})})
  extractor = registry.extractor.build('random_projection', ExtractorContext(real, ''))
  path = save(tmp_path / 'r.npy', x=extractor.features([REAL]).pool)
  by_features = options(reference_dir='', reference_features=path)
  found = score_folder(FAKE, by_features)['scores']['fid[random_projection]']
  assert found == pytest.approx(expected, rel=1e-6)


def test_three_equal_channels_are_grey(options, tmp_path):
  """Scores grey pictures that were stored as RGB against grey ones."""
  grey = REAL[..., :1], FAKE[..., :1]
  folders = [write(tmp_path / f'grey{index}', pictures) for index, pictures in enumerate(grey)]
  tripled = [
    write(tmp_path / f'rgb{index}', np.repeat(pictures, 3, axis=-1))
    for index, pictures in enumerate(grey)
  ]
  expected = score_folder(folders[1], options(reference_dir=folders[0]))['scores']
  for fake, real in ((tripled[1], folders[0]), (folders[1], tripled[0])):
    assert score_folder(fake, options(reference_dir=real))['scores'] == expected
  as_grey = options(reference_dir=tripled[0], picture_channels=1)
  assert score_folder(tripled[1], as_grey)['scores'] == expected
  as_rgb = (options(reference_dir=x, picture_channels=3) for x in (folders[0], tripled[0]))
  one, other = (score_folder(x, how)['scores'] for x, how in zip((folders[1], tripled[1]), as_rgb))
  assert one == other
  coloured = write(tmp_path / 'fake', FAKE)
  with pytest.raises(UsageError, match=r'see --picture_channels'):
    score_folder(coloured, options(reference_dir=folders[0]))
  assert score_folder(coloured, options(reference_dir=folders[0], picture_channels=1))['scores']
  luminance = np.stack([np.asarray(Image.fromarray(x).convert('L')) for x in FAKE])[..., None]
  assert score_folder(coloured, as_grey)['scores'] == score_folder(luminance, as_grey)['scores']
  with pytest.raises(UsageError, match='--picture_channels=2: should be 1'):
    options(picture_channels=2)


def test_grey_pictures_among_coloured_ones_score_by_what_is_seen(options, tmp_path):
  """Stores real pictures as scrapers find them: some grey, one CMYK, one with a palette."""
  modes = {0: 'L', 7: 'L', 8: 'CMYK', 9: 'P', 10: 'RGBA', 11: 'LA'}
  for number, pixels in enumerate(REAL):
    image = Image.fromarray(pixels).convert(modes.get(number, 'RGB'))
    for folder, picture in (('mixed', image), ('plain', image.convert('RGB'))):
      (tmp_path / folder).mkdir(exist_ok=True)
      picture.save(tmp_path / folder / f'{number:02}.{"tif" if image.mode == "CMYK" else "png"}')
  fake = write(tmp_path / 'fake', FAKE)
  for channels in (0, 1, 3):
    mixed, plain = (
      score_folder(fake, options(reference_dir=str(tmp_path / folder), picture_channels=channels))
      for folder in ('mixed', 'plain')
    )
    assert mixed['scores'] == plain['scores']


def test_folders_of_equal_names_are_classes_where_a_metric_wants_them(options, tmp_path):
  names = [f'{"ab"[index % 2]}/{index}.png' for index in range(40)]
  real, fake = write(tmp_path / 'r', REAL, names), write(tmp_path / 'f', FAKE, names)
  extractor = 'random_projection(width=4)'
  by = dict(reference_dir=real, extractor=extractor)
  record = score_folder(fake, options(metrics='fid, intra_class_fid', **by))
  alone, name = score_folder(fake, options(**by)), 'fid[random_projection]'
  assert record['score_ids'][name] == alone['score_ids'][name]
  data = Dataset.of_images('x', (6, 8, 3), (), {'train': MemorySplit({'image': REAL})})
  features = registry.extractor.build(extractor, ExtractorContext(data, ''))
  within = [
    fid(*(Features(features.features([images[start::2]]).pool) for images in (REAL, FAKE)))['fid']
    for start in (0, 1)
  ]
  found = record['scores']['intra_class_fid[random_projection]']
  assert found == pytest.approx(np.mean(within), rel=1e-4)
  grey = options(metrics='intra_class_fid', picture_channels=1, **by)
  assert score_folder(fake, grey)['scores'].keys() < record['scores'].keys()
  other = write(tmp_path / 'o', FAKE, [name.replace('b/', 'c/') for name in names])
  with pytest.raises(UsageError, match='its folders are a, c, those of --reference_dir a, b; as'):
    score_folder(other, options(metrics='intra_class_fid', **by))
  with pytest.raises(UsageError, match='classes are needed'):
    score_folder(write(tmp_path / 'flat', FAKE), options(metrics='intra_class_fid', **by))
