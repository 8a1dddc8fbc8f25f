"""Facts about a run's data and networks, for experiment.json and for the text of --dry_run."""

from __future__ import annotations

from typing import Any

from tabulate import tabulate

from tfgan_pipeline.compat import keras
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.description import describe
from tfgan_pipeline.training.state import TrainState


def facts(dataset: Dataset, state: TrainState) -> dict[str, Any]:
  """Returns facts about data, networks and checkpoint size, for experiment.json."""
  return {
    'dataset': {
      'name': dataset.name,
      'fingerprint': dataset.fingerprint,
      **({'image_shape': list(dataset.image_shape)} if 'image' in dataset.fields else {}),
      'num_classes': dataset.num_classes,
      'fields': dataset.fields.to_record(),
      'splits': {name: split.size for name, split in dataset.splits.items()},
    },
    'networks': {role: _network_facts(network) for role, network in state.networks.items()},
    'checkpoint_bytes': state.checkpoint_bytes,
  }


def summary(experiment: Experiment, dataset: Dataset, state: TrainState) -> str:
  """Formats the resolved experiment, the layers of all networks, the data and checkpoint size."""
  record = facts(dataset, state)
  lines = [experiment.to_flagfile()]
  for network in state.networks.values():
    network.summary(print_fn=lambda line, **_: lines.append(line), line_length=98)
  columns = ('network', 'input', 'output', 'parameters', 'trainable')
  rows = [(role, *network.values()) for role, network in record['networks'].items()]
  lines += ['', tabulate(rows, columns, tablefmt='plain', intfmt=','), '']
  lines.append(f'dataset {describe(dataset)}')
  lines.append(f'checkpoint: {record["checkpoint_bytes"]:,} bytes')
  return '\n'.join(lines)


def _network_facts(network: keras.Model) -> dict[str, Any]:
  """Returns shapes, without the batch axis, and parameter counts of a network."""
  return {
    'input_shape': tuple(
      network.inputs[0].shape[1:]
    ),  # Further inputs are a label or another image.
    'output_shape': network.output_shape[1:],
    'parameters': network.count_params(),
    'trainable_parameters': sum(
      variable.shape.num_elements() for variable in network.trainable_variables
    ),
  }
