"""Every game and every stabiliser, the same on two replicas; what remembers most, continued too.

Several penalties and augmentations share a run: one that draws or remembers anything wrongly shows
there as it would alone. Games are continued in test_combinations.py.
"""

import json
import shutil

import numpy as np
import pytest

from tests.conftest import checkpoint
from tests.models.kinds import IMAGE_GAMES
from tests.training.test_health import health_of
from tests.training.test_replicas import STEPS, assert_close, train
from tfgan_pipeline import registry

pytestmark = pytest.mark.usefixtures('graphs_as_traced')

COMMON = dict(
  networks='mlp(units=8)',
  generator_optimizer='sgd(0.001, momentum=0.9)',
  discriminator_optimizer='sgd(0.001, momentum=0.9)',
)
ALONE = ('vae', 'autoencoder', 'denoising_autoencoder')  # Nobody plays against the generator.
CASES = {
  f'model {name}': dict(
    model=name,
    **(dict(discriminator_optimizer='adam(2e-4, beta_1=0.5)') if name in ALONE else {}),
  )
  for name in IMAGE_GAMES
}
CASES['every penalty'] = dict(
  loss='wasserstein',
  penalties=', '.join(
    {'r1': 'r1(interval=2)', 'r2': 'r2(interval=2, approximate=true)'}.get(name, name)
    for name in registry.penalty.components()
  ),
  generator_optimizer='sgd(1e-5)',
  discriminator_optimizer='sgd(1e-5)',
)
CASES['every augmentation of the discriminator, schedules, noisy labels'] = dict(
  discriminator_augment=', '.join(registry.discriminator_augmentation.components()),
  loss='modified(label_smoothing=0.2, two_sided=True, label_noise=0.2)',
  generator_optimizer='sgd(0.01, schedule=cosine(steps=9))',
  discriminator_optimizer='sgd(0.01, schedule=warmup(steps=3))',
)
CASES['pool, pretraining, floors'] = dict(
  model='conditional_gan',
  replay_pool=37,
  discriminator_pretraining=2,
  generator_loss_floor=0.1,
  discriminator_loss_floor=1.3,
  update='sequential',
)

# Games whose parts are in another case: the labels and classes of 'pool', the second output of
# infogan, the pictures and codes of vaegan and vae.
ALIKE = ('gan', 'conditional_gan', 'acgan', 'autoencoder', 'denoising_autoencoder')

# Of what is in these each component is continued by itself.
CONTINUED_ALONE = [f'model {name}' for name in IMAGE_GAMES]


@pytest.mark.parametrize(
  'case',
  [
    pytest.param(case, marks=pytest.mark.heavy if case.removeprefix('model ') in ALIKE else ())
    for case in CASES
  ],
)
def test_resumed_and_on_two_replicas(tmp_path, case):
  values = {**COMMON, **CASES[case]}
  continued = case not in CONTINUED_ALONE
  once = train(tmp_path / 'once', 1, **values, **(dict(save_every=2) if continued else {}))
  if continued:
    shutil.copytree(tmp_path / 'once', tmp_path / 'halves')
    first = checkpoint(tmp_path / 'once', 2)
    assert any(not np.array_equal(first[name], once[name]) for name in once)
    for step in (4, STEPS):
      for path in (tmp_path / 'halves/checkpoints').glob(f'ckpt-{step:06d}*'):
        path.unlink()
    resumed = train(tmp_path / 'halves', 1, **values)
    assert once.keys() == resumed.keys()
    for name, value in once.items():
      np.testing.assert_array_equal(resumed[name], value, err_msg=name)
    assert health_of(tmp_path / 'halves') == health_of(tmp_path / 'once')
  assert_close(once, train(tmp_path / 'two', 2, **values))
  # Training moves every network and whatever else is remembered.
  start = checkpoint(tmp_path / 'once', 0)
  for part in {name.split('/')[0] for name in once} - {'save_counter', 'rollbacks'}:
    names = [name for name in once if name.startswith(f'{part}/')]
    assert any(not np.array_equal(start[name], once[name]) for name in names), part
  lines = (tmp_path / 'once/train/train.jsonl').read_text().splitlines()
  assert all(value is not None for value in json.loads(lines[-1]).values())
  assert len(list((tmp_path / 'once/samples').glob(f'fakes-{STEPS:06d}.png'))) == 1
  health, two = (health_of(tmp_path / name) for name in ('once', 'two'))
  assert [line['step'] for line in health] == [0, STEPS]
  tags = {'samples/diversity', 'moving_average/distance', 'weight_norm/generator'}
  if 'loss/discriminator' in json.loads(lines[-1]):
    kinds = ('output', 'accuracy')
    images = ('train', 'held_out', 'generated')
    tags |= {f'discriminator_{kind}_fixed/{name}' for kind in kinds for name in images}
    tags |= {'weight_norm/discriminator'}
  for one, other in zip(health, two):
    assert tags <= one.keys() == other.keys()
    for tag, value in one.items():
      np.testing.assert_allclose(other[tag], value, rtol=1e-3, atol=1e-3, err_msg=tag)
