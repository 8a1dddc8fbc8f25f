"""Pages of tfgan-report, made by the binary and read as a program reads HTML."""

from __future__ import annotations

import base64
import io
import itertools
import json
import re
import shutil

import numpy as np
from PIL import Image
import pytest

from tests.conftest import run_binary
from tests.report.pages import Page, report


@pytest.fixture(scope='module')
def page(scored, tmp_path_factory) -> Page:
  return report(tmp_path_factory.mktemp('page') / 'report.html', f'--model_dir={scored}')


def lines(path) -> list[dict]:
  return [json.loads(line) for line in path.read_text().splitlines()]


def require_whole(page: Page) -> None:
  """Checks what holds for every page: one file, small, and told in words throughout."""
  assert len(page.html.encode()) < 5_000_000
  addresses = [e[name] for e in page.elements for name in ('src', 'href', 'srcset', 'data')]
  assert all(address.startswith(('data:', '#')) for address in addresses if address)
  assert not re.search(r'url\(|@import|https?://|\bfetch\(|XMLHttpRequest|import\(', page.html)
  ids = [element['id'] for element in page.elements if element['id']]
  assert len(set(ids)) == len(ids)
  for link in page.all('a'):
    assert link['href'][1:] in ids
  for element in page.elements:
    for name in ('for', 'aria-labelledby'):
      assert not element[name] or element[name] in ids
  assert page.all('html')[0]['lang'] == 'en' and page.all('title')[0].text
  assert all(len(image['alt']) > 20 for image in page.all('img'))
  drawings = [one for one in page.all('svg') if one['aria-hidden'] != 'true']
  assert all(one['role'] == 'img' and len(one['aria-label']) > 20 for one in drawings)
  assert {e['id'] for e in page.all('input')} == {e['for'] for e in page.all('label')}
  assert all(cell['scope'] in ('row', 'col') for cell in page.all('th'))
  assert len(page.all('caption')) == len(page.all('table'))
  headings = [int(e.name[1]) for e in page.elements if re.fullmatch('h[1-6]', e.name)]
  assert headings[0] == 1 and headings.count(1) == 1
  assert all(after - before <= 1 for before, after in itertools.pairwise(headings))
  regions = [e for e in page.elements if e['role'] == 'region']
  assert all(e['aria-label'] and e['tabindex'] == '0' for e in regions)


def test_a_page_is_whole(page):
  require_whole(page)


def test_numbers_are_those_of_the_records(page, scored):
  (path,) = (scored / 'eval').glob('*/scores.jsonl')
  for record in lines(path):
    for name, value in record['scores'].items():
      stem = name.split('[')[0]
      if stem in ('fid', 'fid_floor', 'fid_low', 'fid_high', 'memorised', 'precision', 'recall'):
        assert value in page.numbers, name
  health = lines(scored / 'train/health.jsonl')
  assert {health[0]['samples/diversity'], health[-1]['samples/diversity']} <= page.numbers
  curves = lines(scored / 'train/train.jsonl')
  assert curves[-1]['gradient_norm/generator'] in page.numbers


def test_what_stands_on_a_page(page, scored):
  experiment = json.loads((scored / 'experiment.json').read_text())
  assert '10 classes' in page.text and 'dcgan(filters=4)' in page.text
  assert 'step 4 of 4, finished; 16 images a batch, 64 images read; seed 0' in page.text
  assert f'generator {experiment["networks"]["generator"]["parameters"]:,}' in page.text
  assert 'from the nearest preset, digits_dcgan' in page.text  # And how the run differs from it.
  differing = [e.text for e in page.all('th') if e['scope'] == 'row']
  assert {'dataset', 'networks', 'noise', 'batch_size', 'max_steps'} <= set(differing)
  assert 'loss' not in differing
  charts = {e['aria-label'].split(' by step. ')[0]: e['aria-label'] for e in page.all('svg')}
  assert re.search(r'at step 4, 95 % interval .*floor: ', charts['fid[random_projection]'])
  assert 'generator: from ' in charts['Losses'] and 'discriminator: from ' in charts['Losses']
  (count,) = re.findall(r'At step 4, (\d+) of 64 samples \(.* %\) are likely copies', page.text)
  (table,) = (scored / 'eval').glob('*/per_sample-4-*.csv')
  rows = [row.split(',') for row in table.read_text().splitlines()]
  assert int(count) == sum(int(row[rows[0].index('likely_copy')]) for row in rows[1:])
  assert 'No setting was changed on the way.' in page.text


