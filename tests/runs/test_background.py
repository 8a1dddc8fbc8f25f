"""Work in the background: in order, one piece at a time, and no error is lost."""

import threading

import pytest

from tfgan_pipeline.runs.background import Background


def test_work_is_done_in_order_by_one_other_thread():
  go, done = threading.Event(), []
  with Background() as background:
    background.do(go.wait)
    for number in range(9):
      background.do(lambda number=number: done.append((number, threading.get_ident())))
    assert not done  # `do` does not wait.
    go.set()
    background.join()
    assert [number for number, _ in done] == list(range(9))
    threads = {thread for _, thread in done}
    assert len(threads) == 1 and threading.get_ident() not in threads
    background.do(lambda: done.append(None))
  assert done[-1] is None  # The end of the block has waited.


def fail():
  raise OSError('full')


@pytest.mark.parametrize('met', ['join', 'do', 'end'])
def test_an_error_is_raised_once_and_nothing_is_done_after_it(met):
  done = []
  with pytest.raises(OSError, match='full'):
    with Background() as background:
      background.do(fail)
      while met == 'do':  # The next call that comes late enough.
        background.do(lambda: None)
      background.do(lambda: done.append(1))
      if met == 'join':
        with pytest.raises(OSError, match='full'):
          background.join()
        background.join()
        background.do(lambda: done.append(2))
        fail()
  assert not done


def test_an_error_of_the_block_comes_before_that_of_its_work():
  done = []
  with pytest.raises(KeyError):
    with Background() as background:
      background.do(lambda: done.append(1))
      background.do(fail)
      raise KeyError
  assert done == [1]
