"""Neighbourhood metrics from their papers' definitions, one distance at a time."""

from __future__ import annotations

import numpy as np


def squared_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
  y = y.astype(np.float64)
  return np.array([np.square(row - y).sum(axis=1) for row in x.astype(np.float64)])


def kth_other(x: np.ndarray, k: int) -> np.ndarray:
  within = squared_distances(x, x)
  np.fill_diagonal(within, np.inf)
  return np.sort(within, axis=1)[:, k - 1]


def precision_recall(real: np.ndarray, generated: np.ndarray, k: int) -> dict[str, float]:
  between = squared_distances(real, generated)
  in_real = between <= kth_other(real, k)[:, None]
  in_generated = between <= kth_other(generated, k)
  return {'precision': in_real.any(axis=0).mean(), 'recall': in_generated.any(axis=1).mean()}


def prdc(real: np.ndarray, generated: np.ndarray, k: int) -> dict[str, float]:
  between = squared_distances(real, generated)
  in_real = between < kth_other(real, k)[:, None]
  in_generated = between < kth_other(generated, k)
  return {
    'prdc_precision': in_real.any(axis=0).mean(),
    'prdc_recall': in_generated.any(axis=1).mean(),
    'density': in_real.sum() / (k * len(generated)),
    'coverage': in_real.any(axis=1).mean(),
  }


def memorised(real: np.ndarray, generated: np.ndarray) -> float:
  between, own = squared_distances(real, generated), kth_other(real, 1)
  nearest = between == between.min(axis=0)
  return (nearest & (between < own[:, None])).any(axis=0).mean()
