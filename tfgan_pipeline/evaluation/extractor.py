"""From images to the features that metrics compare.

    @registry.extractor
    def mine(context: ExtractorContext, *, width: int = 64) -> Extractor: ...

An extractor's name stands in the name of every score made with it, `fid[classifier:mnist]`, and its
fingerprint in the record: scores of different fingerprints are different measurements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
import dataclasses
import hashlib
from typing import Any

import numpy as np

from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.metrics.features import Features


@dataclasses.dataclass(frozen=True)
class ExtractorContext:
  """What an extractor may need.

  Attributes:
    dataset: The data of the run that is scored.
    cache_dir: Where to keep what is slow to make.
  """

  dataset: Dataset
  cache_dir: str


@dataclasses.dataclass(frozen=True)
class Extractor:
  """A fixed function of images.

  Attributes:
    name: For people, such as 'classifier:mnist'.
    fingerprint: Hexadecimal digest of everything that determines its output.
    function: uint8 [N, H, W, C] -> (pool float32 [N, D], logits float32 [N, K] or None).
    details: Facts for the record, such as a classifier's accuracy.
  """

  name: str
  fingerprint: str
  function: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray | None]]
  details: Mapping[str, Any] = dataclasses.field(default_factory=dict)

  def features(self, batches: Iterable[np.ndarray]) -> Features:
    """Features of uint8 [n, H, W, C] batches, rows in the order of the images."""
    pools, logits = zip(*map(self.function, batches))
    return Features(np.concatenate(pools), None if logits[0] is None else np.concatenate(logits))


def digest(*parts: str | np.ndarray) -> str:
  """First 16 hexadecimal digits of the SHA-256 of texts and of arrays with their shapes."""
  state = hashlib.sha256()
  for part in parts:
    if isinstance(part, str):
      state.update(part.encode())
    else:
      state.update(f'{part.dtype}{part.shape}'.encode())
      state.update(np.ascontiguousarray(part).tobytes())
  return state.hexdigest()[:16]
