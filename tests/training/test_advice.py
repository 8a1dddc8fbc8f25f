"""Warnings that teach: each for the settings that it is about, once, with a flag that cures it."""

import re

import numpy as np
import pytest

from tests.conftest import TINY, run_binary
from tfgan_pipeline import registry
from tfgan_pipeline.losses.adversarial import AdversarialLoss

BATCH_NORM = '--networks=dcgan(filters=4)'
NO_NORM = '--networks=dcgan(filters=4, discriminator_norm=none)'


def pictures(folder, count: int, *, grey: bool) -> str:
  """Writes random pictures of 16x16 in colours or grey ones; returns the folder."""
  from PIL import Image

  folder.mkdir()
  random = np.random.RandomState(0)
  for index in range(count):
    pixels = random.randint(0, 256, (16, 16, 1 if grey else 3), np.uint8)
    Image.fromarray(np.broadcast_to(pixels, (16, 16, 3))).save(folder / f'{index}.png')
  return str(folder)


def warnings_of(tmp_path, *flags: str) -> list[str]:
  """Returns the warnings of a dry run, which are those of the training."""
  common = (*TINY, f'--model_dir={tmp_path}/run', '--max_steps=1', '--dry_run')
  stderr = run_binary('train', *common, *flags).stderr
  return [text for text in stderr.splitlines() if text.startswith('warning: ')]


@pytest.mark.parametrize(
  'bad, cure, about',
  [
    (['--loss=wasserstein', NO_NORM], ['--penalties=wasserstein_gradient'], '--loss=wasserstein: '),
    (['--loss=wasserstein', NO_NORM], ['--clip_weights=0.01'], '--loss=wasserstein: '),
    (
      ['--loss=wasserstein', NO_NORM],
      ['--networks=dcgan(filters=4, discriminator_norm=spectral)'],
      '--loss=wasserstein: ',
    ),
    (['--penalties=r1', BATCH_NORM], [NO_NORM], '--penalties=r1: by batch normalisation'),
    (['--penalties=wasserstein_gradient', BATCH_NORM], [NO_NORM], '--penalties=wasserstein_grad'),
  ],
)
def test_a_bad_choice_is_told_once_and_its_cure_silences_it(tmp_path, bad, cure, about):
  (told,) = warnings_of(tmp_path / 'bad', *bad)
  assert told.startswith(f'warning: {about}')
  name, _, value = cure[0].partition('=')
  assert name in told or 'spectral' in value  # The third way, for which other networks are needed.
  assert not warnings_of(tmp_path / 'good', *bad, *cure)


def test_advice_on_pictures_that_are_few_or_grey(tmp_path):
  folder = pictures(tmp_path / 'grey', 12, grey=True)
  flags = (f'--data_dir={folder}', '--dataset=image_folder(16)')
  few, grey = warnings_of(tmp_path, *flags)
  assert few.startswith('warning: --batch_size=16: there are ') and '--batch_size=' in few[40:]
  assert (
    few.partition('--discriminator_augment=')[2] in registry.discriminator_augmentation.components()
  )
  cure = grey.split('--dataset="')[1].split('"')[0]
  assert grey.startswith('warning: --dataset=image_folder(') and 'channels=1' in cure
  cured = (f'--data_dir={folder}', f'--dataset={cure}', '--batch_size=4')
  assert not warnings_of(tmp_path / 'cured', *cured)
  colours = pictures(tmp_path / 'colours', 24, grey=False)
  assert not warnings_of(tmp_path / 'other', *flags[1:], f'--data_dir={colours}', '--batch_size=8')


@pytest.mark.parametrize(
  'bad, about',
  [
    (['--loss=wasserstein'], '--loss=wasserstein: nothing bounds'),
    (['--penalties=r1'], '--penalties=r1: by batch normalisation'),
  ],
)
def test_games_with_a_discriminator_for_each_direction_are_advised_too(tmp_path, bad, about):
  networks = (
    '--networks=resnet_translator(filters=2, blocks=1), patchgan(filters=2, layers=1, norm='
  )
  shapes = 'shapes(size=16, count=40)'
  common = ('--model=cyclegan', f"--dataset=domains(a='{shapes}', b='{shapes}')", '--batch_size=4')
  common += ('--augment=', '--replay_pool=0', '--discriminator_augment=', '--update=sequential')
  (told,) = warnings_of(tmp_path, *common, '--penalties=', *bad, f'{networks}batch)')
  assert told.startswith(f'warning: {about}')
  cure = re.search('--networks="(.*)"', told)
  if cure:
    assert not warnings_of(tmp_path / 'good', *common, *bad, f'--networks={cure[1]}')


def test_checkpoints_that_would_fill_the_disk(tmp_path):
  flags = ('--save_every=1', '--max_steps=1000000000', '--dry_run')
  stdout = run_binary('train', *TINY, f'--model_dir={tmp_path}/run', *flags)
  assert '--keep_checkpoints=0: 1000000001 checkpoints of ' in stdout.stderr
  cure = stdout.stderr.split('--keep_checkpoints=')[2].split()[0]
  kept = run_binary(
    'train', *TINY, f'--model_dir={tmp_path}/run', *flags, f'--keep_checkpoints={cure}'
  )
  assert not kept.stderr


def test_a_run_that_goes_on_is_not_told_again(tmp_path):
  bad = ('--loss=wasserstein', NO_NORM, '--nodry_run')
  assert warnings_of(tmp_path, *bad) and not warnings_of(tmp_path, *bad, '--max_steps=2')


def test_own_losses_say_what_they_need(tmp_path, register, caplog):
  from tests.conftest import tiny_experiment
  from tfgan_pipeline.estimator import GANEstimator

  def mine() -> AdversarialLoss:
    """A loss of a user."""
    return registry.loss.build('wasserstein')

  register(registry.loss, mine)
  experiment = tiny_experiment(tmp_path, loss='mine', max_steps=1, sample_every=1)
  GANEstimator(experiment).train()
  assert '--loss=mine: nothing bounds the slope' in caplog.text
