"""Inception from a frozen TensorFlow 1 graph, as published in 2015."""

from __future__ import annotations

from collections.abc import Callable

from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError

_IMAGES = 'Mul'  # The product of (x - 128) and 1/128, after JPEG decoding and resizing.
_POOL = 'pool_3'
_LAST_PRODUCT = 'softmax/logits/MatMul'
_LOGITS = 'logits'  # In the copy of the graph that TF-GAN published.


def read(where: str, path: str) -> Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
  """Returns Inception as a function of images float32 [n, 299, 299, 3] in [-1, 1).

  The function returns pool_3 [n, 1, 1, 2048] and logits [n, 1008]. Salimans et al. computed the
  logits of the Inception Score as pool_3 times the weights, without the bias, since the graph's own
  are made for one image at a time. Published scores follow that definition, and so does this
  function.

  Args:
    where: Start of error messages, such as '--extractor=saved_model: path=/tmp/net'.
    path: File of the graph.

  Raises:
    UsageError: The file is no frozen graph, or not Inception's.
  """
  graph_def = tf.compat.v1.GraphDef()
  try:
    with tf.io.gfile.GFile(path, 'rb') as file:
      graph_def.ParseFromString(file.read())
  except Exception as error:  # protobuf's DecodeError has moved between its versions.
    raise UsageError(f'{where}: not a frozen graph ({type(error).__name__})') from None
  nodes = {node.name: node for node in graph_def.node}
  missing = [name for name in (_IMAGES, _POOL) if name not in nodes]
  if _LAST_PRODUCT not in nodes and _LOGITS not in nodes:
    missing.append(f'{_LAST_PRODUCT} or {_LOGITS}')
  if missing:
    raise UsageError(f'{where}: a graph of {len(nodes)} nodes, but without {", ".join(missing)}')
  last = nodes[_LAST_PRODUCT].input[1] if _LAST_PRODUCT in nodes else _LOGITS
  last = last if ':' in last else f'{last}:0'

  def import_graph(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    pool, logits = tf.graph_util.import_graph_def(
      _replace_removed_ops(graph_def),
      input_map={f'{_IMAGES}:0': images},
      return_elements=[f'{_POOL}:0', last],
      name='',
    )
    if _LAST_PRODUCT in nodes:
      logits = tf.linalg.matmul(tf.reshape(pool, [-1, logits.shape[0]]), logits)
    return pool, logits

  graph = tf.compat.v1.wrap_function(import_graph, [tf.TensorSpec([None, 299, 299, 3], tf.float32)])
  # Removes the ops that decode and resize a JPEG, which no accelerator has.
  return graph.prune(graph.inputs, tuple(graph.outputs))


def _replace_removed_ops(graph_def: tf.compat.v1.GraphDef) -> tf.compat.v1.GraphDef:
  """Returns a graph without BatchNormWithGlobalNormalization, which functions no longer allow.

  The op is replaced by its arithmetic.
  """
  result = tf.compat.v1.GraphDef(versions=graph_def.versions)
  for node in graph_def.node:
    if node.op != 'BatchNormWithGlobalNormalization':
      result.node.add().CopyFrom(node)
      continue

    def add(op: str, suffix: str, *inputs: str, of: tf.compat.v1.NodeDef = node) -> str:
      new = result.node.add(op=op, name=of.name + suffix, input=inputs)
      new.attr['T'].CopyFrom(of.attr['T'])
      return new.name

    images, mean, variance, beta, gamma = node.input[:5]
    epsilon = result.node.add(op='Const', name=f'{node.name}/epsilon')
    epsilon.attr['dtype'].CopyFrom(node.attr['T'])
    epsilon.attr['value'].tensor.CopyFrom(
      tf.make_tensor_proto(node.attr['variance_epsilon'].f, tf.as_dtype(node.attr['T'].type))
    )
    scale = add('Rsqrt', '/rsqrt', add('Add', '/padded', variance, epsilon.name))
    if node.attr['scale_after_normalization'].b:
      scale = add('Mul', '/scale', scale, gamma)
    scaled = add('Mul', '/scaled', add('Sub', '/centred', images, mean), scale)
    add('Add', '', scaled, beta, *node.input[5:])
  return result
