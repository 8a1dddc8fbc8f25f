"""Words as tokens, captions of drawn pictures and of emoji, and what captions ask for."""

from __future__ import annotations

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.captions.fields import (
  CAPTION,
  SHOWN,
  caption_field,
  captions_of,
  first_captions,
)
from tfgan_pipeline.data.captions.vocabulary import Vocabulary, words_of
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.data.description import describe
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.data.made import described
from tfgan_pipeline.data.made.read_things import read
from tfgan_pipeline.data.openmoji.names import caption_of
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.pairs.captions import Thing
from tfgan_pipeline.sampling.exports.caption_reader import read_captions

TEXTS = [
  'A dog, RUNNING!',
  "it's the dog's ball — isn't it?",
  "''quoted'' _under_score_ 3 dogs",
  'Ein Fußball für Äpfel',
  'собака бежит',
  'dog’s',
]


def test_words_are_letters_digits_and_apostrophes_within():
  assert words_of(TEXTS[0]) == ['a', 'dog', 'running']
  assert words_of(TEXTS[1]) == ["it's", 'the', "dog's", 'ball', "isn't", 'it']
  assert words_of(TEXTS[2]) == ['quoted', 'under', 'score', '3', 'dogs']
  assert words_of(TEXTS[5]) == ["dog's"] and words_of(' \n!') == []


def test_tokens_and_back():
  vocabulary = Vocabulary.of(['b a b', 'c a', 'b'])
  assert vocabulary.words == ('b', 'a', 'c') and vocabulary.size == 5
  np.testing.assert_array_equal(vocabulary.encode('A x b', 5), [3, 1, 2, 0, 0])
  np.testing.assert_array_equal(vocabulary.encode('a b c', 2), [3, 2])
  assert vocabulary.decode(vocabulary.encode('A x b', 5)) == 'a ? b'
  assert vocabulary.unknown('a x y b') == ['x', 'y']
  assert Vocabulary.of(['a b', 'a'], at_least=2).words == ('a',)


def test_an_export_reads_captions_as_the_package_does():
  field = caption_field([[text] for text in TEXTS], [[TEXTS[0]]])
  expected = Vocabulary(field.words).encode_all([[text] for text in TEXTS], field.shape)[:, 0]
  np.testing.assert_array_equal(read_captions(field, tf.constant(TEXTS)), expected)


def test_the_field_is_recorded_and_shows_captions_from_everywhere():
  texts = [[f'word{number}', 'again'] for number in range(2000)]
  field = caption_field(texts, texts)
  assert field.shape == (2, 1) and len(field.words) == 2001 and len(field.examples) == SHOWN
  assert field.examples[0] == 'word0' and int(field.examples[-1][4:]) > 1990
  record = Fields(caption=field).to_record()
  assert Fields.from_record({'fields': record})['caption'] == field


def shapes(more=''):
  return registry.dataset.build(f'shapes(style=captions, count=300{more})', DataOptions())


@pytest.mark.parametrize('things', [1, 2, 3])
@pytest.mark.parametrize('size', [28, 32, 64])
def test_drawn_pictures_are_what_their_captions_say(things, size):
  dataset = shapes(f', things={things}, size={size}')
  batch = next(dataset.split('train').ordered(60))
  texts = captions_of(dataset.fields[CAPTION], first_captions(batch[CAPTION]))
  counts = set()
  for text, found in zip(texts, read(batch['image'])):
    asked = described.asked_in(text)
    counts.add(len(found))
    assert sorted(thing.words for thing in found) == sorted(thing.words for thing in asked.things)
    if asked.place:
      x, y = found[0].centre
      assert (x < -0.3) == ('left' in asked.place) and (y > 0.3) == ('bottom' in asked.place)
  assert counts == set(range(1, things + 1))
  assert 'captions: up to' in describe(dataset)


def test_captions_of_a_picture_say_the_same_in_other_words():
  pictures = described.draw(200, seed=1, things=2)
  for index in range(200):
    whole, *others = pictures.captions(index)
    things = sorted(thing.words for thing in described.asked_in(whole).things)
    for other in others:
      assert sorted(thing.words for thing in described.asked_in(other).things) == things


def test_what_is_asked_for():
  asked = described.asked_in('a small blue ring left of a large red circle')
  assert asked.step == (-1, 0) and asked.things[1] == Thing('large', 'red', 'circle')
  asked = described.asked_in('Three green crosses')
  assert asked.things == (Thing('', 'green', 'cross'),) * 3 and not asked.place
  assert described.asked_in('a ring at the top left').place == 'top left'
  assert described.asked_in('a dog') is None


def test_things_are_read_of_noise_without_harm():
  noise = np.random.RandomState(0).randint(0, 256, (4, 32, 32, 3), np.uint8)
  assert len(read(noise)) == 4 and read(np.full((1, 32, 32, 3), 235, np.uint8)) == [[]]


@pytest.mark.parametrize(
  'text, message',
  [
    ('shapes(style=captions, label=colour)', 'captions take the place of labels'),
    ('shapes(style=captions, things=4)', 'things=4'),
    ('shapes(things=0)', 'things=0'),
  ],
)
def test_wrong_arguments_are_refused(text, message):
  with pytest.raises(UsageError, match=message):
    registry.dataset.build(text, DataOptions())


def test_names_of_emoji():
  assert caption_of('1F34E') == 'red apple'
  assert caption_of('1F469-1F3FD-200D-1F680') == 'woman medium skin rocket'
  assert caption_of('1F487-1F3FB-200D-2642-FE0F') == 'haircut light skin male'
  assert caption_of('E003') == '' and caption_of('1F1F5-1F1F7') == ''
  assert caption_of('27A1') == 'black rightwards arrow'  # No mark, by itself.


def test_emoji_have_captions_and_no_variant_of_a_test_picture_in_train():
  pytest.importorskip('resvg_py')
  dataset = registry.dataset.build('openmoji(task=captions, size=16, count=300)', DataOptions())
  field = dataset.fields[CAPTION]
  assert sum(split.size for split in dataset.splits.values()) == 300
  texts = {
    name: set(captions_of(field, first_captions(split.spread(split.size)[CAPTION])))
    for name, split in dataset.splits.items()
  }
  assert not texts['train'] & texts['test'] and '?' not in ' '.join(texts['train'])
