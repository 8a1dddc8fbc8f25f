"""The data set `shapes`: scenes, their pictures in each style, and their labels."""

import dataclasses

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.data.made import scenes


def build(text):
  return registry.dataset.build(text, DataOptions())


def one_scene(**values):
  given = dict(shape=0, colour=0, dark=False, centre=(0.0, 0.0), radius=0.5, angle=0.0)
  return scenes.Scenes(**{name: np.array([value]) for name, value in {**given, **values}.items()})


@pytest.mark.parametrize(
  'shape, area',
  [
    (0, np.pi),
    (1, 2.0),
    (2, 3 * 3**0.5 / 4),
    (3, np.pi * 0.75),
    (4, 2 * 1.2 * (1 - 0.09) ** 0.5 - 0.36),
  ],
)
def test_shapes_have_their_area_in_their_colour_where_they_should_be(shape, area):
  scene = one_scene(shape=shape, colour=2, centre=(0.3, -0.2), angle=0.4, dark=True)
  (picture,) = scenes.filled(scene, (200, 200))
  painted = (picture == scenes.COLOURS['blue']).all(-1)
  assert painted.mean() * 4 == pytest.approx(area * 0.25, rel=0.05)
  rows, columns = np.nonzero(painted)
  middle = np.array([columns.mean(), rows.mean()]) / 100 - 1
  np.testing.assert_allclose(middle, [0.3, -0.2], atol=0.01)


def test_scenes_name_what_is_in_them():
  one = one_scene(shape=2, colour=3, centre=(-0.3, 0.2), radius=0.6, dark=True)
  assert scenes.caption(one, 0) == 'a large yellow triangle at the bottom left on a dark ground'
  named = {name for name, values in one.attributes().items() if values[0]}
  assert named == {'large', 'dark', 'triangle', 'yellow'}
  many = scenes.draw(2000, seed=0)
  for name, values in many.attributes().items():
    assert 0.15 < values.mean() < 0.55, name
  again = scenes.draw(2000, seed=0)
  for field in dataclasses.fields(many):
    np.testing.assert_array_equal(getattr(many, field.name), getattr(again, field.name))


@pytest.mark.parametrize(
  'centre, radius, where',
  [
    ((0.1, -0.1), 0.5, 'small red circle in the middle'),
    ((-0.1, 0.1), 0.51, 'large red circle in the middle'),
    ((0.11, 0.0), 0.3, 'small red circle at the right'),
    ((-0.11, 0.1), 0.3, 'small red circle at the left'),
    ((0.0, 0.11), 0.3, 'small red circle at the bottom'),
    ((0.1, -0.11), 0.3, 'small red circle at the top'),
    ((0.11, -0.11), 0.7, 'large red circle at the top right'),
  ],
)
def test_sizes_and_places_have_names_from_their_bounds_on(centre, radius, where):
  one = one_scene(centre=centre, radius=radius)
  assert scenes.caption(one, 0) == f'a {where} on a bright ground'
  assert one.attributes()['large'][0] == where.startswith('large')


def test_outlines_are_ink_on_paper_at_least_a_pixel_wide():
  for size in (8, 16, 32, 64):
    (picture,) = scenes.outline(one_scene(radius=0.75), (size, size))
    dark = (255.0 - picture[..., 0]) / (255 - 30)
    length, width = 2 * np.pi * 0.75 * size / 2, max(1, size / 32)
    assert dark.sum() == pytest.approx(length * width, rel=0.03)
    assert picture.max() == 255 and picture.min() >= 30
  assert scenes.outline(one_scene(radius=0.75), (128, 128)).min() == 30


def test_shapes_can_be_labelled_by_shape_colour_or_both():
  both, shape, colour = (build(f'shapes(8, 100, {label})') for label in ('both', 'shape', 'colour'))
  assert both.num_classes == 20 and both.label_names[6] == 'blue square'
  labels = both.split('train').labels
  np.testing.assert_array_equal(labels // 4, shape.split('train').labels)
  np.testing.assert_array_equal(labels % 4, colour.split('train').labels)
  assert {name: split.size for name, split in shape.splits.items()} == {
    'train': 80,
    'validation': 10,
    'test': 10,
  }


def edges(shape, count=60):
  """Points [n, 2] of a shape's edges in the unit circle, none near a corner, and their normals."""
  if shape in ('circle', 'ring'):
    angle = np.linspace(0, 2 * np.pi, count)
    normals = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    radii = (1.0,) if shape == 'circle' else (1.0, 0.5)
    return np.concatenate([radius * normals for radius in radii]), np.tile(normals, (len(radii), 1))
  half, bar, length = 0.5**0.5, 0.3, (1 - 0.09) ** 0.5
  corners = {
    'square': [(-half, -half), (half, -half), (half, half), (-half, half)],
    'triangle': [(0, -1), (0.75**0.5, 0.5), (-(0.75**0.5), 0.5)],
    'cross': [
      *((-bar, -length), (bar, -length), (bar, -bar), (length, -bar), (length, bar), (bar, bar)),
      *((bar, length), (-bar, length), (-bar, bar), (-length, bar), (-length, -bar), (-bar, -bar)),
    ],
  }[shape]
  ends = np.array(corners)
  sides = np.roll(ends, -1, axis=0) - ends
  places = np.linspace(0.3, 0.7, count // 4)[:, np.newaxis, np.newaxis]
  normals = np.stack([sides[:, 1], -sides[:, 0]], axis=1) / np.linalg.norm(sides, axis=1)[:, None]
  return (ends + places * sides).reshape(-1, 2), np.tile(normals, (len(places), 1))


@pytest.mark.parametrize('shape', scenes.SHAPES)
def test_an_outline_is_equally_wide_everywhere(shape):
  size, radius, angle, centre = 400, 0.6, 0.4, (0.1, -0.2)
  scene = one_scene(
    shape=scenes.SHAPES.index(shape), centre=centre, radius=radius, angle=angle, dark=True
  )
  (picture,) = scenes.outline(scene, (size, size))
  assert (picture == picture[..., :1]).all()  # No colour.
  dark = (255.0 - picture[..., 0]) / (255 - picture.min())
  assert picture[0, 0, 0] == 255 and picture.min() < 60
  turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
  points, normals = (values @ turn for values in edges(shape))
  step = 0.1  # Pixels.
  across = np.arange(-20, 20, step)[:, np.newaxis, np.newaxis]
  places = ((points * radius + centre + 1) / 2 * size - 0.5) + across * normals
  columns, rows = np.rint(places).astype(int).transpose(2, 0, 1)
  widths = dark[rows, columns].sum(axis=0) * step
  np.testing.assert_allclose(widths, size / 32, rtol=0.07)


def test_styles_are_pictures_of_the_same_scenes():
  filled, outline, pairs = (build(f'shapes(16, 200, style={style})') for style in scenes.STYLES)
  # Runs depend on them; the first is of the first version.
  assert filled.fingerprint == build('shapes(16, 200)').fingerprint == '610a8b2add5d7825'
  assert outline.fingerprint == 'ca6c11468497c4bf'
  assert pairs.image_shape == (16, 32, 3)
  for name, split in pairs.splits.items():
    np.testing.assert_array_equal(split.images[:, :, :16], outline.split(name).images)
    np.testing.assert_array_equal(split.images[:, :, 16:], filled.split(name).images)
    np.testing.assert_array_equal(split.labels, filled.split(name).labels)
  # Two domains of which no two pictures belong together.
  other = build('shapes(16, 200, style=outline, seed=1)').split('train').images
  assert not (other == outline.split('train').images).all(axis=(1, 2, 3)).any()
