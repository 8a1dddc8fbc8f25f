"""Known facts: they hold here, and a metric that is wrong is told."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import run_binary
from tfgan_pipeline import registry
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.verification.cifar10 import cifar10_facts
from tfgan_pipeline.verification.exact import exact_facts
from tfgan_pipeline.verification.facts import Fact, Skip, as_table, check


def test_states():
  def raises(error):
    raise error

  facts = [
    Fact('right', 1.0, 0.1, lambda: 1.09),
    Fact('off', 1.0, 0.1, lambda: 1.11),
    Fact('not a number', 1.0, 0.1, lambda: float('nan')),
    Fact('broken', 1.0, 0.1, lambda: raises(ValueError('no\nway'))),
    Fact('absent', 1.0, 0.1, lambda: raises(Skip('no weights'))),
  ]
  outcomes = list(map(check, facts))
  assert [outcome.state for outcome in outcomes] == ['ok', 'FAILED', 'FAILED', 'FAILED', 'skipped']
  lines = as_table(outcomes).splitlines()
  assert len(lines) == 6
  assert lines[2].split() == ['off', '1', '1.11', '0.1', 'FAILED']
  assert lines[4].endswith('FAILED   ValueError: no') and lines[5].endswith('skipped  no weights')


def exact_states() -> dict[str, str]:
  return {outcome.fact.name: outcome.state for outcome in map(check, exact_facts())}


def test_facts_hold_except_where_their_metric_is_absent():
  states = exact_states()
  assert set(states.values()) <= {'ok', 'skipped'}
  for name, state in states.items():
    metric = name.split()[0]
    if metric in registry.metric.components() or metric == 'Frechet':
      assert state == 'ok', name


@pytest.mark.parametrize(
  'change, failing',
  [
    (lambda fid, n, m: fid + 1e-3, 'fid of equal sets'),
    (lambda fid, n, m: fid * n / m, 'fid, sets exchanged'),
    (lambda fid, n, m: fid * 2, 'fid of 20,000 of N(0, I) and of N(m, I), less |m|^2'),
  ],
)
def test_a_wrong_metric_fails(monkeypatch, change, failing):
  from tfgan_pipeline.metrics.frechet import fid

  original = fid.fid

  def wrong(reference, generated, *, ddof: int = 1):
    scores = original(reference, generated, ddof=ddof)
    return {**scores, 'fid': change(scores['fid'], len(reference), len(generated))}

  monkeypatch.setattr(fid, 'fid', wrong)
  assert exact_states()[failing] == 'FAILED'


def test_cifar10_rows_are_measured_or_skipped_with_the_reason():
  random = np.random.default_rng(0)
  sizes = {'train': 6000, 'test': 5000}
  features = {
    split: Features(random.normal(size=(size, 8)), random.normal(size=(size, 10)))
    for split, size in sizes.items()
  }
  outcomes = [check(fact) for fact in cifar10_facts(features.get)]
  for outcome in outcomes:
    if '5,000' in outcome.fact.name or '256' in outcome.fact.name:
      assert outcome.got is not None, outcome
      if 'kid' not in outcome.fact.name:
        assert outcome.state == 'FAILED', outcome
    else:
      assert outcome.state == 'skipped', outcome
      assert outcome.reason == 'the train split has 6000 images, 50000 are needed'


def test_the_binary_tells_by_its_exit_code(files, cache_dir):
  lines = run_binary('verify').stdout.splitlines()
  (row,) = [line for line in lines if line.startswith('fid of equal sets')]
  assert row.endswith('ok')
  (row,) = [line for line in lines if line.startswith('CIFAR-10 train and test: fid')]
  assert row.endswith('skipped  needs the Inception network of 2015: --inception=PATH')
  flags = ('--cifar10=digits(size=8)', f'--cache_dir={cache_dir}', f'--inception={files}/hub')
  process = run_binary('verify', *flags, code=1)
  assert 'facts do not hold: CIFAR-10, 256: inception_score' in process.stderr.splitlines()[-1]
  assert 'skipped  the test split has 180 images, 256 are needed' in process.stdout
