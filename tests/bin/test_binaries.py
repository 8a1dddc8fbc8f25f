"""The binaries on a tiny run: what they print, write and leave alone."""

import json
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.conftest import ROOT, TINY, checkpoint, files_under, run_binary, start_binary
from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf

SMALL = ('--extractor=random_projection', '--metrics=fid, kid(subsets=5)', '--num_samples=300')
BINARIES = (
  'train',
  'evaluate',
  'sample',
  'export',
  'classifier',
  'compare',
  'reference',
  'verify',
)


def test_run_directory(tiny_run):
  names = set(files_under(tiny_run))
  assert {
    'experiment.flags',
    'experiment.json',
    'TRAIN_DONE',
    'train/train.jsonl',
    'samples/reals.png',
    'samples/fakes-000000.png',
    'samples/fakes-000004.png',
    'checkpoints/ckpt-000000.index',
    'checkpoints/ckpt-000002.index',
    'checkpoints/ckpt-000004.index',
  } <= names
  assert not any(name.endswith('.tmp') for name in names)
  record = json.loads((tiny_run / 'experiment.json').read_text())
  assert record['dataset']['splits'] == {'train': 1437, 'validation': 180, 'test': 180}
  assert record['networks']['generator']['parameters'] > 0
  assert record['sessions'][0]['versions']['tensorflow'] == tf.__version__
  values = checkpoint(tiny_run, 4)
  held = sum(value.nbytes for name, value in values.items() if not name.startswith('save_counter'))
  assert abs(record['checkpoint_bytes'] - held) < 200  # Counters of the optimisers aside.


def test_experiment_flags_relaunch_the_run(tiny_run, tmp_path):
  run_binary('train', f'--flagfile={tiny_run}/experiment.flags', f'--model_dir={tmp_path}')
  for name, value in checkpoint(tiny_run, 4).items():
    np.testing.assert_array_equal(checkpoint(tmp_path, 4)[name], value, err_msg=name)


def test_a_finished_run_is_left_as_it_is(tiny_run):
  before = files_under(tiny_run / 'checkpoints')
  process = run_binary('train', *TINY, f'--model_dir={tiny_run}')
  assert 'already at step 4' in process.stderr
  assert files_under(tiny_run / 'checkpoints') == before


def tensorboard_tags(folder) -> set[str]:
  return {
    value.tag
    for path in folder.glob('events*')
    for record in tf.data.TFRecordDataset(str(path))
    for value in tf.compat.v1.Event.FromString(record.numpy()).summary.value
  }


def test_tensorboard_events(tiny_run):
  tags = tensorboard_tags(tiny_run / 'train')
  for tag in (
    '3_loss/generator',
    '3_loss/discriminator',
    '2_samples/diversity',
    '4_discriminator_output/real',
    '1_run',
    'discriminator_probability/real',
    'discriminator_probability/generated',
    'gradient_norm/generator',
    'gradient_norm/discriminator',
    'learning_rate/generator',
    'images_per_second',
    'fakes',
    'reals',
  ):
    assert tag in tags, tag


def test_dry_run_prints_and_creates_nothing(tmp_path):
  model_dir = tmp_path / 'run'
  process = run_binary(
    'train',
    '--networks=dcgan_textbook',
    '--dataset=digits(size=28)',
    '--noise=uniform(20)',
    '--dry_run',
    f'--model_dir={model_dir}',
  )
  for text in (
    '817,824',
    '804,832',
    '1,040,385',
    '1,039,489',
    '(28, 28, 1)',
    '(20,)',
    '--networks=dcgan_textbook',
    'checkpoint: ',
    ' bytes',
  ):
    assert text in process.stdout, text
  assert not model_dir.exists()


@pytest.mark.parametrize('binary', BINARIES)
def test_help_and_list_without_tensorflow(binary):
  for flag in ('--help', '--helpfull', '--list'):
    code = (
      'import runpy, sys; sys.argv = ["x", sys.argv[1]]\n'
      f'try: runpy.run_module("tfgan_pipeline.bin.{binary}", run_name="__main__")\n'
      'except SystemExit as stop: assert not stop.code\n'
      'assert "tensorflow" not in sys.modules and "numpy" not in sys.modules'
    )
    process = subprocess.run(
      [sys.executable, '-c', code, flag], cwd=ROOT, text=True, capture_output=True
    )
    assert process.returncode == 0, process.stderr
    for kind in registry.ALL if flag == '--list' else ():
      for component in kind.components().values():
        assert component.signature in process.stdout


