"""Series of files: arrays and tables, parts, ranges, splits, and refusals by the real binary."""

import numpy as np
import pytest

from tests.conftest import run_binary
from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.data.series.read_series import read_series
from tfgan_pipeline.errors import UsageError

RANDOM = np.random.RandomState(0)
VALUES = RANDOM.uniform(-3, 5, (30, 20, 2)) * [1, 100]


def build(path, more: str = '', **options):
  return registry.dataset.build(f"series('{path}'{more})", DataOptions(**options))


def all_of(dataset) -> np.ndarray:
  """Returns all series in the units of the data."""
  medium = dataset.fields['image'].medium
  return np.concatenate([medium.coordinates(split.images) for split in dataset.splits.values()])


def assert_holds(dataset, values) -> None:
  found = all_of(dataset)
  assert found.shape == values.shape
  for number in range(len(values)):  # Splits have their own order.
    nearest = np.abs(found - values[number]).max(axis=1).min(axis=0)
    np.testing.assert_allclose(nearest, 0, atol=np.ptp(values) / 60_000)


def test_arrays(tmp_path):
  np.save(tmp_path / 'a.npy', VALUES.astype(np.float32))
  np.savez(tmp_path / 'a.npz', x=VALUES, y=np.zeros(3))
  np.save(tmp_path / 'flat.npy', VALUES[..., 0])
  for dataset in (build(tmp_path / 'a.npy'), build(tmp_path / 'a.npz', ', key=x')):
    assert_holds(dataset, VALUES)
    assert dataset.image_shape == (20, 2, 2)
    sizes = {name: split.size for name, split in dataset.splits.items()}
    assert sizes == {'train': 24, 'validation': 3, 'test': 3}
  assert_holds(build('flat.npy', data_dir=str(tmp_path)), VALUES[..., :1])


def test_tables(tmp_path):
  lines = [','.join(map(str, row)) for row in VALUES[..., 0]]
  (tmp_path / 'a.csv').write_text('\n'.join(lines) + '\n\n')
  (tmp_path / 'b.csv').write_text(
    '\ufeff' + ','.join('abcdefghijklmnopqrst') + '\n' + '\n'.join(lines)
  )
  for name in ('a.csv', 'b.csv'):
    assert_holds(build(tmp_path / name), VALUES[..., :1])
  (tmp_path / 'many/deep').mkdir(parents=True)
  for number, values in enumerate(VALUES):
    np.savetxt(
      tmp_path / f'many/deep/{number}.csv', values, delimiter=',', header='x,y', comments=''
    )
  np.save(tmp_path / 'many/more.npy', VALUES)
  dataset = registry.dataset.build('series', DataOptions(f'{tmp_path}/many'))
  assert_holds(dataset, np.concatenate([VALUES, VALUES]))


def test_long_series_are_cut_and_their_parts_stay_together(tmp_path):
  recordings = [
    np.full((100 + number, 1), number) + RANDOM.rand(100 + number, 1) for number in range(20)
  ]
  (tmp_path / 'all').mkdir()
  for number, values in enumerate(recordings):
    np.save(tmp_path / f'all/{number}.npy', values[np.newaxis])
  dataset = build(tmp_path / 'all', ', length=32, test=0.2')
  medium = dataset.fields['image'].medium
  found = [
    set(medium.coordinates(s.images).mean(axis=1).astype(int).ravel())
    for s in dataset.splits.values()
  ]
  assert [split.size for split in dataset.splits.values()] == [42, 6, 12]
  assert len(set.union(*found)) == 20 == sum(map(len, found))


def test_a_channel_that_never_changes(tmp_path):
  values = np.stack([VALUES[..., 0], np.full((30, 20), 7.0)], axis=2)
  np.save(tmp_path / 'a.npy', values)
  assert_holds(build(tmp_path / 'a.npy'), values)


