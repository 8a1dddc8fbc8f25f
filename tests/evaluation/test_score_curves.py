"""Curves of scores as TensorBoard shows them: one for each definition, of steps that rise."""

from __future__ import annotations

import dataclasses
import json
import pathlib

import pytest
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.runs.score_records import Records

pytestmark = pytest.mark.usefixtures('graphs_as_traced')

FID = 'fid[random_projection]'


@pytest.fixture
def options(cache_dir):
  return EvaluationOptions(
    extractor='random_projection', metrics='fid', num_samples=64, cache_dir=cache_dir
  )


def evaluator_of(run, options, **values):
  return GANEstimator.of_run(str(run)).evaluator(dataclasses.replace(options, **values))


def points(events: EventAccumulator, tag: str = f'1_scores/{FID}') -> list[tuple[int, float]]:
  """Returns the points of a curve in the order in which TensorBoard has them."""
  return [(event.step, float(tf.make_ndarray(event.tensor_proto))) for event in events.Tensors(tag)]


def opened(folder) -> EventAccumulator:
  return EventAccumulator(str(folder), size_guidance={'tensors': 0}).Reload()


def of_records(records) -> list[tuple[int, float]]:
  found = {record['step']: pytest.approx(record['scores'][FID], rel=1e-6) for record in records}
  return sorted(found.items())


def folders_with_curves(run) -> list[pathlib.Path]:
  folders = {path.parent for path in (run / 'eval').rglob('*tfevents*')}
  return sorted(folder for folder in folders if folder.name != 'floor')


def test_steps_rise_in_whatever_order_they_are_scored(run, options):
  evaluator = evaluator_of(run, options)
  records = [evaluator.evaluate(4)]
  (folder,) = folders_with_curves(run)
  watching = opened(folder)  # A TensorBoard that runs all the while.
  for step in (0, 2):
    records.append(evaluator.evaluate(step))
    assert points(watching.Reload()) == points(opened(folder)) == of_records(records)
  assert [event.step for event in opened(folder).Tensors('fakes')] == [0, 2, 4]


def test_a_definition_has_curves_of_its_own(run, options):
  changes = [
    {},
    {'sample_seed': 1},
    {'reference_split': 'test'},
    {'metrics': 'fid(ddof=0)'},
    {'weights': 'raw', 'eval_name': options.directory_name},
    {'extractor': 'random_projection(width=8)'},
  ]
  records = {}
  for step in (2, 4):
    for number, change in enumerate(changes):
      records[number, step] = evaluator_of(run, options, **change).evaluate(step)
  folders = folders_with_curves(run)
  assert len(folders) == len(changes)
  first = run / 'eval' / options.directory_name
  assert folders[0] == first and {folder.parent for folder in folders[1:]} == {first}
  assert sum('seed1' in folder.name for folder in folders) == 1
  assert sum(folder.name.startswith('test-') for folder in folders) == 1
  curves = [points(opened(folder)) for folder in folders]
  for number in range(len(changes)):
    assert of_records([records[number, 2], records[number, 4]]) in curves


def test_the_points_of_a_later_evaluator_are_seen_whatever_its_clock(run, options):
  evaluator = evaluator_of(run, options)
  records = [evaluator.evaluate(0)]
  (folder,) = folders_with_curves(run)
  (path,) = folder.glob('*tfevents*')
  path.rename(folder / 'events.out.tfevents.9000000000.of-a-clock-ahead')
  watching = opened(folder)
  for step in (2, 4):
    records.append(evaluator.evaluate(step))
    assert points(watching.Reload()) == points(opened(folder)) == of_records(records)


