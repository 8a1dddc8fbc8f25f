"""A loss that is not finite stops the run and says what happened."""

from tests.conftest import TINY, run_binary


def test_diverging_run(tmp_path):
  process = run_binary(
    'train',
    *TINY,
    f'--model_dir={tmp_path}',
    '--max_steps=50',
    '--generator_optimizer=sgd(1e38)',
    '--discriminator_optimizer=sgd(1e38)',
    '--save_every=1',
    '--loss=least_squares',
    code=1,
  )
  last = process.stderr.splitlines()[-1]
  assert last.startswith('not finite by step ') and 'loss/' in last
  assert f'last good checkpoint: {tmp_path}/checkpoints/ckpt-' in last
  assert 'Traceback' not in process.stderr
  assert not (tmp_path / 'TRAIN_DONE').exists()
  step = int(last.split()[4].rstrip(':'))
  assert not (tmp_path / f'checkpoints/ckpt-{step:06d}.index').exists()
