"""PSNR of a run of super-resolution on held-out pictures, beside that of plain interpolation.

    python -m tests.benchmarks.enlargements --model_dir=/tmp/sr4 [--split=test] [--picture=sr4.png]

Small pictures are enlarged by Pillow's nearest, bilinear and bicubic filters, whose borders count
as any other pixel; every number is the metric `psnr`, a mean over pictures of all channels. The
picture shows small, bicubic, the run's and true ones, a row for each of eight examples.
"""

from __future__ import annotations

import argparse

import numpy as np
from PIL import Image

from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.metrics.pairs.differences import l1, psnr


def enlarged(images: np.ndarray, sides: tuple[int, int], method: str) -> np.ndarray:
  """Returns uint8 [n, h, w, 3] as uint8 [n, *sides, 3], by a filter of Pillow."""
  filter_ = Image.Resampling[method.upper()]
  return np.stack([Image.fromarray(image).resize(sides[::-1], filter_) for image in images])


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('--model_dir', required=True)
  parser.add_argument('--split', default='test')
  parser.add_argument('--picture')
  arguments = parser.parse_args()
  estimator = GANEstimator.of_run(arguments.model_dir)
  split = estimator.dataset.split(arguments.split)
  (examples,) = split.ordered(split.size)
  small, large = examples['image_a'], examples['image_b']
  outputs = {
    method: enlarged(small, large.shape[1:3], method)
    for method in ('nearest', 'bilinear', 'bicubic')
  }
  outputs['the run'] = estimator.translate(small)
  for name, images in outputs.items():
    scores = psnr(large, images) | l1(large, images)
    print(f'{name:9} psnr {scores["psnr"]:.2f} dB, l1 {scores["l1"]:.2f} of 255, n={len(large)}')
  if arguments.picture:
    columns = outputs['nearest'], outputs['bicubic'], outputs['the run'], large
    rows = [np.concatenate([images[i] for images in columns], axis=1) for i in range(8)]
    sheet = Image.fromarray(np.concatenate(rows))
    sheet.resize((sheet.width * 2, sheet.height * 2), Image.Resampling.NEAREST).save(
      arguments.picture
    )


if __name__ == '__main__':
  main()
