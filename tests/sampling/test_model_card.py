"""The model card beside an export, read as hubs read it, and its commands run as they stand."""

import json
import pathlib
import re
import sys
import types

import numpy as np
import pytest
import yaml

from tests.conftest import run_binary, tiny_experiment
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.arrays.in_memory import dataset_of
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.sampling.exports import formats
from tfgan_pipeline.sampling.exports.model_card import model_card

TASK = {'source': 'noise', 'target': 'image', 'shape': [8, 8, 1], 'is_picture': True}
ABOUT = {
  'step': 12000,
  'weights': 'average',
  'run_id': '0123',
  'version': '0.1.0',
  'classes': [],
  'formats': ['onnx', 'litert'],
  'largest_differences': {'onnx': {'generate': 2e-6}, 'litert': {'generate': 3e-6}},
  'tasks': {'generate': {**TASK, 'takes_labels': False, 'inputs': {'noise': {}}}},
  'settings': {'model': 'gan', 'dataset': "tfds('mnist')", 'augment': ''},
  'scores': [
    {
      'scores': {'fid[inception]': 9.5, 'fid_low[inception]': 9.0, 'fid_high[inception]': 10.25},
      'score_ids': {'fid[inception]': 'abcd'},
      'definition': {'num_samples': 50000, 'dataset': "tfds('mnist')"},
    },
    {'scores': {'fid_floor[inception]': 0.3, 'memorised[inception]': 0.0}, 'definition': {}},
  ],
}
RECORD = {'dataset': {'fingerprint': 'ffff', 'splits': {'train': 60000, 'test': 10000}}}


def parts_of(card: str) -> tuple[dict, str]:
  """Returns the head of a card, read as YAML, and the text below."""
  _, head, text = card.split('---\n', 2)
  return yaml.safe_load(head), text


def test_the_head_says_what_hubs_ask_for():
  head, text = parts_of(model_card(ABOUT, RECORD, 'apache-2.0'))
  assert head['license'] == 'apache-2.0'
  assert head['library_name'] == 'tensorflow'
  assert head['pipeline_tag'] == 'unconditional-image-generation'
  assert head['datasets'] == ['mnist']
  assert head['tags'] == ['gan', 'onnx', 'tflite']
  assert head['metrics'] == ['fid', 'memorised']
  (index,) = head['model-index']
  result = index['results'][0]
  assert result['dataset'] == {'name': "tfds('mnist')", 'type': 'mnist'}
  (metric,) = result['metrics']
  assert (metric['type'], metric['value']) == ('fid', 9.5)
  assert metric['args'] == {'id': 'abcd', 'low': 9.0, 'high': 10.25}
  assert '| fid[inception] | 9.5 | 9 to 10.25 |  | 50,000 | `abcd` |' in text
  assert 'Of the networks: apache-2.0. Of the data: unknown' in text
  assert 'at most 2e-06 (onnx), 3e-06 (litert)' in text
  assert 'Whether outputs are copies' not in text  # It was measured.


def test_what_nobody_said_is_called_unknown():
  about = {**ABOUT, 'scores': [], 'settings': {'model': 'gan', 'dataset': 'openmoji(size=8)'}}
  head, text = parts_of(model_card(about, {'dataset': {'fingerprint': 'ffff'}}))
  assert head['license'] == 'unknown'
  assert not {'datasets', 'metrics', 'model-index'} & head.keys()
  assert 'Of the networks: unknown' in text and 'Of the data: CC BY-SA 4.0' in text
  assert 'this checkpoint was not scored' in text
  assert 'Whether outputs are copies of training examples was not measured' in text


@pytest.mark.parametrize('name', ['\n---\nlicense: mit', 'a: "b" # c', 'ä|`x`'])
def test_names_cannot_break_the_head(name):
  about = {**ABOUT, 'classes': [name, 'b'], 'run_id': name}
  head, text = parts_of(model_card(about, RECORD))
  assert head['license'] == 'unknown' and head['model-index'][0]['name'] == name
  assert f'Classes: {" ".join(name.split())}, b.' in text


