"""Use of the compiler's answers: sizes, speed, the largest batch, and refusals."""

import math
import os
import sys

import pytest

from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.errors import CheckFailed, UsageError
from tfgan_pipeline.tpu import check as check_module
from tfgan_pipeline.tpu import compiler, session
from tfgan_pipeline.tpu.batch_search import largest_batch
from tfgan_pipeline.tpu.check import judge
from tfgan_pipeline.tpu.compiler import CompilationError, Program
from tfgan_pipeline.tpu.topology import CHIPS, Topology
from tfgan_pipeline.tpu.traffic import hbm_bytes

PROGRAM = Program(
  arguments=100,
  outputs=90,
  aliased=80,
  temporaries=50,
  code=7,
  flops=197e9,
  bytes_accessed=2e9,
  hbm_bytes=819 * 10**5,
  seconds=1.0,
  versions={},
)
OUT_OF_MEMORY = (
  'JaxRuntimeError: RESOURCE_EXHAUSTED: E1000: CompileTimeHbmOom: Ran out of memory on HBM, the '
  'total memory required for HLO temporaries (31.5G) exceeds available HBM (15.75G). HLO module: m.'
)


def test_chips_are_of_plausible_size():
  for name, chip in CHIPS.items():
    assert 1e14 < chip.flops < 1e15, name
    assert 5e11 < chip.bandwidth < 5e12, name
    assert 16 <= chip.hbm / 2**30 <= 96, name
    assert chip.replicas in (1, 2), name


def test_topologies():
  v4 = Topology.parse('v4:2x2x1')
  assert (v4.chips, v4.replicas, v4.hbm_per_replica) == (4, 8, 16 * 2**30)
  assert v4.flops_per_replica == 137.5e12 and v4.bandwidth_per_replica == 600e9
  assert v4.replica_batch_size(64) == 8
  with pytest.raises(
    UsageError, match='--batch_size=12: .* multiple of the 8 replicas of v4:2x2x1'
  ):
    v4.replica_batch_size(12)
  v5e = Topology.parse('v5e:4x4')
  assert (v5e.chips, v5e.replicas, v5e.hbm_per_replica) == (16, 16, 16 * 2**30)


@pytest.mark.parametrize('name', ['', 'v5e', 'v9:2x2', 'v5e:2', 'v5e:2x0', '2x2', 'v5e:2x2x2x2'])
def test_what_is_no_topology(name):
  with pytest.raises(UsageError, match=f'--topology={name}:'):
    Topology.parse(name)


def test_roofline():
  result = judge(PROGRAM, Topology.parse('v5e:2x2'), batch_size=64)
  assert result['hbm']['used'] == 100 + 90 - 80 + 50 + 7
  assert result['hbm']['available'] == 16 * 2**30
  # 197 GFLOP at 197 TFLOP/s take 1 ms, 81.9 MB at 819 GB/s a tenth of it.
  assert result['bound_by'] == 'compute'
  assert result['step_seconds'] == pytest.approx(1e-3)
  assert result['images_per_second'] == pytest.approx(64_000)
  assert result['arithmetic_intensity'] == pytest.approx(197e9 / 819e5)


def test_traffic_counts_hbm_only():
  """Checks a count by hand: arrays have 4 KiB, and those marked S(1) are on the chip."""
  big, near = 'f32[8,128]{1,0:T(8,128)}', 'f32[8,128]{1,0:T(8,128)S(1)}'
  hlo = f"""HloModule m, is_scheduled=true

%fused (p: f32[8,128]) -> f32[8,128] {{
  %p = {big} parameter(0)
  ROOT %inside = {big} add(%p, %p)
}}

%body (b: f32[8,128]) -> f32[8,128] {{
  %b = {big} parameter(0)
  ROOT %round = {big} negate(%b)
}}

ENTRY %main (x: f32[8,128], y: f32[8,128]) -> f32[8,128] {{
  %x = {big} parameter(0)
  %y = {big} parameter(1)
  %start = ({near}, {big}, u32[]{{:S(2)}}) copy-start(%x)
  %done = {near} copy-done(%start)
  %hidden = {near} add(%done, %done)
  %fusion = {near} fusion(%hidden, %y), kind=kLoop, calls=%fused
  %written = {big} copy(%fusion)
  %looped = {big} while(%written), condition=%never, body=%body
  ROOT %same = {big} bitcast(%looped)
}}
"""
  hlo = hlo.replace('condition=%never, ', '')
  # Read by the transfer, read by the fusion, written by the copy, and one round of the loop.
  assert hbm_bytes(hlo) == 4096 * (1 + 1 + 1 + 2)


