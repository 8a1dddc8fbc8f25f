"""Datasets of some classes of another one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import QUICK, run_binary
from tfgan_pipeline import registry
from tfgan_pipeline.data.combined.chosen import whole_of
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.data.pipeline import train_batches
from tfgan_pipeline.data.split import Split
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError


class Unindexed(Split):
  """Split without random access, as one of files that are read in sequence."""

  def __init__(self, split: MemorySplit):
    self._split, self.size, self.image_shape = split, split.size, split.image_shape

  def ordered(self, batch_size):
    return self._split.ordered(batch_size)

  def references(self, *, batch_size, seed, first_batch):
    raise NotImplementedError

  load = add_content = None


def build(text: str, **options) -> Dataset:
  return registry.dataset.build(text, DataOptions(**options))


def images_of(split) -> np.ndarray:
  return np.concatenate([batch['image'] for batch in split.ordered(50)])


@pytest.fixture(params=['indexed', 'in sequence'])
def in_both_ways(request, register):
  """Registers `letters`: 60 pictures of the classes a, b, c in turn; the test split has only b."""

  def letters(options: DataOptions) -> Dataset:
    images = np.arange(60, dtype=np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 1), np.uint8)
    labels = np.arange(60) % 3
    splits = {
      'train': MemorySplit({'image': images, 'label': labels}),
      'test': MemorySplit({'image': images[1::3], 'label': labels[1::3]}),
    }
    if request.param == 'in sequence':
      splits = {name: Unindexed(split) for name, split in splits.items()}
    return Dataset.of_images('letters', (8, 8, 1), ('a', 'b', 'c'), splits)

  register(registry.dataset, letters)


@pytest.mark.parametrize(
  'text, classes, splits',
  [
    ('chosen(letters, classes=b)', [1], ['test', 'train']),
    ('chosen(letters, classes="c,a")', [0, 2], ['train']),
    ('chosen(letters, classes="0-1")', [0, 1], ['test', 'train']),
    ('without(letters, classes=1)', [0, 2], ['train']),
    ('without(letters, classes="a,c")', [1], ['test', 'train']),
  ],
)
def test_examples_are_those_of_the_classes(in_both_ways, text, classes, splits):
  data = build(text)
  assert data.label_names == ('a', 'b', 'c') and sorted(data.splits) == splits
  expected = [value for value in range(60) if value % 3 in classes]
  train = data.split('train')
  assert images_of(train)[:, 0, 0, 0].tolist() == expected and train.size == len(expected)
  batch = next(iter(train_batches(train, batch_size=train.size, seed=1)))
  assert sorted(batch['image'][:, 0, 0, 0].numpy()) == expected  # An epoch has each once.
  assert (batch['image'][:, 0, 0, 0].numpy() % 3 == batch['label'].numpy()).all()
  spread = train.spread(4)
  assert len(set(spread['image'][:, 0, 0, 0])) == 4 and set(spread['label']) <= set(classes)


def test_what_does_not_fit_into_memory_is_refused_where_it_has_to(in_both_ways, request):
  text = 'chosen(letters, classes=b)'
  if 'indexed' in request.node.name:
    assert build(text, memory_limit_gb=1e-9).split('train').size == 20
    return
  with pytest.raises(UsageError, match=r'--memory_limit_gb=1e-09: .* do not fit'):
    build(text, memory_limit_gb=1e-9)


@pytest.mark.parametrize(
  'text, message',
  [
    ('chosen(digits, classes=10)', r"dataset 'chosen': classes=10: no class 10; there are"),
    ('chosen(digits, classes=cat)', "no class 'cat'"),
    (
      'without(digits, classes="0-9")',
      'train split of digits has no examples of other classes',
    ),
    ('chosen(gaussian_grid(classes=x), classes=1)', 'classes'),
    ('chosen(domains, classes=1)', 'holds image_a'),
  ],
)
def test_refusals(text, message):
  with pytest.raises(UsageError, match=message):
    build(text)


def test_identity():
  one, same, other = (
    build(f'chosen(digits(8), classes={classes})').fingerprint for classes in ('3', '"3"', '4')
  )
  assert one == same != other != build('digits(8)').fingerprint
  assert build('without(digits(8), classes="0-2,4-9")').fingerprint == one


def test_parts_of_the_call():
  assert whole_of("chosen('digits(size=16)', classes=3)") == ('digits(size=16)', 'chosen', '3')
  assert whole_of('without(classes="1,2")') == ('digits', 'without', '1,2')
  assert whole_of('digits(size=16)') == ('digits(size=16)', '', '')


def test_a_run_trains_on_some_classes(tmp_path):
  call = '--dataset=chosen("digits(size=16)", classes="cat")'
  wrong = run_binary('train', *QUICK, call, f'--model_dir={tmp_path}/run', code=2)
  assert "no class 'cat'; there are classes 0 to 9" in wrong.stderr
