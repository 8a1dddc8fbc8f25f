"""The scorer, from options to scores: every metric, intervals, labels, held-out images."""

import math

import numpy as np
import pytest

from tests.metrics.kinds import METRICS
from tfgan_pipeline import registry
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.evaluation.path_length import perceptual_path_length
from tfgan_pipeline.evaluation.scorer import Scorer
from tfgan_pipeline.extractors.base import ExtractorContext

pytestmark = pytest.mark.usefixtures('graphs_as_traced')


@pytest.fixture(scope='module')
def digits():
  return registry.dataset.build('digits(size=16)', DataOptions())


@pytest.fixture
def scorer(digits, cache_dir):
  def make(**options):
    options = {'extractor': 'classifier(steps=20)', 'num_samples': 180, **options}
    return Scorer(digits, 'digits(size=16)', EvaluationOptions(cache_dir=cache_dir, **options))

  return make


@pytest.fixture(scope='module')
def held_out(digits):
  """The examples of the test split."""
  return next(digits.split('test').ordered(180))


def test_every_metric_with_intervals(scorer, held_out):
  every = {
    'metrics': ', '.join(METRICS),
    'image_metrics': ', '.join(registry.image_metric.components()),
  }
  plain, beside = scorer(**every), scorer(bootstrap=10, **every)
  chosen = {'labels': held_out['label'], 'codes': held_out['label'] % 3}
  scores, more = (one.score([held_out['image']], **chosen) for one in (plain, beside))
  assert all(math.isfinite(value) for value in more.values())
  assert set(scores) < set(more) and all(scores[name] == more[name] for name in scores)
  assert all(name in beside.metric_of for name in more)
  for stem in ('fid', 'inception_score', 'precision', 'memorised'):
    low, score, high = (
      more[f'{name}[classifier:digits]'] for name in (f'{stem}_low', stem, f'{stem}_high')
    )
    assert low <= score <= high and low < high, stem
  # The sample is the held-out set itself.
  assert scores['memorised[classifier:digits]'] == scores['memorised_held_out[classifier:digits]']


def test_path_length_needs_what_is_not_rounded(scorer, files):
  one = scorer(metrics='fid', path_length=20)
  # Brightness follows the first number of the noise, so the path is as long as that moves.
  shade = np.ones((16, 16, 1))
  scores = one.of_generator(lambda noise: np.tanh(noise[:, :1, None, None] * shade), 4)
  assert scores['perceptual_path_length[classifier:digits]'] > 0
  flat = one.of_generator(lambda noise: np.zeros((len(noise), 16, 16, 1), np.float32), 4)
  assert flat['perceptual_path_length[classifier:digits]'] == 0
  user = f'saved_model("{files}/user", output=embedding, logits=scores)'
  with pytest.raises(UsageError, match='--path_length=20: .* rounds images'):
    scorer(metrics='fid', path_length=20, extractor=user)


def test_path_length_is_that_of_features_of_unrounded_images(scorer):
  """Projects by hand what lies between -1 and 1; the seed is that of the samples."""
  one = scorer(
    extractor='random_projection', metrics='fid', path_length=30, num_samples=20, sample_seed=3
  )
  matrix = np.random.Generator(np.random.PCG64(0)).standard_normal((256, 64)) / 16

  def generate(noise):
    return np.tanh(np.tile(noise[:, :1, None, None], (1, 16, 16, 1)))

  expected = perceptual_path_length(
    generate, lambda images: images.reshape(len(images), -1) @ matrix, 4, 3, samples=30
  )
  found = one.of_generator(generate, 4)
  (value,) = expected.values()
  assert found == {'perceptual_path_length[random_projection]': pytest.approx(value, rel=0.02)}
  assert 'perceptual_path_length[random_projection]' in one.metric_of


def test_users_are_warned_once_and_by_name(scorer, held_out, caplog):
  one = scorer(metrics='fid, inception_score, kid')
  for _ in range(2):
    scores = one.score([held_out['image']])
  warnings = [record.getMessage() for record in caplog.records if record.levelname == 'WARNING']
  assert [text.split('(')[0] for text in warnings] == ['--metrics=inception_score', '--metrics=kid']
  assert 'subsets have 180 samples' in warnings[1]
  assert scores['kid_subset_size[classifier:digits]'] == 180


def look_at(register):
  """Registers an image metric `look`; collects the pairs (real, generated) that it scores."""
  seen = []

  def look(reference: np.ndarray, generated: np.ndarray) -> dict[str, float]:
    """Looks."""
    seen.append((reference, generated))
    return {}

  register(registry.image_metric, look)
  return seen


