"""Arrays as datasets: npy and npz files, shards, labels beside them, and arrays in memory."""

from __future__ import annotations

import logging
import zipfile

import numpy as np
import pytest

from tests.conftest import QUICK, checkpoint, run_binary, tiny_experiment
from tfgan_pipeline import dataset_of
from tfgan_pipeline.data.dataset import DataOptions, Dataset, load_dataset
from tfgan_pipeline.data.splits.arrays import ArraySplit
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator

SIZE = 60
X = np.random.RandomState(0).randint(0, 256, (SIZE, 16, 16, 3), np.uint8)
Y = np.arange(SIZE) % 4
NAMES = np.array(['cat', 'dog', 'newt', 'owl'])[Y]
SHARDS = [slice(0, 7), slice(7, 8), slice(8, 41), slice(41, 60)]


def build(folder, text: str, limit: float = 4.0) -> Dataset:
  return load_dataset(text, DataOptions(str(folder), limit))


def save(path, **arrays) -> None:
  """Writes x.npy as x=..., or all arrays into one npz file."""
  if path.suffix == '.npz':
    np.savez(path, **arrays)
  else:
    for name, values in arrays.items():
      np.save(path / f'{name}.npy', values)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
  """Labelled pictures in every form that is read."""
  folder = tmp_path_factory.mktemp('arrays')
  save(folder, x=X, y=Y, names=NAMES, column=Y[:, None], first=np.moveaxis(X, 3, 1))
  save(folder, fortran=np.asfortranarray(X), f32=(X / 127.5 - 1).astype('f4'))
  save(folder, u16=X.astype('>u2') * 257)
  save(folder / 'plain.npz', images=X, labels=Y)
  np.savez_compressed(folder / 'packed.npz', images=X, labels=Y)
  for number, part in enumerate(SHARDS):  # part-10 comes after part-5 by number, not by letter.
    save(folder, **{f'part-{5 * number}': X[part], f'label-{5 * number}': Y[part]})
    save(folder / f'shard-{5 * number}.npz', images=X[part], labels=Y[part])
  save(folder / 'parts.npz', x_train=X[:50], y_train=Y[:50], x_test=X[50:], y_test=Y[50:])
  for name, part in (('train', slice(0, 50)), ('val', slice(50, 60))):
    save(folder, **{f'x-{name}': X[part], f'y-{name}': Y[part]})
  return folder


FORMS = [
  "arrays('x.npy', labels='y.npy')",
  "arrays('x.npy', labels='column.npy')",
  "arrays('x.npy', labels='names.npy')",
  "arrays('fortran.npy', labels='y.npy')",
  "arrays('first.npy', labels='y.npy', axes=NCHW)",
  "arrays('f32.npy', labels='y.npy', range=(-1, 1))",
  "arrays('u16.npy', labels='y.npy', range=(0, 65535))",
  "arrays('u16.npy', labels='y.npy', range=data)",
  'arrays("plain.npz", labels=labels)',
  'arrays("plain.npz", key=images, labels="y.npy")',
  'arrays("packed.npz", labels=labels)',
  "arrays('part-*.npy', labels='label-*.npy')",
  "arrays(('part-[0-5].npy', 'part-10.npy', 'part-15.npy'), labels='y.npy')",
  "arrays('shard-*.npz', labels=labels)",
]


@pytest.mark.parametrize('text', FORMS)
def test_every_form_is_one_dataset(folder, text):
  text = text.replace("'arrays", f"'{folder}/arrays")
  for limit, kind in ((4.0, MemorySplit), (0.0, ArraySplit)):
    dataset = build(folder, text, limit)
    assert {name: split.size for name, split in dataset.splits.items()} == {
      'train': 48,
      'validation': 6,
      'test': 6,
    }
    assert {type(split) for split in dataset.splits.values()} == {kind}
    assert dataset.fingerprint == build(folder, FORMS[0]).fingerprint
    assert dataset.image_shape == (16, 16, 3)
    names = ('cat', 'dog', 'newt', 'owl') if 'names' in text else ('0', '1', '2', '3')
    assert dataset.label_names == names
    whole = build(folder, text[:-1] + ', validation=0, test=0)', limit).split('train')
    batches = list(whole.ordered(13))
    np.testing.assert_array_equal(np.concatenate([batch['image'] for batch in batches]), X)
    np.testing.assert_array_equal(np.concatenate([batch['label'] for batch in batches]), Y)


