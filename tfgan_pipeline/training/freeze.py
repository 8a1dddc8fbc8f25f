"""Layers whose variables are not trained: --freeze=discriminator/conv2d_1.

Freezing the first layers of the discriminator is FreezeD (Mo, Cho and Shin 2020, arXiv:2002.10964).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import fnmatch
import re

from tfgan_pipeline.compat import keras
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.networks.spec import Networks


def freeze(text: str, game: Game, averages: Networks) -> None:
  """Freezes layers of the networks of a game and of their averages.

  A frozen layer of batch normalisation uses its moving averages, and keeps them.

  Args:
    text: Names of networks or layers such as 'discriminator/conv2d_1', patterns of them, or their
      beginnings, separated by commas.
    game: The game with its networks.
    averages: The moving averages by role.

  Raises:
    UsageError: Something named is not there, or the generator has nothing left to train.
  """
  if not text:
    return
  names = {role: list(_named_layers(network)) for role, network in game.networks.items()}
  layers = [f'{role}/{name}' for role, named in names.items() for name, _ in named]
  frozen: set[str] = set()
  for part in filter(None, map(str.strip, text.split(','))):
    found = _matches(part, layers)
    if not found:
      raise UsageError(f'--freeze={part}: no such layer; there are {", ".join(layers)}')
    frozen |= set(found)
  for networks in (game.networks, averages):
    _freeze(networks, frozen)
  if not game.trainable_variables('generator'):
    raise UsageError(f'--freeze={text}: leaves nothing of the generator to train')


def _matches(part: str, layers: list[str]) -> list[str]:
  """Returns the layers that a name, a pattern or else the beginning of names stands for."""
  found = [
    name for name in layers if fnmatch.fnmatchcase(name, part) or name.startswith(f'{part}/')
  ]
  return found or [name for name in layers if name.startswith(part)]


def _freeze(networks: Mapping[str, keras.Model], frozen: set[str]) -> None:
  for role, network in networks.items():
    for name, layer in _named_layers(network):
      if f'{role}/{name}' in frozen:
        layer.trainable = False


def _named_layers(network: keras.Model) -> Iterator[tuple[str, keras.layers.Layer]]:
  """Yields the layers with variables, numbered by kind: conv2d_1, conv2d_2, dense_1.

  Keras' own numbers go on from network to network of a process.
  """
  counts: dict[str, int] = {}
  for layer in _flat(network):
    if layer.weights:
      kind = re.sub(r'_\d+$', '', layer.name)
      counts[kind] = counts.get(kind, 0) + 1
      yield f'{kind}_{counts[kind]}', layer


def _flat(network: keras.Model) -> Iterator[keras.layers.Layer]:
  for layer in network.layers:
    if isinstance(layer, keras.Model):
      yield from _flat(layer)
    else:
      yield layer
