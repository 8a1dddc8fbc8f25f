"""Small networks with the interfaces of large ones whose weights cannot be had everywhere."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline.compat import keras, tf

POOL, CLASSES = 16, 10


def weights(seed: int) -> dict[str, np.ndarray]:
  """Returns weights of a convolution 3 -> POOL with batch norm, and of a classifier."""
  random = np.random.RandomState(seed)
  return {
    'kernel': random.randn(5, 5, 3, POOL).astype(np.float32) / 5,
    'mean': random.randn(POOL).astype(np.float32) / 5,
    'variance': 1 + random.rand(POOL).astype(np.float32),
    'beta': random.randn(POOL).astype(np.float32),
    'gamma': 1 + random.rand(POOL).astype(np.float32),
    'classifier': random.randn(POOL, CLASSES).astype(np.float32),
    'bias': 9 + random.randn(CLASSES).astype(np.float32),
  }


def forward(images, seed: int):
  """Returns pool and logits without bias, as stand-ins compute of float32 [n, 299, 299, 3]."""
  w = weights(seed)
  x = tf.nn.conv2d(images, w['kernel'], 23, 'VALID')
  x = tf.nn.relu(
    tf.nn.batch_normalization(x, w['mean'], w['variance'], w['beta'], w['gamma'], 1e-3)
  )
  pool = tf.reduce_mean(x, [1, 2])
  return pool, pool @ w['classifier']


def hub_module(path, seed: int = 0, *, lacks: str = '', called: bool = True) -> str:
  """A SavedModel as TF-GAN's on TF-Hub: float32 [n, 299, 299, 3] -> {'pool_3', 'logits'}."""
  module = tf.Module()
  module.weights = [tf.Variable(value) for value in weights(seed).values()]

  @tf.function(input_signature=[tf.TensorSpec([None, 299, 299, 3])], autograph=False)
  def call(images):
    kernel, mean, variance, beta, gamma, classifier, _ = module.weights
    x = tf.nn.conv2d(images, kernel, 23, 'VALID')
    x = tf.nn.relu(tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-3))
    pool = tf.reduce_mean(x, [1, 2], keepdims=True)
    outputs = {'pool_3': pool, 'logits': tf.squeeze(pool, [1, 2]) @ classifier}
    return {key: value for key, value in outputs.items() if key != lacks}

  if called:
    module.__call__ = call
  tf.saved_model.save(module, str(path), signatures=None if called else call)
  return str(path)


def frozen_graph(path, seed: int = 0, *, without: tuple[str, ...] = ()) -> str:
  """A graph with the nodes, the removed op and the batch size of one of inception-2015-12-05."""
  w = weights(seed)
  v1 = tf.compat.v1
  with tf.Graph().as_default() as graph:
    contents = v1.placeholder(tf.string, [], name='DecodeJpeg/contents')
    decoded = tf.io.decode_jpeg(contents, channels=3, name='DecodeJpeg')
    image = tf.expand_dims(tf.cast(decoded, tf.float32), 0, name='ExpandDims')
    image = v1.image.resize_bilinear(image, [299, 299], name='ResizeBilinear')
    image = tf.multiply(tf.subtract(image, 128.0, name='Sub'), 1 / 128, name='Mul')
    for name in ('mean', 'variance', 'beta', 'gamma'):
      tf.constant(w[name], name=name)
    x = tf.nn.conv2d(image, w['kernel'], 23, 'VALID', name='conv/Conv2D')
    x = tf.identity(x, name='conv/batchnorm')
    x = tf.nn.relu(x, name='conv')
    pool = tf.nn.avg_pool2d(x, 13, 1, 'VALID', name='pool_3')
    flat = tf.reshape(pool, [1, POOL], name='pool_3/_reshape')
    logits = tf.matmul(flat, tf.constant(w['classifier']), name='softmax/logits/MatMul')
    logits = tf.add(logits, w['bias'], name='softmax/logits')
    tf.nn.softmax(logits, name='softmax')
  graph_def = graph.as_graph_def()
  for node in list(graph_def.node):
    if node.name in without:
      node.name += '_renamed'
    if node.name == 'conv/batchnorm':  # No TensorFlow of today can build it.
      node.op = 'BatchNormWithGlobalNormalization'
      node.input.extend(['mean', 'variance', 'beta', 'gamma'])
      node.attr['variance_epsilon'].f = 1e-3
      node.attr['scale_after_normalization'].b = True
  graph_def.versions.producer = 8
  with open(path, 'wb') as file:
    file.write(graph_def.SerializeToString())
  return str(path)


def mobilenet(path, *, top: bool = True, seed: int = 0, nudge: float = 0) -> str:
  """Weights of an untrained MobileNet, the last one nudged: a network quickly built."""
  keras.utils.set_random_seed(seed)
  shape = None if top else (32, 32, 3)
  model = keras.applications.MobileNet(weights=None, include_top=top, input_shape=shape)
  # As initialised, every block would make its output smaller, down to 1e-17.
  values = [5.5 * value if value.ndim == 4 else value for value in model.get_weights()]
  values[-1].flat[-1] += nudge
  model.set_weights(values)
  model.save_weights(path)
  return str(path)


def user_model(path, seed: int = 0) -> str:
  """uint8 [n, h, w, c] -> {'embedding' [n, 4], 'scores' [n, 3], 'label' int64 [n]}."""
  module = tf.Module()
  module.matrix = tf.Variable(np.random.RandomState(seed).randn(4, 3).astype(np.float32))

  @tf.function(input_signature=[tf.TensorSpec([None, None, None, None], tf.uint8)], autograph=False)
  def call(images):
    x = tf.cast(images, tf.float32) / 255
    powers = [tf.reduce_mean(x**power, [1, 2, 3]) for power in range(1, 5)]
    embedding = tf.stack(powers, -1)
    scores = embedding @ module.matrix
    return {'embedding': embedding, 'scores': scores, 'label': tf.argmax(scores, -1)}

  module.__call__ = call
  tf.saved_model.save(module, str(path))
  return str(path)
