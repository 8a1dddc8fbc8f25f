"""Networks of Keras models that Python gives: scripts, run again as users do."""

import textwrap

import numpy as np

from tests import forked
from tests.conftest import checkpoint, run_binary

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
mistyped = networks_of(generator, discriminater=discriminator)
refused(lambda: run(mistyped, sys.argv[1]).build(), 'has no discriminator')
assert networks_of(*models()) == networks_of(*models()) != networks_of(*models(last='sigmoid'))
kept = run(networks_of(generator, discriminator, keep_weights=True), sys.argv[1] + '/kept')
kept.build()
kept.train(2)
again = networks_of(generator, discriminator, keep_weights=True)
assert kept.experiment.networks == run(again, sys.argv[1] + '/kept').experiment.networks
"""


def test_keras_models_that_do_not_fit_are_refused(tmp_path):
  script(tmp_path / 'a.py', KERAS + REFUSED, tmp_path / 'run')
