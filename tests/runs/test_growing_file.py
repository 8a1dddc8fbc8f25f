"""Files that grow, on a disk at once and in a bucket in as few requests as there can be."""

import pytest

from tests.benchmarks.bucket_operations import Counter
from tfgan_pipeline.runs import event_files, files
from tfgan_pipeline.runs.growing_file import GrowingFile
from tfgan_pipeline.writers import tensorboard
from tfgan_pipeline.writers.json_lines import JsonLines
from tfgan_pipeline.writers.tensorboard import TensorBoard


def test_a_line_on_a_disk_is_there_when_the_call_returns(tmp_path):
  file = GrowingFile(str(tmp_path / 'lines'))
  file.add(b'one\n')
  assert (tmp_path / 'lines').read_bytes() == b'one\n'
  file.flush()
  file.add(b'two\n')
  assert (tmp_path / 'lines').read_bytes() == b'one\ntwo\n' and file.held_bytes == 0


@pytest.mark.parametrize('known, requests', [(True, {'write': 1}), (False, None)])
def test_lines_in_a_bucket_are_written_together_behind_those_that_are_there(known, requests):
  path = f'ram://growing/{known}'
  files.write_bytes(path, b'zero\n')
  file = GrowingFile(path, b'zero\n' if known else None)
  with Counter().counting() as counter:
    file.add(b'one\n')
    file.add(b'two\n')
    assert files.read_bytes(path) == b'zero\n'
    counter.calls.clear()
    file.flush()
    assert requests in (None, dict(+counter.calls))
    assert files.read_bytes(path) == b'zero\none\ntwo\n'
    counter.calls.clear()
    file.flush()  # Nothing to write.
    file.add(b'three\n')
    file.flush()
    assert dict(+counter.calls) == {'write': 1}  # The file is not fetched.
  assert files.read_bytes(path) == b'zero\none\ntwo\nthree\n'


def test_a_new_event_file_follows_one_that_is_large(monkeypatch):
  monkeypatch.setattr(tensorboard, '_LARGE', 2000)
  with TensorBoard('ram://events/train') as writer:
    for step in range(60):
      writer.scalars(step, {'loss': 0.5})
      writer.flush()
  names = files.names_in('ram://events/train')
  assert len(names) == 2 or len(names) == 3
  assert all(len(files.read_bytes(f'ram://events/train/{name}')) < 2200 for name in names)
  found = [event.step for event in event_files.read('ram://events/train')]
  assert found == list(range(60))


def test_lines_are_continued_after_a_rewrite():
  lines = JsonLines('ram://lines/train.jsonl')
  files.make_folder('ram://lines')
  lines.scalars(1, {'loss': 1.0})
  lines.close()
  again = JsonLines('ram://lines/train.jsonl')
  again.rewrite(lambda line: line)
  again.scalars(2, {'loss': 2.0})
  again.sync()
  text = files.read_text('ram://lines/train.jsonl')
  assert text == '{"step": 1, "loss": 1.0}\n{"step": 2, "loss": 2.0}\n'
