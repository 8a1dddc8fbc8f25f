"""Every network with every game, loss and penalty: trained, scored and continued, or refused.

All of it comes from the registries. Of the whole product each combination is judged without making
a network, against REFUSED and SIDES below, so that a component that is new and refused, or is
accepted by accident, shows. What is accepted is too much to train: cases are chosen greedily such
that every component is in one (by default), or that every two of different kinds meet (heavy). The
latter leaves out the networks in ALIKE: 79 cases in place of 177, of 398 pairs instead of 668.
Residual networks have the plan of tests/networks/small.py for 8x8 there.
"""

import functools
import itertools

import numpy as np
import pytest

from tests.conftest import checkpoint, tiny_experiment
from tests.networks.small import small, smallest
from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.evaluation.options import EvaluationOptions
from tfgan_pipeline.experiment import Experiment
from tfgan_pipeline.models.game import build_networks, new_game
from tfgan_pipeline.training.refusals import refuse_what_does_not_fit

# Those that are quick to trace first, where most is still new.
NETWORKS = sorted(registry.network.components(), key=lambda name: small(name)[1][2])
GAMES = list(registry.model.components())
LOSSES = list(registry.loss.components())
PENALTIES = list(registry.penalty.components())

ALONE = {'autoencoder', 'denoising_autoencoder', 'vae'}  # Nobody plays against the generator.
# Combinations with one component of each set: the flag that is refused and what it would need.
REFUSED = [
  (dict(network={'points_mlp'}, model=ALONE), '--model', 'pictures'),
  (dict(model=ALONE, loss={*LOSSES} - {'modified'}), '--loss', 'a discriminator'),
  (dict(model=ALONE, penalty={*PENALTIES} - {'orthogonal'}), '--penalties', 'a discriminator'),
  (dict(network={'points_mlp'}, penalty={'consistency'}), '--penalties', 'pictures'),
]

# Which of these image shapes a network exists for.
SHAPES = [(2, 2, 1), (8, 8, 1), (16, 16, 3), (28, 28, 1), (28, 32, 1), (32, 32, 3), (128, 128, 3)]
SIDES = {
  **dict.fromkeys(('mlp', 'mlp_relu', 'mlp_softplus'), {2, 8, 16, 28, (28, 32), 32, 128}),
  **dict.fromkeys(
    ('dcgan_textbook', 'dcgan_upsampling', 'dcgan_celeba', 'dcgan_interpolation'), {28}
  ),
  **dict.fromkeys(('sngan', 'sagan', 'biggan', 'biggan_deep'), {32, 128}),
  'points_mlp': {2},
  'dcgan': {8, 16, 28, 32, 128},
  'sndcgan': {8, 16, 32, 128},
  **dict.fromkeys(('r3gan', 'stylegan2'), {8, 16, 32, 128}),
}


def expected(**chosen: str) -> list[tuple[str, str]]:
  """The refusals that REFUSED has for a combination."""
  return [
    (flag, need)
    for sets, flag, need in REFUSED
    if all(chosen[kind] in names for kind, names in sets.items())
  ]


@functools.cache
def data_of(name: str):
  return registry.dataset.build(name, DataOptions())


def dataset_for(shape) -> str:
  return 'gaussian_ring' if shape == (2, 2, 1) else f'digits(size={shape[0]})'


@functools.cache
def chosen(kind, name: str):
  return {name: kind.build(name)} if name else {}


@functools.cache
def refusal(dataset: str, model: str, loss: str, penalty: str = '', augment: str = '') -> str:
  """What is said against a choice before networks are built, or nothing."""
  experiment = Experiment(dataset=dataset, model=model, loss=loss, discriminator_augment=augment)
  data = data_of(dataset)
  game = new_game(experiment, data.num_classes)
  augmentations = chosen(registry.discriminator_augmentation, augment)
  try:
    refuse_what_does_not_fit(
      experiment, game, data, chosen(registry.penalty, penalty), augmentations
    )
  except UsageError as error:
    return str(error)
  return ''


def test_every_combination_is_accepted_or_refused_for_a_reason():
  for network, model, loss, penalty in itertools.product(NETWORKS, GAMES, LOSSES, ['', *PENALTIES]):
    reasons = expected(network=network, model=model, loss=loss, penalty=penalty)
    said = refusal(dataset_for(small(network)[1]), model, loss, penalty)
    assert bool(said) == bool(reasons), (network, model, loss, penalty, said)
    assert not said or any(
      said.startswith(f'{flag}=') and f': needs {need}, which --' in said for flag, need in reasons
    ), said


def test_every_network_refuses_sizes_before_it_makes_a_layer(monkeypatch):
  class Accepted(Exception):
    pass

  def accept(self, *args, **kwargs):
    raise Accepted

  monkeypatch.setattr(keras.layers.Layer, '__init__', accept)
  assert set(SIDES) == set(NETWORKS)
  for network, model, shape in itertools.product(NETWORKS, GAMES, SHAPES):
    side = shape[0] if shape[0] == shape[1] else shape[:2]
    experiment = Experiment(networks=network, model=model, noise='normal(60)')
    with pytest.raises((Accepted, UsageError)) as raised:
      build_networks(experiment, shape, 10)
    assert (raised.type is Accepted) == (side in SIDES[network]), (network, shape, raised.value)
    if raised.type is UsageError:
      assert str(raised.value).startswith(f'--networks={network}: ')


