"""StarGAN: one translator to all classes, by `tfgan.stargan_loss` (Choi et al. 2018).

arXiv:1711.09020.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tfgan_pipeline import registry
from tfgan_pipeline.compat import Inputs, StoredValues, tf, tfgan
from tfgan_pipeline.config.needs import Need
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.data.split import Example
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.media.pairs import side_by_side
from tfgan_pipeline.models.game import Game, Pool
from tfgan_pipeline.models.noise import Noise
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.models.told_class import FIELD
from tfgan_pipeline.networks.spec import Kind, Networks, Port, Role
from tfgan_pipeline.replicas import collectives, randomness

if TYPE_CHECKING:  # Sampling needs no losses.
  from tfgan_pipeline.losses.adversarial import AdversarialLoss

TRANSLATE = Task('translate', 'image', 'image', ('generator',))
_COLUMNS = 10  # Classes in the picture of all classes, which more would make too wide to look at.


@registry.model
def stargan(
  noise: Noise, data: Fields, *, class_weight: float = 1.0, cycle_weight: float = 10.0
) -> Game:
  """One translator that is told the class to show, which a discriminator has to recognise.

  The paper has --loss=wasserstein --penalties=wasserstein_gradient --discriminator_steps=5. In
  training the classes asked for are those of the batch in another order. With one class per picture
  its loss is the cross-entropy of classes, with attributes that of each by itself, added up.

  Args:
    noise: Not read.
    data: Fields of the examples: image, and its label or attributes.
    class_weight: Weight of the cross-entropy of classes, in both players' losses.
    cycle_weight: Weight of the mean absolute error of images that were made of others, and then of
      their own class again.

  Raises:
    UsageError: A weight is negative, or the data have no classes.
  """
  require('--model', at_least=0, class_weight=class_weight, cycle_weight=cycle_weight)
  return StarGAN(noise, data, class_weight, cycle_weight)


class StarGAN(Game):
  """Game of a translator of [images, class vectors] and a reader of patches and of classes.

  `tfgan.stargan_model` draws classes by random numbers that a resumed run would not draw again, and
  finds variables by scopes. So a tuple of `tfgan.acgan_model` goes through the pipeline, and is
  completed to TF-GAN's StarGANModel for the loss.
  """

  needs = frozenset({Need.PICTURES})
  is_random = False
  shown_examples = 8

  def __init__(self, noise: Noise, data: Fields, class_weight: float, cycle_weight: float):
    super().__init__(noise, data)
    self._label = data.label_of('image')
    field = data[self._label]
    self._has_attributes = bool(field.shape)
    self._classes = field.classes
    if len(field.classes) < (1 if field.shape else 2):
      raise UsageError(
        f'{self._label} has {len(field.classes)} classes, between which nothing can be translated; '
        '--dataset="openmoji(task=tones)" and "attributes(...)" have classes'
      )
    self.reads = 'image', self._label
    self._class_weight = class_weight
    self._cycle_weight = cycle_weight

  def roles(self) -> Mapping[str, Role]:
    image, count = Port(self.data['image'].shape), len(self._classes)
    reads = {'image': image, 'classes': Port((count,))}
    return {
      'generator': Role(Kind.TRANSLATOR, reads, image),
      # A logit for each patch, and logits of classes, whose mean over patches counts.
      'discriminator': Role(Kind.PATCH_READER, {'image': image}, Port((None, None, 1 + count))),
    }

  def tasks(self) -> Mapping[str, Task]:
    return {TRANSLATE.name: TRANSLATE}

  def models(self, batch: Mapping[str, tf.Tensor]) -> tuple[tfgan.ACGANModel, ...]:
    """Returns a tuple whose inputs are [images, class vectors asked for], both float32 [n, ...]."""
    generator = self.networks['generator']
    own = self._vectors(batch[self._label])
    model = tfgan.acgan_model(
      generator_fn=lambda inputs: generator(inputs, training=True),
      discriminator_fn=self._judge,
      real_data=batch['image'],
      generator_inputs=[batch['image'], _in_another_order(own)],
      one_hot_labels=own,
    )
    return (self.with_variables(model),)

  def _judge(self, images: tf.Tensor, inputs: Inputs) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns logits of patches [n, h, w, 1] and of classes [n, K], in training mode."""
    del inputs
    outputs = self.networks['discriminator'](self.augment(images), training=True)
    return outputs[..., :1], tf.reduce_mean(outputs[..., 1:], [1, 2])

  def _vectors(self, labels: tf.Tensor) -> tf.Tensor:
    """Returns classes int32 [n], or attributes [n, K], as float32 [n, K] of 0 and 1."""
    if self._has_attributes:
      return tf.cast(labels, tf.float32)
    return tf.one_hot(labels, len(self._classes))

  def gan_loss(
    self, model: tfgan.ACGANModel, adversarial: AdversarialLoss, pool: Pool | None = None
  ) -> tfgan.GANLoss:
    """Returns both players' losses without the penalty: equations 5 and 6 of the paper."""
    del pool
    image, asked = model.generator_inputs
    whole = tfgan.StarGANModel(
      input_data=image,
      input_data_domain_label=model.one_hot_labels,
      generated_data=model.generated_data,
      generated_data_domain_target=asked,
      reconstructed_data=model.generator_fn([model.generated_data, model.one_hot_labels]),
      discriminator_input_data_source_predication=model.discriminator_real_outputs,
      discriminator_generated_data_source_predication=model.discriminator_gen_outputs,
      discriminator_input_data_domain_predication=model.discriminator_real_classification_logits,
      discriminator_generated_data_domain_predication=model.discriminator_gen_classification_logits,
      generator_variables=model.generator_variables,
      generator_scope=model.generator_scope,
      generator_fn=model.generator_fn,
      discriminator_variables=model.discriminator_variables,
      discriminator_scope=model.discriminator_scope,
      discriminator_fn=model.discriminator_fn,
    )
    kind_of_classes = {}
    if self._has_attributes:
      kind_of_classes = dict(
        classification_one_hot=False,
        classification_loss_fn=lambda onehot_labels, logits: (
          tf.nn.sigmoid_cross_entropy_with_logits(labels=onehot_labels, logits=logits)
        ),
      )
    return tfgan.stargan_loss(
      whole,
      generator_loss_fn=lambda *_, **__: adversarial.generator(model),
      discriminator_loss_fn=lambda *_, **__: adversarial.discriminator(model),
      gradient_penalty_weight=0,  # --penalties has it.
      reconstruction_loss_weight=self._cycle_weight,
      classification_loss_weight=self._class_weight,
      add_summaries=False,
      **kind_of_classes,
    )

  def observations(self, model: tfgan.ACGANModel) -> dict[str, tf.Tensor]:
    """Returns scalars to plot, the share of classes or attributes that are recognised included."""
    pairs = {
      'real': (model.discriminator_real_classification_logits, model.one_hot_labels),
      'generated': (model.discriminator_gen_classification_logits, model.generator_inputs[1]),
    }
    return {
      **super().observations(model),
      **{f'class_accuracy/{name}': self._accuracy(*pair) for name, pair in pairs.items()},
    }

  def _accuracy(self, logits: tf.Tensor, vectors: tf.Tensor) -> tf.Tensor:
    if self._has_attributes:
      right = tf.equal(logits > 0, vectors > 0)
    else:
      right = tf.equal(tf.argmax(logits, axis=1), tf.argmax(vectors, axis=1))
    return tf.reduce_mean(tf.cast(right, tf.float32))

  def inputs(
    self,
    task: Task,
    indices: Sequence[int] | np.ndarray | tf.Tensor,
    seed: int | tf.Tensor,
    given: Mapping[str, npt.ArrayLike] = {},
  ) -> Inputs:
    """Returns [images float32 [n, H, W, C] in [-1, 1], class vectors float32 [n, K]].

    Args:
      task: The task of this game.
      indices: Numbers of outputs; without a class asked for, output i gets class i % K, or the
        attributes of its image with number i % K changed.
      seed: Not read.
      given: Stored images under 'image'; classes asked for under 'label_asked', int32 [n], or
        attributes, int32 [n, K].
    """
    del seed
    asked = given.get(FIELD)
    if asked is None:
      asked = self._in_turn(tf.convert_to_tensor(indices, tf.int32), given.get(self._label))
    images = (
      self.data[task.source].require_medium().to_device(tf.convert_to_tensor(given[task.source]))
    )
    return [images, self._vectors(tf.convert_to_tensor(asked))]

  def _in_turn(self, indices: tf.Tensor, own: npt.ArrayLike | None) -> tf.Tensor:
    turn = indices % len(self._classes)
    if not self._has_attributes:
      return turn
    changed = tf.one_hot(turn, len(self._classes), dtype=tf.int32)
    return changed if own is None else tf.abs(tf.cast(own, tf.int32) - changed)

  def run(self, task: Task, networks: Networks, inputs: Inputs) -> tf.Tensor:
    return networks['generator'](inputs, training=False)

  def shown(self, networks: Networks, examples: StoredValues) -> dict[str, tf.Tensor]:
    """Computes the examples as each class, or with each attribute changed, by the name of it."""
    medium, count = self.data['image'].require_medium(), examples['image'].shape[0]
    given = {name: values for name, values in examples.items() if name != FIELD}
    shown = {}
    for number, name in enumerate(self._classes[:_COLUMNS]):
      inputs = self.inputs(TRANSLATE, [number] * count, 0, given)
      shown[name] = medium.to_stored(self.run(TRANSLATE, networks, inputs))
    return shown

  def draw(self, shown: Mapping[str, np.ndarray], examples: Example) -> dict[str, np.ndarray]:
    """Draws a row per image with a column per class, or per attribute that is changed."""
    columns = {
      'Input': examples['image'],
      **{name: shown[name] for name in self._classes[:_COLUMNS]},
    }
    return {'classes': side_by_side(self.data['image'].require_medium(), columns)}


def _in_another_order(rows: tf.Tensor) -> tf.Tensor:
  """Returns this replica's rows of the global batch [N, K] in a random order.

  The order does not depend on the number of replicas. With --accumulate each part of the batch is
  put into an order by itself.
  """
  replica = tf.distribute.get_replica_context()
  whole = collectives.gathered(rows)
  order = tf.argsort(randomness.shared([whole.shape[0]]))
  first = replica.replica_id_in_sync_group * rows.shape[0] if replica else 0
  return tf.gather(whole, tf.slice(order, [first], [rows.shape[0]]))
