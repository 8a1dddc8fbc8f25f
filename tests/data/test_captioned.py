"""A user's own pictures with captions, in each of the forms that people have."""

from __future__ import annotations

import json
import logging

import numpy as np
from PIL import Image
import pytest

from tests.conftest import run_binary
from tfgan_pipeline import registry
from tfgan_pipeline.data.captions.caption_files import read_captions
from tfgan_pipeline.data.captions.fields import CAPTION, captions_of, first_captions
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.errors import UsageError

COUNT = 10
WORDS = ('zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine')


def text_of(number: int) -> str:
  return f'A picture of {WORDS[number]}, bright'


def csv(*, head='image,caption', row='{number:03}.png,"{text}"', numbers=range(COUNT)) -> str:
  rows = [row.format(number=number, text=text_of(number)) for number in numbers]
  return '\n'.join([*([head] if head else []), *rows, ''])


def coco() -> str:
  images = [{'id': 7 * number, 'file_name': f'{number:03}.png'} for number in range(COUNT)]
  notes = [{'image_id': 7 * number, 'caption': text_of(number)} for number in range(COUNT)]
  return json.dumps({'info': {}, 'images': images, 'annotations': notes[::-1]})


def jsonl(key: str, wrap=lambda text: text) -> str:
  rows = [{'file_name': f'{n:03}.png', key: wrap(text_of(n)), 'more': 1} for n in range(COUNT)]
  return '\n'.join(map(json.dumps, rows))


FORMS = {
  'beside': {f'{number:03}.txt': text_of(number) for number in range(COUNT)},
  'flickr8k': {'captions.txt': csv()},
  'commas': {'captions.csv': csv(row='{number:03}.png,{text}')},
  'tabs': {'captions.tsv': csv(head='filename\ttext\tid', row='{number:03}.png\t{text}\t5')},
  'token': {'captions.token': csv(head='', row='{number:03}.png#0\t{text}')},
  'flickr30k': {
    'results.csv': csv(head='image_name| comment_number| comment', row='{number:03}.png| 0| {text}')
  },
  'hf csv': {'metadata.csv': csv(head='file_name,text,label', row='{number:03}.png,"{text}",3')},
  'hf json': {'metadata.jsonl': jsonl('text')},
  'hf lists': {'metadata.jsonl': jsonl('captions', lambda text: [text, 'another one'])},
  'coco': {'annotations/captions_train2017.json': coco()},
  'semicolons, with a mark': {
    'captions.csv': csv(head='\ufeffFile;Caption;x', row='{number:03}.png;"{text}";1')
  },
}


@pytest.fixture
def folder(tmp_path):
  """Pictures whose brightness is their number."""
  for number in range(COUNT):
    Image.new('RGB', (8, 8), (20 * number,) * 3).save(tmp_path / f'{number:03}.png')
  return tmp_path


def put(folder, contents):
  for name, text in contents.items():
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding='utf-8')


def build(folder, more='', limit=1.0):
  return registry.dataset.build(f'captioned(size=8{more})', DataOptions(str(folder), limit))


def assert_right(dataset, numbers=range(COUNT)):
  seen = []
  for split in dataset.splits.values():
    for batch in split.ordered(3):
      texts = captions_of(dataset.fields[CAPTION], first_captions(batch[CAPTION]))
      for image, text in zip(batch['image'], texts):
        number = int(image[0, 0, 0]) // 20
        seen.append(number)
        if all(word in dataset.fields[CAPTION].words for word in WORDS[number : number + 1]):
          assert text == text_of(number).lower().replace(',', '')
        else:  # Only the training split makes words known.
          assert text == 'a picture of ? bright'
  assert sorted(seen) == list(numbers)


