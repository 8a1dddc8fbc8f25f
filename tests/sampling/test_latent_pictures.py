"""Walks, films, arithmetic and given latents, as tfgan-sample writes them."""

from __future__ import annotations

import importlib.util
import json

import numpy as np
from PIL import Image
import pytest

from tests.conftest import QUICK, run_binary
from tests.sampling.test_styles import STYLEGAN
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.media import animation
from tfgan_pipeline.models.noise import normal
from tfgan_pipeline.sampling.latent.terms import Term, numbers_of, parse


def sample(run, output, *flags: str, **kwargs) -> dict:
  done = run_binary('sample', f'--model_dir={run}', f'--output={output}', *flags, **kwargs)
  return json.loads(done.stdout) if not kwargs.get('code') else done.stderr.splitlines()[-1]


def pixels(path) -> np.ndarray:
  return np.asarray(Image.open(path))


def duration(path) -> int:
  """Returns how many milliseconds a GIF takes; equal frames in a row are stored as one."""
  film, total = Image.open(path), 0
  for number in range(film.n_frames):
    film.seek(number)
    total += film.info['duration']
  return total


@pytest.fixture(scope='module')
def labelled_run(tmp_path_factory):
  """Run of a generator that is told classes."""
  model_dir = tmp_path_factory.mktemp('labelled') / 'run'
  flags = ('--model=conditional_gan', '--max_steps=1', '--save_every=1')
  run_binary('train', *QUICK, *flags, f'--model_dir={model_dir}')
  return model_dir


@pytest.mark.parametrize('chosen, count', [((), 4), (('--samples=1,5,9',), 3), (('--count=2',), 2)])
def test_a_walk(tiny_run, tmp_path, chosen, count):
  path = tmp_path / 'walk.gif'
  result = sample(tiny_run, path, '--interpolate=3', *chosen)
  assert result['frames'] == 3 * count and result['count'] == count
  assert Image.open(path).info['loop'] == 0 and duration(path) == 80 * 3 * count


def test_a_film_shows_every_checkpoint(tiny_run, tmp_path):
  result = sample(tiny_run, tmp_path / 'film.gif', '--film', '--count=4')
  assert result['checkpoints'] == 3  # Steps 0, 2 and 4.
  film = Image.open(tmp_path / 'film.gif')
  frames = []
  for number in range(film.n_frames):
    film.seek(number)
    frames.append(np.asarray(film.convert('L')).astype(int))
  assert np.abs(frames[0] - frames[1]).max() > 30


def test_latents_are_the_noise_of_samples(tiny_run, tmp_path):
  np.save(tmp_path / 'z.npy', normal(size=8).numbered([3, 0, 7, 9], 0).numpy())
  by_number = sample(tiny_run, tmp_path / 'a.png', '--samples=3,0,7,9')
  given = sample(tiny_run, tmp_path / 'b.png', f'--latents={tmp_path}/z.npy')
  assert by_number['count'] == given['count'] == 4
  difference = pixels(tmp_path / 'a.png').astype(int) - pixels(tmp_path / 'b.png')
  assert np.abs(difference).max() <= 1
  made = sample(tiny_run, tmp_path / 'c.gif', f'--latents={tmp_path}/z.npy', '--interpolate=2')
  assert made['frames'] == 8 and duration(tmp_path / 'c.gif') == 640


def test_ways_are_on_an_arc_or_straight(tiny_run, tmp_path):
  for name, flags in (('own', ()), ('arc', ('--path=slerp',)), ('line', ('--path=linear',))):
    sample(tiny_run, tmp_path / f'{name}.png', '--interpolate=5', '--count=2', *flags)
  own, arc, line = (pixels(tmp_path / f'{name}.png') for name in ('own', 'arc', 'line'))
  assert (own == arc).all() and (arc != line).any()


def test_a_sum_is_in_the_last_column(tiny_run, tmp_path):
  folder = tmp_path / 'glasses'
  folder.mkdir()
  for number in (4, 6):
    (folder / f'{number:06d}.png').write_bytes(b'any')
  (tmp_path / 'plain.txt').write_text('4, 6\n')
  np.save(tmp_path / 'far.npy', 60 * normal(size=8).numbered([2], 0).numpy())
  text = f'{folder} - {tmp_path}/plain.txt + {tmp_path}/far.npy'
  sample(tiny_run, tmp_path / 'sum.png', f'--arithmetic={text}')
  picture = pixels(tmp_path / 'sum.png').astype(int)
  scale = picture.shape[1] // 74  # Four tiles of 16 pixels, and lines of 2 around them.
  tiles = picture[-18 * scale : -2 * scale]
  first, second, third, total = (
    tiles[:, (2 + 18 * place) * scale : (18 + 18 * place) * scale] for place in range(4)
  )
  assert np.abs(first - second).max() <= 1 and np.abs(third - total).max() <= 1
  assert (first != total).mean() > 0.1


def test_a_class_of_a_sum(labelled_run, tmp_path):
  sample(labelled_run, tmp_path / 'sum.png', '--arithmetic=3 + samples 1,5 - samples 7')
  refused = sample(labelled_run, tmp_path / 'a.png', '--arithmetic=3 - 4', code=2)
  assert 'has no styles and reads one class at a time' in refused
  refused = sample(labelled_run, tmp_path / 'a.png', '--arithmetic=cat', code=2)
  assert "--arithmetic=cat: no class 'cat'" in refused


