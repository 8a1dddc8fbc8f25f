"""Files that are written whole: what reaches the disk, and in which order."""

import os
import stat

import pytest

from tfgan_pipeline.compat import tf
from tfgan_pipeline.runs import atomic_files


@pytest.fixture
def synced(monkeypatch):
  """Records each fsync as (name of the file, names in its directory at that moment)."""
  found = []
  fsync = os.fsync

  def recording(file):
    path = os.readlink(f'/proc/self/fd/{file}')
    is_folder = stat.S_ISDIR(os.fstat(file).st_mode)
    folder = path if is_folder else os.path.dirname(path)
    found.append((path, sorted(os.listdir(folder))))
    fsync(file)

  monkeypatch.setattr(os, 'fsync', recording)
  return found


def test_the_content_is_on_disk_before_its_name_and_then_its_name(tmp_path, synced):
  path = tmp_path / 'file'
  atomic_files.write(str(path), 'old')
  atomic_files.write(str(path), 'new')
  assert path.read_text() == 'new' and os.listdir(tmp_path) == ['file']
  (temporary, first), (folder, second), (_, third), (_, fourth) = synced
  assert temporary.startswith(f'{path}.') and first == [os.path.basename(temporary)]
  assert folder == str(tmp_path) and second == fourth == ['file']
  assert 'file' in third and len(third) == 2


def test_what_can_be_made_again_need_not_wait_for_the_disk(tmp_path, synced, monkeypatch):
  atomic_files.write(str(tmp_path / 'picture'), b'new', durable=False)
  atomic_files.write('ram://bucket/file', 'new')  # Nothing of a bucket is there to be synced.
  atomic_files.sync('ram://bucket/file')
  assert not synced
  monkeypatch.chdir(tmp_path)
  atomic_files.write('file', 'new')
  assert [path for path, _ in synced][1] == str(tmp_path)


def test_sync_takes_files_and_then_each_of_their_folders_once(tmp_path, synced):
  root = tf.train.Checkpoint(value=tf.Variable([1.0, 2.0]))
  prefix = str(tmp_path / 'ckpt-000001')
  root.write(prefix)
  paths = [prefix + '.data-00000-of-00001', prefix + '.index']
  atomic_files.sync(*paths)
  assert [path for path, _ in synced] == [*paths, str(tmp_path)]


def test_a_folder_that_cannot_be_synced_is_no_error_and_a_file_is(tmp_path, monkeypatch):
  """Checks a file system without fsync of directories, as some network ones are."""
  fsync = os.fsync

  def refusing(file):
    if stat.S_ISDIR(os.fstat(file).st_mode):
      raise OSError(22, 'Invalid argument')
    fsync(file)

  monkeypatch.setattr(os, 'fsync', refusing)
  atomic_files.write(str(tmp_path / 'file'), 'new')
  assert (tmp_path / 'file').read_text() == 'new'
  with pytest.raises(OSError):
    atomic_files.sync(str(tmp_path / 'gone'))
