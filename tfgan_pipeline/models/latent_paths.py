"""Ways between the inputs of generators, as functions on float arrays: the ends are exact."""

from __future__ import annotations

import numpy as np


def along_arc(start: np.ndarray, end: np.ndarray, place: np.ndarray) -> np.ndarray:
  """Points float [n, Z] at `place` [n], 0 to 1, of the arcs from `start` to `end` [n, Z].

  What is in between is as long as the ends are, as normal noise of many numbers always is, and the
  middle of a straight line is not (White 2016, arXiv:1609.04468).
  """
  lengths = np.linalg.norm(start, axis=1) * np.linalg.norm(end, axis=1)
  cosine = np.sum(start * end, axis=1) / np.where(lengths > 0, lengths, 1)
  angle = np.arccos(cosine.clip(-1, 1))
  # No arc between parallel ends, but a straight line; opposite ends have any.
  sine = np.sin(angle)
  flat = sine < 1e-9
  sine = np.where(flat, 1, sine)
  from_start = np.where(flat, 1 - place, np.sin((1 - place) * angle) / sine)
  from_end = np.where(flat, place, np.sin(place * angle) / sine)
  return from_start[:, None] * start + from_end[:, None] * end


def along_line(start: np.ndarray, end: np.ndarray, place: np.ndarray) -> np.ndarray:
  """Points float [n, Z] at `place` [n], 0 to 1, of straight lines from `start` to `end` [n, Z]."""
  return (1 - place)[:, None] * start + place[:, None] * end