def test_pictures_are_those_of_the_run(page, scored):
  (table,) = (scored / 'eval').glob('*/per_sample-4-*.png')
  paths = [*sorted((scored / 'samples').iterdir()), table]
  stored = {image['src'].partition('base64,')[2] for image in page.all('img')}
  assert stored == {base64.b64encode(path.read_bytes()).decode() for path in paths}
  (slider,) = page.all('input')
  frames = [image for image in page.all('img') if 'Grid of samples' in image['alt']]
  assert [slider['min'], slider['max'], slider['value']] == ['0', '1', '1'] and len(frames) == 2
  assert [re.search(r'at step (\d)', frame['alt'])[1] for frame in frames] == ['0', '4']


def test_several_runs(scored, tiny_run, tmp_path):
  for name, source in (('one', scored), ('two', tiny_run)):
    shutil.copytree(source, tmp_path / 'runs' / name)
  path = tmp_path / 'runs/two/experiment.json'
  record = json.loads(path.read_text())
  record['experiment']['seed'] = 7
  path.write_text(json.dumps(record))
  page = report(tmp_path / 'page.html', f'--model_dir={tmp_path}/runs/*')
  require_whole(page)
  (head,) = re.findall(r'<tr><th scope="col">run</th>.*warnings.*', page.html)
  assert '>seed</th>' in head and 'networks' not in head
  assert 'Report of 2 runs' in page.text and 'not scored so' in page.text
  assert f'--output={tmp_path}/page.html' in page.text  # Of the command for this page.
  words = report(tmp_path / 'words.html', f'{tmp_path}/runs/one', f'{tmp_path}/runs/two')
  assert words.html.replace('words.html', 'page.html') == page.html


def test_a_run_without_anything(tiny_run, tmp_path):
  (tmp_path / 'run').mkdir()
  shutil.copy(tiny_run / 'experiment.json', tmp_path / 'run')
  page = report(tmp_path / 'page.html', f'--model_dir={tmp_path}/run')
  require_whole(page)
  command = f"tfgan-evaluate --model_dir={tmp_path}/run --metrics='fid, memorised, intra_class_fid'"
  assert ' '.join(page.text.split()).count('--per_sample') == 2
  assert command in page.text.replace(' \\ ', ' ')
  for words in ('Nothing was scored yet', 'No pictures of samples', 'No curves yet', 'No speed'):
    assert words in page.text


def test_scores_that_are_elsewhere(scored, tmp_path):
  run = shutil.copytree(scored, tmp_path / 'run')
  run_id = json.loads((run / 'experiment.json').read_text())['run_id']
  place = tmp_path / f'elsewhere/run-{run_id[:8]}'
  place.mkdir(parents=True)
  (run / 'eval').rename(place / 'eval')
  flags = [f'--model_dir={run}', f'--eval_dir={tmp_path}/elsewhere']
  page = report(tmp_path / 'page.html', *flags)
  (path,) = place.glob('eval/*/scores.jsonl')
  assert lines(path)[-1]['scores']['fid[random_projection]'] in page.numbers
  assert 'are likely copies' in page.text and ' '.join(flags) in page.text.replace(' \\ ', ' ')


def test_images_are_counted_by_the_settings_of_their_time(tiny_run, tmp_path):
  run = shutil.copytree(tiny_run, tmp_path / 'run')
  record = json.loads((run / 'experiment.json').read_text())
  record['experiment'] |= {'batch_size': 64, 'discriminator_steps': 2, 'update': 'sequential'}
  sizes, joint = {'batch_size': [16, 8]}, {'update': ['joint', 'sequential']}
  steps = {'discriminator_steps': [1, 2], 'batch_size': [8, 64]}
  (session,) = record['sessions']
  for first, changed in ((1, joint), (3, sizes), (2, steps)):  # Begun again at 2, before step 3.
    record['sessions'].append({**session, 'first_step': first, 'changed_settings': changed})
  (run / 'experiment.json').write_text(json.dumps(record))
  page = report(tmp_path / 'page.html', f'--model_dir={run}')
  images = 16 + 2 * 16 + 2 * 3 * 64
  assert f'64 images a batch, {images} images read' in page.text


def test_text_of_runs_is_no_html(scored, tmp_path):
  name = '<img src=x onerror=alert(1)>&"\''
  run = shutil.copytree(scored, tmp_path / name)
  record = json.loads((run / 'experiment.json').read_text())
  record['dataset']['name'] = '</dd><script>alert(2)</script>'
  record['experiment']['networks'] = 'mine("<b>")'
  (run / 'experiment.json').write_text(json.dumps(record))
  page = report(tmp_path / 'page.html', f'--model_dir={run}')
  require_whole(page)
  assert len(page.all('script')) == 1 and not page.all('b')
  assert name in page.text and '</dd><script>alert(2)</script>' in page.text