def test_the_commands_of_a_card_run_as_they_stand(tmp_path, monkeypatch):
  pictures = np.random.RandomState(0).randint(0, 256, (32, 16, 16, 1)).astype(np.uint8)
  data = dataset_of(pictures, np.arange(32) % 2, classes=('cat', 'dog'))
  estimator = GANEstimator(
    tiny_experiment(
      tmp_path / 'run', dataset=data, model='conditional_gan', networks='mlp(units=4)', max_steps=1
    )
  )
  estimator.train()
  folder = pathlib.Path(estimator.export(str(tmp_path / 'out'), license='mit'))
  head, text = parts_of((folder / 'README.md').read_text())
  assert head['license'] == 'mit'
  (code,) = re.findall(r'```python\n(.*?)```', text, re.DOTALL)
  names: dict = {}
  monkeypatch.chdir(folder)
  exec(code, names)
  assert names['outputs'].shape == (8, 16, 16, 1) and names['outputs'].dtype == tf.uint8
  about = json.loads((folder / 'assets.extra/about.json').read_text())
  assert about['tasks']['generate']['inputs'] == {
    'noise': {'shape': [8], 'dtype': 'float32'},
    'label': {'shape': [], 'dtype': 'int32'},
  }


@pytest.mark.parametrize(
  'flags, said',
  [
    (['--format=onx'], "--format=onx: 'onx' should be one of savedmodel, litert, onnx"),
    (['--format='], "--format=: '' should be one of"),
    (['--output={folder}'], 'holds other files, such as notes.txt; name a new folder'),
    (['--output={old}'], 'holds generate.onnx of an earlier export, which --format=savedmodel'),
  ],
)
def test_wrong_formats_and_folders_are_one_line(tiny_run, tmp_path, flags, said):
  for folder, name in (('folder', 'notes.txt'), ('old', 'generate.onnx')):
    (tmp_path / folder).mkdir()
    (tmp_path / folder / name).write_text('kept')
  places = {'folder': tmp_path / 'folder', 'old': tmp_path / 'old'}
  flags = [flag.format(**places) for flag in flags]
  done = run_binary(
    'export', f'--model_dir={tiny_run}', f'--output={tmp_path / "new"}', *flags, code=2
  )
  assert said in done.stderr.splitlines()[-1]
  assert not (tmp_path / 'new').exists()
  assert (tmp_path / 'old' / 'generate.onnx').read_text() == 'kept'


def test_a_missing_package_is_named_with_the_command_that_brings_it(monkeypatch):
  monkeypatch.setitem(formats.FORMATS, 'hidden', ('no_such_module', 'nor_this'))
  with pytest.raises(UsageError) as caught:
    formats.checked_formats('savedmodel, hidden')
  assert str(caught.value) == (
    '--format=hidden: no_such_module and nor_this missing; '
    'python -m pip install "tfgan-pipeline[hidden]"'
  )


def lacks_an_operation(functions, networks):
  raise ValueError('no op StatelessRandomNormalV2\nand a page more')


@pytest.mark.parametrize(
  'convert, said',
  [
    (lacks_an_operation, 'cannot hold this network (no op StatelessRandomNormalV2)'),
    (
      lambda functions, networks: {'generate.hidden': b''},
      'generate gives other outputs there, by up to 4 in [-1, 1], as a network does that draws '
      'random numbers',
    ),
  ],
)
def test_a_network_that_a_format_cannot_hold_is_one_line(
  tiny_run, tmp_path, monkeypatch, convert, said
):
  monkeypatch.setitem(formats.FORMATS, 'hidden', ())
  module = types.SimpleNamespace(
    convert=convert, ANY_SIZE=True, run=lambda contents, task, inputs: np.full([8, 16, 16, 1], 4.0)
  )
  monkeypatch.setitem(sys.modules, 'tfgan_pipeline.sampling.exports.to_hidden', module)
  with pytest.raises(UsageError) as caught:
    GANEstimator.of_run(str(tiny_run)).export(str(tmp_path / 'new'), formats='savedmodel,hidden')
  assert str(caught.value) == f'--format=hidden: {said}; --format=savedmodel holds any'
  assert not (tmp_path / 'new').exists()
