"""Memory that tfgan-translate takes for a photograph."""

from __future__ import annotations

import os

import numpy as np
from PIL import Image
import pytest

from tests.conftest import run_binary, start_binary, tiny_experiment
from tests.models.test_translation_games import CASES


@pytest.mark.heavy
def test_a_photograph_of_12_megapixels_takes_less_than_2_gb(tmp_path):
  """Measures a run with the translator of openmoji_cyclegan, whose tiles share pixels."""
  networks = 'resnet_translator(filters=16, blocks=4), patchgan(filters=4, layers=1)'
  values = {**CASES['cyclegan'], 'networks': networks, 'max_steps': 1, 'sample_every': 9}
  experiment = tiny_experiment(str(tmp_path / 'run'), **values)
  run_binary('train', *experiment.to_flagfile().splitlines()[1:])
  draw = np.random.RandomState(0)
  coarse = Image.fromarray(draw.randint(0, 256, (75, 100, 3), np.uint8))
  photograph = np.asarray(coarse.resize((4000, 3000), Image.Resampling.BICUBIC))
  grain = draw.randint(-8, 9, photograph.shape, np.int16)
  pixels = np.clip(photograph + grain, 0, 255).astype(np.uint8)
  Image.fromarray(pixels).save(tmp_path / 'photograph.jpg', quality=92)
  paths = (f'--input={tmp_path}/photograph.jpg', f'--output_dir={tmp_path}/out')
  process = start_binary('translate', f'--model_dir={tmp_path}/run', *paths, env=os.environ)
  _, status, usage = os.wait4(process.pid, 0)  # Of this process alone.
  process.returncode = os.waitstatus_to_exitcode(status)
  assert process.returncode == 0
  assert Image.open(tmp_path / 'out/photograph.png').size == (4000, 3000)
  assert usage.ru_maxrss * 1024 < 2e9
