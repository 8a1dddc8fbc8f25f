"""Conversion to ONNX, by tf2onnx: a file for each task.

contents = convert(functions, networks)             # {'generate.onnx': bytes}
output = run(contents, 'generate', {'noise': noise})
"""

from __future__ import annotations

from collections.abc import Mapping
import importlib
from typing import Any

import numpy as np

from tfgan_pipeline.networks.spec import Networks

ANY_SIZE = True
_OPSET = 17  # That of ONNX 1.12 of 2022, which current runtimes and those of phones read.


def convert(functions: Mapping[str, Any], networks: Networks) -> dict[str, bytes]:
  """Returns the contents of files by name; raises what the converter raises.

  Args:
    functions: See float_functions.py.
    networks: Not read: the functions hold their weights.
  """
  del networks
  tf2onnx = importlib.import_module('tf2onnx')
  contents = {}
  for name, function in functions.items():
    model, _ = tf2onnx.convert.from_function(function, function.input_signature, opset=_OPSET)
    contents[f'{name}.onnx'] = model.SerializeToString()
  return contents


def run(contents: Mapping[str, bytes], task: str, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
  """Returns a task's output, float32 [n, ...], by ONNX Runtime on the CPU.

  Args:
    contents: What `convert` returned.
    task: Name of the task.
    inputs: Inputs [n, ...] by name.
  """
  onnxruntime = importlib.import_module('onnxruntime')
  options = onnxruntime.SessionOptions()
  options.log_severity_level = 3  # Errors.
  session = onnxruntime.InferenceSession(
    contents[f'{task}.onnx'], options, providers=['CPUExecutionProvider']
  )
  (output,) = session.run(None, dict(inputs))
  return output
