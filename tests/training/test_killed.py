"""A training that is killed again and again ends as one that nobody disturbed, to the last bit.

Nor does a reader meanwhile see anything twice, out of order or by halves: see readers.py.
"""

from concurrent import futures
import random
import time

import numpy as np
from PIL import Image
import pytest
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

from tests.conftest import checkpoint, run_binary, start_binary
from tests.models.kinds import IMAGE_GAMES
from tests.training.readers import Readers
from tests.training.replica_parity import ALONE

STEPS_AND_KILLS = {'gan': (3000, 30)}
OTHERS = (600, 5)
SCORES = ('--extractor=random_projection', '--metrics=fid', '--num_samples=20')
FLAGS = (
  '--networks=dcgan(filters=4)',
  '--dataset=image_folder(size=16)',
  '--memory_limit_gb=0',  # From disk.
  '--augment=flip, shift(0.1)',
  '--noise=normal(8)',
  '--batch_size=16',
  '--save_every=5',
  '--keep_checkpoints=4',
  '--log_every=1',
  '--sample_every=200',
)


def newest(model_dir) -> str:
  """Returns the name of the newest checkpoint."""
  return max((path.name for path in model_dir.glob('checkpoints/*.index')), default='')


def kill_at_random(process, model_dir, chance) -> str:
  """Kills a training at its start or just after its first checkpoint; returns what it was doing."""
  before, start = newest(model_dir), time.monotonic()
  starting = chance.random() < 0.3
  wait = chance.uniform(0, 6 if starting else 1)
  while process.poll() is None and time.monotonic() - start < wait:
    if not starting and newest(model_dir) == before:
      start = time.monotonic()
    time.sleep(0.003)
  process.kill()
  process.communicate()
  if any(model_dir.glob('checkpoints/*_temp')):
    return 'while writing a checkpoint'
  return 'while starting' if newest(model_dir) == before else 'between checkpoints'


@pytest.mark.heavy
@pytest.mark.parametrize('model', IMAGE_GAMES)
def test_killed_at_random(tmp_path, model, capsys):
  chance, (steps, deaths) = random.Random(0), STEPS_AND_KILLS.get(model, OTHERS)
  pictures = np.random.RandomState(0).randint(0, 256, [50, 16, 16, 3], np.uint8)
  for index, picture in enumerate(pictures):  # An epoch is about three steps.
    folder = tmp_path / 'pictures' / 'ab'[index % 2]  # Some games want classes.
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(folder / f'{index}.png')
  penalties = () if model in ALONE else ('--penalties=wasserstein_gradient(weight=1)',)
  flags = (
    *(*FLAGS, *penalties, f'--model={model}', f'--max_steps={steps}'),
    f'--data_dir={tmp_path}/pictures',
  )
  run_binary('train', *flags, f'--model_dir={tmp_path}/calm')

  disturbed, kills = tmp_path / 'disturbed', []
  evaluator = start_binary(
    *('evaluate', '--watch', f'--model_dir={disturbed}', *SCORES),
    *(f'--data_dir={tmp_path}/pictures', f'--cache_dir={tmp_path}/cache'),
  )
  with Readers(disturbed) as readers, futures.ThreadPoolExecutor(1) as other:
    scored = other.submit(evaluator.communicate)  # It would wait for someone to read its records.
    while len(kills) < deaths:
      process = start_binary('train', *flags, f'--model_dir={disturbed}')
      kills.append(kill_at_random(process, disturbed, chance))
    assert not (disturbed / 'TRAIN_DONE').exists(), 'it ended before it was killed often enough'
    reached = int(newest(disturbed)[5:11])
    run_binary('train', *flags, f'--model_dir={disturbed}')
    _, stderr = scored.result(timeout=300)
  with capsys.disabled():
    counts = ', '.join(f'{kills.count(when)} {when}' for when in dict.fromkeys(kills))
    print(f'\n{model}: {len(kills)} kills within the first {reached} steps: {counts}')
    found = [record for record in readers.records if 'scores' in record]
    print(
      f'  sessions from {readers.sessions}; {len(found)} scores; looks with news: {readers.looks}'
    )
  assert not readers.faults, '\n'.join(readers.faults)
  assert evaluator.returncode == 0 and 'Traceback' not in stderr, stderr
  assert [record['step'] for record in readers.records] == list(range(0, steps + 1, 5))
  assert all('scores' in record or record['missing'] for record in readers.records)

  for step in range(steps - 15, steps + 1, 5):
    calm, other = (checkpoint(tmp_path / name, step) for name in ('calm', 'disturbed'))
    assert calm.keys() == other.keys()
    for name, value in calm.items():
      np.testing.assert_array_equal(other[name], value, err_msg=name)
  for lines, count in (('train', 1 + steps), ('health', 1 + steps // 200)):
    curves = [
      (tmp_path / name / f'train/{lines}.jsonl').read_text() for name in ('calm', 'disturbed')
    ]
    assert curves[0] == curves[1] and curves[0].count('\n') == count
  for picture in (tmp_path / 'calm/samples').iterdir():
    assert (disturbed / 'samples' / picture.name).read_bytes() == picture.read_bytes()
  folder, everything = str(disturbed / 'train'), {'scalars': 0}
  events = EventAccumulator(folder, tensor_size_guidance=everything).Reload()
  shown = [event.step for event in events.Tensors('3_loss/generator')]
  assert shown == list(range(1, steps + 1))
