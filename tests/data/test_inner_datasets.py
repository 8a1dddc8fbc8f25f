"""Datasets that a dataset is made of, by one rule for all who ask."""

from tfgan_pipeline import registry
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.inner_datasets import inner_datasets
from tfgan_pipeline.tpu.shape import dataset_like


def inner(text):
  return {name: str(call) for name, call in inner_datasets(registry.dataset.parse(text)).items()}


def test_arguments_whose_default_is_a_dataset():
  assert inner('paired(a=digits, b="tfds(shapes)")') == {
    'a': str(registry.dataset.parse('digits')),
    'b': str(registry.dataset.parse('tfds(shapes)')),
  }
  assert inner('halves') == {'dataset': str(registry.dataset.parse('shapes(style=pairs)'))}
  assert not inner('tfds(digits)') and not inner('image_folder(8, folder=shapes)')
  assert list(inner('attributes(csv=digits, names=(shapes, digits))')) == ['dataset']
  assert list(inner('domains(a="of_another_script(1)")')) == ['b']


def test_a_folder_called_like_a_dataset_is_no_dataset_when_shapes_stand_in():
  sides = {word: f'image_folder(8, folder={name})' for word, name in (('a', 'digits'), ('b', 'x'))}
  text = f'paired(a="{sides["a"]}", b="{sides["b"]}")'
  data = dataset_like(Experiment(dataset=text), '8,8,3')
  assert data.fields['image_a'].shape == data.fields['image_b'].shape == (8, 8, 3)
