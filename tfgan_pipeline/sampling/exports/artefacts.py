"""The folder of an export: networks in each format asked for, examples, facts and a model card.

export(restored, experiment, path, formats=('savedmodel', 'onnx'))

    README.md                      the model card, see model_card.py
    saved_model.pb, variables/     the SavedModel, see saved_model.py
    model.tflite, TASK.onnx        the other formats, see to_litert.py and to_onnx.py
    assets/classes.txt             names of classes, a line each
    assets.extra/about.json        facts, see facts.py
    assets.extra/examples.npz      'TASK/NAME': inputs, and outputs that this package makes of them
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import importlib
import io
import json
import os
import re

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import UsageError, first_line
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.networks.spec import Networks
from tfgan_pipeline.runs import atomic_files, files
from tfgan_pipeline.runs.atomic_files import writing
from tfgan_pipeline.sampling.exports.facts import facts_of
from tfgan_pipeline.sampling.exports.float_functions import example_inputs, float_functions
from tfgan_pipeline.sampling.exports.formats import SAVED_MODEL
from tfgan_pipeline.sampling.exports.model_card import model_card
from tfgan_pipeline.sampling.exports.saved_model import save, write_class_names
from tfgan_pipeline.sampling.restored import RestoredNetworks

# Differences in [-1, 1] that arithmetic cannot explain: an eighth of a level of 8 bits.
_TOLERANCE = 1e-3


def export(
  restored: RestoredNetworks,
  experiment: Experiment,
  path: str,
  *,
  formats: Sequence[str] = (SAVED_MODEL,),
  license: str = '',
) -> str:
  """Writes the networks of all tasks, with the weights of a checkpoint, and what tells of them.

  Converted networks are run on the examples, and by how much they differ is among the facts.
  Nothing is written before every conversion has succeeded.

  Args:
    restored: The networks with the weights of a checkpoint.
    experiment: The run's experiment, as recorded.
    path: The folder to write; may be gs://.
    formats: Formats to write, of formats.py.
    license: Licence of the networks, as hubs name it, such as 'apache-2.0'; '' if unknown.

  Returns:
    The path.

  Raises:
    UsageError: A format cannot hold one of the networks, or gives other outputs.
    WriteError: The folder cannot be written.
  """
  game, networks = restored.game, restored.networks
  about = facts_of(restored, experiment)
  functions = float_functions(game, networks)
  for name, function in functions.items():
    about['tasks'][name]['inputs'] = {
      spec.name: {'shape': list(spec.shape[1:]), 'dtype': spec.dtype.name}
      for spec in function.input_signature
    }
  examples = {
    name: example_inputs(game, game.task(name), function) for name, function in functions.items()
  }
  outputs = {
    name: function(*map(tf.constant, examples[name].values()))[game.task(name).target].numpy()
    for name, function in functions.items()
  }
  contents: dict[str, bytes] = {}
  for format in formats:
    if format != SAVED_MODEL:
      converted, differences = _converted(format, game, networks, examples, outputs)
      contents |= converted
      about.setdefault('largest_differences', {})[format] = differences
  about['formats'] = list(formats)
  with writing(path):
    if SAVED_MODEL in formats:
      save(game, networks, path, about)
    else:
      write_class_names(game, os.path.join(path, 'assets'))
    files.make_folder(os.path.join(path, 'assets.extra'))
    text = json.dumps(about, indent=2) + '\n'
    for name, content in {
      **contents,
      'assets.extra/about.json': text,
      'assets.extra/examples.npz': _npz(examples, outputs),
      'README.md': model_card(about, restored.run.read_record(), license),
    }.items():
      atomic_files.write(os.path.join(path, name), content)
  return path


def _converted(
  format: str,
  game: Game,
  networks: Networks,
  examples: Mapping[str, Mapping[str, np.ndarray]],
  outputs: Mapping[str, np.ndarray],
) -> tuple[dict[str, bytes], dict[str, float]]:
  """Returns files by name, and by task the largest difference from outputs in [-1, 1]."""
  converter = importlib.import_module(f'tfgan_pipeline.sampling.exports.to_{format}')
  try:
    functions = float_functions(game, networks, any_size=converter.ANY_SIZE)
    contents = converter.convert(functions, networks)
    found = {name: converter.run(contents, name, inputs) for name, inputs in examples.items()}
  except Exception as error:  # Converters and runtimes raise a dozen kinds.
    raise UsageError(
      f'--format={format}: cannot hold this network ({_reason(error)}); '
      f'--format={SAVED_MODEL} holds any'
    ) from error
  differences = {
    name: float(np.abs(found[name] - output).max()) for name, output in outputs.items()
  }
  for name, difference in differences.items():
    if not difference < _TOLERANCE:
      raise UsageError(
        f'--format={format}: {name} gives other outputs there, by up to {difference:.2g} in '
        f'[-1, 1], as a network does that draws random numbers; --format={SAVED_MODEL} holds any'
      )
  return contents, differences


def _reason(error: Exception) -> str:
  """Returns why a converter refused: the operations that LiteRT lacks, or an error's first line."""
  lacking = re.search(r'(?:TF Select|Custom) ops: (.*)', str(error))
  return f'operations {lacking[1].strip()} are missing there' if lacking else first_line(error)


def _npz(
  examples: Mapping[str, Mapping[str, np.ndarray]], outputs: Mapping[str, np.ndarray]
) -> bytes:
  """Returns a file of arrays 'TASK/NAME' of inputs, and 'TASK/output' float32 in [-1, 1]."""
  arrays = {f'{task}/output': output for task, output in outputs.items()}
  for task, inputs in examples.items():
    arrays |= {f'{task}/{name}': value for name, value in inputs.items()}
  file = io.BytesIO()
  np.savez(file, allow_pickle=False, **arrays)
  return file.getvalue()
