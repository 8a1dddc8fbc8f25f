"""The flagfiles that users start from."""

import pytest

from tests.config.test_experiment import parse
from tests.conftest import ROOT, run_binary

PRESETS = sorted((ROOT / 'flags').glob('*.flags'))
DELTAS = sorted((ROOT / 'flags/deltas').glob('*.flags'))


@pytest.mark.parametrize('path', PRESETS, ids=lambda path: path.stem)
def test_preset_is_understood_and_says_how_it_is_run(path):
  parse(f'--flagfile={path}')
  assert f'--flagfile=flags/{path.name}' in path.read_text()


@pytest.mark.parametrize('path', DELTAS, ids=lambda path: path.stem)
def test_delta_changes_what_it_names(path):
  preset = f'--flagfile={ROOT}/flags/digits_dcgan.flags'
  changed = {
    line[2:].partition('=')[0] for line in path.read_text().splitlines() if line.startswith('--')
  }
  plain, delta = parse(preset).to_dict(), parse(preset, f'--flagfile={path}').to_dict()
  assert changed and {name for name, value in delta.items() if value != plain[name]} == changed
  summary = run_binary('train', preset, f'--flagfile={path}', '--dry_run', '--model_dir=x').stdout
  assert all(f'--{name}={delta[name]}' in summary for name in changed), summary
