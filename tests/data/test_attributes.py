"""Pictures with attributes from a table: ways to write the table, and what is wrong with one."""

from __future__ import annotations

import logging

import numpy as np
from PIL import Image
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.combined.added_field import AddedField
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.data.description import describe
from tfgan_pipeline.data.pipeline import train_batches
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError

COUNT = 10
CALL = 'attributes("table.txt", "image_folder(8, validation=0, test=0.2)"{})'


@pytest.fixture(scope='module')
def pictures(tmp_path_factory):
  """Pictures 000.png to 009.png in a folder `img`, whose value is ten times their number."""
  root = tmp_path_factory.mktemp('faces')
  (root / 'img').mkdir()
  for number in range(COUNT):
    Image.new('RGB', (8, 8), (10 * number,) * 3).save(root / f'img/{number:03}.png')
  return root


def build(root, content, more='', limit=1.0):
  content = content if isinstance(content, bytes) else content.encode()
  (root / 'table.txt').write_bytes(content)
  return registry.dataset.build(CALL.format(more), DataOptions(str(root), limit))


def celeba(low=-1, name='{:03}.png', count='10\n', head='', space='  '):
  """A table in which Odd are pictures of odd numbers, and High those from 5 on."""
  rows = [
    space.join([name.format(n), str(1 if n % 2 else low), str(1 if n >= 5 else low)])
    for n in range(COUNT)
  ]
  return '\n'.join([f'{count}{head}Odd{space}High', *rows, ''])


CSV = celeba(0, count='', head='file,', space=',')


def assert_right(dataset, names=('Odd', 'High')):
  truth = {'Odd': lambda n: n % 2, 'High': lambda n: n >= 5}
  assert dataset.fields['attributes'].classes == names
  assert dataset.fields['attributes'].shape == (len(names),)
  batches = train_batches(dataset.split('train'), batch_size=4, seed=0)
  for split in dataset.splits.values():
    for batch in (next(split.ordered(COUNT)), split.spread(2), next(iter(batches))):
      numbers = np.asarray(batch['image'])[:, 0, 0, 0] // 10
      expected = np.stack([truth[name](numbers) for name in names], axis=1)
      np.testing.assert_array_equal(batch['attributes'], expected)


@pytest.mark.parametrize(
  'table',
  [
    celeba(),
    celeba(0),
    celeba(name='{:03}'),
    celeba(count=''),
    celeba(space='\t'),
    celeba(space=' ', head='image_id '),
    celeba(name='img/{:03}.png'),
    celeba(name='C:\\data\\img\\{:03}.jpg'),
    celeba(name='./{:03}.png').replace('\n', '\r\n'),
    celeba().replace('\n', '\r'),
    CSV,
    CSV.replace(',', ';'),
    CSV.replace(',', ', '),
    CSV.replace('High', '"High"').replace('007.png', '"007.png"'),
    CSV.encode('utf-8-sig'),
    CSV.replace(',', '\t').encode('utf-16'),
    b'\xef\xbb\xbf' + celeba().encode(),
    'sep=;\n' + CSV.replace(',', ';'),
    '\n\n' + CSV + '\n\n',
    CSV.replace(',1', ',1.0').replace(',0', ',0.0'),
    CSV.replace(',1', ',True').replace(',0', ',FALSE'),
    CSV.replace('file', 'split,file').replace('\n0', '\nt,0'),
    celeba(0, count='', head=',file,', space=',').replace('\n00', '\n7,00'),
  ],
)
def test_tables_as_people_write_them(pictures, table):
  dataset = build(pictures, table)
  assert {name: split.size for name, split in dataset.splits.items()} == {'train': 8, 'test': 2}
  assert_right(dataset)


@pytest.mark.parametrize('limit', [0.0, 1.0])
def test_columns_are_chosen_in_order(pictures, limit):
  assert_right(build(pictures, CSV, ', names=(High, Odd)', limit), ('High', 'Odd'))
  assert_right(build(pictures, CSV, ', names=High', limit), ('High',))


def test_a_picture_that_breaks_in_use_takes_its_attributes_along(tmp_path, caplog):
  for number in range(COUNT):
    Image.new('RGB', (8, 8), (10 * number,) * 3).save(tmp_path / f'{number:03}.png')
  dataset = build(tmp_path, CSV, limit=0.0)
  (tmp_path / '004.png').unlink()
  assert_right(dataset)
  assert caplog.text.count('004.png: can no longer be read') == 1


def test_the_fingerprint_follows_the_attributes_and_not_the_place_of_pixels(pictures):
  prints = [build(pictures, CSV, limit=limit).fingerprint for limit in (0.0, 1.0)]
  assert prints[0] == prints[1] == build(pictures, celeba()).fingerprint
  assert build(pictures, CSV, ', names=Odd').fingerprint != prints[0]
  assert build(pictures, CSV.replace('007.png,1', '007.png,0')).fingerprint != prints[0]


def test_no_graph_holds_the_table():
  pictures = MemorySplit({'image': np.zeros((1000, 1, 1, 1), np.uint8)})
  split = AddedField(pictures, np.arange(1000), 'attributes', np.zeros((1000, 40), np.int32))
  load = tf.function(split.load).get_concrete_function(tf.TensorSpec([4], tf.int64))
  assert load.graph.as_graph_def().ByteSize() < 5000


