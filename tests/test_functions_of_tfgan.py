"""Runs of TF-GAN's functions, given to GANEstimator.from_functions: scripts, run again."""

import ast
import inspect
import json
import os
import re
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from tests.conftest import ROOT, checkpoint, run_binary
from tests.test_models_of_python import script

FUNCTIONS = """
import sys
import numpy as np
from sklearn.datasets import load_digits
from tfgan_pipeline import EvaluationOptions, GANEstimator
from tfgan_pipeline.compat import tf
import tensorflow_gan as tfgan

layers = tf.compat.v1.layers

def generator_fn(noise, mode, weight_decay=2.5e-5):
  is_training = mode == 'train'
  net = layers.dense(noise, 64, activation=tf.nn.relu)
  net = layers.batch_normalization(net, training=is_training)
  net = tf.reshape(layers.dense(net, 4 * 4 * 8), [-1, 4, 4, 8])
  net = layers.conv2d_transpose(net, 8, 4, strides=2, padding='same', activation=tf.nn.relu)
  return layers.conv2d(net, 1, 3, padding='same', activation=tf.tanh)

def discriminator_fn(images, conditioning, mode):
  del conditioning, mode
  net = layers.conv2d(images, 8, 4, strides=2, activation=tf.nn.leaky_relu)
  net = layers.dense(layers.flatten(net), 16, activation=tf.nn.leaky_relu)
  return layers.dense(net, 1)

def input_fn(mode, params):
  images = load_digits().images[:200, :, :, None].astype(np.float32) / 8 - 1
  data = tf.data.Dataset.from_tensor_slices(images)
  data = data.cache().repeat().shuffle(100).batch(params['batch_size'], drop_remainder=True)
  return data.map(lambda real: (tf.random.normal([params['batch_size'], 8]), real))

def generator_input_fn():
  random = np.random.default_rng()
  def batches():
    while True:
      yield random.normal(size=(8, 8)), random.uniform(-1, 1, (8, 8, 8, 1))
  types = tf.TensorSpec((8, 8)), tf.TensorSpec((None, 8, 8, 1))
  return tf.data.Dataset.from_generator(batches, output_signature=types)

class Config:
  model_dir, tf_random_seed, save_checkpoints_steps = sys.argv[1], 3, 2

def estimator(input_fn=input_fn, **more):
  arguments = dict(
    generator_fn=generator_fn,
    discriminator_fn=discriminator_fn,
    generator_loss_fn=tfgan.losses.wasserstein_generator_loss,
    discriminator_loss_fn=tfgan.losses.wasserstein_discriminator_loss,
    input_fn=input_fn,
    generator_optimizer=tf.compat.v1.train.AdamOptimizer(1e-3, 0.5),
    discriminator_optimizer=lambda: tf.compat.v1.train.AdamOptimizer(1e-4, 0.5),
    add_summaries=tfgan.estimator.SummaryType.IMAGES,
    config=Config(),
    params={'batch_size': 16},
    max_steps=4,
    reference_images=150,
  )
  return GANEstimator.from_functions(**{**arguments, **more})
"""
SCORED = """
import logging
logging.basicConfig(level=logging.INFO)
run = estimator(max_steps=int(sys.argv[2]))
assert run.experiment.discriminator_optimizer.startswith('adam(learning_rate=0.0001, beta_1=0.5')
assert run.experiment.update == 'sequential' and run.experiment.noise == 'normal(size=8)'
run.train()
if len(sys.argv) == 3:
  sys.exit()
options = EvaluationOptions(
  extractor='random_projection', metrics='fid', num_samples=32, cache_dir=sys.argv[3]
)
print(run.evaluate(options=options)['scores']['fid[random_projection]'])
run.export_saved_model(sys.argv[1] + '/saved')
loaded = tf.saved_model.load(sys.argv[1] + '/saved')
assert np.array_equal(loaded.generate(4, 0), run.predict(4)) and run.predict(4).std() > 0
"""


def test_a_script_of_tfgan_trains_resumes_exactly_and_is_scored_and_exported(tmp_path, cache_dir):
  whole, parts = tmp_path / 'whole', tmp_path / 'parts'
  done = script(tmp_path / 'a.py', FUNCTIONS + SCORED, whole, 4, cache_dir)
  assert 'input_fn gives equal batches each time: a resumed run is exact' in done.stderr
  assert 'deprecated' not in done.stderr
  script(tmp_path / 'a.py', FUNCTIONS + SCORED, parts, 2)
  script(tmp_path / 'a.py', FUNCTIONS + SCORED, parts, 4)
  one, other = checkpoint(whole, 4), checkpoint(parts, 4)
  assert one.keys() == other.keys() and any('moving_mean' in name for name in one)
  assert [name for name in one if not np.array_equal(one[name], other[name])] == []
  facts = json.loads((whole / 'experiment.json').read_text())['networks']
  assert facts['generator']['parameters'] > 1000 and facts['discriminator']['parameters'] > 1000
  changed = [name for name in one if not np.array_equal(one[name], checkpoint(whole, 2)[name])]
  assert any('moving_mean' in name for name in changed)
  done = run_binary('sample', f'--model_dir={whole}', f'--output={tmp_path}/a.png', code=2)
  assert 'GANEstimator.from_functions; go on there' in done.stderr