def test_evaluate_is_idempotent_and_its_record_complete(tiny_run, tmp_path, cache_dir):
  model_dir = tmp_path / 'run'
  shutil.copytree(tiny_run, model_dir)
  command = ['evaluate', f'--model_dir={model_dir}', f'--cache_dir={cache_dir}', *SMALL]
  first = run_binary(*command)
  scores = model_dir / 'eval/random_projection-300/scores.jsonl'
  content = scores.read_text()
  assert first.stdout == content and len(content.splitlines()) == 1
  record = json.loads(content)
  assert record['step'] == 4
  assert set(record['scores']) == {
    f'{name}[random_projection]'
    for name in ('fid', 'fid_floor', 'fid_above_floor', 'kid', 'kid_std', 'kid_subset_size')
  }
  main = {f'1_scores/{name}[random_projection]' for name in ('fid', 'kid')}
  details = ('fid_above_floor', 'kid_std', 'kid_subset_size')
  more = {f'score_details/{name}[random_projection]' for name in details}
  once = {'definition', 'custom_scalars__config__', '_hparams_/session_start_info'}
  assert tensorboard_tags(scores.parent) == {*main, *more, 'fakes', *once}
  assert tensorboard_tags(scores.parent / 'floor') == {'1_scores/fid[random_projection]'}
  definition = record['definition']
  assert definition['weights'] == 'average' and definition['num_generated'] == 300
  assert definition['num_reference'] > 1000 and definition['quantisation']
  assert run_binary(*command).stdout == first.stdout and scores.read_text() == content
  other = json.loads(run_binary(*command, '--eval_name=other', '--virtual_devices=2').stdout)
  assert other['scores'] == record['scores']

  process = run_binary(*command, '--weights=raw', '--protocol=quick_2k')
  assert '--protocol=quick_2k is not followed: --num_samples=300, --weights=raw' in process.stderr
  raw = json.loads(process.stdout)
  assert 'protocol' not in raw
  assert raw['definition']['weights'] == 'raw' and raw['scores'] != record['scores']

  apart = run_binary('compare', f'{model_dir}').stdout.split('\n\n')
  assert [table.splitlines()[0] for table in apart] == ['weights: average', 'weights: raw']
  metrics = ('--metric=fid,kid', '--where=weights=raw', '--format=json')
  (row,) = json.loads(run_binary('compare', f'{model_dir}', *metrics).stdout)
  shown = {name: facts['value'] for name, facts in row['scores'].items()}
  assert shown == {name: raw['scores'][name] for name in shown} and len(shown) == 2
  one, other = model_dir / 'eval/random_projection-300', model_dir / 'eval/other/scores.jsonl'
  table = run_binary('compare', f'{one}', '--format=markdown', f'{other}').stdout.splitlines()
  value = record['scores']['fid[random_projection]']
  cells = [cell.strip() for cell in table[2].strip('| ').split(' | ')]
  assert len(table) == 3 and cells[:3] == ['1', f'{model_dir}', '4']
  assert float(cells[3]) == pytest.approx(value, rel=1e-3)


def test_a_folder_is_scored_against_statistics_that_are_verified(tmp_path, cache_dir):
  for name, seed in (('real', 1), ('fake', 2)):
    (tmp_path / name).mkdir()
    for index, picture in enumerate(np.random.RandomState(seed).bytes(30 * 64)[::64]):
      pixels = np.random.RandomState(picture).randint(0, 256, (8, 8, 3), np.uint8)
      (tmp_path / name / f'{index}.png').write_bytes(tf.io.encode_png(pixels).numpy())
  flags = ('--extractor=random_projection(width=8)', f'--cache_dir={cache_dir}')
  real, stats = f'--reference_dir={tmp_path}/real', f'{tmp_path}/real.npz'
  built = json.loads(run_binary('reference', 'build', real, f'--output={stats}', *flags).stdout)
  assert built['num_reference'] == 30 and built['width'] == 8 and built['file'] == stats
  flags += ('--metrics=fid',)
  folders = (f'--generated_dir={tmp_path}/fake', f'--reference_stats={stats}')
  process = run_binary('evaluate', *folders, '--protocol=quick_2k', *flags, code=2)
  assert '--protocol=quick_2k is not followed: --reference_stats=' in process.stderr
  assert '--num_samples=2000: there are 30 pictures' in process.stderr.splitlines()[-1]
  process = run_binary('evaluate', *folders, f'--output={tmp_path}/record.json', *flags)
  record = json.loads(process.stdout)
  assert json.loads((tmp_path / 'record.json').read_text()) == record
  assert record['scores']['fid[random_projection]'] > 0
  assert record['definition']['num_generated'] == record['definition']['num_reference'] == 30
  (tmp_path / 'real/0.png').unlink()
  process = run_binary('reference', 'verify', real, stats, *flags[:2], code=1)
  assert 'real.npz: differs in reference.fingerprint: ' in process.stderr
  assert 'num_reference: 30, now 29' in process.stderr and 'Traceback' not in process.stderr


