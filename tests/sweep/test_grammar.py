"""The language of --sweep."""

import pytest

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.sweep.grammar import values_by_setting


@pytest.mark.parametrize(
  'text, expected',
  [
    (
      'generator_optimizer=adam(1e-4)|adam(2e-4); seed=0..2',
      {'generator_optimizer': ('adam(1e-4)', 'adam(2e-4)'), 'seed': ('0', '1', '2')},
    ),
    ('seed=7', {'seed': ('7',)}),
    (' seed = 7..7 ;', {'seed': ('7',)}),
    ('seed=0..1|5|8..9', {'seed': ('0', '1', '5', '8', '9')}),
    (
      "dataset=arrays('a;b|c.npy')|digits(size=16); batch_size=8",
      {'dataset': ("arrays('a;b|c.npy')", 'digits(size=16)'), 'batch_size': ('8',)},
    ),
    (
      'augment=flip, shift(0.1)|flip(horizontal=(a|b))',
      {'augment': ('flip, shift(0.1)', 'flip(horizontal=(a|b))')},
    ),
    ("penalties=''|r1(10)", {'penalties': ('', 'r1(10)')}),
    ('data_dir="/a|b; c"|/d', {'data_dir': ('/a|b; c', '/d')}),
    ('ema_decay=0.99|0.999', {'ema_decay': ('0.99', '0.999')}),
  ],
)
def test_what_it_means(text, expected):
  assert values_by_setting(text) == expected


@pytest.mark.parametrize(
  'text, problem',
  [
    ('', 'has no settings'),
    (' ; ', 'has no settings'),
    ('seed', 'seed: should be a setting and its values, as in --sweep='),
    ('=3', '=3: should be a setting'),
    ('Seed=3', 'Seed=3: should be a setting'),
    ('seed=', "seed has no values; an empty one is written seed=''"),
    ('seed=1|', "seed has an empty value; write '' for"),
    ('seed=1||2', 'seed has an empty value'),
    ('seed=1; seed=2', 'seed is given twice'),
    ('seed=2..0', 'seed=2..0: should be a range that rises'),
    ('seed=0..99999999999', 'of at most 10,000 numbers'),
    ('augment=shift(2', 'augment=shift(2: ( is never closed'),
    ('augment=shift)2', ') closes nothing that is open'),
    ('augment=shift(2]', '] closes nothing that is open'),
    ("augment='shift", "' is never closed"),
  ],
)
def test_what_is_refused(text, problem):
  with pytest.raises(UsageError) as caught:
    values_by_setting(text)
  assert str(caught.value).startswith('--sweep: ') and problem in str(caught.value)
