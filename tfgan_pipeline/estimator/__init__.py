"""GANEstimator, a run as a Python object, with the method names of tf.estimator."""

from tfgan_pipeline.estimator.gan_estimator import GANEstimator
from tfgan_pipeline.estimator.train_and_evaluate import train_and_evaluate

__all__ = ['GANEstimator', 'train_and_evaluate']
