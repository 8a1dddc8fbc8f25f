"""Conversion to LiteRT, formerly TensorFlow Lite: one file with a signature for each task.

contents = convert(functions, networks)             # {'model.tflite': bytes}
output = run(contents, 'generate', {'noise': noise})
"""

from __future__ import annotations

from collections.abc import Mapping
import importlib
import os
import tempfile
from typing import Any

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.networks.spec import Networks

# Convolutions of pictures whose size is known at run time have no place in LiteRT's files.
ANY_SIZE = False
_NAME = 'model.tflite'


def convert(functions: Mapping[str, Any], networks: Networks) -> dict[str, bytes]:
  """Returns the contents of the file by name; raises what the converter raises.

  Args:
    functions: See float_functions.py.
    networks: The networks by role, whose weights the functions read.
  """
  module = tf.Module()
  module.networks = networks
  signatures = {name: function.get_concrete_function() for name, function in functions.items()}
  with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, 'floats')
    tf.saved_model.save(module, path, signatures=signatures)
    converter = tf.lite.TFLiteConverter.from_saved_model(path, signature_keys=[*functions])
    return {_NAME: converter.convert()}


def run(contents: Mapping[str, bytes], task: str, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
  """Returns a task's output, float32 [n, ...], by LiteRT's interpreter.

  Args:
    contents: What `convert` returned.
    task: Name of the task.
    inputs: Inputs [n, ...] by name.
  """
  interpreter = importlib.import_module('ai_edge_litert.interpreter')
  runner = interpreter.Interpreter(model_content=contents[_NAME]).get_signature_runner(task)
  (output,) = runner(**inputs).values()
  return output
