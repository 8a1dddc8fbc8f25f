"""Shell scripts as subprocesses, with programs on PATH that only pretend."""

from __future__ import annotations

import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def program(folder: pathlib.Path, name: str, text: str) -> pathlib.Path:
  """Writes an executable bash script."""
  folder.mkdir(parents=True, exist_ok=True)
  path = folder / name
  path.write_text('#!/usr/bin/env bash\n' + text)
  path.chmod(0o755)
  return path


def environment(first: pathlib.Path | None = None, **variables: object) -> dict[str, str]:
  """The environment of a script: `first` leads PATH, and no choice of ours leaks in."""
  inherited = {
    name: value
    for name, value in os.environ.items()
    if name
    not in (
      'TFGAN_PIPELINE_PYTHON',
      'PYTHON',
      'PYTHONPATH',
      'DRY_RUN',
      'MODEL_DIR',
      'EVALUATE_FLAGS',
      'PORT',
      'KEEP_TENSORBOARD',
      'TF_CONFIG',
      'ZONE',
      'PROJECT',
      'ACCELERATOR_TYPE',
      'RUNTIME_VERSION',
      'SPOT',
      'CREATE_FLAGS',
      'MAX_FAILURES',
      'DELETE_AT_END',
    )
  }
  if first:
    inherited['PATH'] = f'{first}{os.pathsep}{inherited["PATH"]}'
  return {**inherited, **{name: str(value) for name, value in variables.items()}}


def run(
  script: pathlib.Path,
  *arguments: object,
  code: int = 0,
  cwd=None,
  env: dict[str, str] | None = None,
) -> subprocess.CompletedProcess:
  """Runs a script to its end and checks its exit code."""
  done = subprocess.run(
    ['bash', str(script), *map(str, arguments)],
    cwd=cwd,
    timeout=120,
    env=env or environment(),
    capture_output=True,
    text=True,
    stdin=subprocess.DEVNULL,
  )
  assert done.returncode == code, f'exit code {done.returncode}\n{done.stdout}\n{done.stderr}'
  return done
