"""Code that is not of the released package: kept with the run, and its change is told."""

import json
import logging
import textwrap

from tests import forked
from tests.conftest import run_binary
from tests.runs.test_identity import experiment, record_of
from tfgan_pipeline import registry
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.losses.adversarial import AdversarialLoss


def test_code_that_is_not_released_is_kept_and_its_change_is_told(tmp_path, cache_dir):
  script = tmp_path / 'script.py'
  script.write_text(
    textwrap.dedent("""
      import sys
      from tfgan_pipeline import registry
      from tfgan_pipeline.estimator import GANEstimator
      from tfgan_pipeline import Experiment
      from tfgan_pipeline.losses.adversarial import AdversarialLoss

      @registry.loss
      def of_script() -> AdversarialLoss:
        'Half of a loss.'
        plain = registry.loss.build('modified')
        return AdversarialLoss(
          lambda model, **more: 0.5 * plain.generator(model, **more), plain.discriminator
        )

      GANEstimator(
        Experiment(
          model_dir=sys.argv[1], loss='of_script', networks='mlp(units=4)',
          dataset='digits(size=16)',
          noise='normal(4)', batch_size=16, max_steps=int(sys.argv[2]), save_every=2,
        )
      ).train()
    """)
  )
  model_dir = tmp_path / 'run'

  def run_script(steps):
    process = forked.run(str(script), (str(model_dir), str(steps)), timeout=120)
    assert process.returncode == 0, process.stderr
    return process.stderr

  assert 'other code' not in run_script(2)
  first = record_of(model_dir)['sessions'][-1]['code']
  assert list(first) == ['loss of_script'] and first['loss of_script']['path'] == str(script)
  (copy,) = (model_dir / 'code').iterdir()
  assert copy.read_text() == script.read_text()
  # In a process of its own: whoever opens the run knows its components from then on.
  quick = ('--extractor=random_projection', '--metrics=fid', '--num_samples=32')
  scored = run_binary('evaluate', f'--model_dir={model_dir}', f'--cache_dir={cache_dir}', *quick)
  record = json.loads(scored.stdout)
  assert record['code'] == {'loss of_script': first['loss of_script']['hash']}
  script.write_text(script.read_text().replace('0.5 *', '0.25 *'))
  assert 'loss of_script: other code than in the session before' in run_script(4)
  sessions = record_of(model_dir)['sessions']
  assert [session.get('changed_code') for session in sessions] == [None, ['loss of_script']]
  assert len(list((model_dir / 'code').iterdir())) == 2


def test_a_loss_of_a_notebook_is_told_apart_by_its_source(tmp_path, caplog, register):
  def defined(weight):
    namespace = {'registry': registry, 'AdversarialLoss': AdversarialLoss}
    source = f"""
def cell() -> AdversarialLoss:
  plain = registry.loss.build('modified')
  return AdversarialLoss(
    lambda model, **more: {weight} * plain.generator(model, **more), plain.discriminator
  )
"""
    exec(source, namespace)
    return namespace['cell']

  for weight, steps in ((0.5, 2), (0.25, 4)):
    register(registry.loss, defined(weight))
    with caplog.at_level(logging.WARNING, 'tfgan_pipeline'):
      GANEstimator(experiment(tmp_path, loss='cell', max_steps=steps)).train()
  assert caplog.text.count('loss cell: other code than in the session before') == 1
  assert record_of(tmp_path)['sessions'][-1]['changed_code'] == ['loss cell']
