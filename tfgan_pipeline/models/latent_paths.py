"""Interpolation between latent vectors; end points are exact."""

from __future__ import annotations

import numpy as np


def along_arc(start: np.ndarray, end: np.ndarray, place: np.ndarray) -> np.ndarray:
  """Returns points on arcs between latent vectors, float [n, Z] (White 2016, arXiv:1609.04468).

  Points on an arc are as long as its ends. Normal noise of many numbers nearly always has about one
  length, which points on a straight line fall short of.

  Args:
    start: First ends, [n, Z].
    end: Second ends, [n, Z].
    place: Places on the arcs, [n], from 0 at the start to 1 at the end.
  """
  lengths = np.linalg.norm(start, axis=1) * np.linalg.norm(end, axis=1)
  cosine = np.sum(start * end, axis=1) / np.where(lengths > 0, lengths, 1)
  angle = np.arccos(cosine.clip(-1, 1))
  # Parallel and opposite ends have no arc of their own and get a straight line. Below 1e-9 both
  # ways are equal in float64.
  sine = np.sin(angle)
  flat = sine < 1e-9
  sine = np.where(flat, 1, sine)
  # Spherical interpolation (slerp).
  from_start = np.where(flat, 1 - place, np.sin((1 - place) * angle) / sine)
  from_end = np.where(flat, place, np.sin(place * angle) / sine)
  return from_start[:, None] * start + from_end[:, None] * end


def along_line(start: np.ndarray, end: np.ndarray, place: np.ndarray) -> np.ndarray:
  """Returns points on straight lines between latent vectors, float [n, Z].

  Args:
    start: First ends, [n, Z].
    end: Second ends, [n, Z].
    place: Places on the lines, [n], from 0 at the start to 1 at the end.
  """
  return (1 - place)[:, None] * start + place[:, None] * end
