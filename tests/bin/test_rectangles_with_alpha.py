"""A run of the binaries on rectangular pictures with alpha, from files to files."""

import json

import numpy as np
from PIL import Image

from tests.conftest import run_binary
from tfgan_pipeline.compat import tf


def test_rectangles_with_alpha_are_trained_scored_and_sampled(tmp_path, cache_dir):
  (tmp_path / 'pictures').mkdir()
  for number, seed in enumerate(range(24)):
    pixels = np.random.RandomState(seed).randint(0, 256, (10, 20, 4), np.uint8)
    Image.fromarray(pixels).save(tmp_path / 'pictures' / f'{number}.png')
  data = ('--dataset=image_folder(size=(64, 128), channels=4)', f'--data_dir={tmp_path}/pictures')
  scored = ('--extractor=random_projection(width=8)', '--metrics=fid', f'--cache_dir={cache_dir}')
  run_binary(
    'train',
    *data,
    *('--networks=dcgan(filters=2)', '--noise=normal(8)', '--batch_size=8', '--max_steps=2'),
    *('--save_every=2', '--log_every=1', '--sample_every=2', f'--model_dir={tmp_path}/run'),
    *('--evaluate', *scored, '--num_samples=16', '--image_metrics=ms_ssim(pairs=4)'),
  )
  record = json.loads((tmp_path / 'run/experiment.json').read_text())
  assert record['dataset']['image_shape'] == [64, 128, 4]
  scores = (tmp_path / 'run/eval/random_projection-16/scores.jsonl').read_text().splitlines()
  assert [json.loads(line)['step'] for line in scores] == [0, 2]
  assert {'fid[random_projection]', 'ms_ssim'} <= json.loads(scores[1])['scores'].keys()
  for name in ('reals', 'fakes-000002'):
    content = (tmp_path / f'run/samples/{name}.png').read_bytes()
    assert tf.io.decode_png(content).shape[-1] == 4

  samples = f'{tmp_path}/samples'
  run_binary('sample', f'--model_dir={tmp_path}/run', f'--images_dir={samples}', '--count=4')
  for name in ('000000.png', '000003.png'):
    picture = np.asarray(Image.open(f'{samples}/{name}'))
    assert picture.shape == (64, 128, 4) and picture[..., 3].max() < 255
  found = run_binary('evaluate', f'--generated_dir={samples}', *data, *scored)
  assert json.loads(found.stdout)['definition']['num_generated'] == 4