def test_image_metrics_are_given_16384_of_each_kind_at_most(register, cache_dir):
  """Image metrics read a fixed draw of the real images, and the first of the generated ones."""
  seen = look_at(register)
  points = registry.dataset.build('gaussian_ring', DataOptions())
  options = EvaluationOptions(
    extractor='points', metrics='fid', image_metrics='look', cache_dir=cache_dir
  )
  one = Scorer(points, 'gaussian_ring', options)
  generated = np.random.RandomState(0).randint(0, 256, (17000, 2, 2, 1)).astype(np.uint8)
  one.score(np.array_split(generated, 9))
  split = points.split('train')
  assert split.size > 16384
  drawn = np.random.Generator(np.random.PCG64(0)).permutation(split.size)[:16384]
  real = np.concatenate([batch['image'] for batch in split.ordered(5000)])
  np.testing.assert_array_equal(seen[-1][0], real[np.sort(drawn)])
  np.testing.assert_array_equal(seen[-1][1], generated[:16384])


@pytest.mark.parametrize('count, tried', [(2, 2), (180, 16)])
def test_image_metrics_are_tried_on_a_few_real_images(scorer, register, count, tried):
  seen = look_at(register)
  scorer(extractor='random_projection', metrics='fid', image_metrics='look', num_samples=count)
  ((real, instead),) = seen
  np.testing.assert_array_equal(instead, real[:tried])


def test_an_image_metric_is_given_the_images(scorer, held_out, digits, register):
  seen = []

  def size(reference: np.ndarray, generated: np.ndarray) -> dict[str, float]:
    """Looks."""
    seen.append((reference.dtype, len(reference), len(generated)))
    return {'size': float(len(generated))}

  register(registry.image_metric, size)
  one = scorer(image_metrics='size', metrics='fid')
  assert one.score(np.array_split(held_out['image'], 7))['size'] == 180
  assert seen[-1] == (np.uint8, digits.split('train').size, 180)


def test_labels_asked_for_are_those_of_the_classes(scorer, held_out, register):
  seen = []

  def look(reference, generated) -> dict[str, float]:
    """Looks."""
    seen.append((reference.labels, generated.labels))
    return {}

  register(registry.metric, look)
  scorer(metrics='look').score([held_out['image']], labels=held_out['label'])
  real, asked = seen[-1]
  assert len(real) == 1437 and real.max() == 9
  np.testing.assert_array_equal(asked, held_out['label'])


@pytest.mark.parametrize(
  'options, message',
  [
    ({'metrics': 'precision_recall(k=180)'}, '--metrics=precision_recall(k=180): '),
    ({'metrics': 'kid(subsets=0)'}, '--metrics=kid('),
    (
      {'metrics': 'kid, fid', 'num_samples': 32, 'bootstrap': 10},
      '--bootstrap=10: the interval of fid needs 40 generated samples or more, and there are 32; ',
    ),
    ({'metrics': 'fid', 'image_metrics': 'ms_ssim(pairs=0)'}, '--image_metrics=ms_ssim(pairs=0'),
  ],
)
def test_what_cannot_be_measured_is_refused_before_the_work(scorer, options, message):
  with pytest.raises(UsageError) as caught:
    scorer(**options)
  assert message in str(caught.value) and '\n' not in str(caught.value)


@pytest.mark.parametrize(
  'extractor, has_logits',
  [
    ('classifier(steps=20)', False),
    ('random_projection', True),
    pytest.param('classifier(steps=20)', True, marks=pytest.mark.heavy),
    pytest.param('random_projection', False, marks=pytest.mark.heavy),
  ],
)
def test_default_metrics_need_logits_of_generated_images_alone(
  scorer, digits, held_out, cache_dir, tmp_path, caplog, extractor, has_logits
):
  """The file of real features may have logits or not: the Inception Score reads none of them."""
  real = registry.extractor.build(extractor, ExtractorContext(digits, cache_dir))
  pool = real.features([next(digits.split('train').ordered(300))['image']]).pool
  more = {'logits': np.zeros((len(pool), 3), np.float32)} if has_logits else {}
  np.savez(tmp_path / 'real.npz', pool=pool, **more)
  with caplog.at_level('INFO'):
    scores = scorer(extractor=extractor, reference_features=f'{tmp_path}/real.npz').score(
      [held_out['image']]
    )
  classifies = extractor != 'random_projection'
  assert any(name.startswith('inception_score[') for name in scores) == classifies
  assert ('without inception_score, as random_projection' in caplog.text) == (not classifies)
  assert {'fid', 'kid'} <= {name.split('[')[0] for name in scores}
