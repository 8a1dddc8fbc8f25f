"""The dataset of tunes: phrases, splits by tune, what is left out, and refusals."""

import numpy as np
import pytest

from tests.conftest import run_binary
from tests.data.test_musicxml import packed
from tests.data.tune_files import abc, musicxml, note, write_tunes
from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.media.rolls import pitches_of


def build(folder, more: str = '', **options):
  return registry.dataset.build(f"tunes('{folder}'{more})", DataOptions(**options))


def test_a_folder_of_all_kinds_of_files(tmp_path):
  bars = [note(step, 4, 16) for step in 'CDEFGABCDEFG']
  (tmp_path / 'deep').mkdir()
  (tmp_path / 'deep/a.mxl').write_bytes(packed(musicxml(*bars[:8])))
  (tmp_path / 'deep/a.XML').write_text(musicxml(*bars[:9]))
  (tmp_path / 'a.musicxml').write_text(musicxml(*bars[:10], fifths=-1))
  (tmp_path / 'again.musicxml').write_text(musicxml(*bars[:10], fifths=-1))
  (tmp_path / 'a.abc').write_text(
    abc('C8 | ' * 9) + abc('C8 |', number=2) + abc('C', metre='6/8') + abc('(3CDE')
  )
  (tmp_path / 'notes.txt').write_text('no tune')
  dataset = build(tmp_path)
  assert dataset.fields['image'].shape == (128, 128, 1)
  assert dataset.fields['image'].medium.call == 'roll(tempo=120.0)'
  assert dataset.notes == (
    '4 tunes; left out: 1 other metres, 1 triplets, 1 shorter than 8 bars, 1 written twice'
  )
  pitches = pitches_of(np.concatenate([split.images for split in dataset.splits.values()]))
  assert len(pitches) == 1 + 2 + 2 + 2
  scale = [60, 62, 64, 65, 67, 69, 71, 60, 62, 64]
  # F major is a fifth below C major, and the last phrase ends with the tune.
  expected = np.repeat([note + 7 for note in scale[2:]], 16)
  assert any(np.array_equal(row, expected - 12) or np.array_equal(row, expected) for row in pitches)


def test_no_tune_is_in_two_splits(tmp_path):
  dataset = build(write_tunes(tmp_path, count=40, bars=17))
  assert {name: split.size for name, split in dataset.splits.items()} == {
    'train': 96,
    'validation': 12,
    'test': 12,
  }
  phrases = [{row.tobytes() for row in split.images} for split in dataset.splits.values()]
  assert len(set.union(*phrases)) == 120
  again = build(tmp_path)
  assert again.fingerprint == dataset.fingerprint
  assert build(tmp_path, ', bars=4').image_shape == (64, 128, 1)


def test_transposed_tunes_are_in_training_alone(tmp_path):
  write_tunes(tmp_path)
  plain, more = build(tmp_path), build(tmp_path, ', transposed=2')
  assert more.split('train').size == 5 * plain.split('train').size
  assert more.split('test').size == plain.split('test').size
  one, other = (pitches_of(data.split('train').images) for data in (plain, more))
  for number, shift in enumerate(range(-2, 3)):
    part = other[number * len(one) :][: len(one)]
    np.testing.assert_array_equal(part, np.where(one < 0, -1, one + shift))


@pytest.mark.parametrize(
  'more, message',
  [
    (', bars=0', 'bars=0 should be at least 1'),
    (', transposed=7', 'transposed=7 should be .* at most 6'),
    (', corpus=folks', r'corpus=folks should be one of folk, chorales; did you mean folk'),
  ],
)
def test_bad_arguments(tmp_path, more, message):
  with pytest.raises(UsageError, match=message):
    build(write_tunes(tmp_path, count=1), more)


def test_a_folder_below_data_dir(tmp_path):
  write_tunes(tmp_path / 'songs')
  fingerprints = {
    registry.dataset.build(text, DataOptions(data_dir)).fingerprint
    for text, data_dir in (
      ('tunes', f'{tmp_path}/songs'),
      ('tunes(songs)', str(tmp_path)),
      (f"tunes('{tmp_path}/songs')", '/nowhere'),
    )
  }
  assert len(fingerprints) == 1


def test_memory(tmp_path):
  with pytest.raises(UsageError, match='phrases do not fit --memory_limit_gb=0.0001'):
    build(write_tunes(tmp_path), memory_limit_gb=0.0001)


def test_the_corpus_of_a_package_is_found_without_importing_it(tmp_path, monkeypatch):
  package = tmp_path / 'music21'
  write_tunes(package / 'corpus/essenFolksong')
  (package / 'corpus/bach').mkdir()
  (package / '__init__.py').write_text('raise ImportError("imported")')
  monkeypatch.syspath_prepend(tmp_path)
  dataset = registry.dataset.build('tunes', DataOptions())
  assert dataset.notes.startswith('20 tunes')
  with pytest.raises(UsageError, match=r'corpus/bach has no files .abc, .xml, .musicxml or .mxl'):
    registry.dataset.build('tunes(corpus=chorales)', DataOptions())


@pytest.mark.parametrize(
  'files, message',
  [
    ({'a.txt': ''}, 'has no files .abc, .xml, .musicxml or .mxl'),
    ({'a.abc': abc('CDE', metre='3/4')}, 'no tune in 4/4 that can be read: 1 other metres'),
    ({'a.abc': abc('C8|D8')}, 'no tune in 4/4 that can be read: 1 shorter than 8 bars'),
    ({'a.mxl': 'PK'}, 'can be read: 1 files that are no MusicXML'),
    (None, 'is no folder'),
  ],
)
def test_a_folder_without_tunes_is_refused_in_a_line(tmp_path, files, message):
  folder = tmp_path / 'songs'
  if files is not None:
    folder.mkdir()
    for name, text in files.items():
      (folder / name).write_text(text)
  said = run_binary(
    *('train', f"--dataset=tunes('{folder}')", '--model=midinet', '--networks=midinet'),
    *('--dry_run', f'--model_dir={tmp_path}/run'),
    code=2,
  ).stderr
  assert message in said and len(said.strip().splitlines()) == 1, said
  assert not (tmp_path / 'run').exists()


def test_a_missing_package_is_named_with_its_extra(tmp_path, monkeypatch):
  monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
  with pytest.raises(UsageError, match='the extra music: pip install music21, .*or name a folder'):
    registry.dataset.build('tunes', DataOptions())
