"""Wrong usage of the binaries: one line on stderr naming what is wrong, exit code 2, no change."""

import json
import os
import shutil

import pytest

from tests.conftest import TINY, checkpoint, files_under, run_binary, start_workers

HOME = os.path.expanduser('~')
TRAIN = {
  'unknown component': (['--networks=dcgann'], '--networks=dcgann: unknown network'),
  'data set of TFDS by its name': (['--dataset=mnist'], '; tfds(mnist) reads one of TensorFlow D'),
  'wrong argument': (['--loss=modified(smooth=1)'], "--loss=modified(smooth=1): loss 'modified'"),
  'wrong type of argument': (['--noise=normal(big)'], '--noise=normal(big)'),
  'wrong type of flag': (['--batch_size=many'], '--batch_size=many'),
  'unknown flag': (['--batchsize=3'], "'batchsize'"),
  'not a flag': (['32'], '32: not a flag'),
  'no model_dir': (['--model_dir='], '--model_dir'),
  'missing flagfile': (['--flagfile=/nowhere.flags'], '/nowhere.flags'),
  'missing data directory': (['--dataset=tfds(mnist)', '--data_dir=/nowhere'], '/nowhere'),
  'missing folder': (['--dataset=image_folder(16)', '--data_dir=/nowhere'], '/nowhere'),
  'indivisible batch': (['--batch_size=15', '--virtual_devices=2'], '--batch_size=15'),
  'indivisible parts': (['--accumulate=3'], '--batch_size=16: should be a multiple of 3'),
  'no GPU': (['--accelerator=gpu'], '--accelerator=gpu: TensorFlow finds no GPU'),
  'no TPU': (['--tpu=local'], '--tpu=local: cannot be used'),
  'no workers': (['--accelerator=multi_worker'], '--accelerator=multi_worker: '),
  'XLA on two CPUs': (['--jit_compile=on', '--virtual_devices=2'], '--jit_compile=on: '),
  'TPU for a CPU': (['--accelerator=cpu', '--tpu=local'], '--tpu=local: is for tpu'),
  'zone without TPU': (['--tpu_zone=a'], '--tpu_zone=a: is for tpu, and --accelerator is cpu'),
  'file system that is not there': (['--model_dir=nosuch://a/b'], '--model_dir=nosuch://a/b: '),
  'pattern for a place': (['--model_dir=a[1]'], 'a[1]: *, ? and [ stand for many'),
  'unknown remedy': (['--on_nan=pray'], '--on_nan=pray: unknown on_nan'),
  'no rollbacks': (['--on_nan=rollback(0)'], '--on_nan'),
  'size too small': (['--dataset=digits(size=6)'], '--dataset=digits(size=6): '),
  'size of one side': (['--dataset=digits(size=(64,))'], '--dataset=digits(size=(64,)): '),
  'side that cannot be halved': (
    ['--networks=sngan', '--dataset=digits(size=(30, 64))'],
    '--networks=sngan: the shorter side of images should be one of 32, 48, 64, 128, 256, not 30x64',
  ),
  'grey with alpha': (
    ['--dataset=image_folder(16, channels=2)', '--data_dir=.'],
    'channels=2, resize=crop should be 1, 3 or 4, and crop, stretch, width, none',
  ),
  'size that does not fit': (['--networks=dcgan_textbook'], '--networks=dcgan_textbook: '),
  'no units': (['--networks=mlp(units=0)'], 'units=0 should be at least 1'),
  'all dropped': (['--networks=mlp(dropout=1.0)'], 'dropout=1.0'),
  'momentum': (['--generator_optimizer=sgd(momentum=2)'], '--generator_optimizer=sgd('),
  'twice': (['--penalties=wasserstein_gradient, wasserstein_gradient(1)'], 'a component twice'),
  'metric that does not exist': (['--evaluate', '--metrics=fidd'], '--metrics=fidd'),
}


def assert_one_line(process, message):
  lines = process.stderr.splitlines()
  assert len(lines) == 1, process.stderr
  assert message in lines[0]
  assert 'Traceback' not in process.stderr and not process.stdout


@pytest.mark.parametrize('name', TRAIN)
def test_train_refuses(tmp_path, name):
  arguments, message = TRAIN[name]
  model_dir = tmp_path / 'run'
  process = run_binary('train', *TINY, f'--model_dir={model_dir}', *arguments, code=2)
  assert_one_line(process, message)
  assert not model_dir.exists()


@pytest.mark.parametrize(
  'config',
  [
    '{"cluster": 3}',
    '{"cluster": {"worker": "host:1"}, "task": {"type": "worker", "index": 0}}',
    '{"cluster": {"worker": ["host:1"]}, "task": {"type": "evaluator", "index": 0}}',
    '{"cluster": {"worker": ["host:1"]}, "task": {"type": "worker", "index": 1}}',
  ],
)
def test_tf_config_that_cannot_be_used(tmp_path, config):
  flags = (*TINY, f'--model_dir={tmp_path}/run')
  process = run_binary('train', *flags, code=2, variables={'TF_CONFIG': config})
  assert_one_line(process, f'TF_CONFIG={config}: should be {{"cluster": ')