@pytest.mark.heavy
def test_styles_of_a_run(tmp_path):
  flags = (f'--networks={STYLEGAN}', '--max_steps=1', '--save_every=1', '--model=conditional_gan')
  run_binary('train', *QUICK, *flags, f'--model_dir={tmp_path}/run')
  run = tmp_path / 'run'
  assert sample(run, tmp_path / 'm.png', '--style_mixing=4', '--samples=1,5,9')['style_mixing'] == 4
  refused = sample(run, tmp_path / 'm.png', '--style_mixing=9', code=2)
  assert refused == '--style_mixing=9: should be between 1 and 8'
  sample(run, tmp_path / 'sum.png', '--arithmetic=3 - 4 + samples 1')
  sample(run, tmp_path / 't.png', '--truncation=0', '--labels=3', '--count=4')
  grid = pixels(tmp_path / 't.png').astype(int)
  assert grid.std() > 1


def test_mp4(tiny_run, tmp_path):
  path = tmp_path / 'walk.mp4'
  if importlib.util.find_spec('imageio_ffmpeg') is None:
    refused = sample(tiny_run, path, '--interpolate=3', code=2)
    assert refused.startswith(f'--output={path}: MP4 needs imageio')
    assert 'pip install "tfgan-pipeline[video]"' in refused
    return
  assert sample(tiny_run, path, '--interpolate=3', '--count=2')['frames'] == 6
  assert path.read_bytes()[4:8] == b'ftyp'


def test_frames_with_alpha_lie_on_white(tmp_path):
  frame = np.zeros((4, 4, 4), np.uint8)
  frame[:2] = (200, 100, 0, 255)
  animation.write(f'{tmp_path}/a.gif', [frame, 255 - frame])
  assert Image.open(tmp_path / 'a.gif').convert('RGB').getpixel((0, 3)) == (255, 255, 255)


@pytest.mark.parametrize(
  'text, terms',
  [
    ('a', [(1, 'a')]),
    ('glasses - plain + smile', [(1, 'glasses'), (-1, 'plain'), (1, 'smile')]),
    ('- a-b + seeds 1,5, 9', [(-1, 'a-b'), (1, 'seeds 1,5, 9')]),
    ('/tmp/my set - a+b', [(1, '/tmp/my set'), (-1, 'a+b')]),
  ],
)
def test_terms(text, terms):
  assert parse(text) == [Term(*term) for term in terms]


@pytest.mark.parametrize('text', ['', '  ', 'a + ', '+ ', 'a - + b', '- '])
def test_no_terms(text):
  with pytest.raises(UsageError, match='should be like "glasses - plain'):
    parse(text)


def test_numbers():
  assert numbers_of('samples 1,5, 9') == numbers_of('seeds 1 5 9') == [1, 5, 9]
  assert numbers_of('3') is None and numbers_of('cat') is None
  for wrong in ('samples 1,x', 'samples -1', 'samples 9999999999'):
    with pytest.raises(UsageError, match='is no number of a sample'):
      numbers_of(wrong)


@pytest.mark.parametrize(
  'output, flags, message',
  [
    ('a.gif', [], 'of an animation, with --film or --interpolate; name it '),
    ('a.png', ['--film'], '--film writes an animation; name it '),
    ('a.png', ['--path=linear'], '--path: only with --interpolate'),
    ('a.png', ['--samples=1,x'], '--samples=1,x: should be numbers such as 1,5,9'),
    ('a.png', ['--samples=1', '--count=3'], '--count: not with --samples'),
    ('a.png', ['--arithmetic=a', '--traverse=3'], '--arithmetic: not with --traverse'),
    ('a.png', ['--truncation=-1'], '--truncation=-1.0: should be at least 0'),
    ('a.png', ['--arithmetic=cat'], 'cat: no such file or folder, and the generator of'),
    ('a.png', ['--arithmetic={empty}'], 'no pictures there that are named by number'),
    ('a.png', ['--style_mixing=2'], 'has no styles, as those of --networks=stylegan2 have'),
    ('a.png', ['--latents={empty}/z.npy'], 'there is no such file'),
    ('a.png', ['--latents={text}'], 'is no .npy file'),
    (
      'a.png',
      ['--latents={short}'],
      'of [2, 3], and latents of this run are [n, 8]',
    ),
    ('a.png', ['--latents={nan}'], 'holds numbers that are not finite'),
    ('a.png', ['--arithmetic={short}'], 'holds an array of [2, 3]'),
  ],
)
def test_refusals(tiny_run, tmp_path, output, flags, message):
  places = {name: tmp_path / name for name in ('empty', 'text', 'short.npy', 'nan.npy')}
  places['empty'].mkdir()
  places['text'].write_text('no array')
  np.save(places['short.npy'], np.zeros([2, 3]))
  np.save(places['nan.npy'], np.full([1, 8], np.nan))
  named = {name.partition('.')[0]: path for name, path in places.items()}
  flags = [flag.format(**named) for flag in flags]
  assert message in sample(tiny_run, tmp_path / output, *flags, code=2)
  assert not (tmp_path / output).exists()