def test_watch_scores_every_checkpoint_in_order(tiny_run, tmp_path, cache_dir):
  model_dir = tmp_path / 'run'
  watcher = start_binary(
    'evaluate', f'--model_dir={model_dir}', f'--cache_dir={cache_dir}', *SMALL, '--watch'
  )
  time.sleep(1)  # The watcher comes first and waits for the run to appear.
  shutil.copytree(tiny_run, model_dir, ignore=shutil.ignore_patterns('TRAIN_DONE', '*000004*'))
  scores = model_dir / 'eval/random_projection-300/scores.jsonl'
  deadline = time.monotonic() + 120
  while not scores.exists() or len(scores.read_text().splitlines()) < 2:
    assert watcher.poll() is None and time.monotonic() < deadline, watcher.communicate()
    time.sleep(0.2)
  for path in (tiny_run / 'checkpoints').glob('*000004*'):
    shutil.copy(path, model_dir / 'checkpoints')
  shutil.copy(tiny_run / 'TRAIN_DONE', model_dir)
  stdout, stderr = watcher.communicate(timeout=120)
  assert watcher.returncode == 0, stderr
  assert [json.loads(line)['step'] for line in stdout.splitlines()] == [0, 2, 4]
  assert scores.read_text() == stdout


def test_watch_gives_up_after_its_timeout(tmp_path):
  process = run_binary(
    'evaluate', f'--model_dir={tmp_path}', '--watch', '--timeout_minutes=0.02', code=2
  )
  assert 'no run appeared' in process.stderr


def test_sample_depends_on_seed_and_checkpoint_alone(tiny_run, tmp_path):
  def sample(name, *arguments):
    path = tmp_path / name
    process = run_binary('sample', f'--model_dir={tiny_run}', f'--output={path}', *arguments)
    assert json.loads(process.stdout)['output'] == str(path)
    return path.read_bytes()

  first = sample('a.png', '--count=4', '--columns=2')
  assert first == sample('b.png', '--count=4', '--columns=2')
  assert first != sample('c.png', '--count=4', '--columns=2', '--sample_seed=1')
  assert first != sample('d.png', '--count=4', '--columns=2', '--step=0')
  assert tf.io.decode_png(first).shape[-1] == 1


def test_sample_and_evaluate_need_only_model_dir(tiny_run, tmp_path, cache_dir):
  """Checks a run that has moved: the path that it recorded is not used."""
  moved = tmp_path / 'elsewhere'
  shutil.copytree(tiny_run, moved)
  run_binary('sample', f'--model_dir={moved}', f'--output={tmp_path}/s.png')
  flags = ('--protocol=quick_2k', '--extractor=random_projection', '--metrics=fid')
  process = run_binary('evaluate', f'--model_dir={moved}', f'--cache_dir={cache_dir}', *flags)
  assert 'protocol quick_2k: comparable only with itself' in process.stderr
  record = json.loads(process.stdout)
  assert record['protocol'] == 'quick_2k' and record['definition']['num_generated'] == 2000
  assert (moved / 'eval').exists() and not (tiny_run / 'eval').exists()


def test_train_with_evaluation(tmp_path, cache_dir):
  process = run_binary(
    'train',
    *TINY,
    f'--model_dir={tmp_path}',
    '--evaluate',
    f'--cache_dir={cache_dir}',
    *SMALL,
    '--virtual_devices=2',
  )
  assert [json.loads(line)['step'] for line in process.stdout.splitlines()] == [0, 2, 4]
  session = json.loads((tmp_path / 'experiment.json').read_text())['sessions'][0]
  assert session['accelerator']['replicas'] == 2
