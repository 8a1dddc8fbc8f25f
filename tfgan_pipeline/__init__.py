"""GAN training and evaluation on TF-GAN, for a current TensorFlow.

    from tfgan_pipeline import EvaluationOptions, Experiment, GANEstimator, train_and_evaluate

Binaries are in `tfgan_pipeline.bin`; components are registered with `tfgan_pipeline.registry`.
Importing this package does not import TensorFlow: the names above are looked up when they are used.
"""

import importlib

__version__ = '0.1.0'

_HOMES = {
  'EvaluationOptions': 'config.evaluation',
  'Experiment': 'config.experiment',
  'GANEstimator': 'estimator',
  'dataset_of': 'data.arrays.in_memory',
  'networks_of': 'estimator.keras_networks',
  'train_and_evaluate': 'estimator',
}
__all__ = ['__version__', *sorted(_HOMES)]  # pyrefly: ignore[unresolvable-dunder-all]  (looked up)


def __getattr__(name: str) -> object:
  if name not in _HOMES:
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
  return getattr(importlib.import_module(f'{__name__}.{_HOMES[name]}'), name)
