"""Claims: one scorer to a checkpoint, among threads and processes, whatever becomes of them."""

import os
import subprocess
import sys
import threading
import time

import pytest

from tests.conftest import ROOT
from tfgan_pipeline.errors import WriteError
from tfgan_pipeline.runs.scoring_claims import Claims

HOLDER = """
import sys, time
from tfgan_pipeline.runs.scoring_claims import Claims
with Claims(sys.argv[1]).of(500) as mine:
  print(mine, flush=True)
  time.sleep(600)
"""


def test_of_many_threads_one_at_a_time_has_a_claim_and_none_is_lost(tmp_path):
  inside, most, granted, refused = [], [], [], []
  start = threading.Barrier(8)

  def work(number):
    claims = Claims(str(tmp_path))
    start.wait()
    for turn in range(100):
      with claims.of(turn % 2, wait=turn % 3 > 0) as mine:
        if not mine:
          refused.append(number)
          continue
        inside.append(turn % 2)
        most.append(inside.count(turn % 2))
        granted.append(number)
        time.sleep(0)
        inside.remove(turn % 2)

  threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join(60)
  assert len(granted) + len(refused) == 800 and set(most) == {1}
  assert len(granted) >= 8 * 66 and set(granted) == set(range(8))
  assert not os.listdir(tmp_path)


def test_a_claim_is_of_one_step_and_ends_with_the_block_or_the_process(tmp_path):
  (tmp_path / 'claims').write_text('')  # That of earlier versions may be there.
  claims = Claims(str(tmp_path))
  process = subprocess.Popen(
    [sys.executable, '-c', HOLDER, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, text=True
  )
  try:
    assert process.stdout.readline() == 'True\n'
    with claims.of(500) as mine, claims.of(501) as other, claims.of_records():
      assert not mine and other
    threading.Timer(0.5, process.kill).start()
    with claims.of(500, wait=True) as mine:
      assert mine and process.wait(10) and not Claims(str(tmp_path)).of(500).__enter__()
  finally:
    process.kill()
    process.communicate()
  assert os.listdir(tmp_path) == ['claims']


def test_a_directory_that_cannot_be_written(tmp_path):
  (tmp_path / 'file').write_text('')
  with pytest.raises(WriteError, match='file/eval: cannot be written'):
    with Claims(str(tmp_path / 'file/eval')).of(1):
      pass


def test_in_a_bucket_every_claim_is_granted():
  with Claims('gs://bucket/eval').of(1) as mine, Claims('gs://bucket/eval').of(1) as other:
    assert mine and other
