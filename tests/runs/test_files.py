"""Storage that does not answer is not taken for an empty one, on disks and in buckets."""

import errno
import os

import pytest

from tests.conftest import files_under, tiny_experiment
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import Unreachable, UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.runs import files
from tfgan_pipeline.runs.directory import RunDirectory, find_runs
from tfgan_pipeline.runs.score_records import find_records
from tfgan_pipeline.runs.training_lock import TrainingLock

QUESTIONS = (files.exists, files.is_folder, files.names_in, files.read_bytes)


@pytest.fixture
def away(monkeypatch):
  """A function (module, name, error, where): makes module.name raise `error` below `where`."""

  def make(module, name, error, where):
    real = getattr(module, name)

    def function(path, *arguments, **more):
      if str(path).startswith(str(where)):
        raise error
      return real(path, *arguments, **more)

    monkeypatch.setattr(module, name, function)

  return make


@pytest.fixture(params=['disk', 'bucket'])
def folder(request, tmp_path):
  """A folder that holds the file a."""
  path = str(tmp_path) if request.param == 'disk' else f'ram://{tmp_path.name}'
  files.make_folder(path)
  files.write_bytes(f'{path}/a', b'12')
  return path


def test_what_is_there_and_what_is_not(folder):
  assert files.exists(folder) and files.is_folder(folder) and files.names_in(folder) == ['a']
  assert files.exists(f'{folder}/a') and not files.is_folder(f'{folder}/a')
  assert files.read_bytes(f'{folder}/a') == b'12' == b''.join(files.blocks(f'{folder}/a', 1))
  for absent in (f'{folder}/b', f'{folder}/a/b'):
    assert not files.exists(absent) and not files.is_folder(absent)
    assert files.names_in(absent) == []
  with pytest.raises(FileNotFoundError):
    files.read_bytes(f'{folder}/b')


@pytest.mark.parametrize('question', QUESTIONS, ids=lambda question: question.__name__)
def test_no_answer_is_no_no(folder, question, away):
  if folder.startswith('ram://'):
    error = tf.errors.UnavailableError(None, None, 'the bucket is away')
    for name in ('exists', 'stat', 'listdir', 'GFile'):
      away(tf.io.gfile, name, error, folder)
  else:
    error = OSError(errno.EIO, os.strerror(errno.EIO))
    for name in ('stat', 'listdir'):
      away(os, name, error, folder)
    away(__import__('builtins'), 'open', error, folder)
  with pytest.raises(Unreachable, match=f'^{folder}: cannot be read now .*same command continues$'):
    question(folder)


def test_a_bucket_whose_listing_says_that_there_is_no_folder_is_asked_again(away):
  files.make_folder('ram://listed')
  error = tf.errors.NotFoundError(None, None, 'Could not find directory')
  away(tf.io.gfile, 'listdir', error, 'ram://listed')
  with pytest.raises(Unreachable):
    files.names_in('ram://listed')


@pytest.mark.parametrize('name', ['x' * 300, 'loop'])
def test_a_path_that_cannot_be_is_the_callers_fault(tmp_path, name):
  (tmp_path / 'loop').symlink_to(tmp_path / 'loop')
  for question in (*QUESTIONS, lambda path: RunDirectory(path).exists()):
    with pytest.raises(UsageError, match=f'^(--model_dir=)?{tmp_path}/{name}'):
      question(str(tmp_path / name))


def test_patterns_of_a_disk_that_does_not_answer(tmp_path, away):
  away(os, 'listdir', OSError(errno.EIO, os.strerror(errno.EIO)), tmp_path)
  with pytest.raises(Unreachable):
    files.matches(f'{tmp_path}/a/../*')


def test_one_bad_folder_keeps_no_run_from_being_found(tiny_run, tmp_path):
  (tmp_path / 'run').symlink_to(tiny_run)
  (tmp_path / 'loop').symlink_to(tmp_path / 'loop')
  assert find_runs(f'{tmp_path}/*') == [f'{tmp_path}/run']


def test_data_that_cannot_be_reached_is_looked_for_beside_the_run(tmp_path, away):
  run, data = tmp_path / 'here/run', tmp_path / 'here/data'
  GANEstimator(tiny_experiment(run, networks='mlp(units=4)', data_dir=str(data))).train(2)
  (tmp_path / 'here').rename(tmp_path / 'there')
  (tmp_path / 'there/data').mkdir()
  away(os, 'stat', PermissionError(errno.EACCES, 'Permission denied'), data)
  found = GANEstimator.of_run(str(tmp_path / 'there/run')).experiment
  assert found.data_dir == str(tmp_path / 'there/data')


def test_a_lock_in_a_bucket_that_is_away(away):
  away(tf.io.gfile, 'makedirs', tf.errors.UnavailableError(None, None, 'away'), 'ram://gone')
  with pytest.raises(Unreachable, match='ram://gone/train: cannot be written now .*away'):
    TrainingLock('ram://gone/train').__enter__()


def test_a_run_whose_folder_cannot_be_listed_does_not_start_over(tmp_path, away, monkeypatch):
  GANEstimator(tiny_experiment(tmp_path, networks='mlp(units=4)')).train(2)
  before = files_under(tmp_path)
  del before['train/lock']
  away(os, 'listdir', OSError(errno.EIO, os.strerror(errno.EIO)), tmp_path / 'checkpoints')
  with pytest.raises(Unreachable):
    GANEstimator(tiny_experiment(tmp_path, networks='mlp(units=4)')).train()
  monkeypatch.undo()
  after = files_under(tmp_path)
  assert {name: after[name] for name in before} == before
  assert GANEstimator(tiny_experiment(tmp_path, networks='mlp(units=4)')).train() == 4


def test_records_are_found_in_a_bucket_and_elsewhere(tmp_path):
  line = b'{"step": 2, "scores": {"fid": 1}, "definition": {}, "definition_id": "a"}\n'
  for name in ('ram://scored/run/eval/a/scores.jsonl', 'ram://scored/mine.jsonl'):
    files.make_folder(os.path.dirname(name))
    files.write_bytes(name, line)
    assert list(find_records(name)) == [name]
  assert list(find_records('ram://scored/run')) == ['ram://scored/run/eval/a/scores.jsonl']
  # A file that lies three folders below a run, but is none of its evaluation's.
  GANEstimator(tiny_experiment(tmp_path, networks='mlp(units=4)')).train(2)
  (tmp_path / 'of/others').mkdir(parents=True)
  (tmp_path / 'of/others/scores.jsonl').write_bytes(line)
  assert len(find_records(str(tmp_path / 'of/others'))) == 1
