"""Protocols: what they set, what overrides them, and when a score may name one."""

from __future__ import annotations

import dataclasses

from absl import flags
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.evaluation.protocols import rule_of

PROTOCOLS = registry.protocol.components()
every_protocol = pytest.mark.parametrize('name', PROTOCOLS)


def parse(*arguments: str) -> EvaluationOptions:
  values = flags.FlagValues()
  EvaluationOptions.define_flags(flag_values=values)
  values(['program', *arguments])
  return EvaluationOptions.from_flags(values)


@every_protocol
def test_sets_its_values_and_says_with_what_it_compares(name):
  protocol = registry.protocol.build(name)
  options = parse(f'--protocol={name}', '--metrics=kid, fid', '--sample_seed=3')
  assert options == EvaluationOptions(
    **protocol.values, protocol=name, metrics='kid, fid', sample_seed=3
  )
  assert options.protocol == name and 'comparable' in protocol.comparable
  defining = {f.name for f in dataclasses.fields(EvaluationOptions) if f.metadata['defines']}
  assert set(protocol.values) <= defining
  # Protocols of translators take as many outputs as there are examples in the split.
  assert ('num_samples' in protocol.values) != bool(protocol.checkpoint)


def test_each_is_what_tables_are_made_with():
  found = {
    name: dict(registry.protocol.build(name).values) for name in registry.protocol.components()
  }
  average = {'weights': 'average'}
  assert found == {
    'train_50k': {'num_samples': 50_000, 'reference_split': 'train', **average},
    'ttur_10k': {'num_samples': 10_000, 'reference_split': 'train', **average},
    'test_10k': {'num_samples': 10_000, 'reference_split': 'test', **average},
    'quick_2k': {'num_samples': 2_000, 'reference_split': 'train', **average},
    'translation_last': {'reference_split': 'test'},
    'translation_best_of_k': {'reference_split': 'test'},
  }
  rules = {name: rule_of(EvaluationOptions.of_protocol(name)) for name in found}
  assert {name: rule for name, rule in rules.items() if rule} == {
    'translation_last': 'last',
    'translation_best_of_k': 'best',
  }


def test_the_number_of_outputs_of_a_translator_is_no_part_of_its_protocol():
  options = parse('--protocol=translation_last', '--num_samples=7')
  assert options.protocol == 'translation_last' and options.num_samples == 7
  assert not parse('--protocol=translation_last', '--reference_split=train').protocol


@pytest.mark.parametrize(
  'name',
  [name for name in PROTOCOLS if 'num_samples' in registry.protocol.build(name).values],
)
def test_a_flag_overrides_it_and_then_it_is_not_named(name, caplog):
  caplog.set_level('WARNING', 'tfgan_pipeline')
  wanted = registry.protocol.build(name).values['num_samples']
  assert parse(f'--protocol={name}', f'--num_samples={wanted}').protocol == name
  assert not caplog.records
  # Also when the flag repeats the default, which an override cannot be told from by its value.
  for value in {7, EvaluationOptions().num_samples} - {wanted}:
    options = parse(f'--num_samples={value}', f'--protocol={name}')
    assert options.num_samples == value and options.protocol == ''
    assert caplog.messages.pop() == f'--protocol={name} is not followed: --num_samples={value}'
  followed = EvaluationOptions.of_protocol(name)
  assert dataclasses.replace(followed, sample_seed=1).protocol == name
  assert dataclasses.replace(followed, weights='raw').protocol == ''


def test_none_is_the_default_and_unknown_ones_are_refused():
  assert parse() == EvaluationOptions() and not parse().protocol
  with pytest.raises(UsageError, match="--protocol=isola: unknown protocol 'isola'; there are: "):
    parse('--protocol=isola')
