"""Component strings: what is read, what is refused and how."""

import subprocess
import sys

import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.registry import calls
from tfgan_pipeline.registry.calls import Later

ALL = [(kind, name) for kind in registry.ALL for name in kind.components()]


def test_source_and_import_agree():
  """Checks that reading a source finds the hyper-parameters that the imported function has."""
  for kind, name in ALL:
    found = kind.components()[name]
    assert found == calls.of_function(kind.function(name))
    assert 0 < len(found.doc) <= 100, f'{name} needs a first line for --list'


def test_defaults_have_their_declared_types():
  for kind, name in ALL:
    for parameter in kind.components()[name].parameters:
      assert parameter.annotation, f'{name}({parameter.name}) needs a type'
      if not parameter.required:
        parameter.check(parameter.default)


def test_an_argument_that_came_later_is_named_where_it_is_used(register):
  def grown(reference, generated, *, k: int = 3, kind: Later[str] = 'plain') -> dict[str, float]:
    """Has got an argument."""
    return {'k': k, 'kind': kind}

  register(registry.metric, grown)
  assert registry.metric.components()['grown'].signature == 'grown(k=3, kind=plain)'
  for text in ('grown', 'grown(k=3)', 'grown(kind=plain)', "grown(3, kind='plain')"):
    assert str(registry.metric.parse(text)) == 'grown(k=3)'
    assert registry.metric.build(text, None, None) == {'k': 3, 'kind': 'plain'}
  assert str(registry.metric.parse('grown(kind=other)')) == 'grown(k=3, kind=other)'
  with pytest.raises(UsageError, match='kind=3 should be str'):
    registry.metric.parse('grown(kind=3)')


def test_canonical_form_names_every_argument():
  text = str(registry.optimizer.parse('adam(1e-3, beta_1=0)'))
  assert text == "adam(learning_rate=0.001, beta_1=0.0, beta_2=0.999, epsilon=1e-07, schedule='')"
  assert str(registry.optimizer.parse(text)) == text


def test_bare_words_negative_numbers_tuples_and_nested_calls():
  @registry.dataset
  def example(options, *, source: str, shape: tuple = (1, 2), scale: float | None = None):
    """An example."""
    return source, shape, scale

  try:
    assert registry.dataset.build('example(mnist, (3, 4), scale=-2)', None) == ('mnist', (3, 4), -2)
    assert registry.dataset.build('example(stacked(mnist, 3))', None)[0] == 'stacked(mnist, 3)'
    assert str(registry.dataset.parse("example('a b')")) == (
      "example(source='a b', shape=(1, 2,), scale=None)"
    )
  finally:
    del registry.dataset._runtime['example']


def test_yes_and_no_as_flags_have_them():
  build = registry.penalty.parse
  assert build('r1(approximate=true)') == build('r1(approximate=True)')
  assert build('r1(approximate=false)') == build('r1')
  with pytest.raises(UsageError, match='approximate=yes should be bool'):
    build('r1(approximate=yes)')


def test_lists_keep_their_order():
  calls = registry.metric.parse_all('kid(subsets=3), fid')
  assert [call.name for call in calls] == ['kid', 'fid']
  assert registry.metric.parse_all('  ') == ()


@pytest.mark.parametrize(
  'text, message',
  [
    ('dcgann', "unknown network 'dcgann'; did you mean dcgan?"),
    ('dcgan(filter=3)', "no argument 'filter' in dcgan(filters=64"),
    ('dcgan(filters=big)', 'argument filters=big should be int'),
    ('dcgan(filters=1.5)', 'argument filters=1.5 should be int'),
    ('dcgan(filters=True)', 'argument filters=True should be int'),
    ('dcgan(1, filters=2)', "argument 'filters' given twice"),
    ('dcgan(1, 2, 3, True, 5, 6)', '6 arguments given'),
    ('dcgan(', 'cannot be read'),
    ('dcgan, mlp', 'one network is needed, got 2'),
    ('', 'one network is needed, got 0'),
    ('dcgan(filters=1+1)', 'not a number, word or string: 1 + 1'),
    ('dcgan(**x)', '** is not understood'),
    ('os.system("x")', 'a network is written name(argument=value)'),
    ('3', 'a network is written name(argument=value)'),
  ],
)
def test_refusals_are_one_line_that_says_what_to_do(text, message):
  with pytest.raises(UsageError) as raised:
    registry.network.parse(text)
  assert message in str(raised.value)
  assert '\n' not in str(raised.value)


def test_required_arguments():
  with pytest.raises(UsageError, match="argument 'name' is missing, as in tfds"):
    registry.dataset.parse('tfds')


def test_knows_nothing_of_tensorflow():
  code = (
    'import sys; from tfgan_pipeline import Experiment, registry;'
    '[kind.components() for kind in registry.ALL]; Experiment();'
    'sys.exit("tensorflow" in sys.modules or "numpy" in sys.modules)'
  )
  assert subprocess.run([sys.executable, '-c', code]).returncode == 0
