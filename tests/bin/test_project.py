"""tfgan-project as users run it, and what tfgan-sample makes of its latents."""

from __future__ import annotations

import json
import shutil

import numpy as np
from PIL import Image
import pytest

from tests.conftest import QUICK, run_binary

FAST = '--method=search(steps=3)'


@pytest.fixture(scope='module')
def pictures(tmp_path_factory):
  """Folder of three digits of 16x16 pixels."""
  from tfgan_pipeline.data.dataset import DataOptions
  from tfgan_pipeline.data.digits import digits

  folder = tmp_path_factory.mktemp('pictures')
  images = digits(DataOptions(), size=16).split('test').spread(3)['image']
  for number, image in enumerate(images):
    Image.fromarray(image[..., 0]).save(folder / f'{number}.png')
  return folder


def project(run, pictures, output, *flags: str, **kwargs):
  places = (f'--model_dir={run}', f'--input={pictures}', f'--output_dir={output}')
  return run_binary('project', *places, *flags, **kwargs)


def test_latents_that_other_commands_take(tiny_run, pictures, tmp_path):
  result = json.loads(project(tiny_run, pictures, tmp_path, FAST, '--steps_between=2').stdout)
  latents = np.load(tmp_path / 'latents.npy')
  assert latents.shape == (3, 8) and result['pictures'] == 3 and 0 < result['mean_error'] < 255
  assert (tmp_path / 'names.txt').read_text() == '0.png\n1.png\n2.png\n'
  assert Image.open(tmp_path / 'way.gif').info['loop'] == 0
  assert np.asarray(Image.open(tmp_path / 'projected.png')).std() > 10
  record = json.loads((tmp_path / 'projection.json').read_text())
  assert list(record['errors']) == ['0.png', '1.png', '2.png']
  run = f'--model_dir={tiny_run}'
  for flag in (f'--latents={tmp_path}/latents.npy', f'--arithmetic={tmp_path}/latents.npy'):
    run_binary('sample', run, flag, f'--output={tmp_path}/made.png')
  alone = project(tiny_run, pictures / '1.png', tmp_path / 'one', FAST)
  assert json.loads(alone.stdout)['pictures'] == 1
  np.testing.assert_array_equal(np.load(tmp_path / 'one/latents.npy')[0], latents[1])
  assert not (tmp_path / 'one/way.gif').exists()


def test_by_an_encoder(tiny_run, pictures, tmp_path):
  run = shutil.copytree(tiny_run, tmp_path / 'run')
  flags = ('--method=encoder(steps=2, batch_size=16)',)
  first = project(run, pictures, tmp_path / 'a', *flags)
  again = project(run, pictures, tmp_path / 'b', *flags)
  assert 'training the encoder' in first.stderr and 'training' not in again.stderr
  assert (tmp_path / 'a/latents.npy').read_bytes() == (tmp_path / 'b/latents.npy').read_bytes()


def test_of_a_class(pictures, tmp_path):
  flags = ('--model=conditional_gan', '--max_steps=1', '--save_every=1')
  run_binary('train', *QUICK, *flags, f'--model_dir={tmp_path}/run')
  where = (tmp_path / 'run', pictures, tmp_path / 'out')
  fast = '--method=search(steps=2, features=0)'
  refused = project(*where, fast, code=2)
  assert '--labels: the generator of' in refused.stderr and 'is told a class' in refused.stderr
  refused = project(*where, FAST, '--labels=3', code=2)
  assert 'reads classes; features=0 compares pixels alone' in refused.stderr
  project(*where, fast, '--labels=3')
  flags = (f'--model_dir={tmp_path}/run', '--method=search(features=0)')
  refused = run_binary('anomaly', *flags, '--anomalous_classes=1', code=2)
  assert 'is told a class, which a picture does not tell' in refused.stderr
  refused = project(*where, '--method=encoder', '--labels=3', code=2)
  assert 'which an encoder of pictures does not know' in refused.stderr


def test_of_points(pictures, tmp_path):
  flags = ('--dataset=gaussian_ring', '--networks=points_mlp', '--max_steps=1', '--save_every=1')
  run_binary('train', *QUICK, *flags, f'--model_dir={tmp_path}/run')
  refused = project(tmp_path / 'run', pictures, tmp_path / 'out', FAST, code=2)
  assert '--method=search: of pictures, and samples of' in refused.stderr
  output = f'--output={tmp_path}/walk.gif'
  refused = run_binary('sample', f'--model_dir={tmp_path}/run', output, '--interpolate=3', code=2)
  assert 'walk.gif: of pictures, and samples of' in refused.stderr


@pytest.mark.parametrize(
  'flags, message',
  [
    (['--method=pca'], '--method=pca: finds no latents; should be search or encoder'),
    (['--method=serch'], "unknown anomaly_method 'serch'; did you mean search?"),
    (['--labels=3'], 'is not told any class'),
    (['--input='], '--input: say which pictures to read'),
    (['--input={large}'], 'large.png is 20x20 pixels, and pictures of this run are 16x16'),
    (['--input={empty}'], 'no picture there'),
    (['--step=7'], '--step=7: no such checkpoint'),
    (['--output_dir={pictures}'], 'lies in --input, or around it'),
  ],
)
def test_refusals(tiny_run, pictures, tmp_path, flags, message):
  (tmp_path / 'empty').mkdir()
  Image.new('L', (20, 20)).save(tmp_path / 'large.png')
  places = dict(empty=tmp_path / 'empty', large=tmp_path / 'large.png', pictures=pictures)
  flags = [flag.format(**places) for flag in flags]
  refused = project(tiny_run, pictures, tmp_path / 'out', FAST, *flags, code=2)
  assert message in refused.stderr.splitlines()[-1]


def test_a_run_without_noise(tmp_path, pictures):
  data = (
    '--dataset=paired(a="shapes(style=outline, size=16, count=40)", b="shapes(size=16, count=40)")'
  )
  flags = (data, '--model=pix2pix', '--networks=unet(filters=4), patchgan(filters=4, layers=1)')
  short = ('--max_steps=1', '--save_every=1', '--batch_size=4')
  run_binary('train', *flags, *short, f'--model_dir={tmp_path}/run')
  refused = project(tmp_path / 'run', pictures, tmp_path / 'out', FAST, code=2)
  assert 'has no noise to look in' in refused.stderr
  refused = run_binary('anomaly', f'--model_dir={tmp_path}/run', code=2)
  assert 'no one image' in refused.stderr
  for flag in ('--arithmetic=samples 1', '--latents=z.npy', '--film'):
    output = 'a.gif' if flag == '--film' else 'a.png'
    refused = run_binary(
      *('sample', f'--model_dir={tmp_path}/run', flag, f'--output={tmp_path}/{output}'), code=2
    )
    assert '--input_dir: --task=' in refused.stderr