def test_a_directory_of_an_earlier_version_is_put_in_order(run, options):
  """Seeds 0 and 1 once had their points in one curve; the records stay, and are not made again."""
  old = {
    seed: [evaluator_of(run, options, sample_seed=seed).evaluate(step) for step in (0, 2)]
    for seed in (0, 1)
  }
  folder = run / 'eval' / options.directory_name
  for path in folder.rglob('*tfevents*'):
    path.unlink()
  for record in (*old[0], *old[1]):
    with tf.summary.create_file_writer(str(folder)).as_default(record['step']):
      tf.summary.scalar(f'scores/{FID}', record['scores'][FID])
  lines = (folder / 'scores.jsonl').read_text()
  assert evaluator_of(run, options).evaluate(2) == old[0][1]
  assert (folder / 'scores.jsonl').read_text() == lines
  for seed in (0, 1):
    old[seed].append(evaluator_of(run, options, sample_seed=seed).evaluate(4))
  curves = [points(opened(path)) for path in folders_with_curves(run)]
  assert curves == [of_records(old[0]), of_records(old[1])]


def test_points_without_a_record_are_left_out(run, options):
  """Takes away a record, as a killed evaluator leaves its curve."""
  evaluator = evaluator_of(run, options)
  records = [evaluator.evaluate(step) for step in (0, 2)]
  path = run / 'eval' / options.directory_name / 'scores.jsonl'
  path.write_text(json.dumps(records[0]) + '\n')
  records[1] = evaluator_of(run, options).evaluate(4)
  assert points(opened(path.parent)) == of_records(records)
  assert [record['step'] for record in Records(str(path.parent)).read()] == [0, 4]


def test_the_floor_is_a_second_line_in_the_chart_of_its_score(run, options):
  evaluator = evaluator_of(run, options)
  records = [evaluator.evaluate(step) for step in (4, 0, 2)]
  folder = run / 'eval' / options.directory_name
  floors = {
    record['step']: pytest.approx(record['scores'][FID.replace('[', '_floor[')], rel=1e-6)
    for record in records
  }
  assert points(opened(folder / 'floor')) == sorted(floors.items())
  tags = set(opened(folder).Tags()['tensors'])
  assert {tag for tag in tags if tag.startswith('1_scores/')} == {f'1_scores/{FID}'}
  assert min(tag for tag in tags) == f'1_scores/{FID}'  # Groups are sorted by name.


def test_one_process_writes_one_file_and_its_definition_once(run, options):
  evaluator = evaluator_of(run, options)
  for step in (0, 2, 4):
    evaluator.evaluate(step)
  folder = run / 'eval' / options.directory_name
  for place in (folder, folder / 'floor'):
    assert len(list(place.glob('*tfevents*'))) == 1
  assert [event.step for event in opened(folder).Tensors('definition')] == [0]


def test_curves_of_a_former_version_go_on_in_the_group_of_today(run, options):
  evaluator = evaluator_of(run, options)
  records = [evaluator.evaluate(step) for step in (0, 2)]
  folder = run / 'eval' / options.directory_name
  for path in folder.rglob('*tfevents*'):
    path.unlink()
  for record in records:  # As they were written: a file for each, and scores/ for a group.
    with tf.summary.create_file_writer(str(folder)).as_default(record['step']):
      for name, value in record['scores'].items():
        tf.summary.scalar(f'scores/{name}', value)
  records.append(evaluator_of(run, options).evaluate(4))
  assert points(opened(folder)) == of_records(records)
  assert not [tag for tag in opened(folder).Tags()['tensors'] if tag.startswith('scores/')]


def test_deviations_are_details_and_floors_are_not_drawn_twice(run, options):
  evaluator_of(run, options, metrics='fid, kid').evaluate(4)
  (folder,) = folders_with_curves(run)
  tags = [tag for tag in opened(folder).Tags()['tensors'] if tag.startswith('score_details/')]
  assert {'kid_std', 'fid_above_floor'} <= {tag.split('/')[1].split('[')[0] for tag in tags}
  assert 'score_details/fid_floor[random_projection]' not in tags


def test_a_point_that_is_there_twice_is_put_in_order(run, options):
  evaluator = evaluator_of(run, options)
  records = [evaluator.evaluate(step) for step in (0, 2)]
  folder = run / 'eval' / options.directory_name
  with tf.summary.create_file_writer(str(folder)).as_default(2):  # By another process.
    tf.summary.scalar(f'1_scores/{FID}', 7.0)
  records.append(evaluator_of(run, options).evaluate(4))
  assert points(opened(folder)) == of_records(records)
