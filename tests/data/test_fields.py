"""Fields of examples: what a record keeps of them, their batches, and which are pictures."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.fields import Field, Fields, medium_named
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError

IMAGE, POINT = medium_named('image'), medium_named('point')
# None is what another one is, and the twin comes before what it follows.
MANY = Fields(
  mask=Field((6, 5, 1), medium=IMAGE, twin='scan'),
  scan=Field((6, 5, 3), medium=IMAGE),
  photo=Field((4, 4, 4), medium=IMAGE),
  place=Field((2, 2, 1), medium=POINT),
  label=Field((), 'int32', classes=('cat', 'dog')),
  weights=Field((3,), 'float32'),
)


def stored(fields: Fields) -> Fields:
  """The fields as they come back from experiment.json."""
  return Fields.from_record({'fields': json.loads(json.dumps(fields.to_record()))})


@pytest.mark.parametrize(
  'fields',
  [
    MANY,
    Fields.of_images((32, 24, 3), 'abc'),
    Fields.of_images([2, 2, 1], medium='point'),
    Fields.of_images((2, 2, 1)),
  ],
)
def test_a_record_holds_all_of_them(fields):
  found = stored(fields)
  assert found == fields and list(found) == list(fields)
  for name, field in found.items():
    assert field.medium == fields[name].medium and hash(field)


def test_the_record_of_fields_is_fixed_for_ever():
  """Guards the format of experiment.json, which older runs are read from."""
  assert json.loads(json.dumps(MANY.to_record())) == {
    'mask': {'shape': [6, 5, 1], 'dtype': 'uint8', 'medium': 'image', 'twin': 'scan'},
    'scan': {'shape': [6, 5, 3], 'dtype': 'uint8', 'medium': 'image'},
    'photo': {'shape': [4, 4, 4], 'dtype': 'uint8', 'medium': 'image'},
    'place': {'shape': [2, 2, 1], 'dtype': 'uint8', 'medium': 'point'},
    'label': {'shape': [], 'dtype': 'int32', 'classes': ['cat', 'dog']},
    'weights': {'shape': [3], 'dtype': 'float32'},
  }


@pytest.mark.parametrize(
  'shape, medium', [((2, 2, 1), 'point'), ((2, 2, 3), 'image'), ((16, 16, 1), 'image')]
)
@pytest.mark.parametrize('classes', [0, 3])
def test_records_of_versions_without_fields_took_small_grey_pictures_for_points(
  shape, medium, classes
):
  record = {'name': 'any', 'image_shape': list(shape), 'num_classes': classes}
  found = Fields.from_record(record)
  assert found == Fields.of_images(shape, '012'[:classes], medium)
  assert (found.image_shape, found.num_classes) == (shape, classes)
  assert found['image'].medium.call == medium
  # What a record says of fields counts, whatever stands beside it.
  assert Fields.from_record({**record, 'fields': Fields.of_images((2, 2, 1)).to_record()}) == (
    Fields.of_images((2, 2, 1))
  )


def test_fields_of_images():
  fields = Fields.of_images([4, 5, 3], ['cat', 'dog'])
  assert fields == {
    'image': Field((4, 5, 3), 'uint8', IMAGE),
    'label': Field((), 'int32', classes=('cat', 'dog')),
  }
  assert fields.image_shape == (4, 5, 3) and fields.label_names == ('cat', 'dog')
  assert fields.num_classes == 2 and Fields.of_images([4, 5, 3]).num_classes == 0
  without_labels = Fields(image=fields['image'])
  assert without_labels.num_classes == 0 and without_labels.label_names == ()
  assert Fields(label=fields['label']).image_shape == ()
  with pytest.raises(UsageError, match="unknown medium 'odour'; there are: .*image.*point"):
    Fields.of_images((4, 5, 3), medium='odour')


def test_the_label_of_a_field_is_named_or_that_of_images():
  fields = Fields.of_images((4, 4, 3), ('cat', 'dog'))
  assert fields.label_of('image') == 'label' and fields.label_of('label') == ''
  sides = Fields(image_a=Field((4, 4, 3), label='label_a'), image_b=Field((4, 4, 3)))
  assert [sides.label_of(name) for name in sides] == ['label_a', '']
  assert Fields(image=Field((4, 4, 3))).label_of('image') == ''


def test_specs_of_a_batch_are_those_of_stored_examples():
  assert MANY.batch_spec(7) == {
    'mask': tf.TensorSpec((7, 6, 5, 1), tf.uint8),
    'scan': tf.TensorSpec((7, 6, 5, 3), tf.uint8),
    'photo': tf.TensorSpec((7, 4, 4, 4), tf.uint8),
    'place': tf.TensorSpec((7, 2, 2, 1), tf.uint8),
    'label': tf.TensorSpec((7,), tf.int32),
    'weights': tf.TensorSpec((7, 3), tf.float32),
  }


def test_media_are_converted_and_numbers_left_as_they_are():
  random = np.random.RandomState(0)
  batch = {
    name: tf.constant(random.randint(0, 256, spec.shape), spec.dtype)
    for name, spec in MANY.batch_spec(3).items()
  }
  found = MANY.to_device(batch)
  assert list(found) == list(MANY)
  for name in ('mask', 'scan', 'photo', 'place'):
    assert found[name].dtype == tf.float32
    np.testing.assert_allclose(found[name], batch[name].numpy() / 127.5 - 1, atol=1e-6)
  for name in ('label', 'weights'):
    assert found[name] is batch[name]


def test_pictures_are_augmented_with_what_they_follow():
  assert MANY.augmented() == {'mask': 'scan', 'scan': 'scan', 'photo': 'photo'}


@pytest.mark.parametrize(
  'medium, augmented, drawn',
  [('image', {'image': 'image'}, (2 * 4 + 2, 3 * 4 + 2, 1)), ('point', {}, (480, 480, 3))],
)
def test_a_small_grey_picture_is_a_picture_unless_it_is_said_to_be_a_point(
  medium, augmented, drawn
):
  images = np.arange(5 * 4, dtype=np.uint8).reshape(5, 2, 2, 1)
  splits = {'train': MemorySplit({'image': images})}
  dataset = Dataset.of_images('tiny', (2, 2, 1), (), splits, medium=medium)
  for fields in (dataset.fields, stored(dataset.fields)):
    assert fields.augmented() == augmented
    picture = fields['image'].medium.picture(images)
    assert picture.shape == drawn
  if medium == 'image':
    np.testing.assert_array_equal(picture[2:4, 6:8], images[1])
