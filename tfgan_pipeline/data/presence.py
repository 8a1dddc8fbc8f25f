"""Presence of data, looked up in a moment and without TensorFlow, ahead of reading any.

require_data('tfds(mnist)', '/data')      # UsageError if nothing is prepared there
"""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.data.inner_datasets import inner_datasets
from tfgan_pipeline.data.tfds.prepared_folder import prepared_folder
from tfgan_pipeline.errors import UsageError, is_there_another
from tfgan_pipeline.runs import files

_OF_FOLDERS = (
  'arrays',
  'captioned',
  'image_folder',
  'parquet',
  'series',
  'tunes',
)  # Datasets that read the folder --data_dir.


def require_data(text: str, data_dir: str) -> None:
  """Refuses a dataset whose folder is not there; datasets of other scripts are not looked at.

  Args:
    text: Call string of the dataset; datasets that it is made of are looked at, too.
    data_dir: Value of --data_dir; '' if not given.

  Raises:
    UsageError: The data cannot be where --data_dir says.
    Unreachable: The storage does not answer.
  """
  try:
    call = registry.dataset.parse(text)
  except UsageError:
    return  # Of another script or version, and perhaps not needed.
  if call.name == 'tfds':
    prepared_folder(data_dir or None, call.arguments['name'])
  elif call.name in _OF_FOLDERS and data_dir and files.is_local(data_dir):
    if not files.is_folder(data_dir):
      raise UsageError(
        f'--data_dir={data_dir}: there is no such folder{is_there_another(data_dir)}'
      )
  for inner in inner_datasets(call).values():
    require_data(str(inner), data_dir)
