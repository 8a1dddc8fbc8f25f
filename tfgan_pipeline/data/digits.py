"""`--dataset=digits`: real handwritten digits that need no download and no folder.

The 1,797 8x8 digits that come with scikit-learn, which are the test half of the UCI "Optical
Recognition of Handwritten Digits" data set (Alpaydin and Kaynak 1998).
"""

from __future__ import annotations

import gzip
from importlib import metadata

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.data.folders.partition import partition
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.media.sizes import height_and_width


@registry.dataset
def digits(options: DataOptions, *, size: int | tuple[int, int] = 32) -> Dataset:
  """1,797 real handwritten digits that come with scikit-learn: no download, 10 classes.

  Args:
    options: Ignored.
    size: Pixels per side, or (height, width), to which the 8x8 originals are stretched with a
      bicubic filter.

  Returns:
    Greyscale images [height, width, 1], about 80 % in train and 10 % each in validation and test,
    with every class in proportion.

  Raises:
    UsageError: A side is below 8, or scikit-learn is not installed.
  """
  del options
  height, width = height_and_width(size, "dataset 'digits'", at_least=8)
  rows = _read_rows()
  pictures = rows[:, :-1].reshape(-1, 8, 8) * (255 / 16)  # Stored pixels are 0 to 16.
  images = np.stack([_enlarge(picture, height, width) for picture in pictures])[..., None]
  labels = rows[:, -1].astype(np.int32)
  names = [str(index) for index in range(len(labels))]
  parts = partition(names, list(map(int, labels)), {'validation': 0.1, 'test': 0.1})
  splits = {
    part: MemorySplit({'image': images[members], 'label': labels[members]})
    for part, members in parts.items()
  }
  return Dataset.of_images('digits', (height, width, 1), tuple('0123456789'), splits)


def _read_rows() -> np.ndarray:
  """Reads scikit-learn's digits as float64 [1797, 65]: 64 pixels from 0 to 16, then the class.

  Opens the data file directly, as sklearn.datasets.load_digits does, because importing sklearn
  takes longer than a first training step.
  """
  try:
    package = metadata.distribution('scikit-learn')
  except metadata.PackageNotFoundError:
    raise UsageError("dataset 'digits' needs scikit-learn: pip install scikit-learn") from None
  with gzip.open(str(package.locate_file('sklearn/datasets/data/digits.csv.gz')), 'rt') as file:
    return np.loadtxt(file, delimiter=',')


def _enlarge(image: np.ndarray, height: int, width: int) -> np.ndarray:
  from PIL import Image

  # Floating point, so that values are rounded only once, after clipping the filter's overshoot.
  picture = Image.fromarray(image.astype(np.float32))
  resized = picture.resize((width, height), Image.Resampling.BICUBIC)
  return np.clip(np.rint(np.asarray(resized)), 0, 255).astype(np.uint8)