WRONG = """
import logging
logging.basicConfig(level=logging.INFO)
from tfgan_pipeline.errors import UsageError

def refused(words, **more):
  try:
    estimator(**more)
  except UsageError as error:
    assert words in str(error), error
  else:
    raise AssertionError(words)

def of(*values):
  return lambda: tf.data.Dataset.from_tensors(values if len(values) > 1 else values[0])

noise, images = np.zeros((4, 8), np.float32), np.zeros((4, 8, 8, 1), np.float32)
refused('input_fn: should give a tf.data.Dataset of (generator inputs', input_fn=lambda: images)
refused('input_fn: should give a tf.data.Dataset of (generator inputs', input_fn=of(images))
refused('input_fn: should give a tf.data.Dataset of (', input_fn=of(noise, images[0]))
refused('real images reach 255, and should be in [-1, 1]', input_fn=of(noise, images + 255))
refused('gives no batch', input_fn=lambda: of(noise, images)().take(0))
refused('generator_fn=None: should be a function', generator_fn=None)
refused('get_eval_metric_ops_fn: ', get_eval_metric_ops_fn=lambda model: {})
refused('warm_start_from: ', warm_start_from='/tmp')
refused('get_hooks_fn: hooks do not run here', get_hooks_fn=lambda ops: [])
refused('FtrlOptimizer has no component', generator_optimizer=tf.compat.v1.train.FtrlOptimizer(0.1))
zeros = np.zeros((4, 3, 3, 1), np.float32)
refused('input_fn: gives float32 (4, 3, 3, 1); generator inputs may be', input_fn=of(zeros, images))
label = np.int32([0, 1, 1, 0])
refused('input_fn: no noise is among the generator inputs', input_fn=of(label, images))
refused('generator inputs have several labels', input_fn=of((noise, label, label), images))
for words, value in {
  'gradient_penalty_epsilon is 1e-10 here': {'gradient_penalty_epsilon': 1e-3},
  "gradient_penalty_weight='a' should be a number": {'gradient_penalty_weight': 'a'},
  "model='infogan' has it": {'mutual_information_penalty_weight': 1.0},
  "model='acgan' has it": {'aux_cond_generator_weight': 1.0},
  'replay_pool=50': {'tensor_pool_fn': print},
  'losses are means over the batch': {'reduction': 'none'},
  'params: add_summaries is not allowed': {'add_summaries': True},
}.items():
  refused(words, params={'batch_size': 16, **value})
both = {'batch_size': 16, 'gradient_penalty_weight': 10}
refused('and penalties= are both given', params=both, penalties='r1')
both |= {'gradient_penalty_target': 750, 'gradient_penalty_one_sided': True}
penalties = estimator(params=both).experiment.penalties
assert penalties == 'wasserstein_gradient(weight=10.0, target=750.0, one_sided=True)', penalties

class Distributed(Config):
  save_checkpoints_secs, train_distribute = 600, tf.distribute.get_strategy()

refused('config: train_distribute=', config=Distributed())
Distributed.train_distribute, Distributed.save_checkpoints_secs = None, 60
refused('config: save_checkpoints_secs=60 has no meaning here; checkpoints', config=Distributed())

def broken_fn(noise):
  return tf.keras.regularizers.l2(nothing=0.1)

run = estimator(generator_fn=broken_fn, model_dir=sys.argv[1] + '/broken')
try:
  run.train()
except UsageError as error:
  assert 'generator_fn broken_fn: ' in str(error) and len(str(error).splitlines()) == 1, error
else:
  raise AssertionError('trained')
joint = tfgan.get_joint_train_hooks(tfgan.GANTrainSteps(1, 2))
assert estimator(get_hooks_fn=joint).experiment.discriminator_steps == 2
run = estimator(input_fn=generator_input_fn, max_steps=2, sample_every=2)
assert run.experiment.batch_size == 8
run.train()
"""


def test_functions_that_do_not_suit_are_refused_and_a_python_generator_is_told_of(tmp_path):
  done = script(tmp_path / 'a.py', FUNCTIONS + WRONG, tmp_path / 'run')
  assert 'input_fn gives other batches each time: a resumed run is exact but for its data' in (
    done.stderr
  )


