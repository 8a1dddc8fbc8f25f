"""Files of reference statistics and features: written, read, described and verified."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import CheckFailed, UsageError
from tfgan_pipeline.evaluation.scorer import Scorer
from tfgan_pipeline.extractors.base import ExtractorContext
from tfgan_pipeline.references import tool
from tfgan_pipeline.references.statistics_file import read_statistics

IMAGES = np.random.RandomState(0).randint(0, 256, (90, 6, 6, 1)).astype(np.uint8)
OTHERS = np.random.RandomState(1).randint(0, 200, (40, 6, 6, 1)).astype(np.uint8)


def data(images=IMAGES) -> Dataset:
  return Dataset.of_images('mine', (6, 6, 1), (), {'train': MemorySplit({'image': images})})


def extractor(text='random_projection(width=8)', dataset=None):
  return registry.extractor.build(text, ExtractorContext(dataset or data(), ''))


def scorer(tmp_path, **values) -> Scorer:
  values = {'extractor': 'random_projection(width=8)', 'metrics': 'fid', **values}
  options = EvaluationOptions(num_samples=40, cache_dir=str(tmp_path / 'cache'), **values)
  return Scorer(data(), 'mine()', options)


@pytest.fixture
def built(tmp_path) -> str:
  path = str(tmp_path / 'mine.npz')
  facts = tool.build(
    data(), 'train', extractor(), str(tmp_path / 'cache'), dataset_text='mine()', output=path
  )
  assert facts['file'] == path and facts['num_reference'] == 90 and facts['width'] == 8
  return path


def rewrite(path: str, **changes) -> str:
  """The file with other arrays; None removes one."""
  with np.load(path) as stored:
    arrays = {**stored, **changes}
  np.savez(path, **{name: value for name, value in arrays.items() if value is not None})
  return path


def test_other_tools_can_read_it(built):
  with np.load(built) as stored:  # As pytorch-fid and clean-fid do.
    mu, sigma = stored['mu'][:], stored['sigma'][:]
  pool = extractor().features([IMAGES]).pool.astype(np.float64)
  np.testing.assert_allclose(mu, pool.mean(0), atol=1e-12)
  np.testing.assert_allclose(sigma, np.cov(pool, rowvar=False), atol=1e-12)
  assert mu.dtype == sigma.dtype == np.float64


def test_scores_against_it_are_those_against_the_data(built, tmp_path):
  by_data, by_file = scorer(tmp_path), scorer(tmp_path, reference_stats=built)
  assert by_file.score([OTHERS]) == pytest.approx(by_data.score([OTHERS]), rel=1e-9)
  assert by_file.definition == by_data.definition
  assert 'fid_floor[random_projection]' in by_file.score([OTHERS])


def test_another_tools_file_is_taken_with_a_warning(built, tmp_path, caplog):
  caplog.set_level('WARNING', 'tfgan_pipeline')
  with np.load(built) as stored:
    rewrite(built, definition=None, sigma=stored['sigma'].astype(np.float32))
  foreign = scorer(tmp_path, reference_stats=built)
  for text in (built, 'extractor', 'preprocessing', 'ddof=1', 'no noise floor'):
    assert text in caplog.text
  scores = foreign.score([OTHERS])
  expected = scorer(tmp_path).score([OTHERS])['fid[random_projection]']
  assert scores == {'fid[random_projection]': pytest.approx(expected, rel=1e-5)}
  assert foreign.definition['num_reference'] is None
  assert set(foreign.definition['reference']) == {'statistics'}


@pytest.mark.parametrize(
  'values, message',
  [
    ({'metrics': 'fid, kid'}, r'--metrics=fid\(ddof=1\), kid.*needs samples, and reference stat'),
    (
      {'extractor': 'random_projection(width=8, seed=1)'},
      r'mine.npz: made with extractor random_projection \(fingerprint .*\), not random_projection',
    ),
    ({'reference_dir': '/tmp'}, '--reference_stats: not with --reference_dir'),
  ],
)
def test_what_does_not_suit_is_refused(built, tmp_path, values, message):
  with pytest.raises(UsageError, match=message):
    scorer(tmp_path, reference_stats=built, **values)


def test_another_width_is_refused_by_both_numbers(built, tmp_path):
  rewrite(built, definition=None)
  with pytest.raises(UsageError, match='--reference_stats=.*: of 8 features, and random_proj.* 64'):
    scorer(tmp_path, reference_stats=built, extractor='random_projection')


def test_files_that_are_none(built, tmp_path):
  def refuses(path, message):
    with pytest.raises(UsageError, match=message) as raised:
      scorer(tmp_path, reference_stats=str(path))
    assert str(raised.value).startswith(f'--reference_stats={path}: ')
    assert '\n' not in str(raised.value)

  refuses(tmp_path / 'nothing.npz', 'no such file')
  (tmp_path / 'text.npz').write_text('mu')
  refuses(tmp_path / 'text.npz', 'not an .npz file')
  np.savez(tmp_path / 'object.npz', mu=np.array([{}]), sigma=np.eye(2))
  refuses(tmp_path / 'object.npz', 'not an .npz file')
  np.savez(tmp_path / 'pool.npz', pool=np.eye(2))
  refuses(tmp_path / 'pool.npz', 'has no mu and sigma, but pool')
  np.savez(tmp_path / 'shape.npz', mu=np.zeros(3), sigma=np.eye(2))
  refuses(tmp_path / 'shape.npz', 'do not agree')
  refuses(rewrite(built, definition=np.array('{}')), 'its definition cannot be read')
  content = (tmp_path / 'shape.npz').read_bytes()
  (tmp_path / 'short.npz').write_bytes(content[: len(content) // 2])
  refuses(tmp_path / 'short.npz', 'not an .npz file')


def test_describes_and_verifies_both_kinds(built, tmp_path):
  cached = tool.build(data(), 'train', extractor(), str(tmp_path / 'cache'))['file']
  for path, kind in ((built, 'statistics'), (cached, 'features')):
    facts = tool.describe(path)
    assert (facts['kind'], facts['num_reference'], facts['width']) == (kind, 90, 8)
    assert facts['definition']['extractor']['fingerprint'] == extractor().fingerprint
    json.dumps(facts)
    assert max(tool.verify(path, data(), 'train', extractor()).values()) < 1e-6


def test_verifying_names_what_differs(built, tmp_path):
  changed = IMAGES.copy()
  changed[5] ^= 1

  def refuses(path, message, images=IMAGES, text='random_projection(width=8)'):
    with pytest.raises(CheckFailed, match=message):
      tool.verify(path, data(images), 'train', extractor(text))

  refuses(built, r'differs in reference.fingerprint: \w+, now \w+$', changed)
  refuses(built, r'differs in extractor.fingerprint: \w+, now \w+$', text='random_projection(9)')
  refuses(built, r'reference.fingerprint: .*; num_reference: 90, now 89$', IMAGES[1:])
  with np.load(built) as stored:
    mu, sigma = stored['mu'], stored['sigma']
  mu[3] += 0.05
  refuses(rewrite(built, mu=mu), r'differs in mu: by up to [\d.]+ standard deviations$')
  sigma[2, 2] *= 1.01
  refuses(rewrite(built, sigma=sigma), 'differs in mu: .*; sigma: by up to 0.01 standard')
  rewrite(built, definition=None)
  refuses(built, 'differs in width: 8, now 9$', text='random_projection(9)')
  cached = tool.build(data(), 'train', extractor(), str(tmp_path / 'cache'))['file']
  with np.load(cached) as stored:
    pool = stored['pool']
  pool[7, 7] += 0.1
  refuses(rewrite(cached, pool=pool), r'differs in pool: by up to [\d.]+ standard deviations$')


def test_a_file_is_read_back_as_it_was_written(built):
  statistics, definition = read_statistics(built)
  assert statistics.count == 90 and statistics.ddof == 1
  assert definition['reference']['dataset'] == 'mine()'
