"""tfgan-translate: pictures of any size and form, through the real binary."""

from __future__ import annotations

import json
import os
import signal

import numpy as np
from PIL import Image
import pytest

from tests.conftest import run_binary, start_binary, tiny_experiment
from tests.models.test_translation_games import CASES
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.errors import Interrupted
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.sampling.any_size import AnySize
from tfgan_pipeline.sampling.sources import find_sources
from tfgan_pipeline.sampling.translated_pictures import translate_pictures
from tfgan_pipeline.sampling.translation import open_translator


def trained(tmp_path_factory, name, **values) -> str:
  """Returns the model_dir of a run of one step of a game between pictures of 16x16.

  Weights are large: without a norm, those of the authors make outputs of a single grey.
  """
  model_dir = str(tmp_path_factory.mktemp(name) / 'run')
  values = {**CASES[name], 'max_steps': 1, 'sample_every': 9, **values}
  with pytest.MonkeyPatch.context() as patch:
    for network in ('resnet_translator', 'unet'):
      patch.setattr(f'tfgan_pipeline.networks.{network}.small_normal', keras.initializers.HeNormal)
    GANEstimator(tiny_experiment(model_dir, **values)).train()
  return model_dir


@pytest.fixture(scope='module')
def local(tmp_path_factory):
  """A run of both ways whose networks have no norm, so that outputs depend on what is near."""
  networks = 'resnet_translator(filters=4, blocks=1, norm=none), patchgan(filters=4, layers=1)'
  return trained(tmp_path_factory, 'cyclegan', networks=networks)


@pytest.fixture(scope='module')
def unet(tmp_path_factory):
  """A run of pix2pix with dropout, whose U-Net reduces pictures to a pixel."""
  return trained(
    tmp_path_factory,
    'pix2pix',
    networks='unet(filters=2), patchgan(filters=4, layers=1)',
    dataset='paired(a="shapes(size=64, count=20, style=outline)", b="shapes(size=64, count=20)")',
    batch_size=2,
    model='pix2pix(statistics=moving)',
  )


def translate(model_dir, source, target, *more, code=0) -> tuple[dict, str]:
  """Runs tfgan-translate; returns its result and its log."""
  done = run_binary(
    *('translate', f'--model_dir={model_dir}', f'--input={source}', f'--output_dir={target}'),
    *more,
    code=code,
  )
  return json.loads(done.stdout or '{}'), done.stderr


def noise(*shape: int, seed: int = 0) -> np.ndarray:
  return np.random.RandomState(seed).randint(0, 256, shape, np.uint8)


def read(path) -> np.ndarray:
  return np.asarray(Image.open(path))


@pytest.mark.parametrize('kind', ['local', pytest.param('unet', marks=pytest.mark.heavy)])
def test_pictures_of_the_size_of_training_are_as_the_run_makes_them(kind, request, tmp_path):
  model_dir = request.getfixturevalue(kind)
  one = GANEstimator.of_run(model_dir)
  task = 'b_to_a' if kind == 'local' else 'a_to_b'
  side = 16 if kind == 'local' else 64
  images = noise(5, side, side, 3)
  os.makedirs(tmp_path / 'in/deep')
  for index, image in enumerate(images):
    Image.fromarray(image).save(tmp_path / f'in/deep/{index}.png')
  devices = ('--virtual_devices=2',) if kind == 'unet' else ()
  result, _ = translate(model_dir, tmp_path / 'in', tmp_path / 'out', f'--task={task}', *devices)
  assert result['made'] == 5 and result['task'] == task
  made = [read(tmp_path / f'out/deep/{index}.png') for index in range(5)]
  np.testing.assert_array_equal(made, one.translate(images, task=task))