@pytest.mark.parametrize(
  'text, held_out',
  [
    ("arrays('parts.npz', key='x_{split}', labels='y_{split}')", 'test'),
    ("arrays('x-{split}.npy', labels='y-{split}.npy')", 'validation'),
  ],
)
def test_official_splits(folder, text, held_out):
  dataset = build(folder, text)
  assert {name: split.size for name, split in dataset.splits.items()} == {'train': 50, held_out: 10}
  np.testing.assert_array_equal(next(dataset.split(held_out).ordered(10))['image'], X[50:])


def test_grey_pictures_need_no_channels_and_classes_can_be_named(folder, tmp_path):
  save(tmp_path, grey=X[..., 0], y=Y)
  dataset = build(tmp_path, "arrays('grey.npy', labels='y.npy', classes=(a, b, c, d, e))")
  assert dataset.image_shape == (16, 16, 1) and dataset.label_names == tuple('abcde')
  assert build(tmp_path, "arrays('grey.npy')").num_classes == 0


def test_labels_beside_are_pointed_out(folder, caplog):
  with caplog.at_level(logging.INFO):
    build(folder, 'arrays("plain.npz")')
  assert 'plain.npz: labels=labels would read its int64 (60,) as classes' in caplog.text


def test_values_that_hardly_vary_are_warned_of(tmp_path, caplog):
  save(tmp_path, masks=X % 2, deep=X.astype('u2'))
  build(tmp_path, "arrays('masks.npy')")
  assert 'values from 0 to 1 of 0 to 255 are used; range=(0, 1) uses all' in caplog.text
  build(tmp_path, "arrays('deep.npy', range=(0, 65535))")
  assert 'values from 0 to 255, less than a sixteenth of range=(0, 65535)' in caplog.text


