"""Metrics of pictures against captions: facts known beforehand, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.data.made.described import asked_in, draw
from tfgan_pipeline.data.made.read_things import read
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.pairs.captions import Captions

PICTURES = draw(120, seed=0, things=2)
IMAGES = PICTURES.render((32, 32))
TEXTS = [PICTURES.captions(index)[0] for index in range(120)]


def score(texts, images=IMAGES, call='drawn_agreement', codes=None):
  asked = [asked_in(text) for text in texts]
  captions = Captions(texts, None if None in asked else asked, read, codes)
  return registry.pair_metric.build(call, captions, images)


def changed(word, other):
  return [text.replace(word, other) for text in TEXTS]


def test_real_pictures_agree_in_everything():
  assert set(score(TEXTS).values()) == {1.0}


@pytest.mark.parametrize(
  'attribute, word, other',
  [
    ('colour', 'red', 'green'),
    ('form', 'ring', 'cross'),
    ('size', 'large', 'small'),
    ('place', 'top', 'bottom'),
    ('place', 'left of', 'right of'),
    ('count', 'two', 'three'),
  ],
)
def test_another_word_costs_the_score_of_its_attribute_alone(attribute, word, other):
  scores = score(changed(word, other))
  hit = np.mean([word in text for text in TEXTS])
  assert scores[f'{attribute}_agreement'] < 1 and scores['drawn_agreement'] <= 1 - hit / 2
  others = {name for name, value in scores.items() if value < 1}
  counted = {'count_agreement', 'colour_agreement', 'form_agreement', 'size_agreement'}
  allowed = counted if attribute == 'count' else {f'{attribute}_agreement'}
  # Things told apart by the word are taken for each other.
  assert others <= {*allowed, 'drawn_agreement', 'place_agreement'}


def test_things_that_swap_their_colours_agree_in_all_but_the_whole():
  place = TEXTS.index(next(text for text in TEXTS if 'left of' in text and 'red' in text))
  asked = asked_in(TEXTS[place])
  first, second = asked.things
  swapped = (
    f'a {first.size} {second.colour} {first.form} left of a {second.size} {first.colour} '
    f'{second.form}'
  )
  assert first.colour != second.colour
  scores = score([swapped], IMAGES[place : place + 1])
  assert scores['colour_agreement'] == 1 and scores['drawn_agreement'] == 0


def test_pictures_of_other_captions_are_refused():
  with pytest.raises(UsageError, match='no caption has words of "shapes'):
    score(['a dog'] * 120)
  with pytest.raises(UsageError, match='three channels'):
    score(TEXTS, IMAGES[..., :1])


def test_r_precision_of_codes_that_are_known():
  random = np.random.RandomState(0)
  codes = random.normal(size=(120, 8))
  codes /= np.linalg.norm(codes, axis=1, keepdims=True)
  texts = [f'caption {number}' for number in range(120)]
  right, chance = (
    score(texts, call='r_precision(candidates=20)', codes=lambda *_, made=made: (codes, made))
    for made in (codes, random.normal(size=(120, 8)))
  )
  assert right == {'r_precision': 1.0} and chance['r_precision'] < 0.15
  with pytest.raises(UsageError, match='120 different captions, and candidates=200'):
    score(texts, call='r_precision(candidates=200)', codes=lambda *_: (codes, codes))
