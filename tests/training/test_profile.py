"""--profile: the steps that it records, what it leaves as it was, and wrong steps."""

from __future__ import annotations

import pytest

from tests.conftest import QUICK, checkpoint, run_binary
from tfgan_pipeline.training.profile import Profile


def test_calls_to_the_device_end_where_recording_starts_and_ends():
  profile = Profile('7:12', '', records=False)
  assert [profile.loop_length(10, step) for step in (0, 5, 7, 10, 12)] == [7, 2, 5, 2, 10]
  assert Profile('', '').loop_length(10, 0) == 10


def test_a_profile_is_written_and_changes_no_bit(tmp_path):
  run_binary('train', *QUICK, f'--model_dir={tmp_path}/plain')
  result = run_binary('train', *QUICK, f'--model_dir={tmp_path}/seen', '--profile=1:3')
  assert 'recording a profile from step 1 to 3' in result.stderr
  assert list((tmp_path / 'seen/train/plugins/profile').glob('*/*.xplane.pb'))
  one, other = (checkpoint(tmp_path / name, 4) for name in ('plain', 'seen'))
  assert all((one[name] == other[name]).all() for name in one)


@pytest.mark.parametrize('steps', ['5', '5:5', '9:5', 'a:b', '-1:5'])
def test_what_are_no_two_steps_is_refused(tmp_path, steps):
  result = run_binary('train', *QUICK, f'--model_dir={tmp_path}/run', f'--profile={steps}', code=2)
  assert f'--profile={steps}: should be START:STOP' in result.stderr
  assert not (tmp_path / 'run').exists()