WRONG = {
  'no such file': ({}, "'gone.npy'", 'gone.npy: there is no such file'),
  'no file matches': ({}, "'gone-*.npy'", 'gone-*.npy: there is no such file'),
  'no files': ({}, '()', 'names no file'),
  'relative without folder': (None, "'x.npy'", '--data_dir: name the folder of x.npy'),
  'channels first': ({'x': np.moveaxis(X, 3, 1)}, "'x.npy'", '3, 16, 16) has its channels first'),
  'not channels first': ({'x': X}, "'x.npy', axes=NCHW", 'has no 1, 3 or 4 channels on the second'),
  'pictures last': ({'x': np.moveaxis(X, 0, 3)}, "'x.npy'", 'save np.moveaxis(array, 3, 0)'),
  'two channels': ({'x': X[..., :2]}, "'x.npy'", 'has 2 channels on its last axis'),
  'one picture': ({'x': X[0]}, "'x.npy'", 'is one picture'),
  'flat': ({'x': X.reshape(60, -1)}, "'x.npy'", 'has 2 axes; reshape it'),
  'empty': ({'x': X[:0]}, "'x.npy'", 'holds no pictures'),
  'no axis': ({'x': X}, "'x.npy', axes=HWCN", 'axes=HWCN should be NHWC or NCHW'),
  'floats': (
    {'x': X / 255},
    "'x.npy'",
    'from 0 to 1; say which are black and white, as in range=(0',
  ),
  'wide floats': ({'x': X - 300.0}, "'x.npy'", 'as in range=data'),
  '16 bits': ({'x': X.astype('u2') * 16}, "'x.npy'", 'uint16 values from 0 to 4080; say'),
  'beyond': (
    {'x': X / 127.5 - 1},
    "'x.npy', range=(0, 1)",
    'beyond range=(0, 1); say range=(-1, 1)',
  ),
  'falling': ({'x': X / 255}, "'x.npy', range=(1, 0)", 'range=(1, 0) should rise'),
  'constant': ({'x': X * 0}, "'x.npy', range=data", 'range=(0, 0) should rise'),
  'a word': ({'x': X / 255}, "'x.npy', range=tanh", 'range=tanh should be two numbers, or data'),
  'not finite': ({'x': np.where(X == X[9, 0, 0, 0], np.nan, X)}, "'x.npy', range=data", 'picture '),
  'complex': ({'x': X * 1j}, "'x.npy'", 'is complex128; pictures are whole numbers or floats'),
  'texts': ({'x': NAMES}, "'x.npy'", 'pictures are whole numbers or floats'),
  'key of one array': ({'x': X}, "'x.npy', key=images", 'leave key=images out'),
  'two shapes': ({'a1': X, 'a2': X[:, :8]}, "'a*.npy'", 'one kind is needed'),
  'two dtypes': ({'a1': X, 'a2': X / 255}, "'a*.npy'", 'one kind is needed'),
  'labels of a name': ({'x': X}, "'x.npy', labels=y", "labels='labels.npy' names a file"),
  'few labels': ({'x': X, 'y': Y[:9]}, "'x.npy', labels='y.npy'", '9 for 60 pictures of train'),
  'one-hot': ({'x': X, 'y': np.eye(4)[Y]}, "'x.npy', labels='y.npy'", 'np.argmax(labels, axis=1)'),
  'real labels': ({'x': X, 'y': Y / 3}, "'x.npy', labels='y.npy'", 'whole numbers or texts'),
  'unnamed class': ({'x': X, 'y': Y}, "'x.npy', labels='y.npy', classes=(a, b)", 'has the label 2'),
  'names of nothing': ({'x': X}, "'x.npy', classes=(a, b)", 'give labels='),
  'no split': ({'x': X}, "'{split}.npy'", 'nothing is there with train for {split}'),
  'one split twice': ({'train': X, 'training': X}, "'{split}.npy'", 'train is there by two names'),
}


@pytest.mark.parametrize('name', WRONG)
def test_wrong_arrays_are_refused_in_one_line_that_says_what_to_do(tmp_path, name):
  arrays, arguments, message = WRONG[name]
  save(tmp_path, **(arrays or {}))
  with pytest.raises(UsageError) as raised:
    build('' if arrays is None else tmp_path, f'arrays({arguments})')
  assert message in str(raised.value) and str(raised.value).startswith('--')
  assert '\n' not in str(raised.value)


def test_wrong_npz_files(folder, tmp_path):
  for text, message in (
    ("'parts.npz'", 'y_test int64 (10,); say which are the pictures: key='),
    ("'plain.npz', key=pictures", 'has no pictures; it holds images uint8 (60, 16, 16, 3), labels'),
    ("'plain.npz', labels=classes", 'has no classes, but images, labels'),
    ("'x.npy', labels='plain.npz'", 'a file of labels holds one array'),
  ):
    with pytest.raises(UsageError) as raised:
      build(folder, f'arrays({text})')
    assert message in str(raised.value)


class Bomb:
  def __reduce__(self):
    return exec, ('raise SystemError("code in a file was run")',)


def test_files_run_no_code(tmp_path):
  np.save(tmp_path / 'x.npy', np.array([Bomb()], object), allow_pickle=True)
  np.savez(tmp_path / 'x.npz', x=np.array([Bomb()], object), allow_pickle=True)
  (tmp_path / 'pickle.npy').write_bytes(b'\x80\x04K\x01.')
  for name, message in (
    ('x.npy', 'holds Python objects, which are not loaded'),
    ('x.npz', 'holds Python objects, which are not loaded'),
    ('pickle.npy', 'cannot be read as npy or npz'),
  ):
    with pytest.raises(UsageError, match=message):
      build(tmp_path, f"arrays('{name}')")


