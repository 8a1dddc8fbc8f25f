"""The fields of a dataset's examples: what each is called, its shape, its medium, its classes.

    fields = Fields.of_images((32, 32, 3), ('cat', 'dog'))
    fields['image'].medium.name        # 'image'
    fields.batch_spec(64)              # {'image': TensorSpec([64, 32, 32, 3]), 'label': ...}
    fields.to_device(batch)            # images in [-1, 1], numbers as they are

experiment.json records them, so that whoever samples a run needs no data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import dataclasses
from typing import Any

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.media.base import Medium


@dataclasses.dataclass(frozen=True)
class Field:
  """One field.

  Attributes:
    shape: Of one example, without the batch.
    dtype: As it is stored: 'uint8', 'int32', 'float32'.
    medium: What it is a sample of; None for numbers, such as a label.
    classes: The names of a label's classes.
    twin: The field with which it is augmented alike, as the two pictures of a pair are; '' for
      none. Fields that are no twins are augmented independently of each other.
    label: The field that holds its class; '' for none but, of 'image', 'label'.
  """

  shape: tuple[int, ...]
  dtype: str = 'uint8'
  medium: Medium | None = None
  classes: tuple[str, ...] = ()
  twin: str = ''
  label: str = ''

  def require_medium(self) -> Medium:
    """Returns the medium; raises UsageError for numbers, such as a label, which have none."""
    if self.medium is None:
      raise UsageError(
        f'a field {self.dtype} {self.shape} holds numbers, and no samples of a medium'
      )
    return self.medium


class Fields(dict[str, Field]):
  """Fields by name. 'image' and 'label' are those that single-image games read."""

  @classmethod
  def of_images(
    cls, image_shape: Sequence[int], classes: Sequence[str] = (), medium: str = 'image'
  ) -> Fields:
    """Returns the fields of images with labels.

    Args:
      image_shape: (height, width, channels).
      classes: Names; none where images have no labels, which are then 0.
      medium: A component of media/.
    """
    return cls(
      image=Field(tuple(image_shape), medium=medium_named(medium)),
      label=Field((), 'int32', classes=tuple(classes)),
    )

  @property
  def image_shape(self) -> tuple[int, ...]:
    """(height, width, channels) of 'image'; () where there is none."""
    return self['image'].shape if 'image' in self else ()

  @property
  def label_names(self) -> tuple[str, ...]:
    """One name per class of 'label'."""
    return self['label'].classes if 'label' in self else ()

  @property
  def num_classes(self) -> int:
    """Number of classes of 'label'; 0 without labels."""
    return len(self.label_names)

  def augmented(self) -> dict[str, str]:
    """Returns the fields that augmentation changes, pictures, each with the twin it follows."""
    images = [name for name, field in self.items() if field.medium and field.medium.is_picture]
    return {name: self[name].twin or name for name in images}

  def are_pair(self, one: str, other: str) -> bool:
    """Whether two fields of an example belong together, and are no samples that chance to meet."""
    both = {one, other} <= set(self)
    return both and (self[one].twin == other or self[other].twin == one)

  def batch_spec(self, size: int) -> dict[str, tf.TensorSpec]:
    """Returns the specs of a batch of `size` examples, as they are stored."""
    return {name: tf.TensorSpec((size, *field.shape), field.dtype) for name, field in self.items()}

  def to_device(self, batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Converts stored examples to what networks read: media to [-1, 1], numbers as they are."""
    return {
      name: field.medium.to_device(batch[name]) if field.medium else batch[name]
      for name, field in self.items()
    }

  def to_record(self) -> dict[str, dict[str, Any]]:
    """Returns plain values for experiment.json."""
    records = {}
    for name, field in self.items():
      record: dict[str, Any] = dataclasses.asdict(dataclasses.replace(field, medium=None))
      record['medium'] = field.medium.call if field.medium else ''
      records[name] = {key: value for key, value in record.items() if value not in ('', ())}
      records[name]['shape'] = list(field.shape)
    return records

  @classmethod
  def from_record(cls, record: Mapping[str, Any]) -> Fields:
    """Reads the section 'dataset' of an experiment.json, also of versions without fields."""
    if 'fields' not in record:
      shape = tuple(record['image_shape'])
      # Those versions took every 2x2 grey picture for a point.
      medium = 'point' if shape == (2, 2, 1) else 'image'
      return cls.of_images(shape, tuple(map(str, range(record['num_classes']))), medium)
    return cls(
      {
        name: Field(
          tuple(values['shape']),
          values.get('dtype', 'uint8'),
          _medium_of(name, values['medium']) if values.get('medium') else None,
          tuple(values.get('classes', ())),
          values.get('twin', ''),
          values.get('label', ''),
        )
        for name, values in record['fields'].items()
      }
    )


def medium_named(text: str) -> Medium:
  """Returns the medium of a call string; media of one string are equal."""
  medium = registry.medium.build(text)
  medium.call = str(registry.medium.parse(text))
  return medium


def _medium_of(field: str, text: str) -> Medium:
  try:
    return medium_named(text)
  except UsageError as error:
    raise UsageError(
      f'the medium of {field} in experiment.json: {error}; import the module that registers it'
    ) from None