def test_any_size_and_form_becomes_an_output_of_its_size(local, tmp_path):
  folder = tmp_path / 'in'
  folder.mkdir()
  picture = noise(37, 50, 3)
  Image.fromarray(picture).save(folder / 'colour.png')
  Image.fromarray(noise(3, 1, 3)).save(folder / 'small.png')
  Image.fromarray(noise(20, 21)).save(folder / 'grey.tif')
  Image.fromarray(noise(20, 20, 4), 'CMYK').save(folder / 'cmyk.jpg')
  Image.fromarray(np.full((20, 20), 65535, np.uint16)).save(folder / 'deep.png')
  Image.fromarray(picture).quantize(16).save(folder / 'palette.gif')
  alpha = np.concatenate([picture, noise(37, 50, 1)], axis=2)
  Image.fromarray(alpha).save(folder / 'alpha.png')
  exif = Image.Exif()
  exif[0x0112] = 6
  Image.fromarray(picture).save(folder / 'turned.jpg', exif=exif)
  (folder / 'notes.txt').write_text('no picture')
  (folder / 'broken.jpg').write_bytes((folder / 'turned.jpg').read_bytes()[:200])
  (folder / 'text.png').write_text('no picture either')
  result, log = translate(local, folder, tmp_path / 'out', code=1)
  assert result['made'] == 8 and result['broken'] == 2
  assert 'broken.jpg: cannot be read' in log and 'notes.txt' not in log
  assert log.splitlines()[-1].endswith('2 of 10 pictures cannot be read: broken.jpg, text.png')
  out = {path.stem: read(path) for path in (tmp_path / 'out').iterdir()}
  shapes = dict(colour=(37, 50, 3), small=(3, 1, 3), grey=(20, 21, 3), cmyk=(20, 20, 3))
  shapes |= dict(deep=(20, 20, 3), palette=(37, 50, 3), alpha=(37, 50, 4), turned=(50, 37, 3))
  assert {name: pixels.shape for name, pixels in out.items()} == shapes
  np.testing.assert_array_equal(out['alpha'][..., 3], alpha[..., 3])
  # Padded by one row and no column at the end.
  translator = open_translator(local)
  network = translator.restored.networks['generator_ab']
  padded = np.pad(picture, [(1, 2), (1, 1), (0, 0)], 'reflect')
  floats = network.call(tf.constant(padded[None] / 127.5 - 1, tf.float32)).numpy()
  expected = np.rint((np.clip(floats[0, 1:38, 1:51], -1, 1) + 1) * 127.5)
  assert np.abs(out['colour'] - expected).max() <= 1
  resized, _ = translate(local, folder / 'colour.png', tmp_path / 'resized', '--size=trained')
  assert resized['made'] == 1 and read(tmp_path / 'resized/colour.png').shape == (16, 16, 3)


def test_tiles_without_instance_norm_are_as_the_whole(local, caplog, monkeypatch):
  translator = open_translator(local)
  picture = noise(150, 270, 3)
  monkeypatch.setattr(translator, 'stored', lambda values: values.numpy())  # In [-1, 1].
  (whole,) = AnySize(translator).translate([(0, picture)])
  with caplog.at_level('WARNING', 'tfgan_pipeline'):
    (tiles,) = AnySize(translator, tile=128).translate([(0, picture)])
  assert whole.std() > 0.1
  np.testing.assert_allclose(tiles, whole, rtol=0, atol=1e-4)
  assert 'tiles' not in caplog.text
  AnySize(translator, tile=128, overlap=8).translate([(0, picture)])
  assert 'tiles differ a little from the whole' in caplog.text


def test_a_network_that_sees_a_picture_as_a_whole_gets_tiles_of_its_size(unet, tmp_path):
  Image.fromarray(noise(90, 130, 3)).save(tmp_path / 'one.png')
  _, log = translate(unet, tmp_path / 'one.png', tmp_path / 'out')
  assert 'takes 64x64 pixels alone' in log and 'tiles differ a little' in log
  assert read(tmp_path / 'out/one.png').shape == (90, 130, 3)
  _, log = translate(unet, tmp_path / 'one.png', tmp_path / 'out', '--tile=32', code=2)
  assert log.splitlines()[-1].startswith('--tile=32: the network takes 64x64 pixels alone; ')