def test_scoring_beside_several_workers_is_another_job(tmp_path):
  flags = (*TINY, f'--model_dir={tmp_path}/run', '--evaluate')
  for process in start_workers(2, *flags):
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 2 and '--evaluate: ' in stderr.splitlines()[-1]


def test_model_dir_that_is_a_file(tmp_path):
  (tmp_path / 'run').write_text('mine')
  process = run_binary('train', *TINY, f'--model_dir={tmp_path}/run', code=2)
  assert_one_line(process, f'--model_dir={tmp_path}/run: is a file')


@pytest.mark.parametrize(
  'arguments, message',
  [
    (['--extractor=random_projection', '--metrics=inception_score'], '--metrics=inception_score'),
    (
      ['--extractor=auto(labelled=nothing)'],
      '--extractor=auto: labelled=nothing: unknown extractor',
    ),
    (['--extractor=auto(auto)'], '--extractor=auto: labelled=auto: should be another extractor'),
    (['--metrics=label_agreement'], '--metrics=label_agreement: the generator of this run is'),
    (['--noise=uniform(8)', '--path_length=4'], '--path_length: of generators of standard normal'),
  ],
)
def test_evaluation_that_cannot_be_done_is_refused_before_training(tmp_path, arguments, message):
  flags = ('--evaluate', f'--cache_dir={tmp_path}/cache', *arguments)
  process = run_binary('train', *TINY, f'--model_dir={tmp_path}/run', *flags, code=2)
  assert message in process.stderr.splitlines()[-1]
  assert not (tmp_path / 'run').exists() and not (tmp_path / 'cache/classifier').exists()


def test_one_line_as_users_see_it():
  """Checks whole processes, whose loading of TensorFlow and end forked.py leaves out."""
  flags = (*TINY, '--networks=dcgan_textbook', '--model_dir=x')
  process = run_binary('train', *flags, code=2, env=os.environ)
  assert_one_line(process, '--networks=dcgan_textbook: ')


def test_broken_pictures_are_named_and_counted(tmp_path):
  from PIL import Image

  data = tmp_path / 'data'
  data.mkdir()
  for index in range(20):
    Image.effect_noise((16, 16), index + 1).save(data / f'{index}.png')
  (data / 'broken.png').write_bytes((data / '0.png').read_bytes()[:60])
  process = run_binary(
    'train',
    *TINY,
    '--dataset=image_folder(16)',
    f'--data_dir={data}',
    f'--model_dir={tmp_path}/run',
    '--max_steps=1',
  )
  assert 'warning: skipped broken.png' in process.stderr
  assert 'warning: 1 of 21 pictures' in process.stderr


def test_empty_folder(tmp_path):
  (tmp_path / 'data').mkdir()
  process = run_binary(
    'train',
    *TINY,
    '--dataset=image_folder(16)',
    f'--data_dir={tmp_path}/data',
    f'--model_dir={tmp_path}/run',
    code=2,
  )
  assert_one_line(process, f'{tmp_path}/data')
  assert not (tmp_path / 'run').exists()


def test_model_dir_of_another_experiment(tiny_run):
  before = files_under(tiny_run)
  process = run_binary('train', *TINY, f'--model_dir={tiny_run}', '--batch_size=32', code=2)
  assert_one_line(
    process, f'--model_dir={tiny_run}: holds a run with other settings: --batch_size=32 (was 16)'
  )
  assert files_under(tiny_run) == before


@pytest.mark.parametrize(
  'binary, arguments, message',
  [
    ('evaluate', ['--model_dir=/nowhere'], '--model_dir=/nowhere'),
    ('evaluate', ['--protocol=best'], '--protocol=best: unknown protocol'),
    ('evaluate', ['--extractor=none'], '--extractor=none'),
    ('evaluate', ['--watch', '--step=3'], '--step'),
    ('sample', ['--model_dir=/nowhere', '--output=x.png'], '--model_dir=/nowhere'),
    ('sample', [], '--output'),
    ('sample', ['--output=x.png', '--images_dir=x'], '--output: not with --images_dir'),
    ('sample', ['--output=x.png', f'--sample_seed={2**32}'], '--sample_seed'),
    ('evaluate', [f'--sample_seed={2**31}'], f'--sample_seed={2**31}: should be less than'),
    ('train', [f'--seed={2**32}'], f'--seed={2**32}: should be less than'),
    (
      'sample',
      ['--output=x.png', '--interpolate=5', '--traverse=5'],
      '--interpolate: not with --traverse',
    ),
    ('export', [], '--output'),
    ('export', [f'--output={os.path.dirname(__file__)}'], 'holds other files, such as'),
    ('classifier', ['--dataset=nothing'], '--dataset=nothing'),
    (
      'evaluate',
      ['--generated_dir=~/nowhere', '--reference_dir=x'],
      f'--generated_dir={HOME}/nowhere: ',
    ),
    ('evaluate', ['--generated_dir=/nowhere', '--reference_dir=x'], '--generated_dir=/nowhere: '),
    ('evaluate', ['--generated_dir=x', '--model_dir=y'], '--model_dir: not with --generated_dir'),
    ('reference', ['destroy'], 'should be one of: build, inspect FILE, verify FILE'),
    ('reference', ['inspect', '/nowhere.npz'], '/nowhere.npz: no such file'),
    ('compare', ['--metric=fid'], 'name runs or files of records'),
    ('compare', ['/nowhere', '--format=csv'], '/nowhere: neither a run with scores nor a file'),
  ],
)
def test_other_binaries_refuse(binary, arguments, message):
  assert_one_line(run_binary(binary, *arguments, code=2), message)


