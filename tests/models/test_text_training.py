"""Training of text_gan by the real binary: killed, on replicas, in 16 bits, scored and exported."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.conftest import checkpoint, run_binary, start_binary
from tests.models.test_translation_training import assert_equal, kill_at_random
from tests.models.text_runs import flags
from tests.training.test_replicas import assert_close
from tfgan_pipeline.compat import tf
from tfgan_pipeline.estimator import GANEstimator

heavy = pytest.mark.heavy


@pytest.fixture(scope='module')
def text_run(tmp_path_factory):
  """model_dir of a finished run of four steps."""
  model_dir = tmp_path_factory.mktemp('text') / 'run'
  run_binary('train', *flags(model_dir))
  return model_dir


@heavy
def test_killed_it_goes_on_as_if_it_had_not_been(text_run, tmp_path):
  process = start_binary('train', *flags(tmp_path / 'run'))
  for line in process.stderr:
    if 'step 3/' in line:
      process.kill()
  process.communicate()
  run_binary('train', *flags(tmp_path / 'run'))
  assert_equal(*(checkpoint(path, 4) for path in (text_run, tmp_path / 'run')))
  assert (tmp_path / 'run/samples/captions-000004.png').exists()


def test_training_moves_every_network(text_run):
  start, end = checkpoint(text_run, 0), checkpoint(text_run, 4)
  parts = {name.split('/')[0] for name in end} - {'save_counter', 'rollbacks'}
  assert {'generator_text', 'generator_text_ema', 'discriminator_text'} <= parts
  for part in parts:
    names = [name for name in end if name.startswith(f'{part}/')]
    assert any(not np.array_equal(start[name], end[name]) for name in names), part


@pytest.mark.parametrize('replicas', [2, pytest.param(4, marks=heavy)])
def test_replicas_make_the_same_run(text_run, tmp_path, replicas):
  run_binary('train', *flags(tmp_path / 'run', virtual_devices=replicas))
  assert_close(checkpoint(text_run, 4), checkpoint(tmp_path / 'run', 4))


@heavy
def test_killed_at_random(tmp_path):
  kill_at_random(tmp_path, flags)


@heavy
def test_in_16_bits_it_trains(tmp_path):
  run_binary('train', *flags(tmp_path / 'run', precision='mixed_bfloat16'))
  for path, value in checkpoint(tmp_path / 'run', 4).items():
    assert value.dtype.kind != 'f' or np.isfinite(value).all(), path


SCORES = ('--extractor=random_projection', '--metrics=fid', '--reference_split=train')


def test_scores_against_captions_stand_beside_those_of_real_pairs(text_run, cache_dir):
  result = run_binary(
    *('evaluate', f'--model_dir={text_run}', f'--cache_dir={cache_dir}', *SCORES),
    *('--num_samples=40', '--pair_metrics=drawn_agreement, r_precision(candidates=5, steps=3)'),
  )
  scores = json.loads(result.stdout)['scores']
  stems = ('drawn', 'colour', 'form', 'size', 'place', 'count')
  for name in (*(f'{stem}_agreement' for stem in stems), 'r_precision'):
    for kind in ('', '_real', '_chance'):
      assert 0 <= scores[f'{name}{kind}'] <= 1
    if name != 'r_precision':
      # Of 16 pixels, small rings are hard to read.
      assert scores[f'{name}_real'] > max(0.8, scores[f'{name}_chance'])
  assert scores['drawn_agreement'] == 0  # Of noise.


def test_captions_are_sampled_by_words(text_run, tmp_path):
  sample = ('sample', f'--model_dir={text_run}')
  ring = '--caption=a large red ring'
  result = run_binary(
    *sample, f'--output={tmp_path}/a.png', ring, '--caption=a blue cube', '--count=3'
  )
  assert 'knows' in result.stderr and 'cube' in result.stderr
  facts = json.loads(result.stdout)
  assert facts['count'] == 6 and facts['captions'] == ['a large red ring', 'a blue cube']
  (tmp_path / 'asked.txt').write_text('a large red ring\n\ntwo small blue circles\n')
  asked = f'--captions_file={tmp_path}/asked.txt'
  for _ in range(2):  # Repeated, it makes nothing again.
    run_binary(*sample, f'--images_dir={tmp_path}/made', asked, '--count=2')
  names = sorted(path.name for path in (tmp_path / 'made').iterdir())
  assert names == [
    *(f'0-a-large-red-ring-00000{number}.png' for number in range(2)),
    *(f'1-two-small-blue-circles-00000{number}.png' for number in range(2)),
    'metadata.csv',
  ]
  estimator = GANEstimator.of_run(str(text_run))
  pictures = estimator.predict(caption=['a large red ring', 'two small blue circles'])
  stored = tf.io.decode_png((tmp_path / 'made' / names[0]).read_bytes())
  np.testing.assert_array_equal(pictures[0], stored)
  np.testing.assert_array_equal(estimator.predict(caption='a large red ring')[0], stored)


def test_without_a_caption_recorded_ones_are_sampled_and_told(text_run, tmp_path):
  result = run_binary('sample', f'--model_dir={text_run}', f'--output={tmp_path}/a.png')
  assert 'no --caption: the first' in result.stderr and 'held-out' in result.stderr
  assert len(json.loads(result.stdout)['captions']) == json.loads(result.stdout)['count'] // 8
  result = run_binary(
    'sample', f'--model_dir={text_run}', f'--images_dir={tmp_path}/all', '--count=3'
  )
  assert 'sample i shows number i' in result.stderr
  assert len(list((tmp_path / 'all').glob('*.png'))) == 3


@pytest.mark.parametrize(
  'more, message',
  [
    (['--caption=huge cubes'], '--caption=huge cubes: has no word of the'),
    (['--caption='], '--caption=: has no word of the'),
    (['--caption=a ring', '--labels=3'], '--labels: not with captions'),
    (['--caption=a ring', '--interpolate=3'], '--interpolate: not with captions'),
    (['--captions_file=/nowhere'], '--captions_file=/nowhere: '),
    (['--labels=3'], '--labels=3: the generator of'),
  ],
)
def test_what_cannot_be_sampled_is_refused(text_run, tmp_path, more, message):
  flags = (f'--model_dir={text_run}', f'--output={tmp_path}/a.png')
  assert message in run_binary('sample', *flags, *more, code=2).stderr
  assert not (tmp_path / 'a.png').exists()


def test_a_run_that_reads_no_captions_refuses_them(tiny_run, tmp_path, cache_dir):
  flags = (f'--model_dir={tiny_run}', f'--output={tmp_path}/a.png', '--caption=a ring')
  result = run_binary('sample', *flags, code=2)
  assert f'--caption=a ring: the generator of {tiny_run} reads no captions' in result.stderr
  result = run_binary(
    *('evaluate', f'--model_dir={tiny_run}', f'--cache_dir={cache_dir}'),
    *(*SCORES, '--pair_metrics=r_precision'),
    code=2,
  )
  assert '--pair_metrics=r_precision: of pictures made of captions' in result.stderr


def test_an_export_reads_captions_as_texts_and_as_tokens(text_run, tmp_path):
  estimator = GANEstimator.of_run(str(text_run))
  texts = ["A large, 'RED' ring!", 'two small blue circles']
  expected = estimator.predict(caption=texts).astype(int)
  loaded = tf.saved_model.load(estimator.export(str(tmp_path / 'export')))
  made = loaded.generate(2, 0, tf.constant(texts)).numpy().astype(int)
  assert np.abs(made[0] - expected[0]).max() <= 1
  signature = loaded.signatures['generate']
  assert set(signature.structured_input_signature[1]) == {'count', 'seed', 'captions'}
  words = (tmp_path / 'export/assets/caption_words.txt').read_text().splitlines()
  tokens = np.zeros([1, 10], np.int32)
  tokens[0, :4] = [words.index(word) + 2 for word in ('a', 'large', 'red', 'ring')]
  made = loaded.generate(1, 0, tf.constant(tokens)).numpy().astype(int)
  assert np.abs(made[0] - expected[0]).max() <= 1
  with pytest.raises(tf.errors.InvalidArgumentError, match='none is in'):
    loaded.generate(1, 0, tf.constant(['huge cubes']))
  facts = json.loads(loaded.about().numpy())['tasks']['generate']
  assert facts['takes_captions'] and facts['reads'] == {'noise': [16], 'caption': [10]}