def test_what_is_there_is_not_made_again(local, tmp_path):
  source, target = tmp_path / 'in', tmp_path / 'out'
  (source / 'a').mkdir(parents=True)
  for name in ('a/1.png', 'a/2.png', '3.png'):
    Image.fromarray(noise(16, 16, 3, seed=int(name[-5]))).save(source / name)
  translate(local, source, target)
  before = {path: path.stat().st_mtime_ns for path in target.rglob('*.png')}
  assert len(before) == 3
  Image.fromarray(noise(16, 20, 3)).save(source / '3.png')  # Another picture of that name.
  Image.fromarray(noise(16, 20, 3)).save(source / '0.jpg')
  (target / f'a/1.png.{"0" * 32}.tmp').write_bytes(b'half')
  (target / 'a/2.png').unlink()
  result, _ = translate(local, source, target)
  assert result['made'] == 3 and result['there'] == 1
  assert sorted(str(path.relative_to(target)) for path in target.rglob('*.*')) == [
    *('0.png', '3.png', 'a/1.png', 'a/2.png')
  ]
  assert (target / 'a/1.png').stat().st_mtime_ns == before[target / 'a/1.png']
  result, _ = translate(local, f'{source}/a/[1-2].*', tmp_path / 'some')
  assert result['made'] == 2 and {path.name for path in (tmp_path / 'some').iterdir()} == {
    *('1.png', '2.png')
  }
  Image.new('L', (3, 3)).save(target / '0.png')
  _, log = translate(local, source, target, code=2)
  assert '0.png is there, and not of tfgan-translate' in log
  Image.new('L', (3, 3)).save(source / '0.png')
  _, log = translate(local, source, target, code=2)
  assert '0.jpg and 0.png would be one output' in log


def test_each_picture_is_read_once(local, tmp_path, monkeypatch):
  for index in range(3):
    Image.fromarray(noise(16, 16, 3, seed=index)).save(tmp_path / f'{index}.png')
  sources = find_sources(f'{tmp_path}/*.png', f'{tmp_path}/out')
  whole, opened, real_open = AnySize(open_translator(local)), [], open
  count = lambda path, *more, **how: opened.append(str(path)) or real_open(path, *more, **how)  # noqa: E731
  monkeypatch.setattr('builtins.open', count)
  arguments = (whole, sources, f'{tmp_path}/out')
  for there in (0, 3):
    opened.clear()
    summary = translate_pictures(*arguments, reading={'resize': 'crop'}, settings={'seed': 0})
    assert (summary.made, summary.there) == (3 - there, there)
    assert sorted(opened.count(f'{tmp_path}/{name}') for name in sources.names) == [1, 1, 1]


@pytest.mark.parametrize('kind', ['there', 'broken'])
def test_a_signal_ends_and_the_log_tells_of_pictures_that_are_passed_over(
  local, tmp_path, monkeypatch, caplog, kind
):
  for index in range(120):
    if kind == 'broken':
      (tmp_path / f'{index:03d}.png').write_text('no picture')
    else:
      Image.fromarray(noise(16, 16, 3, seed=index)).save(tmp_path / f'{index:03d}.png')
  sources = find_sources(f'{tmp_path}/*.png', f'{tmp_path}/out')
  arguments = AnySize(open_translator(local)), sources, f'{tmp_path}/out'
  settings = dict(reading={'resize': 'crop'}, settings={'seed': 0})
  translate_pictures(*arguments, **settings)
  caplog.clear()
  with caplog.at_level('INFO', 'tfgan_pipeline'):
    translate_pictures(*arguments, **settings)
  assert '100 of 120 pictures' in caplog.messages
  read, real_open = [], open

  def stop_at_fifth(path, *more, **how):
    if os.path.dirname(str(path)) == str(tmp_path):
      read.append(path)
      if len(read) == 5:
        os.kill(os.getpid(), signal.SIGTERM)
    return real_open(path, *more, **how)

  monkeypatch.setattr('builtins.open', stop_at_fifth)
  with pytest.raises(Interrupted, match='the same command continues'):
    translate_pictures(*arguments, **settings)
  assert len(read) == 5


