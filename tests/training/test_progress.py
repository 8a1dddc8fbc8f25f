"""Progress display: a bar on a terminal, plain lines elsewhere."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import types

import pytest

from tests.conftest import QUICK, ROOT, TINY, run_binary
from tfgan_pipeline.training import progress
from tfgan_pipeline.writers import progress_bar


@pytest.fixture
def clock(monkeypatch):
  """Replaces the clock of progress.py by one that shows `clock.now`."""
  made = types.SimpleNamespace(now=1000.0)
  monkeypatch.setattr(progress, 'time', types.SimpleNamespace(monotonic=lambda: made.now))
  return made


def told(caplog, report, *arguments) -> str:
  caplog.clear()
  with caplog.at_level('INFO', 'tfgan_pipeline'):
    report.report(*arguments)
  (line,) = caplog.messages
  return line


def test_rates_and_remaining_time_by_the_clock(clock, monkeypatch, caplog):
  """Counts from the first call to the device on, and then from report to report."""
  monkeypatch.setattr(sys, 'stderr', None)  # As a daemon's may be.
  report = progress.Progress(first=10, last=1000, batch_size=8)
  assert report.images_per_second(20) is None
  clock.now += 100  # Compiles.
  report.advance(20)
  assert report.images_per_second(20) is None
  clock.now += 4
  report.advance(30)
  assert report.images_per_second(30) == 20
  losses = {'loss/generator': 0.25, 'other': 7.0, 'loss/discriminator': 1.5}
  rest = 'generator loss 0.2500, discriminator loss 1.5000'
  # 970 steps of 8 images at 20 images per second.
  assert told(caplog, report, 30, losses) == f'step 30/1000, {rest}, 20 images/s, 6:28 left'
  assert report.images_per_second(30) is None
  clock.now += 32
  report.advance(50)
  assert told(caplog, report, 50, {}) == 'step 50/1000, 5 images/s, 25:20 left'
  clock.now += 160
  assert told(caplog, report, 70, {}) == 'step 70/1000, 1 images/s, 2:04:00 left'
  clock.now += 0.16
  assert told(caplog, report, 72, {}) == 'step 72/1000, 100 images/s, 1:14 left'
  clock.now += 8 * 47 / 0.1
  assert told(caplog, report, 119, {}).endswith('19:34:40 left')
  assert told(caplog, report, 119, {}) == 'step 119/1000'


def test_a_bar_is_moved_to_each_step(clock, monkeypatch):
  calls = []

  class Bar:
    def __init__(self, **options):
      calls.append(options)
      self.n = options['initial']

    def update(self, count):
      self.n += count

    def set_postfix(self, values):
      calls.append(values)

    def close(self):
      calls.append(self.n)

  monkeypatch.setattr(progress_bar.tqdm, 'tqdm', Bar)
  monkeypatch.setattr(sys, 'stderr', types.SimpleNamespace(isatty=lambda: True))
  report = progress.Progress(first=10, last=1000, batch_size=8)
  for step in (20, 30):
    report.advance(step)
  clock.now += 1
  report.report(30, {'loss/generator': 0.25, 'other': 7.0})
  report.close()
  # The rate is the mean of about ten updates, and the bar as wide as the terminal.
  options = dict(initial=10, total=1000, unit='step', dynamic_ncols=True, smoothing=0.1)
  assert calls == [options, {'generator': '0.250'}, 30]


def test_bar_on_a_terminal(tmp_path):
  leader, follower = pty.openpty()
  fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 160, 0, 0))
  process = subprocess.Popen(
    [sys.executable, '-m', 'tfgan_pipeline.bin.train', *QUICK, f'--model_dir={tmp_path}'],
    cwd=ROOT,
    stdin=subprocess.DEVNULL,
    stdout=subprocess.DEVNULL,
    stderr=follower,
  )
  os.close(follower)
  shown = b''
  while True:
    try:
      part = os.read(leader, 4096)
    except OSError:  # The terminal's other end is closed.
      break
    if not part:
      break
    shown += part
  assert process.wait() == 0
  text = shown.decode()
  assert '4/4' in text and 'step/s' in text and re.search(r'\d\d:\d\d<\d\d:\d\d', text)
  assert 'generator=' in text and 'discriminator=' in text
  assert re.search(r'[\r\n]goodput \d', text)  # A line of its own, not behind the bar.


def test_lines_elsewhere(tmp_path):
  lines = run_binary('train', *TINY, f'--model_dir={tmp_path}').stderr.splitlines()
  assert lines.pop(0) == 'starting from scratch'
  assert lines.pop(0).startswith('settings: --dataset="digits(size=16)" --networks="dcg')
  assert lines.pop(0).startswith('data: digits: 1,797 pictures of 16x16x1; train 1,437, ')
  assert lines.pop(0) == f'training {tmp_path} from step 0 to 4 on /device:CPU:0'
  assert lines.pop().startswith('done: 4 steps, in 0:')
  assert re.match(r'goodput \d+% of \d+ s in 1 session: ', lines.pop())
  assert len(lines) == 4
  # Compilation is part of the first call to the device, which no rate counts.
  assert lines[0].startswith('step 1/4, ') and 'images/s' not in lines[0]
  for step, line in enumerate(lines[1:], start=2):
    assert re.fullmatch(
      rf'step {step}/4, discriminator loss [\d.]+, generator loss [\d.]+, '
      r'\d+ images/s, 0:\d\d left',
      line,
    ), line
