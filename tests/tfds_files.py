"""Data as TFDS prepares it, for tests that read it."""

import json
import pathlib

import tensorflow_datasets as tfds

from tfgan_pipeline.compat import tf


def store(root, name, features, *, version='1.0.0', shards=3, **examples):
  """Writes examples by hand, since TFDS cannot write without packages that it does not install.

  store(root, name, features, train=[example, ...], ...) makes a folder root/name/version.
  """
  folder = pathlib.Path(root) / name / version
  folder.mkdir(parents=True)
  features = tfds.features.FeaturesDict(features)
  features.save_config(str(folder))
  splits = []
  for split, items in examples.items():
    parts = [items[number::shards] for number in range(shards)]
    for number, part in enumerate(parts):
      path = folder / f'{name}-{split}.tfrecord-{number:05d}-of-{shards:05d}'
      with tf.io.TFRecordWriter(str(path)) as writer:
        for item in part:
          writer.write(features.serialize_example(features.encode_example(item)))
    splits.append(
      {
        'name': split,
        'shardLengths': [str(len(part)) for part in parts],
        'filepathTemplate': '{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}',
      }
    )
  info = {'name': name, 'version': version, 'fileFormat': 'tfrecord', 'splits': splits}
  (folder / 'dataset_info.json').write_text(json.dumps(info))