def test_many_sizes_are_no_retracing(local, caplog, monkeypatch):
  logger = tf.get_logger()
  monkeypatch.setattr(logger, 'handlers', [*logger.handlers, caplog.handler])
  whole = AnySize(open_translator(local))
  for height in range(20, 80, 4):
    whole.translate([(0, noise(height, 20, 3))])
  assert 'retracing' not in caplog.text


def test_a_signal_ends_after_the_picture(local, tmp_path):
  source, target = tmp_path / 'in', tmp_path / 'out'
  source.mkdir()
  for index in range(40):
    Image.fromarray(noise(300 + 4 * index, 300, 3)).save(source / f'{index:02d}.png')
  arguments = (f'--model_dir={local}', f'--input={source}', f'--output_dir={target}')
  process = start_binary('translate', *arguments)
  while not target.is_dir() or not list(target.glob('*.png')):
    assert process.poll() is None
  process.send_signal(signal.SIGTERM)
  _, log = process.communicate(timeout=60)
  assert process.returncode == 75 and 'the same command continues' in log
  made = len(list(target.glob('*.png')))
  assert 0 < made < 40 and all(read(path).size for path in target.iterdir())
  for path in sorted(source.iterdir())[made + 1 :]:
    path.unlink()
  result, _ = translate(local, source, target)
  assert result['there'] == made and result['made'] <= 1


@pytest.mark.parametrize(
  'flags, message',
  [
    ((), '--input: say which pictures'),
    (('--input={}/*.no', '--output_dir={}/o'), '--input={}/*.no: no picture there'),
    (('--input={}', '--output_dir={}/o'), '--output_dir={}/o: lies in --input'),
    (('--input={}', '--output_dir={}/1.png'), '--output_dir={}/1.png: is a file'),
    (('--input={}', '--output_dir=/o', '--size=trained', '--tile=64'), '--tile: only with'),
    (('--input={}', '--output_dir=/o', '--labels=3'), '--labels=3: the generator of '),
    (('--input={}', '--output_dir=/o', '--attributes=old'), '--attributes=old: '),
    (('--input={}', '--output_dir=/o', '--tile=8'), '--tile=8: should be at least 16'),
    (('--input={}', '--output_dir=/o', '--overlap=300'), '--overlap=300: should be at most 256'),
    (('--input={}', '--output_dir=/o', '--task=c'), '--task=c: should be one of a_to_b, b_to_a'),
  ],
)
def test_what_cannot_be_done_is_said_in_one_line(local, tmp_path, flags, message):
  Image.fromarray(noise(16, 16, 3)).save(tmp_path / '1.png')
  words = [word.replace('{}', str(tmp_path)) for word in flags]
  done = run_binary('translate', f'--model_dir={local}', *words, code=2)
  *before, line = done.stderr.splitlines()
  assert line.startswith(message.replace('{}', str(tmp_path))) and len(before) <= 1


def test_a_run_that_makes_images_of_noise_is_refused(tiny_run, tmp_path):
  Image.fromarray(noise(16, 16, 3)).save(tmp_path / '1.png')
  _, log = translate(tiny_run, tmp_path, '/nowhere', code=2)
  assert log.startswith('--input: --task=generate reads noise')


def test_an_export_takes_any_size_and_is_the_translator(local, tmp_path):
  loaded = tf.saved_model.load(
    GANEstimator.of_run(local).export_saved_model(str(tmp_path / 'exported'))
  )
  picture = noise(37, 50, 3)
  (made,) = AnySize(open_translator(local, 'b_to_a')).translate([(0, picture)])
  outputs = loaded.signatures['b_to_a'](image_b=tf.constant(picture[None]))
  assert set(outputs) == {'image_a'}
  assert np.abs(outputs['image_a'].numpy().astype(int) - made).max() <= 1
