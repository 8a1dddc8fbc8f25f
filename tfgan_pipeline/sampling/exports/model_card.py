"""The model card of an export: README.md in the form that model hubs read.

The head is YAML; of that language, JSON is a part, which needs no other package. Nothing is said
that the run and its records do not say: what they leave open, such as a licence, is called unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import json
import re
from typing import Any

_BESIDE = ('_low', '_high', '_floor')  # Endings of scores that belong to another score.
_TAGS = {'savedmodel': 'saved-model', 'litert': 'tflite', 'onnx': 'onnx'}
# Licences of data that this package knows, by a component of the data.
_DATA_LICENSES = {'openmoji': 'CC BY-SA 4.0, also for pictures made of them (openmoji.org)'}
_READY = {
  'savedmodel': """\
import numpy as np
import tensorflow as tf

loaded = tf.saved_model.load('.')
""",
  'litert': """\
import numpy as np
from ai_edge_litert.interpreter import Interpreter

interpreter = Interpreter('model.tflite')
""",
  'onnx': """\
import numpy as np
import onnxruntime

""",
}
_PACKAGES = {'savedmodel': 'tensorflow', 'litert': 'ai-edge-litert', 'onnx': 'onnxruntime'}


def model_card(about: Mapping[str, Any], record: Mapping[str, Any], license: str = '') -> str:
  """Returns the text of a card.

  Args:
    about: Facts about the networks, see facts.py, with 'formats' and maybe 'largest_differences'.
    record: The run's experiment.json.
    license: Licence of the networks, as hubs name it; '' if unknown.
  """
  head = '\n'.join(f'{key}: {json.dumps(value)}' for key, value in _head(about, license).items())
  return f'---\n{head}\n---\n\n' + '\n'.join(_sections(about, record, license))


def _head(about: Mapping[str, Any], license: str) -> dict[str, Any]:
  scores = list(_scores(about))
  names = [_data_name(about)] if _data_name(about) else []
  tags = ('gan', about['settings']['model'].split('(')[0], *map(_TAGS.get, about['formats']))
  head: dict[str, Any] = {
    'license': license or 'unknown',
    'library_name': 'tensorflow',
    'tags': list(dict.fromkeys(tags)),
  }
  if task := _hub_task(about):
    head['pipeline_tag'] = task
  if names:
    head['datasets'] = names
  if scores:
    head['metrics'] = sorted({score['name'].split('[')[0] for score in scores})
    results = [_result(about, score) for score in scores]
    head['model-index'] = [{'name': about['run_id'], 'results': results}]
  return head


def _hub_task(about: Mapping[str, Any]) -> str:
  """Returns the name that hubs have for the first task; '' for tasks of no pictures."""
  task = next(iter(about['tasks'].values()))
  if not task['is_picture']:
    return ''
  return 'unconditional-image-generation' if task['source'] == 'noise' else 'image-to-image'


def _data_name(about: Mapping[str, Any]) -> str:
  """Returns the name of a data set of TensorFlow Datasets; '' for data that hubs do not know."""
  found = re.search(r"tfds\((?:name=)?'?(\w+)", about['settings']['dataset'])
  return found[1] if found else ''


def _scores(about: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
  """Yields each score with its id, definition, and, where they are known, ends and floor."""
  for record in about['scores']:
    for name, value in record['scores'].items():
      stem, bracket, rest = name.partition('[')
      if stem.endswith(_BESIDE) or not isinstance(value, int | float):
        continue
      beside = {
        ending[1:]: record['scores'][found]
        for ending in _BESIDE
        if (found := f'{stem}{ending}{bracket}{rest}') in record['scores']
      }
      score_id = record.get('score_ids', {}).get(name, '')
      yield {'name': name, 'value': value, 'id': score_id, **beside, 'of': record['definition']}


def _result(about: Mapping[str, Any], score: Mapping[str, Any]) -> dict[str, Any]:
  data = score['of'].get('dataset') or about['settings']['dataset']
  metric = {
    'type': score['name'].split('[')[0],
    'name': score['name'],
    'value': score['value'],
    'args': {key: score[key] for key in ('id', 'low', 'high', 'floor') if key in score},
  }
  task = {'type': _hub_task(about) or 'other'}
  return {
    'task': task,
    'dataset': {'name': data, 'type': _data_name(about) or data},
    'metrics': [metric],
  }


def _sections(about: Mapping[str, Any], record: Mapping[str, Any], license: str) -> Iterator[str]:
  settings = about['settings']
  yield f'# {settings["model"].split("(")[0]} on {settings["dataset"]}\n'
  yield (
    f'Networks of run `{about["run_id"]}` after step {about["step"]:,}, with their '
    f'{"moving averages" if about["weights"] == "average" else "weights as trained"}, exported by '
    f'tfgan_pipeline {about["version"]}. Settings, scores and their definitions are in '
    '`assets.extra/about.json`.\n'
  )
  yield '## Load\n'
  yield from _loading(about)
  yield '## Scores\n'
  yield _score_table(about)
  yield '## Data\n'
  yield _data(about, record)
  yield '## Licence\n'
  yield (
    f'Of the networks: {license}.' if license else 'Of the networks: unknown; none was given.'
  ) + f' Of the data: {_data_license(about)}.\n'
  yield '## Limits\n'
  yield from (f'- {limit}' for limit in _limits(about))
  yield ''
  yield '## Settings\n'
  yield from (f'- `{name}`: `{value}`' for name, value in settings.items() if value != '')
  yield ''


def _loading(about: Mapping[str, Any]) -> Iterator[str]:
  yield 'In this folder, with inputs that come along:\n'
  for format in about['formats']:
    calls = [_call(format, name, task) for name, task in about['tasks'].items()]
    yield f'`pip install {_PACKAGES[format]}`\n\n```python\n{_READY[format]}' + '\n'.join(
      ["examples = np.load('assets.extra/examples.npz')", *calls, '```\n']
    )
  if 'savedmodel' in about['formats']:
    yield 'Outputs of the SavedModel are as stored: pictures are uint8 from 0 to 255.'
  if differences := about.get('largest_differences'):
    most = ', '.join(f'{max(tasks.values()):.1g} ({name})' for name, tasks in differences.items())
    yield (
      'Outputs of the converted files are float32 in [-1, 1]. On the examples they differ from '
      f'those of the program that trained them by at most {most}.'
    )
  yield ''


def _call(format: str, name: str, task: Mapping[str, Any]) -> str:
  """Returns Python that makes outputs of a task in a format."""
  inputs = {key: f"examples['{name}/{key}']" for key in task['inputs']}
  if format == 'onnx':
    fed = ', '.join(f"'{key}': {value}" for key, value in inputs.items())
    session = f"session = onnxruntime.InferenceSession('{name}.onnx')\n"
    return f'{session}(outputs,) = session.run(None, {{{fed}}})'
  if format == 'litert':
    given = ', '.join(f'{key}={value}' for key, value in inputs.items())
    runner = f"runner = interpreter.get_signature_runner('{name}')\n"
    return f"{runner}outputs = runner({given})['{task['target']}']"
  if task['source'] != 'noise':
    return f'outputs = loaded.{name}({", ".join(inputs.values())})'
  if task['takes_labels']:
    return f'outputs = loaded.{name}(8, 0, [0, 1])  # count, seed, classes in turn'
  if task.get('takes_captions'):
    text = 'count, seed; as a third argument, captions in turn'
    return f'outputs = loaded.{name}(8, 0)  # {text}'
  return f'outputs = loaded.{name}(8, 0)  # count, seed'


def _score_table(about: Mapping[str, Any]) -> str:
  scores = list(_scores(about))
  if not scores:
    return 'Unknown: this checkpoint was not scored with these weights.\n'
  lines = ['| score | value | 95 % interval | floor | samples | id |', '|:--|--:|:-:|--:|--:|:--|']
  for score in scores:
    interval = (
      f'{score["low"]:.4g} to {score["high"]:.4g}' if {'low', 'high'} <= score.keys() else 'unknown'
    )
    floor = f'{score["floor"]:.4g}' if 'floor' in score else ''
    count = f'{score["of"]["num_samples"]:,}' if 'num_samples' in score['of'] else ''
    cells = [score['name'], f'{score["value"]:.4g}', interval, floor, count, f'`{score["id"]}`']
    lines.append(f'| {" | ".join(cells)} |')
  lines.append(
    '\nTwo scores are comparable if their ids are equal. The floor is what two sets of this size '
    'from one distribution would score.\n'
  )
  return '\n'.join(lines)


def _data(about: Mapping[str, Any], record: Mapping[str, Any]) -> str:
  data = record['dataset']
  splits = ', '.join(f'{size:,} ({name})' for name, size in data.get('splits', {}).items())
  lines = [f'`{about["settings"]["dataset"]}`, with fingerprint `{data["fingerprint"]}`.']
  if splits:
    lines.append(f'Examples: {splits}.')
  if classes := about['classes']:
    more = f' and {len(classes) - 20:,} more' if len(classes) > 20 else ''
    lines.append(f'Classes: {", ".join(" ".join(name.split()) for name in classes[:20])}{more}.')
  return '\n'.join(lines) + '\n'


def _data_license(about: Mapping[str, Any]) -> str:
  found = [text for name, text in _DATA_LICENSES.items() if name in about['settings']['dataset']]
  return ', '.join(found) or 'unknown; the run does not record it'


def _limits(about: Mapping[str, Any]) -> Iterator[str]:
  for name, task in about['tasks'].items():
    shape = 'x'.join(map(str, task['shape']))
    yield f'`{name}` was trained for outputs of {shape} on this data alone.'
  names = {score['name'].split('[')[0] for score in _scores(about)}
  if not any(name.startswith('memorised') for name in names):
    yield 'Whether outputs are copies of training examples was not measured.'
  yield 'Whether outputs are fair to groups of people or fit for any use was not examined.'