@pytest.mark.parametrize('form', FORMS)
@pytest.mark.parametrize('limit', [0.0, 1.0])
def test_every_form_gives_each_picture_its_caption(folder, form, limit):
  put(folder, FORMS[form])
  dataset = build(folder, limit=limit)
  assert_right(dataset)
  assert {name: split.size for name, split in dataset.splits.items()} == {
    **{'train': 8, 'validation': 1, 'test': 1}
  }
  count = 20 if form == 'hf lists' else 10
  assert f'{count} captions of 10 pictures' in dataset.notes
  assert dataset.fields[CAPTION].shape == (count // 10, 5)


def test_pictures_without_a_caption_are_left_out_and_counted(folder, caplog):
  caplog.set_level(logging.INFO)
  put(folder, {'captions.csv': csv(numbers=range(7)) + 'x.png,no picture\n009.png,"!"\n'})
  dataset = build(folder)
  assert_right(dataset, range(7))
  assert '3 of 10 pictures have no caption and are left out' in caplog.text
  assert '1 rows are of no picture, such as x.png' in dataset.notes


def test_several_captions_a_picture_are_rows_of_the_field(folder):
  put(folder, {'captions.csv': csv() + '000.png,"a second, longer one of zero"\n'})
  dataset = build(folder)
  assert dataset.fields[CAPTION].shape == (2, 6)
  tokens = np.concatenate([split.spread(split.size)[CAPTION] for split in dataset.splits.values()])
  assert ((tokens > 0).any(-1).sum(1) == 2).sum() == 1


def test_words_that_are_rare_are_unknown(folder):
  put(folder, FORMS['beside'])
  assert set(build(folder, ', at_least=3').fields[CAPTION].words) == {
    'a',
    'picture',
    'of',
    'bright',
  }


def test_the_fingerprint_follows_the_captions(folder):
  put(folder, FORMS['flickr8k'])
  before = build(folder).fingerprint
  put(folder, {'captions.txt': csv().replace('bright', 'dark', 1)})
  assert build(folder).fingerprint != before


@pytest.mark.parametrize(
  'contents, message',
  [
    ({}, 'has no captions: neither a .txt file'),
    ({'captions.csv': 'a,b\nc,d\n'}, 'captions.csv: has no column of pictures, such as file_name'),
    ({'captions.csv': 'image,b\n000.png,d\n'}, 'has no column of captions, such as text'),
    ({'captions.csv': csv(row='a{number}.png,"{text}"')}, 'names no picture of .*first one is a0'),
    ({'captions.txt': 'hello'}, 'should be a table of pictures and captions'),
    ({'captions_train.json': '{"images": 3}'}, 'is no file of captions as of COCO'),
    ({'captions_train.json': '{'}, 'is no file of captions as of COCO'),
    ({'metadata.jsonl': '[]'}, 'line 1 is no JSON|has no column of pictures'),
    ({'metadata.jsonl': 'nonsense'}, 'line 1 is no JSON of a picture'),
    ({'000.txt': ' \n'}, 'has no captions'),
  ],
)
def test_bad_captions_are_refused_in_a_line(folder, contents, message):
  put(folder, contents)
  with pytest.raises(UsageError, match=message):
    build(folder)


def test_a_file_that_is_named_counts_alone(folder):
  put(folder, {**FORMS['beside'], 'other.csv': csv(numbers=range(9))})
  assert_right(build(folder, ', captions="other.csv"'), range(9))
  with pytest.raises(UsageError, match='captions=no.csv: there is no such file'):
    build(folder, ', captions="no.csv"')


def test_a_run_says_what_it_understood_and_needs_a_folder(folder, tmp_path_factory):
  put(folder, FORMS['coco'])
  run = tmp_path_factory.mktemp('run') / 'run'
  flags = (f'--model_dir={run}', '--dataset=captioned(size=8)', '--max_steps=1')
  model = ('--model=text_gan', '--networks=text_dcgan(filters=2), text_encoder(mean, size=4)')
  result = run_binary('train', *flags, *model, f'--data_dir={folder}', '--dry_run')
  told = result.stdout + result.stderr
  assert '10 captions of 10 pictures' in told
  assert 'captions_train2017.json in the form of COCO' in told
  assert "'captioned' needs the folder" in run_binary('train', *flags, *model, code=2).stderr


def pictures_at(folder, *names):
  for number, name in enumerate(names):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((8, 8, 3), number, np.uint8)).save(path)


def captions_in(folder) -> dict[str, str]:
  """Returns the captions by name of the picture."""
  names = [str(path.relative_to(folder)) for path in sorted(folder.rglob('*.png'))]
  every = [str(path.relative_to(folder)) for path in folder.rglob('*') if path.is_file()]
  return {name: texts[0] for name, texts in read_captions(str(folder), names, every, '').of.items()}


def test_a_table_below_a_split_speaks_of_the_pictures_of_that_split(tmp_path):
  pictures_at(tmp_path, 'train/1.png', 'test/1.png', 'test/2.png')
  (tmp_path / 'train/metadata.csv').write_text('file_name,text\n1.png,a dog\n2.png,a cat\n')
  assert captions_in(tmp_path) == {'train/1.png': 'a dog'}


def test_a_quote_in_a_table_of_tabs_is_a_sign_as_others(tmp_path):
  pictures_at(tmp_path, '1.png', '2.png', '3.png')
  (tmp_path / 'captions.tsv').write_text(
    'image\tcaption\n1.png\t"hello there\n2.png\ta dog\n3.png\ta cat\n'
  )
  assert captions_in(tmp_path) == {'1.png': '"hello there', '2.png': 'a dog', '3.png': 'a cat'}


def test_a_table_of_nothing_but_commas_is_refused(tmp_path):
  pictures_at(tmp_path, '1.png')
  (tmp_path / 'captions.csv').write_text(',,\n,,\n')
  with pytest.raises(UsageError, match='should be a table of pictures and captions; its rows are'):
    captions_in(tmp_path)
