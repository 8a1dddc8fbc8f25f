"""Encoders of captions, trained with the networks that read their codes."""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras
from tfgan_pipeline.errors import UsageError, did_you_mean, require
from tfgan_pipeline.networks.layers.words import BidirectionalGRU, MeanOfWords, WordVectors
from tfgan_pipeline.networks.spec import Kind, Networks, NetworkSpec

layers = keras.layers
KINDS = ('mean', 'gru')


@registry.network
def text_encoder(spec: NetworkSpec, *, kind: str = 'gru', size: int = 128) -> Networks:
  """Encoder of captions: mean of word vectors, or a bidirectional GRU beside it.

  Args:
    spec: Networks to build, of which the text encoders are taken.
    kind: 'mean' is the mean of the vectors of all words, whatever their order. 'gru' puts beside it
      the last states of two gated recurrent units, one that reads forwards and one that reads
      backwards (Cho et al. 2014, arXiv:1406.1078; Schuster and Paliwal 1997).
    size: Length of word vectors, and units of each GRU.

  Raises:
    UsageError: An argument is out of range.
  """
  if kind not in KINDS:
    raise UsageError(
      f'--networks=text_encoder: kind={kind} should be one of {", ".join(KINDS)}'
      f'{did_you_mean(kind, KINDS)}'
    )
  require('--networks=text_encoder', at_least=1, size=size)

  def build(name: str) -> keras.Model:
    role = spec.roles[name]
    port = role.reads['caption']
    tokens = keras.Input(port.sides, dtype='int32', name='caption')
    words = WordVectors(port.classes, size)(tokens)
    codes = [MeanOfWords()(words)]
    if kind == 'gru':
      codes.append(BidirectionalGRU(size)(words))
    code = layers.Concatenate()(codes) if len(codes) > 1 else codes[0]
    return keras.Model(tokens, layers.Dense(role.gives.sides[0], dtype='float32')(code), name=name)

  return {name: build(name) for name in spec.of_kind(Kind.TEXT_ENCODER)}
