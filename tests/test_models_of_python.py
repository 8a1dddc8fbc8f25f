"""Networks of Keras models, and runs of TF-GAN's functions: scripts, run again as users do."""

import ast
import inspect
import json
import os
import re
import subprocess
import sys
import textwrap

import numpy as np

from tests import forked
from tests.conftest import ROOT, checkpoint, run_binary

KERAS = """
import sys
import numpy as np
from tfgan_pipeline import EvaluationOptions, Experiment, GANEstimator, networks_of
from tfgan_pipeline.compat import keras, tf

def models(noise=8, last='tanh', logits=None, outputs=1):
  generator = keras.Sequential([
    keras.Input((noise,)), keras.layers.Dense(16 * 16), keras.layers.BatchNormalization(),
    keras.layers.Activation(last), keras.layers.Reshape((16, 16, 1)),
  ])
  discriminator = keras.Sequential([
    keras.Input((16, 16, 1)), keras.layers.Flatten(), keras.layers.LayerNormalization(),
    keras.layers.Dense(outputs, activation=logits),
  ])
  return generator, discriminator

def run(networks, model_dir, max_steps=4, **more):
  values = dict(dataset='digits(size=16)', noise='normal(8)', batch_size=16, save_every=2)
  return GANEstimator(
    Experiment(networks=networks, model_dir=model_dir, max_steps=max_steps, **{**values, **more})
  )
"""
TRAIN = """
for _ in range(int(sys.argv[3])):
  models()  # Names of layers are counted.
estimator = run(networks_of(*models()), sys.argv[1], int(sys.argv[2]))
estimator.train()
if len(sys.argv) == 4:
  sys.exit()
options = EvaluationOptions(
  extractor='random_projection', metrics='fid', num_samples=32, cache_dir=sys.argv[4]
)
print(estimator.evaluate(options=options)['scores']['fid[random_projection]'])
estimator.export_saved_model(sys.argv[1] + '/saved')
loaded = tf.saved_model.load(sys.argv[1] + '/saved')
assert np.array_equal(loaded.generate(4, 0), estimator.predict(4))
"""


def script(path, text, *arguments, code=0, before=None):
  path.write_text(textwrap.dedent(text))
  done = forked.run(str(path), tuple(map(str, arguments)), timeout=240, before=before)
  assert done.returncode == code, done.stderr
  return done


def test_keras_models_train_resume_and_are_scored_and_exported(tmp_path, cache_dir):
  whole, parts = tmp_path / 'whole', tmp_path / 'parts'
  script(tmp_path / 'a.py', KERAS + TRAIN, whole, 4, 0, cache_dir)
  script(tmp_path / 'a.py', KERAS + TRAIN, parts, 2, 1)
  script(tmp_path / 'a.py', KERAS + TRAIN, parts, 4, 0)
  one, other = checkpoint(whole, 4), checkpoint(parts, 4)
  assert all(np.array_equal(one[name], other[name]) for name in one)
  done = run_binary('sample', f'--model_dir={whole}', f'--output={tmp_path}/a.png', code=2)
  (line,) = done.stderr.splitlines()
  assert 'in the memory of the Python program that called networks_of; go on there' in line


REFUSED = """
import keras as keras_3
from tfgan_pipeline.errors import UsageError

def refused(make, *words):
  try:
    make()
  except UsageError as error:
    assert all(word in str(error) for word in words), error
    assert len(str(error).splitlines()) == 1
  else:
    raise AssertionError(words)

def built(*given, **more):
  return lambda: run(networks_of(*given), sys.argv[1], **more).build()

generator, discriminator = models()
new = keras_3.Sequential([keras_3.Input((8,)), keras_3.layers.Dense(3)])
refused(built(new, discriminator), 'the generator is a model of Keras 3; make it of Keras 2')
refused(built(lambda noise: noise), 'the generator is a function')
refused(built(keras.Sequential([keras.layers.Dense(3)])), 'has no inputs of known shape')
refused(built(*models(noise=9)), "reads (9,), and the run has for it noise (8,)", 'normal(9)')
refused(built(generator, generator), 'the discriminator reads (8,), and', 'image (16, 16, 1)')
refused(built(generator, discriminator, dataset='digits(size=8)'), 'gives (16, 16, 1), and')
refused(built(*models(outputs=2)), 'the discriminator gives (2,), and the run needs (1,)')
refused(built(*models(logits='sigmoid')), 'the discriminator ends in a sigmoid')
refused(built(generator), 'has no discriminator')
assert networks_of(*models()) == networks_of(*models()) != networks_of(*models(last='sigmoid'))
kept = run(networks_of(generator, discriminator, keep_weights=True), sys.argv[1] + '/kept')
kept.build()
kept.train(2)
again = networks_of(generator, discriminator, keep_weights=True)
assert kept.experiment.networks == run(again, sys.argv[1] + '/kept').experiment.networks
"""


def test_keras_models_that_do_not_fit_are_refused(tmp_path):
  script(tmp_path / 'a.py', KERAS + REFUSED, tmp_path / 'run')


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
  script(tmp_path / 'a.py', text)
