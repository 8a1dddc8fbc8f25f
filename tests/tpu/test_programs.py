"""Programs that presets compile to: those that are stored, and the reading of a program by hand."""

from __future__ import annotations

import pytest

from tests.tpu import programs

QUICK = ('digits_dcgan',)
MODULE = """
module @a {
  func.func private @sum(%arg0: tensor<f32>) -> tensor<f32> {
    %0 = stablehlo.add %arg0, %arg0 : tensor<f32>
  }
  func.func @main(%arg0: tensor<8x4x4x3xf32>, %arg1: tensor<2x2x3x5xf32>, %arg2: tensor<8xi32>, \
%arg3: tensor<8xi32>) -> (tensor<8xf32>) {
    %0 = stablehlo.constant dense<0.0> : tensor<f32>
    %1 = stablehlo.convolution(%arg0, %arg1) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f] \
: (tensor<8x4x4x3xf32>, tensor<2x2x3x5xf32>) -> tensor<8x4x4x5xf32>
    %2 = stablehlo.dot_general %1, %1, contracting_dims = [1] x [0] : (tensor<8x80xbf16>, \
tensor<80x2xbf16>) -> tensor<8x2xbf16>
    %3 = "stablehlo.all_reduce"(%2) <{replica_groups = dense<0> : tensor<1x8xi64>}> ({
    }) : (tensor<8x2xbf16>) -> tensor<8x2xbf16>
  }
}
"""


def test_facts_of_a_program_by_hand():
  assert programs.facts(MODULE) == {
    'operations': {'add f32': 1, 'all_reduce': 1, 'convolution f32': 1, 'dot_general bf16': 1},
    'arguments': {'2x2x3x5xf32': 1, '8x4x4x3xf32': 1, '8xi32': 2},
    'argument_bytes': 4 * (8 * 4 * 4 * 3 + 2 * 2 * 3 * 5 + 2 * 8),
    'flops': 2 * 8 * 4 * 4 * 5 * 2 * 2 * 3 + 2 * 8 * 2 * 80,
  }


def test_what_changes_is_named():
  old = programs.facts(MODULE)
  new = programs.facts(MODULE.replace('xbf16', 'xf32').replace('80', '40'))
  assert programs.differences('mine', new, old) == [
    'mine: dot_general bf16: 0, was 1',
    'mine: dot_general f32: 1, was 0',
    'mine: flops: 16,640, was 17,920',
  ]
  assert not programs.differences('mine', old, old)


def test_every_preset_that_needs_no_extra_has_its_program():
  assert set(programs.read()) == set(programs.presets())


@pytest.mark.usefixtures('exports')
@pytest.mark.parametrize(
  'preset',
  [
    pytest.param(name, marks=() if name in QUICK else pytest.mark.heavy)
    for name in programs.presets()
  ],
)
def test_presets_compile_to_the_stored_program(preset):
  """A change that is meant is stored by python -m tests.tpu.programs, and named in the commit."""
  found = programs.facts(programs.program(preset))
  assert not programs.differences(preset, found, programs.read()[preset])
