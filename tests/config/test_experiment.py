"""The experiment: checks, canonical form, the flagfile it writes, what makes it another one."""

import dataclasses
import os

from absl import flags
import pytest

from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import UsageError


def parse(*arguments: str) -> Experiment:
  """Returns the experiment of a command line."""
  values = flags.FlagValues()
  Experiment.define_flags(flag_values=values)
  values(['program', *arguments])
  return Experiment.from_flags(values)


def test_every_field_is_a_flag_and_has_help():
  experiment = parse()
  assert experiment == Experiment()
  for field in dataclasses.fields(Experiment):
    assert field.metadata['help'].endswith('.'), field.name


def test_flagfile_round_trip(tmp_path):
  experiment = parse(
    '--networks=dcgan(32)',
    '--augment=flip, shift(0.1)',
    '--update=sequential',
    '--nodeterministic',
    '--ema_decay=0',
    '--model_dir=/tmp/some where',
  )
  path = tmp_path / 'experiment.flags'
  path.write_text(experiment.to_flagfile())
  assert parse(f'--flagfile={path}') == experiment
  assert Experiment.from_record(experiment.to_dict()) == experiment


def test_later_flags_override_a_flagfile(tmp_path):
  path = tmp_path / 'experiment.flags'
  path.write_text(Experiment(batch_size=8).to_flagfile())
  assert parse(f'--flagfile={path}', '--batch_size=16').batch_size == 16


@pytest.mark.parametrize(
  'values, message',
  [
    ({'networks': 'nothing'}, "--networks=nothing: unknown network 'nothing'"),
    ({'penalties': 'nothing(1)'}, '--penalties=nothing(1): unknown penalty'),
    ({'batch_size': 0}, '--batch_size=0: should be at least 1'),
    ({'batch_size': 1.5}, '--batch_size=1.5: should be int'),
    ({'ema_decay': 1.0}, '--ema_decay=1.0: should be less than 1'),
    ({'clip_weights': float('nan')}, '--clip_weights=nan: should be a finite number'),
    ({'update': 'both'}, '--update=both: should be one of joint, sequential'),
    ({'seed': -1}, '--seed=-1: should be at least 0'),
  ],
)
def test_bad_values_name_their_flag(values, message):
  with pytest.raises(UsageError) as raised:
    Experiment(**values)
  assert str(raised.value).startswith(message)


def test_spelling_does_not_make_another_experiment():
  assert Experiment(networks='dcgan') == Experiment(networks='dcgan( filters = 64 )')


def test_differences_are_the_defining_fields():
  experiment = Experiment()
  assert not experiment.differences(Experiment(max_steps=7, model_dir='x', log_every=3))
  assert experiment.differences(Experiment(batch_size=32)) == ['--batch_size=64 (was 32)']


def test_a_record_is_not_checked_again_but_overrides_are():
  values = {**Experiment().to_dict(), 'loss': 'of_some_script', 'of_a_later_version': 1}
  experiment = Experiment.from_record(values, data_dir='~/data', model_dir=None)
  assert experiment.loss == 'of_some_script'
  assert experiment.data_dir == os.path.expanduser('~/data')
  del values['networks']
  assert Experiment.from_record(values).networks == Experiment().networks
  with pytest.raises(UsageError, match='--batch_size=0'):
    Experiment.from_record(values, batch_size=0)


def test_a_component_may_be_named_once_but_augmentations_in_any_order():
  Experiment(augment='flip, shift, flip')
  with pytest.raises(UsageError, match='names a component twice'):
    Experiment(penalties='wasserstein_gradient(1), wasserstein_gradient(2)')
