"""What a run is made of, as facts for experiment.json and as the text of --dry_run."""

from __future__ import annotations

from typing import Any

from tabulate import tabulate

from tfgan_pipeline.compat import keras
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.training.state import TrainState


def facts(dataset: Dataset, state: TrainState) -> dict[str, Any]:
  """What experiment.json records besides the experiment."""
  return {
    'dataset': {
      'name': dataset.name,
      'fingerprint': dataset.fingerprint,
      'image_shape': list(dataset.image_shape),
      'num_classes': dataset.num_classes,
      'fields': dataset.fields.to_record(),
      'splits': {name: split.size for name, split in dataset.splits.items()},
    },
    'networks': {role: _network(network) for role, network in state.networks.items()},
    'checkpoint_bytes': state.checkpoint_bytes,
  }


def summary(experiment: Experiment, dataset: Dataset, state: TrainState) -> str:
  """The resolved experiment, the networks by layers, what a checkpoint takes."""
  found = facts(dataset, state)
  lines = [experiment.to_flagfile()]
  for network in state.networks.values():
    network.summary(print_fn=lambda line, **_: lines.append(line), line_length=98)
  columns = ('network', 'input', 'output', 'parameters', 'trainable')
  rows = [(role, *network.values()) for role, network in found['networks'].items()]
  lines += ['', tabulate(rows, columns, tablefmt='plain', intfmt=','), '']
  splits = ', '.join(f'{name} {size:,}' for name, size in found['dataset']['splits'].items())
  lines.append(f'dataset {found["dataset"]["name"]}: {splits}')
  lines.append(f'checkpoint: {found["checkpoint_bytes"]:,} bytes')
  return '\n'.join(lines)


def _network(network: keras.Model) -> dict[str, Any]:
  return {
    'input_shape': tuple(network.inputs[0].shape[1:]),  # The other input is the label.
    'output_shape': network.output_shape[1:],
    'parameters': network.count_params(),
    'trainable_parameters': sum(
      variable.shape.num_elements() for variable in network.trainable_variables
    ),
  }
