"""Flags that are lists of numbers and ranges."""

from absl import flags
import pytest

from tfgan_pipeline.bin import command_line
from tfgan_pipeline.errors import UsageError


@pytest.fixture
def read(monkeypatch):
  def read(text):
    values = flags.FlagValues()
    flags.DEFINE_string('labels', text, '', flag_values=values)
    values(['program'])
    monkeypatch.setattr(flags, 'FLAGS', values)
    return command_line.read_numbers('labels')

  return read


def test_what_is_read(read):
  assert read('') == [] and read('3') == [3] and read('0-3,7') == [0, 1, 2, 3, 7]
  assert read(' 3 , 1-1,3') == [3, 1, 3] and len(read('0-99999')) == 100_000


@pytest.mark.parametrize(
  'text', ['1-', '-', '-3', '1--3', ',', '1,,2', '1-2-3', 'a', '1.5', '²', '٣']
)
def test_what_is_no_number(read, text):
  with pytest.raises(UsageError) as raised:
    read(text)
  assert str(raised.value) == f'--labels={text}: should be like 0-9 or 3,5'


@pytest.mark.parametrize(
  'text, message',
  [
    ('0,3-1', '--labels=0,3-1: 3-1 counts down; write 1-3'),
    ('0-999999999', '--labels=0-999999999: 0-999999999 are more than 100,000'),
    ('9' * 10_000, 'should be like 0-9 or 3,5'),
  ],
)
def test_what_is_no_range(read, text, message):
  with pytest.raises(UsageError) as raised:
    read(text)
  assert message in str(raised.value)
