"""--init_from and --freeze: a run that starts from another's weights, and layers that stay."""

import json
import shutil

from PIL import Image
import pytest

from tests.conftest import QUICK, TINY, checkpoint, files_under, run_binary, tiny_experiment
from tfgan_pipeline.estimator import GANEstimator

pytestmark = pytest.mark.usefixtures('graphs_as_traced')

FACES = ('--networks=dcgan(filters=4)', '--noise=normal(8)', '--batch_size=8', '--save_every=1')


@pytest.fixture(scope='module')
def faces(tmp_path_factory):
  """A folder of 24 coloured pictures of 16 pixels, without classes."""
  folder = tmp_path_factory.mktemp('faces')
  for index in range(24):
    Image.effect_noise((16, 16), index + 1).convert('RGB').save(folder / f'{index:02}.png')
  return folder


@pytest.fixture(scope='module')
def others(faces, tmp_path_factory):
  """A run of the pictures, to start others from."""
  run = tmp_path_factory.mktemp('others') / 'run'
  data = (f'--data_dir={faces}', '--dataset=image_folder(16, validation=0, test=0)')
  run_binary('train', *FACES, *data, f'--model_dir={run}', '--max_steps=2')
  return run


def weights(run, step):
  return {
    name: value
    for name, value in checkpoint(run, step).items()
    if name.startswith(('generator/', 'discriminator/', 'generator_ema/'))
  }


def session_of(run):
  return json.loads((run / 'experiment.json').read_text())['sessions'][0]


def test_a_few_pictures_start_from_many_others(faces, others, tmp_path):
  few = tmp_path / 'few'
  few.mkdir()
  for path in sorted(faces.iterdir())[:8]:
    shutil.copy(path, few)
  flags = (*FACES, '--dataset=image_folder(16, validation=0, test=0)', f'--data_dir={few}')
  run = tmp_path / 'run'
  start_from = (f'--init_from={others}', '--freeze=discriminator/conv2d_1')
  command = (*flags, f'--model_dir={run}', *start_from)
  process = run_binary('train', *command, '--max_steps=1')
  start, source = weights(run, 0), weights(others, 2)
  assert start.keys() == source.keys()
  assert all((value == source[name]).all() for name, value in start.items())
  assert f'took {len(start)} of {len(start)} tensors of step 2\n' in process.stderr
  record = json.loads((run / 'experiment.json').read_text())
  assert record['experiment']['init_from'] == str(others)
  source_id = json.loads((others / 'experiment.json').read_text())['run_id']
  facts = {'model_dir': str(others), 'run_id': source_id, 'step': 2, 'taken': len(start)}
  assert record['sessions'][0]['init_from'] == {**facts, 'left': {}}
  moved = {name for name, value in weights(run, 1).items() if (value != start[name]).any()}
  frozen = {name for name in start if name.startswith('discriminator/layer_with_weights-0/')}
  assert frozen and not frozen & moved and any(name.startswith('discriminator') for name in moved)
  # Continued from its own checkpoint, whatever the command says, and exactly; what froze may thaw.
  once = tmp_path / 'once'
  run_binary('train', *command, f'--model_dir={once}', '--max_steps=2')
  shutil.move(others, tmp_path / 'away')
  told = run_binary('train', *command, '--max_steps=2', '--init_from=/elsewhere').stderr
  assert '--init_from=/elsewhere: not taken, as the run has checkpoints' in told
  shutil.move(tmp_path / 'away', others)
  for name, value in checkpoint(once, 2).items():
    assert (checkpoint(run, 2)[name] == value).all(), name
  assert json.loads((run / 'experiment.json').read_text())['experiment']['init_from'] == str(others)
  thaw = ('--freeze=', '--change=freeze', '--max_steps=3')
  run_binary('train', f'--model_dir={run}', *thaw)
  ours, before = weights(run, 3), weights(run, 2)
  assert any((ours[name] != before[name]).any() for name in frozen)


def test_what_does_not_fit_is_left_and_listed(others, tmp_path):
  run = tmp_path / 'run'
  grey = ('--model=gan', '--max_steps=1', f'--init_from={others}:1', '--ema_decay=0')
  process = run_binary('train', *TINY, *grey, f'--model_dir={run}')
  facts = session_of(run)['init_from']
  assert facts['step'] == 1 and 0 < facts['taken'] < 20 and facts['left']
  name, reason = next(iter(facts['left'].items()))
  assert f'{name} ({reason})' in process.stderr and 'x3' in reason
  start, source = weights(run, 0), weights(others, 1)
  for name, value in start.items():
    key = name.removesuffix('/.ATTRIBUTES/VARIABLE_VALUE')
    assert key in facts['left'] or (value == source[name]).all(), name


def test_another_number_of_classes(tmp_path):
  ten, two = tmp_path / 'ten', tmp_path / 'two'
  flags = (*QUICK, '--model=conditional_gan', '--max_steps=1')
  run_binary('train', *flags, f'--model_dir={ten}')
  for index in range(24):
    folder = tmp_path / 'data' / ('cat', 'dog')[index % 2]
    folder.mkdir(parents=True, exist_ok=True)
    Image.effect_noise((16, 16), index + 1).save(folder / f'{index:02}.png')
  data = (f'--data_dir={tmp_path}/data', '--dataset=image_folder(16, channels=1)')
  run_binary('train', *flags, *data, f'--model_dir={two}', f'--init_from={ten}')
  facts = session_of(two)['init_from']
  assert facts['left'] and len(facts['left']) < facts['taken']
  assert all('there, ' in reason and reason.endswith(' here') for reason in facts['left'].values())


@pytest.mark.parametrize(
  'arguments, message',
  [
    (['--init_from=/nowhere'], '--init_from=/nowhere: no run there, which has an experiment.json'),
    (['--init_from={others}/experiment.json'], '--init_from={others}/experiment.json: is a file'),
    (['--init_from={others}:7'], ':7: no such checkpoint; there are 0, 1, 2'),
    (['--init_from={others}:best'], ':best: no checkpoint of '),
    (['--init_from={others}', '--networks=mlp(units=3)', '--noise=normal(5)'], 'nothing of step 2'),
    (['--freeze=critic'], '--freeze=critic: no such layer; there are generator/dense_1, '),
    (['--freeze=generator'], '--freeze=generator: leaves nothing of the generator to train'),
  ],
)
def test_wrong_starts_are_refused(others, tmp_path, arguments, message):
  arguments = [argument.format(others=others) for argument in arguments]
  process = run_binary('train', *TINY, *arguments, f'--model_dir={tmp_path}/run', code=2)
  assert message.format(others=others) in process.stderr.splitlines()[-1]
  assert not {name for name in files_under(tmp_path / 'run') if name != 'train/lock'}


@pytest.mark.parametrize(
  'freeze',
  [
    pytest.param('discriminator', marks=pytest.mark.heavy),
    'discriminator/*_1, generator/batch_norm',
  ],
)
def test_players_and_patterns(tmp_path, freeze):
  estimator = GANEstimator(tiny_experiment(tmp_path / 'run', freeze=freeze, max_steps=2))
  estimator.train()
  before, after = weights(tmp_path / 'run', 0), weights(tmp_path / 'run', 2)
  moved = {name.split('/')[0] for name in after if (after[name] != before[name]).any()}
  assert ('discriminator' in moved) == (freeze != 'discriminator')
  assert {'generator', 'generator_ema'} <= moved
