"""Known facts: they hold here, and a wrong metric is reported."""

from __future__ import annotations

import numpy as np
import pytest

from tests import forked
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


def test_facts_hold_except_where_their_metric_is_absent():
  """Reads the table of the binary, which ends with exit code 0 if no fact fails."""
  lines = run_binary('verify').stdout.splitlines()

  def state_of(name: str) -> str:
    (row,) = [line for line in lines if line.startswith(f'{name}  ')]
    words = row.removeprefix(name).split()
    return 'skipped' if 'skipped' in words else words[-1]

  for fact in exact_facts():
    metric = fact.name.split()[0]
    there = metric in registry.metric.components() or metric == 'Frechet'
    assert state_of(fact.name) in ({'ok'} if there else {'ok', 'skipped'}), fact.name
  (row,) = [line for line in lines if line.startswith('CIFAR-10 train and test: fid')]
  assert row.endswith('skipped  needs the Inception network of 2015: --inception=PATH')


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

  (fact,) = [fact for fact in exact_facts() if fact.name == failing]
  assert check(fact).state == 'ok'
  monkeypatch.setattr(fid, 'fid', wrong)
  (fact,) = [fact for fact in exact_facts() if fact.name == failing]
  assert check(fact).state == 'FAILED'


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


def without_exact_facts() -> None:
  """Leaves those of CIFAR-10 to the binary; the others take seconds."""
  from tfgan_pipeline.verification import exact

  exact.exact_facts = list


def test_the_binary_tells_by_its_exit_code(files, cache_dir):
  flags = ('--cifar10=digits(size=8)', f'--cache_dir={cache_dir}', f'--inception={files}/hub')
  process = forked.run('verify', flags, timeout=120, before=without_exact_facts)
  assert process.returncode == 1, process.stderr
  assert 'facts do not hold: CIFAR-10, 256: inception_score' in process.stderr.splitlines()[-1]
  assert 'skipped  the test split has 180 images, 256 are needed' in process.stdout
