"""Picture of what a run makes of held-out pictures: input, its enlargement, output, truth.

    python -m tests.benchmarks.translation_sheet --model_dir=/tmp/sr4 --output=sr4.png

Scores of the outputs, beside those of doing nothing, are those of `tfgan-evaluate --task=a_to_b
--reference_split=test --pair_metrics="psnr, l1"`. Rows are examples in the order of the split, of
which every `--every`th is shown, so that none is chosen by its looks.
"""

from __future__ import annotations

import argparse

import numpy as np
from PIL import Image

from tfgan_pipeline.estimator import GANEstimator


def enlarged(images: np.ndarray, sides: tuple[int, int], kind: Image.Resampling) -> np.ndarray:
  """Returns uint8 [n, h, w, 3] as uint8 [n, *sides, 3], by a filter of Pillow."""
  return np.stack([Image.fromarray(image).resize(sides[::-1], kind) for image in images])


def columns_of(model_dir: str, task: str, split: str, every: int, rows: int) -> list[np.ndarray]:
  """Returns inputs, bicubic enlargements if any, outputs and truths, uint8 [rows, H, W, 3] each."""
  estimator = GANEstimator.of_run(model_dir)
  asked = estimator.sampler(task=task)
  asked.restore()
  fields, source = estimator.dataset.fields, asked.task.source
  truth = fields.truth_of(source, asked.task.target)
  data = estimator.dataset.split(split)
  (examples,) = data.ordered(data.size)
  shown = {name: values[::every][:rows] for name, values in examples.items()}
  given = {name: shown[name] for name in (source, 'label_asked') if name in shown}
  outputs = asked.outputs(given, seed=0)
  columns, sides = [shown[source], outputs], outputs.shape[1:3]
  if shown[source].shape[1:3] != sides:
    kinds = Image.Resampling.NEAREST, Image.Resampling.BICUBIC
    columns[:1] = [enlarged(shown[source], sides, kind) for kind in kinds]
  return columns + ([shown[truth]] if truth else [])


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('--model_dir', required=True)
  parser.add_argument('--output', required=True)
  parser.add_argument('--task', default='')
  parser.add_argument('--split', default='test')
  parser.add_argument('--every', type=int, default=1)
  parser.add_argument('--rows', type=int, default=8)
  parser.add_argument('--across', type=int, default=1, help='Groups of rows side by side.')
  chosen = parser.parse_args()
  columns = columns_of(
    chosen.model_dir, chosen.task, chosen.split, chosen.every, chosen.rows * chosen.across
  )
  rows = np.concatenate(columns, axis=2)  # [n, H, columns * W, 3]
  gap = np.full((rows.shape[0], rows.shape[1], 16, 3), 255, np.uint8)
  groups = np.concatenate([rows, gap], axis=2).reshape(
    chosen.across, -1, rows.shape[2] + 16, 3
  )  # [across, rows * H, W, 3]
  sheet = Image.fromarray(np.concatenate(list(groups), axis=1)[:, :-16])
  sheet.save(chosen.output, optimize=True)


if __name__ == '__main__':
  main()
