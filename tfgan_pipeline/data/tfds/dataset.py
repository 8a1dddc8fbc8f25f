"""`--dataset=tfds(mnist) --data_dir=/data`: any image dataset prepared by TensorFlow Datasets.

Only the files are read and no dataset's own code is run, so `--data_dir` may also hold datasets
that someone else prepared. Nothing is ever downloaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import dataclasses
import logging
from typing import Any

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.dataset import SPLIT_NAMES, DataOptions, Dataset
from tfgan_pipeline.data.fields import ATTRIBUTES, Field, Fields
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.data.splits.records import RecordSplit, Shard
from tfgan_pipeline.data.tfds.attributes import attribute_places, chosen_attributes
from tfgan_pipeline.data.tfds.prepared_folder import prepared_folder
from tfgan_pipeline.data.tfds.two_domains import has_two_domains, two_domains
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.media.sizes import height_and_width, size_text
from tfgan_pipeline.registry.calls import Later

# Names of splits in TFDS -> names in this package.
_OFFICIAL = {
  'train': 'train',
  'training': 'train',
  'validation': 'validation',
  'valid': 'validation',
  'val': 'validation',
  'test': 'test',
  'testing': 'test',
}

_log = logging.getLogger(__name__)


@registry.dataset
def tfds(
  options: DataOptions,
  *,
  name: str,
  size: int | tuple[int, int] = 0,
  validation: float | str = 0.0,
  train: str = '',
  test: str = '',
  label: str = '',
  attributes: Later[str | tuple[str, ...]] = (),
) -> Dataset:
  """Any image dataset that TensorFlow Datasets (TFDS) has prepared under --data_dir.

  Args:
    options: `data_dir` (None: $TFDS_DATA_DIR, or ~/tensorflow_datasets) and the memory limit. The
      data may be in data_dir/name/version, data_dir/version or data_dir itself.
    name: Name in TFDS: mnist, 'mnist:3.0.1', 'celeb_a_hq/256'. Without a version, the highest.
    size: Pixels per side, or (height, width): images are cropped to the largest central part of
      these proportions, and resized with an antialiased Lanczos filter (radius 3). 0 keeps the
      stored size.
    validation: Share of the training data, from its end, to hold out as 'validation' when the
      dataset has no such split (stored order is random: TFDS shuffles when it writes); or an
      expression of TFDS, such as 'train[90%:]'.
    train: Expression of TFDS for the training data, such as 'train[:10%]' or 'train+extra', in
      place of the official split.
    test: Expression of TFDS for the final evaluation, in place of the official split.
    label: Class label to take where there are several; by default 'label', else the first one.
    attributes: Features that are true or false, in this order, as of celeb_a, or 'all' of them; a
      field `attributes` holds them, int32 [K] of 0 and 1.

  Returns:
    The official train, validation and test splits, where no others are named. Splits trainA and
    trainB, as of 'cycle_gan/horse2zebra', are two domains, image_a and image_b, without attributes.
    TFDS stores hidden labels as -1; if the train split hides them, the dataset has no classes.

  Raises:
    UsageError: The data is missing, has no 8-bit images, or an argument does not suit it.
  """
  if not isinstance(validation, str) and not 0 <= validation < 1:
    raise UsageError(f"dataset 'tfds': validation={validation} should be 0 or more, and below 1")
  sides = height_and_width(size, "dataset 'tfds'") if size else None
  folder = prepared_folder(options.data_dir, name)
  try:
    import tensorflow_datasets
  except ImportError as error:
    raise UsageError(f"dataset 'tfds' needs tensorflow-datasets: {error}") from None
  info = tensorflow_datasets.builder_from_directory(folder).info
  if info.file_format.value != 'tfrecord':
    raise UsageError(
      f"dataset 'tfds': {folder} holds {info.file_format.value} files; only tfrecord "
      'can be read (tfds convert_format turns one into the other)'
    )
  if has_two_domains(info.splits) and not (train or test):
    arguments = {
      **{'name': name, 'size': size, 'validation': validation, 'label': label},
      'attributes': attributes,
    }
    return two_domains(options, info.splits, arguments)
  features = tensorflow_datasets.features
  image_key = _find_key(info.features, features.Image, preferred='image')
  label_key = _find_key(info.features, features.ClassLabel, preferred=label or 'label')
  if image_key is None or info.features[image_key].np_dtype != 'uint8':
    raise UsageError(f"dataset 'tfds': {name} has no feature with images of 8 bits")
  others = {key: info.features[key] for key in sorted(info.features) if key != image_key}
  listed = ', '.join(f'{key} ({type(feature).__name__})' for key, feature in others.items())
  if label and label != label_key:
    raise UsageError(f"dataset 'tfds': label={label} is no class label of {name}; it has {listed}")
  no_labels = f'of the other features of {name}, {listed}, none is a class label' if others else ''
  stored_shape = tuple(info.features[image_key].shape)
  shape = (*sides, stored_shape[2]) if sides else stored_shape
  if None in shape:
    raise UsageError(
      f"dataset 'tfds': the images of {name} have shape {stored_shape}; "
      'give size=... to make them equal'
    )
  chosen_places = chosen_attributes(attribute_places(info.features), attributes, name)
  # Other features are not parsed, as they may be large.
  keys = {image_key, label_key, *(path[0] for path in chosen_places.values())} - {None}
  parser = features.FeaturesDict({key: info.features[key] for key in keys})
  fields = Fields.of_images(shape)
  if chosen_places:
    fields[ATTRIBUTES] = Field((len(chosen_places),), 'int32', classes=tuple(chosen_places))
    fields['image'] = dataclasses.replace(fields['image'], label=ATTRIBUTES)

  @tf.autograph.experimental.do_not_convert
  def decode(record: tf.Tensor) -> dict[str, tf.Tensor]:
    example = parser.deserialize_example(record)
    label = 0 if label_key is None else example[label_key]
    image = example[image_key]
    image = _crop_and_resize(image, *sides) if sides and shape != stored_shape else image
    values = {'image': tf.ensure_shape(image, shape), 'label': tf.cast(label, tf.int32)}
    if chosen_places:
      marks = [_at(example, path) for path in chosen_places.values()]
      values[ATTRIBUTES] = tf.cast(tf.stack(marks), tf.int32)
    return values

  named = {'train': train, 'test': test}
  if isinstance(validation, str):
    named['validation'] = validation
  chosen = {_OFFICIAL[split]: split for split in info.splits if split in _OFFICIAL}
  chosen |= {split: expression for split, expression in named.items() if expression}
  shards = {split: _find_shards(info, name, chosen[split]) for split in chosen}
  _warn_of_overlap(shards)
  if (
    not isinstance(validation, str)
    and validation
    and 'validation' not in shards
    and 'train' in shards
  ):
    shards['train'], shards['validation'] = _split_shards(shards['train'], 1 - validation)
  shards = {split: shards[split] for split in SPLIT_NAMES if shards.get(split)}
  if not shards:
    raise UsageError(
      f"dataset 'tfds': {name} has none of the splits train, validation and test, but "
      f'{", ".join(info.splits)}; name them, as in train={next(iter(info.splits), "all")!r}'
    )
  recipe = f'{label_key} {image_key}' + (f' crop lanczos {size_text(sides)}' if sides else '')
  recipe += f' {", ".join(chosen_places)}' if chosen_places else ''
  splits = {
    split: RecordSplit(members, fields=fields, decode=decode, recipe=recipe)
    for split, members in shards.items()
  }
  if options.fits_memory(sum(split.size for split in splits.values()), shape):
    splits = {split: MemorySplit.reading(records) for split, records in splits.items()}
  has_labels = label_key and not ('train' in splits and splits['train'].hides_labels)
  names = tuple(info.features[label_key].names) if has_labels else ()
  fields['label'] = dataclasses.replace(fields['label'], classes=names)
  dataset = Dataset(name.partition(':')[0], fields, splits)
  return dataclasses.replace(dataset, no_labels='' if label_key else no_labels)


def _at(example: Any, path: Sequence[str]) -> tf.Tensor:
  """Returns the value at the end of a path of keys."""
  for key in path:
    example = example[key]
  return example


def _find_key(features: Any, kind: type, *, preferred: str) -> str | None:
  """Returns `preferred` if that feature is of `kind`, else the first key that is, else None."""
  keys = [key for key in features if isinstance(features[key], kind)]
  return preferred if preferred in keys else next(iter(keys), None)


def _find_shards(info: Any, name: str, expression: str) -> list[Shard]:
  """Returns the records of a split such as 'train' or 'train[:10%]' of a dataset of TFDS."""
  try:
    instructions = info.splits[expression].file_instructions
  except (KeyError, ValueError, AssertionError) as error:
    reason = str(error).strip().split('\n')[0].strip('\'" .')
    raise UsageError(
      f"dataset 'tfds': {expression!r} is no split of {name} ({reason}); it has "
      f'{", ".join(info.splits)}, of which parts are written train[:10%], and sums train+test'
    ) from None
  shards = []
  for one in instructions:
    size = one.examples_in_shard - one.skip if one.take == -1 else one.take
    shards += [Shard(str(one.filename), one.skip, size)] if size else []
  return shards


def _warn_of_overlap(shards: Mapping[str, Sequence[Shard]]) -> None:
  """Warns of pictures in the train split that are held out as well."""
  for split in shards.keys() - {'train'}:
    common = sum(
      max(0, min(one.skip + one.size, other.skip + other.size) - max(one.skip, other.skip))
      for one in shards.get('train', ())
      for other in shards[split]
      if one.path == other.path
    )
    if common:
      _log.warning('%d pictures are in train and in %s: scores will be too good', common, split)


def _crop_and_resize(image: tf.Tensor, height: int, width: int) -> tf.Tensor:
  """Crops uint8 [H, W, C] centrally to the proportions of (height, width), and resizes to them."""
  stored_height, stored_width = tf.unstack(tf.shape(image)[:2])
  # The formula of media.sizes.largest_box, for tensors.
  crop_height = tf.maximum(1, tf.minimum(stored_height, stored_width * height // width))
  crop_width = tf.maximum(1, tf.minimum(stored_width, stored_height * width // height))
  image = tf.image.crop_to_bounding_box(
    image,
    (stored_height - crop_height) // 2,
    (stored_width - crop_width) // 2,
    crop_height,
    crop_width,
  )
  image = tf.image.resize(image, [height, width], method='lanczos3', antialias=True)
  return tf.saturate_cast(tf.round(image), tf.uint8)


def _split_shards(shards: Sequence[Shard], share: float) -> tuple[list[Shard], list[Shard]]:
  """Splits shards into the first `share` of their records and the rest."""
  budget = round(share * sum(shard.size for shard in shards))
  first, rest = [], []
  for shard in shards:
    count = min(budget, shard.size)
    budget -= count
    if count:
      first.append(Shard(shard.path, shard.skip, count))
    if count < shard.size:
      rest.append(Shard(shard.path, shard.skip + count, shard.size - count))
  return first, rest
