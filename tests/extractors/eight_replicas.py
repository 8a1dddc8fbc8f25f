"""Prints, for 1 and for 8 replicas, the digest of the features of every call string given.

A program of its own: the test suite's process has fewer devices.
"""

import sys

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.extractors.base import ExtractorContext
from tfgan_pipeline.replicas import strategies
from tfgan_pipeline.runs.digests import digest


def main(cache_dir: str, *texts: str) -> None:
  tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices('CPU')[0], [tf.config.LogicalDeviceConfiguration()] * 8
  )
  dataset = registry.dataset.build('digits(size=12)', DataOptions())
  images = np.concatenate([batch['image'] for batch in dataset.split('test').ordered(64)])
  for text in texts:
    for replicas in (1, 8):
      strategy = strategies.mirrored_cpus(replicas)
      assert strategy.num_replicas_in_sync == replicas
      extractor = registry.extractor.build(text, ExtractorContext(dataset, cache_dir, strategy))
      features = extractor.features([images])
      outputs = [part for part in (features.pool, features.logits) if part is not None]
      print(digest(*outputs))


main(*sys.argv[1:])
