"""Classes asked for by name or number."""

import pytest

from tfgan_pipeline.data.class_names import class_numbers
from tfgan_pipeline.errors import UsageError

PETS = ('cat', 'dog', 'Siamese cat', 'tabby, tabby cat', '3-1')
DIGITS = tuple(map(str, range(10)))
ONE_TO_TEN = tuple(map(str, range(1, 11)))
THOUSAND = tuple(f'class {number}' for number in range(1000))


@pytest.mark.parametrize(
  'labels, names, expected',
  [
    ('', PETS, []),
    ('cat,dog', PETS, [0, 1]),
    (' dog , cat,dog', PETS, [1, 0, 1]),
    ('tabby, tabby cat,dog', PETS, [3, 1]),
    ('3-1', PETS, [4]),
    ('0-2,dog', PETS, [0, 1, 2, 1]),
    ('0-9', DIGITS, list(range(10))),
    ('0-3,7', DIGITS, [0, 1, 2, 3, 7]),
    (' 3 , 1-1,3', DIGITS, [3, 1, 3]),
    # Names before numbers; where one is no name, all are numbers.
    ('1-10', ONE_TO_TEN, list(range(10))),
    ('1,3', ONE_TO_TEN, [0, 2]),
    ('class 7', THOUSAND, [7]),
    (['dog', 0], PETS, [1, 0]),
    ([], PETS, []),
  ],
)
def test_what_is_read(labels, names, expected):
  assert class_numbers(labels, names) == expected


@pytest.mark.parametrize(
  'labels, names, message',
  [
    ('dgo', PETS, "--labels=dgo: no class 'dgo'; there are classes 0 to 4: dog, cat, Siamese cat,"),
    ('Cat', PETS, "no class 'Cat'; there are classes 0 to 4: cat, "),
    ('siamese', PETS, 'there are classes 0 to 4: Siamese cat, cat, dog'),
    ('cat,7', PETS, 'no class 7; there are classes 0 to 4: cat, dog'),
    ('-3', DIGITS, "no class '-3'; there are classes 0 to 9: 3"),
    ('1-', DIGITS, "no class '1-'"),
    ('1-2-3', DIGITS, "no class '1-2-3'"),
    ('²', DIGITS, "no class '²'"),
    ('٣', DIGITS, "no class '٣'"),
    ('1.5', DIGITS, "no class '1.5'"),
    ('9' * 10_000, DIGITS, 'no class '),
    (',', DIGITS, '--labels=,: should be like 0-9, 3,5 or 0,1'),
    ('cat,,dog', PETS, 'should be like 0-9, 3,5 or cat,dog'),
    ('0,3-1', DIGITS, '--labels=0,3-1: 3-1 counts down; write 1-3'),
    ('0-999999999', DIGITS, '0-999999999 are more than 100,000'),
    ('class 1000', THOUSAND, 'class 100, class 10, '),
    ('class 1000', THOUSAND, ' and 980 more'),
    ([10], DIGITS, '--labels: no class 10; there are classes 0 to 9'),
    ([-1], DIGITS, '--labels: no class -1; there are classes 0 to 9'),
    (['owl'], PETS, "--labels: no class 'owl'"),
  ],
)
def test_what_is_no_class_is_answered_with_the_classes(labels, names, message):
  with pytest.raises(UsageError) as raised:
    class_numbers(labels, names)
  assert message in str(raised.value) and '\n' not in str(raised.value)