def test_classes_best_and_worst(scored, tmp_path):
  run = shutil.copytree(scored, tmp_path / 'run')
  (table,) = (run / 'eval').glob('*/per_sample-4-*.csv')
  head, *rows = table.read_text().splitlines()
  column = head.split(',').index('in_manifold')
  labelled = [row.split(',') for row in rows]
  for number, row in enumerate(labelled):
    row[column] = str(number % 3 // 2)  # Only class 2 resembles anything.
  table.write_text(
    '\n'.join([f'{head},label', *(f'{",".join(row)},{n % 3}' for n, row in enumerate(labelled))])
  )
  (path,) = (run / 'eval').glob('*/scores.jsonl')
  *others, last = lines(path)
  last['scores'] |= {'intra_class_fid[x]': 5.25, 'intra_class_fid_worst_3[x]': 9.5}
  path.write_text(''.join(json.dumps(record) + '\n' for record in [*others, last]))
  page = report(tmp_path / 'page.html', f'--model_dir={run}')
  (body,) = re.findall(r'best first, at step .*?<tbody>(.*?)</tbody>', page.html, re.DOTALL)
  assert re.findall(r'<th scope="row">(\d)</th>', body)[0] == '2'
  assert re.findall(r'<td>(\S+ %)</td>', body)[0] == '100 %'
  assert 'Worst by the Frechet distance within a class, at step 4: 3 (9.5); the mean' in page.text


def test_pictures_that_are_too_many_are_made_smaller(tiny_run, tmp_path):
  run = shutil.copytree(tiny_run, tmp_path / 'run')
  random = np.random.RandomState(0)
  for number in range(6):
    picture = Image.fromarray(random.randint(0, 256, (500, 500, 3)).astype(np.uint8))
    picture.save(run / f'samples/fakes-{number:06d}.png', compress_level=1)
  (run / 'samples/fakes-000003.png').write_bytes(b'no picture')
  output = tmp_path / 'page.html'
  done = run_binary('report', f'--model_dir={run}', f'--output={output}')
  page = Page(output.read_text())
  require_whole(page)
  assert re.search(r'fakes-000003.png: cannot be decoded .*; left out', done.stderr)
  assert done.stderr.count('cannot be decoded') == 1
  assert 'To keep the page small, pictures are WebP of quality' in page.text
  (last,) = (image['src'] for image in page.all('img') if 'at step 5' in image['alt'])
  assert Image.open(io.BytesIO(base64.b64decode(last.partition(',')[2]))).size == (500, 500)


def test_goodput_and_speed(scored, tmp_path):
  run = shutil.copytree(scored, tmp_path / 'run')
  seconds = {'start': 10, 'compile': 20.5, 'input': 1, 'saves': 2, 'steps': 60}
  first = {'first_step': 0, 'lost_steps': 0, 'lost_seconds': 0, 'step': 2, 'total': 100}
  second = {**first, 'first_step': 2, 'lost_steps': 1, 'lost_seconds': 20, 'step': 4}
  sessions = [json.dumps({**one, 'seconds': seconds}) for one in (first, second)]
  (run / 'train/goodput.jsonl').write_text('\n'.join([*sessions, sessions[0][:-1]]))
  page = report(tmp_path / 'page.html', f'--model_dir={run}')
  require_whole(page)
  assert '50 % of 3 min 20 s went into steps that counted.' in page.text
  assert {20.5, 100} <= page.numbers and 'images per second, median' in page.text


@pytest.mark.parametrize(
  'arguments, message',
  [
    ([], '--model_dir: name the runs to report on, such as /tmp/run or "/tmp/runs/*"'),
    (['--model_dir={}/run'], '--output: say which HTML file to write, such as report.html'),
    (['--model_dir={}/run', '--output={}/x.png'], 'is written as HTML; name it {}/x.html'),
    (['--model_dir={}/run', '--output={}/.html'], ' HTML; name it {}/report.html'),
    (['--model_dir={}/run', '--output={}'], ' HTML; name it {}/report.html'),
    (['--model_dir={}/run', '--output={}/.hidden.png'], ' HTML; name it {}/report.html'),
    (['--model_dir={}/run', '--output={}/no/x.html'], 'is no folder that can be written'),
    (['--model_dir={}/rum', '--output={}/x.html'], 'no run there, which has an experiment.json; '),
    (['--model_dir={}/x*', '--output={}/x.html'], '--model_dir={}/x*: no run there'),
    (['--model_dir={}/bad', '--output={}/x.html'], 'not readable as JSON'),
    (['--modeldir={}/run'], "Unknown command line flag 'modeldir'"),
  ],
)
def test_refusals(tiny_run, tmp_path, arguments, message):
  (tmp_path / 'run').symlink_to(tiny_run)
  (tmp_path / 'bad').mkdir()
  (tmp_path / 'bad/experiment.json').write_text('{')
  words = [word.format(tmp_path) for word in arguments]
  (line,) = run_binary('report', *words, code=2).stderr.splitlines()
  assert message.format(tmp_path) in line
  assert not list(tmp_path.glob('*.html'))
