"""Checks that canonical call strings parse back to equal calls, whatever their arguments."""

import keyword
import math
import random
import shlex

from absl import flags
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import ComponentError, UsageError
from tfgan_pipeline.registry.calls import Call

WORDS = [
  *keyword.kwlist,
  *keyword.softkwlist,
  *('', ' ', 'a b', 'mnist', '3', '-1', '1e3', '()', 'f(x)', 'a=1', 'a, b', '"', "'", '\'"', '\\'),
  *('\n', '\t', '\0', '#', '//', '--flag', '{x}', "f'{x}'", '__debug__', 'NotImplemented', 'nan'),
  *(
    'inf',
    'Ellipsis',
    '...',
    'ﬁ',
    'é',
    'e\u0301',
    'ｘ',
    '数',
    '𝔘',
    '\udc80',
    'a\N{NO-BREAK SPACE}',
  ),
]
NUMBERS = [0, -1, 10**30, 0.1, -0.0, 1e-300, -2.5e17, 1e22, math.inf, -math.inf, True, False, None]


def values(chance: random.Random, depth: int = 3):
  kind = chance.randrange(5 if depth else 3)
  if kind == 0:
    return chance.choice(NUMBERS)
  if kind in (1, 2):
    return ''.join(chance.choices(WORDS, k=chance.choice([1, 1, 1, 2, 3])))
  if kind == 3:
    return tuple(values(chance, depth - 1) for _ in range(chance.randrange(4)))
  return str(Call('nested', {'a': values(chance, depth - 1), 'b': values(chance, depth - 1)}))


def alike(one, other) -> bool:
  return repr(one) == repr(other)  # True is not 1, and -0.0 not 0.0.


@pytest.fixture
def example(register):
  def example(options, *, first, second=()):
    """Takes anything."""
    return first, second

  register(registry.dataset, example)


def test_what_is_written_is_read_as_it_was(example):
  chance = random.Random(0)
  every = [*WORDS, *NUMBERS, (), ((),), (1,), ((None, 'None'), 'a')]
  for value in [*every, *(values(chance) for _ in range(3000))]:
    call = Call('example', {'first': value, 'second': (value, value)})
    read = registry.dataset.parse(str(call))
    assert alike(read.arguments, call.arguments), str(call)
    assert str(read) == str(call)
    assert alike(registry.dataset.build(str(call), None), (value, (value, value)))


def test_a_flagfile_gives_the_experiment_that_was_written_to_it(tmp_path):
  chance = random.Random(1)
  names = [word for word in WORDS if '\udc80' not in word]
  for word in [*names, *(''.join(chance.choices(names, k=3)) for _ in range(200))]:
    experiment = Experiment(dataset=f'tfds(name={word!r})')
    path = tmp_path / 'experiment.flags'
    path.write_text(experiment.to_flagfile(), encoding='utf-8')
    found = flags.FlagValues()
    Experiment.define_flags(flag_values=found)
    flags.DEFINE_multi_string('flagfile', [], '', flag_values=found)
    found(['', f'--flagfile={path}'])
    assert Experiment.from_flags(found) == experiment, shlex.quote(experiment.dataset)


@pytest.mark.parametrize(
  'text, message',
  [
    ('example(first=1, first=2)', "dataset 'example': argument 'first' given twice"),
    ('example(' + '(' * 1000 + ')' * 1000 + ')', 'cannot be read as name(argument=value)'),
    ('example(' + '-' * 100_000 + '1)', 'cannot be read as name(argument=value)'),
    ('example(\0)', 'cannot be read as name(argument=value)'),
    ("example(f'{1}')", "not a number, word or string: f'{1}'"),
  ],
)
def test_refusals(example, text, message):
  with pytest.raises(UsageError) as raised:
    registry.dataset.parse(text)
  assert message in str(raised.value) and len(str(raised.value)) < 250_000


def some(annotation):
  """Returns a component with one argument of this type."""

  def annotated(*, value):
    """Some."""
    return value

  annotated.__annotations__['value'] = annotation
  return annotated


ANNOTATIONS = {
  'int': ([1, -3], [1.0, 'a', True, None, (1,)]),
  'float': ([1.5, 2], ['a', True, None]),
  'int | None': ([1, None], [1.5, 'None']),
  'Optional[int]': ([1, None], [1.5, 'None']),
  'typing.Optional[float]': ([1, 2.0, None], ['a']),
  'Union[int, str]': ([1, 'a'], [1.5, None]),
  'float | int': ([1, 1.5], ['a', True]),
  'tuple': ([(), (1, 'a')], [1]),
  'tuple[int, ...]': ([(), (1,), (1, 2)], [1, (1.5,), ('a',)]),
  'tuple[int, str]': ([(1, 'a')], [(1,), (1, 2), ('a', 1), (1, 'a', 'b')]),
  'tuple[tuple[float, ...], ...] | None': ([((1, 2.0), ()), None], [(1,)]),
  "Literal['a', 'b', 3]": (['a', 'b', 3], ['c', 3.0, True]),
  "'int'": ([1], ['a']),
  'Any': ([1, 'a', (1,), None], []),
}


@pytest.mark.parametrize('annotation', ANNOTATIONS)
def test_values_are_checked_by_their_annotation(register, annotation):
  right, wrong = ANNOTATIONS[annotation]
  register(registry.schedule, some(annotation))
  for value in right:
    built = registry.schedule.build(str(Call('annotated', {'value': value})))
    assert built == value and isinstance(built, float) >= (annotation == 'float')
  for value in wrong:
    with pytest.raises(UsageError, match='argument value=.* should be '):
      registry.schedule.parse(str(Call('annotated', {'value': value})))


def test_annotations_may_be_objects(register):
  for annotation in (int | None, tuple[int, ...], float):
    register(registry.schedule, some(annotation))
    with pytest.raises(UsageError, match='argument value=a should be '):
      registry.schedule.parse('annotated(a)')


@pytest.mark.parametrize('annotation', ['list[str]', 'Sequence[int]', 'int or None', 'keras.Model'])
def test_an_annotation_that_is_not_understood_is_told_of_at_once(annotation):
  with pytest.raises(ComponentError) as raised:
    registry.schedule(some(annotation))
  assert 'schedule annotated: argument value is annotated ' in str(raised.value)
  assert annotation in str(raised.value) and '\n' not in str(raised.value)
