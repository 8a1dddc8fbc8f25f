"""The comparison of replica_parity.py, all of it."""

import pytest

from tests.training import replica_parity


@pytest.mark.heavy
@pytest.mark.parametrize('name', replica_parity.cases())
def test_agree_to_1e_5(tmp_path, name, capsys):
  found = replica_parity.compare(name, tmp_path)
  with capsys.disabled():
    print('\n', *replica_parity.row(name, found).values())
  for place, differences in found.items():
    for what, value in differences.items():
      assert value < 1e-5, f'{place}: {what} differ by {value}'
