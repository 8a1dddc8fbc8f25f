"""GAN training and evaluation on TF-GAN, for a current TensorFlow.

`from tfgan_pipeline.estimator import GANEstimator` is the Python face; the binaries are in
`tfgan_pipeline.bin`. Importing this package imports nothing heavy.
"""

__version__ = '0.1.0'