@pytest.mark.parametrize('fixed, per_image', [(0, 1e5), (3e9, 1e6), (1e7, 3e3), (1e9, 4e9)])
@pytest.mark.parametrize('start', [8, 64, 2**20])
@pytest.mark.parametrize('told', [True, False])
def test_largest_batch(fixed, per_image, start, told):
  """Checks a search to 1/32 in at most eight compilations where memory is linear in the batch."""
  available, tried = 16 * 2**30, []

  def check(batch_size):
    tried.append(batch_size)
    used = fixed + per_image * batch_size
    if used > available:
      share = used / available if told else None
      return dict(replicas=8, batch_size=batch_size, fits=False, hbm_share=share)
    hbm = dict(used=used, available=available)
    return dict(replicas=8, batch_size=batch_size, fits=True, hbm=hbm)

  found = largest_batch(check, check(start), compilations=8 if told else 30)
  best = math.floor((available - fixed) / per_image / 8) * 8
  if best <= 0:
    assert found == {'largest_batch': None, 'too_large': 8}
    return
  assert best * 31 / 32 - 8 <= found['largest_batch'] <= best
  assert best < found['too_large'] <= best * 34 / 32 + 8
  assert set(found.values()) <= set(tried)
  assert all(batch % 8 == 0 for batch in tried)


def test_no_search_where_the_step_is_refused_for_another_reason():
  first = dict(replicas=8, batch_size=8, fits=None)
  assert largest_batch(None, first) == {'largest_batch': None, 'too_large': None}


def test_what_the_compiler_says():
  error = CompilationError(OUT_OF_MEMORY)
  assert error.hbm_share == 2 and error.op is None
  error = CompilationError('INVALID_ARGUMENT: Unexpected operand type for FFT: c128[16,16]{1,0}')
  assert error.hbm_share is None and error.op == 'FFT'
  assert CompilationError('INVALID_ARGUMENT: Custom emitter for Mine not found').op == 'Mine'
  assert CompilationError('INTERNAL: something else').op is None


def test_a_compiler_that_crashes_is_reported(tmp_path, monkeypatch):
  crash = tmp_path / 'python'
  crash.write_text('#!/bin/sh\necho "F0101 check.cc:1] Check failed: x == y" >&2\nkill -ABRT $$\n')
  os.chmod(crash, 0o755)
  monkeypatch.setattr(sys, 'executable', str(crash))
  with pytest.raises(CompilationError, match='SIGABRT: .*Check failed: x == y'):
    compiler.compile_step('module {}', Topology.parse('v5e:2x2'))


def test_missing_extra(monkeypatch):
  monkeypatch.setitem(sys.modules, 'libtpu', None)
  with pytest.raises(UsageError, match='libtpu: pip install .*libtpu, on'):
    compiler.require()


@pytest.mark.usefixtures('exports')
def test_one_that_does_not_fit_fails_the_check_after_all_were_made(monkeypatch, caplog):
  def compile_step(text, topology):
    if topology.name == 'v5e:2x2':
      raise CompilationError(OUT_OF_MEMORY)
    return PROGRAM

  monkeypatch.setattr(check_module, 'compile_step', compile_step)
  experiment = Experiment(networks='mlp(units=8)', noise='normal(8)', batch_size=16)
  told = []
  with pytest.raises(CheckFailed, match='not on v5e:2x2'):
    session.check_all(
      experiment,
      Dataset.of_images('any', (8, 8, 1), tuple('0123456789'), {}),
      [Topology.parse(name) for name in ('v5e:2x2', 'v6e:2x2')],
      on_result=told.append,
    )
  assert [(r['compiles'], r['fits']) for r in told] == [(False, False), (True, True)]
  assert told[0]['hbm_share'] == 2 and told[1]['replica_batch'] == 4