SEVERAL = """
import functools

def wide_fn(noise, params):
  return tf.reshape(layers.dense(layers.dense(noise, params['width']), 64), [-1, 8, 8, 1])

def of_width(width, **more):
  params = {'batch_size': 16, 'width': width}
  return estimator(
    generator_fn=wide_fn, params=params, config=None, model_dir=f'{sys.argv[1]}/{width}',
    max_steps=1, **more,
  )

one, other = of_width(4), of_width(6)  # Both before either trains.
one.train()
other.train()
assert [run.run.read_record()['networks']['generator']['parameters'] for run in (one, other)] == [
  8 * 4 + 4 + 4 * 64 + 64, 8 * 6 + 6 + 6 * 64 + 64
]
assert one.predict(2).shape == other.predict(2).shape == (2, 8, 8, 1)
lambdas = estimator(
  generator_fn=lambda noise: tf.reshape(layers.dense(noise, 64), [-1, 8, 8, 1]),
  discriminator_fn=lambda images, inputs: layers.dense(layers.flatten(images), 1),
)
assert 'generator=function_1, discriminator=function_2' in lambdas.experiment.networks
"""


@pytest.mark.heavy
def test_functions_of_several_runs_are_not_mixed_up(tmp_path):
  script(tmp_path / 'a.py', FUNCTIONS + SEVERAL, tmp_path)


EDITED = """
run = estimator(max_steps=int(sys.argv[2]), discriminator_steps=1)
open(__file__, 'w').close()  # Edited further, while this program runs what it has read.
run.train()
"""


@pytest.mark.heavy
def test_functions_that_were_edited_are_told_of_and_kept(tmp_path):
  first = FUNCTIONS + EDITED
  helper = 'def real_images():\n  return load_digits().images[:200, :, :, None]\n\ndef input_fn('
  second = first.replace('def input_fn(', helper).replace(
    'load_digits().images[:200, :, :, None].as', 'real_images().as'
  )
  second = second.replace('layers.dense(net, 1)', 'layers.dense(net, 1)  # Changed.')
  third = second.replace('images[:200,', 'images[:190,')
  texts = []
  for step, text in enumerate((first, second, third + '# The end.'), 1):
    texts.append(script(tmp_path / 'a.py', text, tmp_path / 'run', step).stderr)
  told = 'other code than in the session before'
  assert told not in texts[0]
  assert f'warning: function discriminator_fn, function input_fn: {told}' in texts[1]
  assert f'warning: function input_fn: {told}' in texts[2]
  copies = [path.read_text() for path in (tmp_path / 'run/code').glob('function-input_fn-*.py')]
  assert len(copies) == 3 and any('images[:190,' in copy for copy in copies)


def test_the_script_of_the_migration_page_runs_in_a_process_of_its_own(tmp_path, cache_dir):
  page = (ROOT / 'docs/migration.md').read_text()
  (text,) = re.findall(r'```python\n(.*?)```', page, re.DOTALL)
  path = tmp_path / 'script.py'
  path.write_text(text.replace('/tmp/migrated', str(tmp_path / 'run')))
  variables = {'PYTHONPATH': str(ROOT), 'TFGAN_PIPELINE_CACHE': cache_dir}
  done = subprocess.run(
    [sys.executable, path], env={**os.environ, **variables}, capture_output=True, text=True
  )
  assert done.returncode == 0, done.stderr
  assert 'fid[random_projection]' in done.stdout
  assert (tmp_path / 'run/generator/saved_model.pb').exists()


def test_every_argument_of_tfgan_is_taken_and_told_of():
  from tensorflow_gan.python.estimator import gan_estimator

  there = inspect.signature(gan_estimator.GANEstimator.__init__).parameters
  # Read and not imported, as that would register components for all tests.
  source = ast.parse((ROOT / 'tfgan_pipeline/estimator/from_functions.py').read_text())
  (made,) = [node for node in source.body if getattr(node, 'name', '') == 'experiment_of']
  here = {argument.arg for argument in (*made.args.args, *made.args.kwonlyargs)}
  page = (ROOT / 'docs/migration.md').read_text()
  assert there.keys() - here == {'self', 'model_dir'}
  for name in there.keys() - {'self', 'use_loss_summaries', 'is_chief', 'config', 'params'}:
    assert name in page, name


def test_tensorflow_gan_can_be_imported_after_compat(tmp_path):
  text = """
    import tfgan_pipeline.compat
    import tensorflow_gan as tfgan
    assert tfgan.estimator.SummaryType.IMAGES == 2
    from tensorflow_gan import losses
    assert callable(losses.wasserstein_generator_loss) and callable(tfgan.gan_model)
  """
  path = tmp_path / 'a.py'
  path.write_text(textwrap.dedent(text))
  variables = {'PYTHONPATH': str(ROOT)}
  subprocess.run([sys.executable, path], env={**os.environ, **variables}, check=True)