@pytest.mark.parametrize(
  'array, message',
  [
    (np.zeros(30), r'float64 \(30,\), and should hold numbers \[n, steps\]'),
    (np.zeros((2, 3, 4, 5)), 'should hold numbers'),
    (np.zeros((0, 30)), 'should hold numbers'),
    (np.full((9, 20), 'x'), 'should hold numbers'),
    (np.zeros((9, 9)), 'series of 9 steps, and parts should have 16 or more'),
    (np.where(np.arange(180).reshape(9, 20) == 25, np.nan, 1), r'a.npy\[1\] has nan at step 5, ch'),
  ],
)
def test_arrays_that_are_refused(tmp_path, array, message):
  np.save(tmp_path / 'a.npy', array)
  with pytest.raises(UsageError, match=f"dataset 'series': .*{message}"):
    build(tmp_path / 'a.npy')


@pytest.mark.parametrize(
  'text, message',
  [
    ('1,2\n3', 'row 2: 1 columns, others 2'),
    ('1,2\n3,x', "row 2: 'x' is no number"),
    ('a,b\n', 'has no numbers'),
    (','.join('1' * 20) + '\n' + ','.join('1' * 19) + ',', 'has nan at step 19'),
    ('\n'.join([','.join('1' * 20)] * 3).replace('1', 'inf', 1), 'has inf at step 0'),
  ],
)
def test_tables_that_are_refused_in_a_line(tmp_path, text, message):
  (tmp_path / 'a.csv').write_text(text)
  said = run_binary(
    *('train', f"--dataset=series('{tmp_path}/a.csv')", '--networks=dcgan_series'),
    *('--dry_run', f'--model_dir={tmp_path}/run'),
    code=2,
  ).stderr
  assert message in said and len(said.strip().splitlines()) == 1, said
  assert not (tmp_path / 'run').exists()


def test_folders_and_names_that_are_refused(tmp_path):
  np.savez(tmp_path / 'two.npz', x=VALUES, y=VALUES)
  np.save(tmp_path / 'two.npy', VALUES[:2, :18])
  (tmp_path / 'empty').mkdir()
  (tmp_path / 'mixed').mkdir()
  np.save(tmp_path / 'mixed/a.npy', VALUES)
  np.save(tmp_path / 'mixed/b.npy', VALUES[..., :1])
  (tmp_path / 'uneven').mkdir()
  np.save(tmp_path / 'uneven/a.npy', VALUES)
  np.save(tmp_path / 'uneven/b.npy', VALUES[:, :18])
  for path, more, message in (
    ('two.npz', '', 'holds x, y; choose one by key='),
    ('two.npz', ', key=z', 'holds x, y; name one of these'),
    ('none.npy', '', 'no such file'),
    ('none.csv', '', 'no such file'),
    ('empty', '', 'has no files .csv, .npy or .npz'),
    ('mixed', '', r'several numbers of channels: 1 in b.npy\[29\] and 2 in a.npy\[29\]'),
    ('uneven', '', r'lengths differ: 18 in b.npy\[29\] and 20 in a.npy\[29\] steps; cut them'),
    ('two.npy', ', length=-1', 'length=-1 should be at least 0'),
    ('two.npy', ', length=19', 'series of 18 steps, and parts should have 16 or more'),
  ):
    with pytest.raises(UsageError, match=message):
      build(tmp_path / path, more)
  with pytest.raises(UsageError, match='name a file or folder'):
    registry.dataset.build('series', DataOptions())
  with pytest.raises(UsageError, match='series do not fit --memory_limit_gb=1e-07'):
    build(tmp_path / 'two.npy', memory_limit_gb=1e-7)


def test_a_table_in_a_folder_is_one_series_however_many_there_are(tmp_path):
  for number in range(3):
    table = '\n'.join(','.join(map(str, row)) for row in VALUES[number])
    (tmp_path / f'{number}.csv').write_text(table)
    assert {
      name: values.shape for name, values in read_series(str(tmp_path), key='', limit=1e9).items()
    } == {f'{name}.csv': (20, 2) for name in range(number + 1)}


def test_whole_paths_of_buckets_are_no_part_of_the_folder_of_data():
  with pytest.raises(UsageError, match='memory://nowhere/x.csv') as raised:
    build('memory://nowhere/x.csv', data_dir='/data')
  assert '/data' not in str(raised.value)
