"""Files of anomaly scores: a table, residual maps, curves and a record.

results = Results(scorer, false_alarms=0.05)
results.add(names, labels, scores, pictures, expected)
results.write('/tmp/out')
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import csv
import heapq
import io
import json
import os
from typing import Any

import numpy as np

from tfgan_pipeline.anomaly.compare import RECORD
from tfgan_pipeline.anomaly.curves import Curves
from tfgan_pipeline.anomaly.scorer import AnomalyScorer
from tfgan_pipeline.media.headings import with_headings
from tfgan_pipeline.media.images import enlarge, grid, write_png
from tfgan_pipeline.report import chart
from tfgan_pipeline.report.picture import svg
from tfgan_pipeline.runs import atomic_files, files


class Results:
  """Scores of pictures, as they come, and what can be said of them.

  Args:
    scorer: The scorer.
    false_alarms: Rate of false alarms that the threshold is chosen for.
    maps: Number of pictures, those of the highest scores, to draw residual maps of.

  Attributes:
    threshold: Score above which a picture is called anomalous.

  Raises:
    UsageError: There are too few normal pictures for the rate.
  """

  def __init__(self, scorer: AnomalyScorer, *, false_alarms: float = 0.05, maps: int = 24):
    self._scorer, self._rate, self._most = scorer, false_alarms, maps
    self._normals = scorer.normals
    self.threshold = self._normals.threshold(false_alarms)
    self._names: list[str] = []
    self._labels: list[int] = []
    self._scores: list[float] = []
    self._strangest: list[tuple[float, int, np.ndarray, np.ndarray]] = []

  def add(
    self,
    names: Sequence[str],
    labels: Sequence[int],
    scores: np.ndarray,
    pictures: np.ndarray,
    expected: np.ndarray,
  ) -> None:
    """Adds scored pictures.

    Args:
      names: Their names.
      labels: Their classes; empty where they are not known.
      scores: Their scores, float64 [n].
      pictures: The pictures, uint8 [n, H, W, C].
      expected: What the method expected in their place, uint8 [n, H, W, C].
    """
    for score, picture, other in zip(scores.tolist(), pictures, expected):
      entry = (score, -len(self._scores), picture, other)
      self._scores.append(score)
      if len(self._strangest) < self._most:
        heapq.heappush(self._strangest, entry)
      elif self._most:
        heapq.heappushpop(self._strangest, entry)
    self._names.extend(names)
    self._labels.extend(labels)

  def __len__(self) -> int:
    return len(self._scores)

  def verdicts(self, first: int = 0) -> list[dict[str, Any]]:
    """Returns name, score, p-value and verdict of each picture from number `first` on."""
    scores = self._scores[first:]
    return [
      {
        'picture': name,
        'score': score,
        'p_value': float(p_value),
        'threshold': self.threshold,
        'anomalous': score > self.threshold,
      }
      for name, score, p_value in zip(self._names[first:], scores, self._normals.p_values(scores))
    ]

  def record(self, **facts: Any) -> dict[str, Any]:
    """Returns all facts about the scores, ready for JSON; `facts` are put in front of the rest."""
    scores = np.array(self._scores)
    record = {
      'run': self._scorer.run.path,
      **self._scorer.facts,
      **self._scorer.detector.details,
      **self._scorer.held_out_facts,
      **facts,
      'pictures': len(scores),
      'false_alarms': self._rate,
      'threshold': self.threshold,
      'flagged': int(np.sum(scores > self.threshold)),
    }
    curves = self._curves()
    if curves:
      truth = self._truth()
      record['anomalous_pictures'] = int(truth.sum())
      record['hits_at_threshold'] = float(np.mean(scores[truth] > self.threshold))
      record['false_alarms_at_threshold'] = float(np.mean(scores[~truth] > self.threshold))
      for name, ends in curves.intervals().items():
        record[name] = getattr(curves, name)
        record[f'{name}_low'], record[f'{name}_high'] = ends
    return record

  def _truth(self) -> np.ndarray:
    return np.isin(self._labels, self._scorer.protocol.anomalous)

  def _curves(self) -> Curves | None:
    """Returns the curves; None if the truth is not known, or only one side of it is there."""
    truth = self._truth()
    if len(truth) != len(self._scores) or truth.all() or not truth.any():
      return None
    return Curves(np.array(self._scores), truth)

  def write(self, folder: str, record: Mapping[str, Any]) -> list[str]:
    """Writes scores.csv, residuals.png, anomaly.json and, with curves, two drawings.

    Args:
      folder: The folder; made if missing, may be gs://.
      record: Result of `record`.

    Returns:
      Names of the files.

    Raises:
      WriteError: The folder cannot be written.
    """
    contents: dict[str, str] = {'scores.csv': self._table()}
    if curves := self._curves():
      contents['roc.svg'] = _roc(curves)
      contents['precision_recall.svg'] = _precision_recall(curves)
    contents[RECORD] = json.dumps(record, indent=2) + '\n'
    with atomic_files.writing(folder):
      files.make_folder(folder)
      for name, content in contents.items():
        atomic_files.write(os.path.join(folder, name), content)
      if self._strangest:
        write_png(os.path.join(folder, 'residuals.png'), self.residual_maps())
    return [*contents, *(['residuals.png'] if self._strangest else [])]

  def _table(self) -> str:
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator='\n')
    known = len(self._labels) == len(self._scores)
    table.writerow(
      ['picture', *(['class', 'truth'] if known else []), 'score', 'p_value', 'anomalous']
    )
    truth = self._truth()
    for index, verdict in enumerate(self.verdicts()):
      classes = []
      if known:
        classes = [self._scorer.label_names[self._labels[index]], int(truth[index])]
      table.writerow(
        [
          verdict['picture'],
          *classes,
          f'{verdict["score"]:.6g}',
          f'{verdict["p_value"]:.6g}',
          int(verdict['anomalous']),
        ]
      )
    return stream.getvalue()

  def residual_maps(self) -> np.ndarray:
    """Draws picture, what was expected and their difference of the strangest pictures.

    Returns:
      uint8 [H, W, 1 or 3], rows by falling score; the difference is black where there is none.
    """
    rows = []
    for _, _, picture, other in sorted(self._strangest, key=lambda entry: entry[:2], reverse=True):
      gap = np.abs(picture.astype(np.int16) - other)[..., :3]
      rows += [picture[..., :3], other[..., :3], gap.astype(np.uint8)]
    columns = 3 if len(rows) <= 24 else 6
    headings = ['picture', self._scorer.detector.expected, 'difference'] * (columns // 3)
    return enlarge(with_headings(grid(np.stack(rows), columns=columns), headings))


def _roc(curves: Curves) -> str:
  lines = [
    chart.Series('hits', *_drawn(curves.false_alarms, curves.hits)),
    chart.Series('chance', [0.0, 1.0], [0.0, 1.0]),
  ]
  title = f'ROC: share of anomalous pictures by share of false alarms, area {curves.auroc:.3f}'
  return svg(chart.draw(title, lines, axis='false alarms'))


def _precision_recall(curves: Curves) -> str:
  lines = [chart.Series('precision', *_drawn(curves.hits[1:], curves.precision[1:]))]
  levels = [('share of anomalous pictures', float(curves.precision[-1]))]
  title = f'Precision by recall, average {curves.average_precision:.3f}'
  return svg(chart.draw(title, lines, levels, axis='recall'))


def _drawn(across: np.ndarray, up: np.ndarray) -> tuple[list[float], list[float]]:
  return across.tolist(), up.tolist()
