"""Search for a dataset that TensorFlow Datasets (TFDS) has prepared, in files alone.

    folder = prepared_folder('/data', 'mnist')      # '/data/mnist/3.0.1'

TFDS itself would import the dataset's code and ask Google Cloud Storage for missing files.
"""

from __future__ import annotations

import json
import os
from typing import Any

from tfgan_pipeline.errors import UsageError, did_you_mean
from tfgan_pipeline.runs import files


def prepared_folder(data_dir: str | None, name: str) -> str:
  """Returns the folder of one version of a dataset that TFDS has prepared.

  Args:
    data_dir: Folder that holds name[/config]/version or the version folders, or is itself a
      version folder; may be gs://. None: $TFDS_DATA_DIR, or ~/tensorflow_datasets, as in TFDS.
    name: `name` or `name/config`, either of them with `:version`; without, the highest version.

  Raises:
    UsageError: There is no such dataset; the message says how to prepare or name it.
  """
  root = os.path.expanduser(data_dir or os.environ.get('TFDS_DATA_DIR') or '~/tensorflow_datasets')
  path, _, version = name.partition(':')
  base, _, config = path.partition('/')
  folders = {}
  for parent in (root, os.path.join(root, path)):
    for folder in (parent, *(os.path.join(parent, child) for child in _list_folders(parent))):
      info = _read_info(folder)
      if info and info['name'] == base and info.get('configName', '') == config:
        folders[info['version']] = folder
  if version in folders:
    return folders[version]
  if version and folders:
    raise UsageError(
      f'--data_dir={root}: has version {", ".join(sorted(folders))} of {path}, not {version}'
    )
  if folders:
    return folders[max(folders, key=lambda text: [int(part) for part in text.split('.')])]
  configs = [] if config else _list_folders(os.path.join(root, path))
  if configs:
    raise UsageError(
      f'--data_dir={root}: say which configuration of {base}, as in '
      f'{base}/{configs[0]}; there are: {", ".join(configs)}'
    )
  # Not `tfds build`, which needs Apache Beam even for data that is prepared without it.
  code = f'import tensorflow_datasets as tfds; tfds.builder({name!r}, data_dir={root!r})'
  raise UsageError(
    f'--data_dir={root}: no prepared dataset {name!r}{did_you_mean(base, _list_folders(root))}; '
    f'prepare it with: python -c "{code}.download_and_prepare()"'
  )


def _list_folders(folder: str) -> list[str]:
  names = files.names_in(folder) if files.is_folder(folder) else []
  return [name for name in names if files.is_folder(os.path.join(folder, name))]


def _read_info(folder: str) -> dict[str, Any] | None:
  """Returns dataset_info.json of a complete version folder; None for any other folder."""
  paths = [os.path.join(folder, name) for name in ('dataset_info.json', 'features.json')]
  return json.loads(files.read_text(paths[0])) if all(map(files.exists, paths)) else None
