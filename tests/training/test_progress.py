"""What a person sees: a bar on a terminal, plain lines elsewhere."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

from tests.conftest import ROOT, TINY, run_binary


def test_bar_on_a_terminal(tmp_path):
  leader, follower = pty.openpty()
  fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 160, 0, 0))
  process = subprocess.Popen(
    [sys.executable, '-m', 'tfgan_pipeline.bin.train', *TINY, f'--model_dir={tmp_path}'],
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


def test_lines_elsewhere(tmp_path):
  lines = run_binary('train', *TINY, f'--model_dir={tmp_path}').stderr.splitlines()
  assert lines.pop(0) == f'training {tmp_path} from step 0 to 4 on /device:CPU:0'
  assert len(lines) == 4
  # Compilation is part of the first call to the device, which no rate counts.
  assert lines[0].startswith('step 1/4, ') and 'images/s' not in lines[0]
  for step, line in enumerate(lines[1:], start=2):
    assert re.fullmatch(
      rf'step {step}/4, discriminator loss [\d.]+, generator loss [\d.]+, '
      r'\d+ images/s, 0:\d\d left',
      line,
    ), line
