"""Fields of a dataset's examples: the name, shape, dtype, medium and classes of each.

    fields = Fields.of_images((32, 32, 3), ('cat', 'dog'))
    fields['image'].medium.call        # 'image'
    fields.batch_spec(64)              # {'image': TensorSpec([64, 32, 32, 3]), 'label': ...}
    fields.to_device(batch)            # images in [-1, 1], numbers as they are

experiment.json records the fields, so that sampling a run needs no data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import dataclasses
from typing import Any

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.media.base import Medium

ATTRIBUTES = 'attributes'  # Field of 0 and 1 for each of K attributes, int32 [K].


@dataclasses.dataclass(frozen=True)
class Field:
  """Shape, storage and meaning of one field of an example.

  Attributes:
    shape: Shape for one example, without the batch.
    dtype: Dtype in storage: 'uint8', 'int32', 'float32'.
    medium: Medium of the samples in the field; None for numbers, such as a label.
    classes: Names of the classes, for a field that is a label.
    twin: Name of another field that is augmented with the same random changes, as the two pictures
      of a pair are; '' for none. Fields that are no twins are augmented independently.
    label: Name of the field with the class of this one. '' stands for 'label' in the field
      'image', and for none in others.
    reduced_from: Name of the field of which this one is a smaller picture, made after augmentation
      by `reduction.reduce`; '' for none.
    apart: Whether training draws the field independently of its twin, which it is beside in a pass
      over the data alone, so that evaluation knows the truth.
    words: Known words of a field of captions, see captions/vocabulary.py; () for other fields.
    examples: Captions to sample where no others are asked for; () for other fields.
  """

  shape: tuple[int, ...]
  dtype: str = 'uint8'
  medium: Medium | None = None
  classes: tuple[str, ...] = ()
  twin: str = ''
  label: str = ''
  reduced_from: str = ''
  apart: bool = False
  words: tuple[str, ...] = ()
  examples: tuple[str, ...] = ()

  def require_medium(self) -> Medium:
    """Returns the medium of the field; raises UsageError if the field holds numbers."""
    if self.medium is None:
      raise UsageError(
        f'a field {self.dtype} {self.shape} holds numbers, and no samples of a medium'
      )
    return self.medium


class Fields(dict[str, Field]):
  """Dictionary of the fields of an example by name; most games read 'image' and 'label'."""

  @classmethod
  def of_images(
    cls, image_shape: Sequence[int], classes: Sequence[str] = (), medium: str = 'image'
  ) -> Fields:
    """Returns the fields 'image' and 'label' of a dataset of images.

    Args:
      image_shape: (height, width, channels).
      classes: Names of the classes; empty without labels, which are then 0 in every example.
      medium: Call string of a component of media/, such as 'image' or 'point'.
    """
    return cls(
      image=Field(tuple(image_shape), medium=medium_named(medium)),
      label=Field((), 'int32', classes=tuple(classes)),
    )

  @property
  def image_shape(self) -> tuple[int, ...]:
    """Shape (height, width, channels) of the field 'image'; () without such a field."""
    return self['image'].shape if 'image' in self else ()

  def label_of(self, name: str) -> str:
    """Returns the field with the class of a field, see Field.label; '' for none."""
    return self[name].label or ('label' if name == 'image' and 'label' in self else '')

  def truth_of(self, source: str, target: str) -> str:
    """Returns the field with the true outputs of a task, example by example; '' for none.

    That is the field SOURCE_asked, as image_asked of image, which shows what was asked for; else
    the target, if it is the other half of a pair.
    """
    asked = f'{source}_asked'
    if asked in self:
      return asked
    return target if self.are_pair(source, target) else ''

  def asked_label_of(self, source: str, target: str) -> str:
    """Returns the field with the class that a task's outputs should have; '' for none."""
    truth = self.truth_of(source, target)
    name = (truth and self[truth].label) or truth.replace('image', 'label', 1)
    return name if name in self and self[name].classes and not self[name].shape else ''

  @property
  def label_names(self) -> tuple[str, ...]:
    """Names of the classes of the field 'label', in the order of labels."""
    return self['label'].classes if 'label' in self else ()

  @property
  def num_classes(self) -> int:
    """Number of classes of the field 'label'; 0 without labels."""
    return len(self.label_names)

  def augmented(self) -> dict[str, str]:
    """Returns, for every field of pictures to augment, the field it is changed like, or itself."""
    images = [
      name
      for name, field in self.items()
      if field.medium and field.medium.is_picture and not field.reduced_from
    ]
    return {name: self[name].twin or name for name in images}

  def reduced(self) -> dict[str, str]:
    """Returns, for every field that is a smaller picture of another one, that other field."""
    return {name: field.reduced_from for name, field in self.items() if field.reduced_from}

  @property
  def has_pairs(self) -> bool:
    """Whether two fields of an example belong together, in training as well."""
    partners = ((field, field.twin or field.reduced_from) for field in self.values())
    return any(partner in self and not field.apart for field, partner in partners)

  def are_pair(self, one: str, other: str) -> bool:
    """Returns whether two fields belong together: one is the `twin` or `reduced_from` the other."""
    if not {one, other} <= set(self):
      return False
    return other in (self[one].twin, self[one].reduced_from) or one in (
      self[other].twin,
      self[other].reduced_from,
    )

  def batch_spec(self, size: int) -> dict[str, tf.TensorSpec]:
    """Returns the TensorSpec of each field in a batch of `size` stored examples."""
    return {name: tf.TensorSpec((size, *field.shape), field.dtype) for name, field in self.items()}

  def to_device(self, batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Converts a stored batch to network inputs: media to [-1, 1], numbers unchanged."""
    return {
      name: field.medium.to_device(batch[name]) if field.medium else batch[name]
      for name, field in self.items()
    }

  def to_record(self) -> dict[str, dict[str, Any]]:
    """Returns the fields as plain values for experiment.json, which `from_record` reads."""
    records = {}
    for name, field in self.items():
      record: dict[str, Any] = dataclasses.asdict(dataclasses.replace(field, medium=None))
      record['medium'] = field.medium.call if field.medium else ''
      records[name] = {key: value for key, value in record.items() if value not in ('', (), False)}
      records[name]['shape'] = list(field.shape)
    return records

  @classmethod
  def from_record(cls, record: Mapping[str, Any]) -> Fields:
    """Builds fields from the section 'dataset' of an experiment.json.

    Files of versions that recorded no fields are understood too.

    Raises:
      UsageError: The medium of a field is not registered.
    """
    if 'fields' not in record:
      shape = tuple(record['image_shape'])
      # Versions without fields treated every 2x2 grey picture as a point.
      medium = 'point' if shape == (2, 2, 1) else 'image'
      return cls.of_images(shape, tuple(map(str, range(record['num_classes']))), medium)
    return cls(
      {
        name: Field(
          tuple(values['shape']),
          values.get('dtype', 'uint8'),
          _build_medium(name, values['medium']) if values.get('medium') else None,
          tuple(values.get('classes', ())),
          values.get('twin', ''),
          values.get('label', ''),
          values.get('reduced_from', ''),
          values.get('apart', False),
          tuple(values.get('words', ())),
          tuple(values.get('examples', ())),
        )
        for name, values in record['fields'].items()
      }
    )


def medium_named(text: str) -> Medium:
  """Builds the medium that a call string names, such as 'image'; equal strings compare equal."""
  medium = registry.medium.build(text)
  medium.call = str(registry.medium.parse(text))
  return medium


def _build_medium(field: str, text: str) -> Medium:
  try:
    return medium_named(text)
  except UsageError as error:
    raise UsageError(
      f'the medium of {field} in experiment.json: {error}; import the module that registers it'
    ) from None
