"""Settings of a run's pictures, for reading others alike."""

import pytest

from tfgan_pipeline.data.folders.reading import reading_of


@pytest.mark.parametrize(
  'dataset, field, reading',
  [
    ('shapes', 'image', {'resize': 'crop'}),
    ('image_folder(16, resize=stretch)', 'image', {'resize': 'stretch'}),
    (
      'paired(a="image_folder(8, folder=A)", b="image_folder(8, resize=stretch, folder=B)")',
      'image_b',
      {'resize': 'stretch'},
    ),
    (
      'domains(a="image_folder(8, background=\'#ff8800\', range=(0, 4095))", b=shapes)',
      'image_a',
      {'resize': 'crop', 'range': (0, 4095), 'background': (255, 136, 0)},
    ),
    ('parquet(size=8, resize=width)', 'image', {'resize': 'width'}),
    ('halves("parquet(size=(8, 16), resize=none)")', 'image_a', {'resize': 'none'}),
    ('halves("image_folder(size=(8, 16), range=data)")', 'image_a', {'resize': 'crop'}),
  ],
)
def test_settings_of_the_side_that_is_read(dataset, field, reading):
  assert reading_of(dataset, field) == reading
