"""Meanings of folders: splits in any spelling, wrappers, the order of classes, and older runs."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
from PIL import Image
import pytest

from tests.conftest import QUICK, run_binary, tiny_experiment
from tfgan_pipeline import registry
from tfgan_pipeline.data.data_of_run import choose_rules
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.data.description import describe
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.evaluation.many_runs import score_runs

CALL = 'image_folder(16, channels=1)'


def fill(root, *folders, count=2):
  """Puts `count` pictures, all different, into each folder below `root`."""
  for number, folder in enumerate(folders):
    (root / folder).mkdir(parents=True, exist_ok=True)
    for index in range(count):
      value = (number * count + index) % 256
      image = Image.fromarray(np.full((16, 16), value, np.uint8))
      image.save(root / folder / f'{number}-{index}.png')
  return root


def build(root, call=CALL, **options):
  return registry.dataset.build(call, DataOptions(str(root), **options))


def sizes(dataset):
  return {name: split.size for name, split in dataset.splits.items()}


@pytest.mark.parametrize('wrapper', ['img_align_celeba', 'data/images', 'test', 'trainers'])
def test_a_folder_around_everything_is_no_class(tmp_path, wrapper):
  flat = fill(tmp_path / 'flat', wrapper, count=10)
  assert build(flat).num_classes == 0
  assert sizes(build(flat)) == {'train': 8, 'validation': 1, 'test': 1}
  assert '; no classes' in describe(build(flat))
  classes = fill(tmp_path / 'classes', f'{wrapper}/cat', f'{wrapper}/dog')
  assert build(classes).label_names == ('cat', 'dog')
  splits = fill(tmp_path / 'splits', f'{wrapper}/train/cat', f'{wrapper}/train/dog')
  fill(splits, f'{wrapper}/test/cat')
  assert build(splits).label_names == ('cat', 'dog')
  assert sizes(build(splits)) == {'train': 4, 'test': 2}


@pytest.mark.parametrize(
  'train, validation, test',
  [
    ('train', 'val', 'test'),
    ('Training', 'Valid', 'Testing'),
    ('TRAIN', 'validation', 'TEST'),
    ('training_set', 'dev_set', 'test_set'),
    ('train2017', 'val2017', 'test2017'),
    ('Train-Images', 'Validation Data', 'test1'),
  ],
)
def test_splits_are_known_in_any_spelling(tmp_path, train, validation, test):
  for folder, count in ((train, 3), (validation, 2), (test, 1)):
    fill(tmp_path, f'{folder}/a', f'{folder}/b', count=count)
  dataset = build(tmp_path)
  assert sizes(dataset) == {'train': 6, 'validation': 4, 'test': 2}
  assert dataset.label_names == ('a', 'b')


@pytest.mark.parametrize(
  'folders, message',
  [
    (('train/a', 'test/a', 'masks'), 'test, train are names of splits, and masks are not; move'),
    (('train', 'car', 'bus'), 'train are names of splits, and bus, car are not; .* or rename'),
    (('val/a', 'valid/a', 'train/a'), 'has both a val and a valid folder'),
    (('Train/a', 'training/a'), 'has both a Train and a training folder'),
    (('val/a', 'test/a'), 'test, val are names of splits, and there is no train folder'),
    (('trainA', 'trainB', 'testA', 'testB'), 'testA, testB, trainA, trainB look like splits'),
    (('seg_train/a', 'seg_test/a', 'seg_pred'), 'look like splits, which are called train'),
    (('cat/train', 'cat/test', 'dog/train'), 'cat holds test, train, which are splits, and'),
    (('a', ''), r'1-0\.png lies beside class folders'),
    (('train', 'test', ''), r'2-0\.png lies beside class folders'),
    (('train/a', 'train', 'test/a'), r'train/1-0\.png lies beside class folders'),
  ],
)
def test_what_could_mean_two_things_is_refused_in_one_line(tmp_path, folders, message):
  fill(tmp_path, *folders)
  with pytest.raises(UsageError, match=f'^--data_dir={tmp_path}: .*{message}') as error:
    build(tmp_path)
  assert '\n' not in str(error.value)


@pytest.mark.parametrize('test', ['test', 'test/unknown', 'test/test'])
@pytest.mark.parametrize('limit', [1.0, 0.0])
def test_a_flat_test_folder_beside_a_labelled_train_has_hidden_labels(tmp_path, test, limit):
  dataset = build(fill(tmp_path, 'train/a', 'train/b', test), memory_limit_gb=limit)
  assert dataset.label_names == ('a', 'b') and dataset.split('test').hides_labels
  assert list(dataset.split('train').labels) == [0, 0, 1, 1]
  assert list(dataset.split('test').labels) == [-1, -1]
  assert '; 2 classes: a (2), b (2); no labels in test; ' in describe(dataset)


def test_folders_inside_splits(tmp_path):
  """Each split may have a folder of its own around its pictures, and train one around classes."""
  dataset = build(fill(tmp_path / 'one', 'train/train_images', 'test/test_images'))
  assert dataset.num_classes == 0 and sizes(dataset) == {'train': 2, 'test': 2}
  dataset = build(fill(tmp_path / 'two', 'train/images/a', 'train/images/b', 'test/b'))
  assert dataset.label_names == ('a', 'b') and list(dataset.split('test').labels) == [1, 1]
  dataset = build(fill(tmp_path / 'three', 'train/a', 'test/a', 'test/b'))
  assert dataset.label_names == ('a', 'b') and list(dataset.split('train').labels) == [0, 0]
  dataset = build(fill(tmp_path / 'four', 'train', 'test/a', 'test/b'))
  assert dataset.num_classes == 0


@pytest.mark.parametrize(
  'names',
  [
    tuple(map(str, range(12))),
    ('-2', '-1', '0.25', '0.5', '3', '007', '10'),
    ('digit_2', 'digit_10', 'digit_10b'),
    ('2', '10', 'unknown'),
    ('Bus', 'car', 'n01440764', 'n01443537'),
  ],
)
def test_classes_that_are_numbers_sort_as_numbers(tmp_path, names):
  assert build(fill(tmp_path, *sorted(names))).label_names == names


def test_every_training_says_what_it_understood(tmp_path):
  fill(tmp_path / 'pictures', 'cat', 'dog', count=20)
  flags = (*QUICK, '--networks=mlp(units=4)', f'--dataset={CALL}', f'--model_dir={tmp_path}/run')
  flags = (*flags, f'--data_dir={tmp_path}/pictures', '--max_steps=1')
  found = run_binary('train', *flags)
  (line,) = [line for line in found.stderr.splitlines() if 'data: ' in line]
  assert 'pictures: 40 pictures of 16x16x1; train 32, validation 4, test 4' in line
  assert '2 classes: cat (20), dog (20)' in line
  assert '2 classes: cat (20), dog (20)' in run_binary('train', *flags, '--dry_run').stdout


@pytest.mark.parametrize(
  'folders, formerly, today',
  [
    (('only/cat', 'only/dog'), ('only',), ('cat', 'dog')),
    (('only',), ('only',), ()),
    (('2', '10'), ('10', '2'), ('2', '10')),
    (('Train/a', 'Train/b', 'Test/a'), ('Test', 'Train'), ('a', 'b')),
    (('train', 'car'), ('car', 'train'), None),
  ],
)
def test_data_of_runs_is_read_by_the_rules_that_they_began_with(tmp_path, folders, formerly, today):
  root = fill(tmp_path, *folders, count=20)
  recorded = build(root, former=True)
  assert recorded.label_names == formerly

  def was_trained_on(dataset):
    classes = (dataset.num_classes, recorded.num_classes)
    return dataset.fingerprint == recorded.fingerprint and len(set(classes)) == 1

  options = DataOptions(str(root))
  assert choose_rules(CALL, options, was_trained_on).label_names == formerly
  if today is None:
    with pytest.raises(UsageError, match='names of splits'):
      choose_rules(CALL, options, lambda _: False)
  else:
    assert choose_rules(CALL, options, lambda _: False).label_names == today


@pytest.mark.usefixtures('graphs_as_traced')
def test_a_run_goes_on_by_the_rules_that_it_began_with(tmp_path, monkeypatch, options):
  """One folder around all pictures was a class, and has one fingerprint as none and as one."""
  root = fill(tmp_path / 'pictures', 'only', count=40)
  experiment = tiny_experiment(
    tmp_path / 'run', networks='mlp(units=4)', dataset=CALL, data_dir=str(root)
  )
  with monkeypatch.context() as patch:
    patch.setattr(DataOptions.__init__, '__defaults__', (None, 4.0, True))
    GANEstimator(experiment).train(2)
  path = tmp_path / 'run' / 'experiment.json'
  recorded = json.loads(path.read_text())['dataset']
  assert recorded['num_classes'] == 1
  assert GANEstimator(experiment).train() == 4
  assert json.loads(path.read_text())['dataset'] == recorded
  (record,) = score_runs(str(tmp_path / 'run'), options)
  assert record['step'] == 4
  (root / 'only' / '0-0.png').unlink()
  with pytest.raises(UsageError, match='--data_dir: pictures there has .* the run in .* with 1'):
    GANEstimator(dataclasses.replace(experiment, max_steps=5)).train()