def test_the_description_counts_attributes(pictures):
  assert '2 attributes: Odd (5), High (5)' in describe(build(pictures, CSV))


def test_rows_and_pictures_without_each_other_are_left_out(pictures, caplog):
  with caplog.at_level(logging.INFO):
    dataset = build(pictures, CSV.replace('003.png', '103.png'))
  assert sum(split.size for split in dataset.splits.values()) == COUNT - 1
  assert_right(dataset)
  assert '1 of 10 rows are of no picture, such as 103.png' in caplog.text
  assert '1 of 10 pictures are in no row of the table and are left out: img/003.png' in caplog.text


def test_what_nobody_can_learn_and_cut_tables_are_told(pictures, caplog):
  table = celeba(count='202599\n').replace('Odd', 'Bald').replace('  1  ', '  -1  ')
  build(pictures, table)
  assert 'says that it has 202599 rows, and has 10; it may be cut off' in caplog.text
  assert 'all training pictures are alike in Bald' in caplog.text


@pytest.mark.parametrize(
  'value, problem',
  [('2', "is '2' in the row 004.png,2,0"), ('', "is '' in"), ('-1', 'has the values -1, 0 and 1')],
)
def test_a_column_that_a_row_spoils_is_not_left_out_in_silence(pictures, caplog, value, problem):
  table = CSV.replace('004.png,0', f'004.png,{value}')
  dataset = build(pictures, table)
  assert dataset.fields['attributes'].classes == ('High',)
  (warning,) = [record.getMessage() for record in caplog.records]
  assert f'table.txt: without the column Odd, which {problem}' in warning


@pytest.mark.parametrize(
  'table, more, message',
  [
    (CSV, ', names=(odd, High)', 'table.txt: odd is no column; did you mean Odd\\?; there are Odd'),
    (CSV, ', names=file', "file is '000.png' in the row 000.png,0,0; an attribute is 0 or 1"),
    (CSV, ', names=(Odd, Odd)', r'names=\(Odd, Odd\): names a column twice'),
    (CSV.replace('High', 'Odd'), '', 'table.txt: Odd, Odd: names a column twice'),
    (CSV.replace('High', 'Odd'), ', names=Odd', 'Odd names 2 columns'),
    (CSV.replace('004.png,0', '004.png'), '', '1 of 10 rows have more or fewer than the 3 columns'),
    (CSV.replace('004.png,0', '004.png,0,1'), '', 'the row 004.png,0,1,0 has 4'),
    (CSV.replace('004.png,0', '004.png,'), ', names=Odd', "Odd is '' in the row 004.png,,0"),
    (CSV.replace('004.png,0', '004.png,-1'), ', names=Odd', 'has the values -1, 0 and 1'),
    (CSV.replace('0\n', '2\n').replace(',0,', ',3,'), '', 'no column holds 0 and 1'),
    (CSV.split('\n', 1)[1], '', 'the first line should name the columns, and is 000.png,0,0'),
    ('file,Odd\n', '', 'has no rows below a line with the names of columns'),
    ('', '', 'has no rows'),
    (b'\x89PNG\r\n\x1a\n\0\0\0\r', '', 'table.txt: '),
    (
      CSV.replace('.png', 'x.png'),
      '',
      'no row names a picture: the first one is 000x.png,0,0, and',
    ),
    (CSV + '004.png,1,1\n', '', 'two rows for .*004.png differ'),
  ],
)
def test_a_wrong_table_is_refused_in_a_line(pictures, table, more, message):
  with pytest.raises(UsageError, match=f"dataset 'attributes': .*{message}") as raised:
    build(pictures, table, more)
  assert '\n' not in str(raised.value)


def test_a_folder_is_no_table(pictures):
  with pytest.raises(UsageError, match="dataset 'attributes': .*/img: is a folder; name the table"):
    registry.dataset.build(
      'attributes(img, "image_folder(16)")', DataOptions(data_dir=str(pictures))
    )


def test_a_row_that_may_mean_two_pictures_and_other_data(tmp_path):
  for folder in 'ab':
    (tmp_path / folder).mkdir()
    for number in range(3):
      Image.new('RGB', (8, 8)).save(tmp_path / folder / f'{number}.png')
  with pytest.raises(UsageError, match='0.png may be a/0.png or b/0.png; write the folder'):
    build(tmp_path, 'file,Odd\n0.png,1\n1.png,0\n')
  with pytest.raises(UsageError, match='no such file; did you mean .*table.txt'):
    registry.dataset.build('attributes("tabel.txt")', DataOptions(str(tmp_path)))
  with pytest.raises(UsageError, match='digits: has no names of files'):
    registry.dataset.build('attributes("table.txt", digits)', DataOptions(str(tmp_path)))
  same = build(tmp_path, 'file,Odd\na/0.png,1\nb/0,0\nb/1.png,1\na/2.png,0\n')
  assert same.label_names == ('a', 'b') and same.fields['attributes'].classes == ('Odd',)