# Networks of the kinds of layers that another one has, with which not every pair is trained.
ALIKE = {
  'mlp_relu': 'mlp',
  'mlp_softplus': 'mlp',
  'dcgan_celeba': 'dcgan',
  'dcgan_interpolation': 'dcgan',
  'dcgan_upsampling': 'dcgan_textbook',
  'sndcgan': 'sagan',
  'sngan': 'sagan',
  'biggan': 'sagan',
  'biggan_deep': 'sagan',
}

# What a case is chosen from; '' is without one.
KINDS = {
  'network': NETWORKS,
  'penalty': ['', *PENALTIES],
  'loss': LOSSES,
  'augment': ['', *registry.discriminator_augmentation.components()],
  'model': GAMES,
  'reconstruction': ['', *registry.reconstruction.components()],
}
PLAIN = dict(network='mlp', penalty='', loss='modified', augment='', model='gan', reconstruction='')


def fits(case: dict[str, str]) -> bool:
  parameters = [known.name for known in registry.model.components()[case['model']].parameters]
  if case['reconstruction'] and 'reconstruction' not in parameters:
    return False
  dataset = dataset_for(small(case['network'])[1])
  return not refusal(dataset, case['model'], case['loss'], case['penalty'], case['augment'])


def met(case: dict[str, str], strength: int) -> set[tuple]:
  """The components, or pairs of components, that a case brings together."""
  there = [(kind, name) for kind, name in case.items() if name]
  return set(itertools.combinations(there, strength))


def base_of(group: tuple) -> dict[str, str] | None:
  """A plain case that has all of a group, if there is one."""
  cases = ({**PLAIN, 'model': model, **dict(group)} for model in ['gan', *GAMES])
  return next(filter(fits, cases), None)


def covering(strength: int, without=()) -> list[dict[str, str]]:
  """Cases in which all meet that can, each as rich in what is new as one kind at a time allows."""
  kinds = {kind: [name for name in names if name not in without] for kind, names in KINDS.items()}
  names = [(kind, name) for kind, names in kinds.items() for name in names if name]
  groups = itertools.combinations(names, strength)
  missing = {group: None for group in groups if len(dict(group)) == strength and base_of(group)}
  cases = []
  while missing:
    first = next(iter(missing))
    case = base_of(first)
    # Twice, since what is best for one depends on the others; of equals, the plain one.
    for kind in [kind for kind in kinds if kind not in dict(first)] * 2:
      found = [{**case, kind: name} for name in kinds[kind]]
      case = max(
        filter(fits, found),
        key=lambda one: (len(met(one, strength) & missing.keys()), one[kind] == PLAIN[kind]),
      )
    cases.append(case)
    for group in met(case, strength):
      missing.pop(group, None)
  return cases


def text_of(case: dict[str, str]) -> str:
  return '-'.join(filter(None, case.values()))


def train_score_and_continue(case, model_dir, cache_dir, monkeypatch):
  """Two steps in one go, the score of the first, and the second again from its checkpoint."""
  text, shape = smallest(case['network'], monkeypatch)
  model, dataset = case['model'], dataset_for(shape)
  if case['reconstruction']:
    model = f'{model}(reconstruction={case["reconstruction"]})'
  experiment = tiny_experiment(
    model_dir,
    dataset=dataset,
    networks=text,
    model=model,
    loss=case['loss'],
    penalties=case['penalty'],
    discriminator_augment=case['augment'],
    noise='normal(12)',
    batch_size=4,
    max_steps=2,
    save_every=1,
  )
  estimator = GANEstimator(experiment)
  estimator.dataset = data_of(dataset)  # Made once for all.
  assert estimator.train() == 2
  once = checkpoint(model_dir, 2)
  options = EvaluationOptions(
    extractor='points' if shape == (2, 2, 1) else 'random_projection',
    metrics='fid',
    num_samples=16,
    cache_dir=cache_dir,
  )
  record = estimator.evaluate(1, options)
  assert record['step'] == 1 and np.isfinite([*record['scores'].values()]).all()
  for path in (model_dir / 'checkpoints').glob('ckpt-000002*'):
    path.unlink()
  # The same process goes back, which is half of the work: what the checkpoint does not hold stays
  # as it was after the second step, and makes another one of it.
  estimator._trainer._step = None
  assert estimator.train() == 2
  again, start = checkpoint(model_dir, 2), checkpoint(model_dir, 0)
  assert once.keys() == again.keys()
  for name, value in once.items():
    np.testing.assert_array_equal(again[name], value, err_msg=name)
  for part in {name.split('/')[0] for name in once} - {'save_counter', 'rollbacks'}:
    names = [name for name in once if name.startswith(part)]
    assert any(not np.array_equal(start[name], once[name]) for name in names), part


@pytest.mark.parametrize('case', covering(1), ids=text_of)
def test_every_component(case, tmp_path, cache_dir, monkeypatch):
  train_score_and_continue(case, tmp_path / 'run', cache_dir, monkeypatch)


@pytest.mark.heavy
@pytest.mark.parametrize('case', covering(2, without=ALIKE), ids=text_of)
def test_every_pair(case, tmp_path, cache_dir, monkeypatch):
  train_score_and_continue(case, tmp_path / 'run', cache_dir, monkeypatch)