def test_damaged_files_and_files_that_would_not_fit(folder, tmp_path, monkeypatch):
  whole = (folder / 'x.npy').read_bytes()
  (tmp_path / 'x.npy').write_bytes(whole[:-100])
  (tmp_path / 'half.npz').write_bytes((folder / 'plain.npz').read_bytes()[:9000])
  # A header that promises more than the file holds, as a bomb of zeros would.
  header = whole[:128].replace(b'(60, 16, 16, 3)', b'(9999999, 9, 9, 3)'[:15].ljust(15))
  with zipfile.ZipFile(tmp_path / 'bomb.npz', 'w', zipfile.ZIP_DEFLATED) as archive:
    archive.writestr('x.npy', header + b'0' * 100)
  for name, message in (
    ('x.npy', 'ends early'),
    ('half.npz', 'cannot be read as npy or npz'),
    ('bomb.npz', 'cannot be read|damaged'),
  ):
    with pytest.raises(UsageError, match=message):
      build(tmp_path, f"arrays('{name}')")
  monkeypatch.setattr('tfgan_pipeline.data.arrays.array_files._ALWAYS', 0)
  with pytest.raises(UsageError, match='more than --memory_limit_gb, and is compressed'):
    build(folder, "arrays('packed.npz')", 1e-6)
  assert build(folder, "arrays('plain.npz')", 1e-6).splits  # Is mapped, so it needs no memory.


def test_a_streamed_run_is_that_in_memory_and_resumes(folder, tmp_path):
  flags = (*QUICK, "--dataset=arrays('part-*.npy', labels='label-*.npy')", f'--data_dir={folder}')
  flags = (*flags, '--model=conditional_gan')
  for name, limit, steps in (('memory', 4, (4,)), ('streamed', 0, (2, 4))):
    for last in steps:
      more = (f'--memory_limit_gb={limit}', f'--max_steps={last}', f'--model_dir={tmp_path}/{name}')
      run_binary('train', *flags, *more)
  for tensor, value in checkpoint(tmp_path / 'memory', 4).items():
    np.testing.assert_array_equal(checkpoint(tmp_path / 'streamed', 4)[tensor], value, tensor)


def test_an_array_is_a_dataset_in_one_line_of_python(tmp_path, options):
  quick = dict(networks='mlp(units=8)')

  def estimator(images, **values):
    dataset = dataset_of(images, NAMES)
    return GANEstimator(tiny_experiment(tmp_path / 'run', **quick, dataset=dataset, **values))

  assert estimator(X).train(2) == 2
  assert estimator(X.copy()).train() == 4  # As a program that is run again.
  one = GANEstimator.of_run(str(tmp_path / 'run'))
  assert one.dataset.label_names == ('cat', 'dog', 'newt', 'owl')
  assert one.evaluate(options=options)['scores']
  assert one.predict(3).shape == (3, 16, 16, 3)
  with pytest.raises(UsageError, match='holds a run with other settings: --dataset=in_memory'):
    estimator(X[::-1])
  # Another process has no such array, and says so; what needs no data works there.
  flags = (f'--model_dir={tmp_path}/run', '--extractor=random_projection', '--metrics=fid')
  process = run_binary('evaluate', *flags, '--num_samples=64', code=2)
  assert 'of the Python program that called dataset_of(images)' in process.stderr.splitlines()[-1]
  run_binary('sample', f'--model_dir={tmp_path}/run', f'--output={tmp_path}/samples.png')


def test_arrays_by_split_and_wrong_ones():
  assert dataset_of({'train': X, 'test': X[:5]}) != dataset_of({'train': X})
  assert dataset_of(X, Y) == dataset_of(list(X), list(Y)) != dataset_of(X, NAMES)
  for arguments, message in (
    ((X / 255,), 'say which are black and white'),
    ((np.moveaxis(X, 3, 1),), 'channels first; say axes=NCHW'),
    ((X, Y[:3]), '3 for 60 pictures'),
    (({'train': X, 'holdout': X},), 'not holdout'),
    (({'test': X},), 'of which train is needed'),
    (([X[0], X[0, :3]],), 'make no array'),
    (({'train': X, 'test': X}, {'train': Y}), 'labels: 0 for 60 pictures of test'),
  ):
    with pytest.raises(UsageError, match=message):
      dataset_of(*arguments)