@pytest.mark.parametrize(
  'arguments, message',
  [
    (['--step=3'], '--step=3: no such checkpoint; there are 0, 2, 4'),
    (['--metrics=inception_score, fid', '--extractor=random_projection'], 'logits'),
    (['--metrics=fid, label_agreement'], '--metrics=label_agreement: the generator of this run is'),
    (['--metrics=code_purity'], '--metrics=code_purity: the generator of this run is not given'),
    (
      ['--eval_name=x', '--extractor=random_projection', '--metrics=fid', '--num_samples=1'],
      '--num_samples=1',
    ),
  ],
)
def test_evaluations_that_cannot_be_done(tiny_run, tmp_path, arguments, message):
  flags = (f'--model_dir={tiny_run}', f'--cache_dir={tmp_path}', *arguments)
  process = run_binary('evaluate', *flags, code=2)
  assert message in process.stderr.splitlines()[-1]
  assert 'Traceback' not in process.stderr
  assert not (tmp_path / 'classifier').exists()  # Refused before such work.


def damage(path, how: str) -> None:
  content = bytearray(path.read_bytes())
  if how == 'truncated':
    content = content[: len(content) // 2]
  else:
    for place in range(len(content) // 4, len(content) // 4 + 64):
      content[place] ^= 0xFF
  path.write_bytes(content)


@pytest.mark.parametrize('part', ['data-00000-of-00001', 'index'])
@pytest.mark.parametrize('how', ['truncated', pytest.param('flipped', marks=pytest.mark.heavy)])
def test_damaged_newest_checkpoint(tiny_run, tmp_path, part, how):
  """Checks that training warns, takes the checkpoint before it, and ends with equal weights."""
  model_dir = tmp_path / 'run'
  shutil.copytree(tiny_run, model_dir)
  damage(model_dir / 'checkpoints' / f'ckpt-000004.{part}', how)
  process = run_binary('train', *TINY, f'--model_dir={model_dir}')
  assert 'warning: ' in process.stderr and 'ckpt-000004 is damaged' in process.stderr
  assert 'read ' in process.stderr and 'ckpt-000002' in process.stderr
  for name, value in checkpoint(tiny_run, 4).items():
    assert (checkpoint(model_dir, 4)[name] == value).all(), name


def test_all_checkpoints_damaged(tiny_run, tmp_path):
  model_dir = tmp_path / 'run'
  shutil.copytree(tiny_run, model_dir)
  for path in (model_dir / 'checkpoints').glob('*.data*'):
    damage(path, 'truncated')
  before = files_under(model_dir)
  process = run_binary('train', *TINY, f'--model_dir={model_dir}', '--max_steps=99', code=2)
  assert 'none of its 3 checkpoints can be read' in process.stderr.splitlines()[-1]
  after = files_under(model_dir)
  assert after.pop('train/lock') != before.pop('train/lock')  # It says who came last.
  assert after == before


def test_damaged_checkpoint_cannot_be_scored_alone(tiny_run, tmp_path, cache_dir):
  model_dir = tmp_path / 'run'
  shutil.copytree(tiny_run, model_dir)
  damage(model_dir / 'checkpoints/ckpt-000004.data-00000-of-00001', 'truncated')
  common = [
    f'--model_dir={model_dir}',
    '--extractor=random_projection',
    '--metrics=fid',
    '--num_samples=100',
    f'--cache_dir={cache_dir}',
  ]
  process = run_binary('evaluate', *common, '--step=4', code=2)
  assert 'ckpt-000004: damaged' in process.stderr.splitlines()[-1]
  # Watching records the failure and goes on.
  watched = run_binary('evaluate', *common, '--watch')
  records = [json.loads(line) for line in watched.stdout.splitlines()]
  assert [record['step'] for record in records] == [0, 2, 4]
  assert ['error' in record for record in records] == [False, False, True]
  scores = model_dir / 'eval/random_projection-100/scores.jsonl'
  before = scores.read_text()
  assert run_binary('evaluate', *common, '--watch').stdout == watched.stdout
  assert scores.read_text() == before


def test_damaged_experiment_json(tiny_run, tmp_path):
  model_dir = tmp_path / 'run'
  shutil.copytree(tiny_run, model_dir)
  (model_dir / 'experiment.json').write_text('{"experiment": ')
  process = run_binary('train', *TINY, f'--model_dir={model_dir}', code=2)
  assert_one_line(process, 'experiment.json: not readable as JSON')
