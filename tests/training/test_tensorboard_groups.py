"""Groups of curves in order of use, and the card of a run, as TensorBoard shows them."""

import json
import re

import pytest
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

from tests.conftest import tiny_experiment
from tfgan_pipeline.compat import tf
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.runs import event_files
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.training.run_card import card
from tfgan_pipeline.training.summaries import TrainSummaries
from tfgan_pipeline.writers.groups import shown_as

pytestmark = pytest.mark.usefixtures('graphs_as_traced')


def tags_of(folder) -> dict[str, list[int]]:
  events = EventAccumulator(str(folder), tensor_size_guidance={'tensors': 0}).Reload()
  return {tag: [event.step for event in events.Tensors(tag)] for tag in events.Tags()['tensors']}


def test_groups_that_matter_come_first():
  tags = ['scores/fid', 'samples/diversity', 'loss/generator', 'discriminator_output/real']
  others = ['discriminator_accuracy/real', 'learning_rate/generator', 'images_per_second']
  assert sorted(map(shown_as, [*others, *reversed(tags)]))[:4] == list(map(shown_as, tags))


def test_a_run_has_a_card_for_each_session(tmp_path):
  for steps in (2, 4):
    GANEstimator(
      tiny_experiment(tmp_path, networks='mlp(units=8)', max_steps=steps, batch_size=8)
    ).train()
  events = EventAccumulator(str(tmp_path / 'train')).Reload()
  assert len(list((tmp_path / 'train').glob('*tfevents*'))) == 2  # One for each process or call.
  first, second = events.Tensors('1_run')
  text = tf.make_ndarray(second.tensor_proto).item().decode()
  assert (first.step, second.step) == (0, 2)
  record = json.loads((tmp_path / 'experiment.json').read_text())
  assert text == card(record)
  assert re.search(r'\| --batch_size +\| `8`', text)
  assert '--log_every' in text and '--loss' not in text
  assert text.count(record['sessions'][0]['git_revision']) == 2


@pytest.mark.parametrize('former', [True, False])
def test_a_run_goes_on_under_the_names_that_it_began_with(tmp_path, former):
  run = RunDirectory(str(tmp_path))
  name = 'loss/generator' if former else '3_loss/generator'
  if former:
    with tf.summary.create_file_writer(run.train).as_default(1):
      tf.summary.scalar(name, 1.0)
  else:
    first = TrainSummaries(run, 0)
    first.plot(1, {'loss/generator': 1.0})
    first.close()
  summaries = TrainSummaries(run, 1)
  summaries.plot(2, {'loss/generator': 2.0})
  summaries.close()
  shown = {tag: steps for tag, steps in tags_of(run.train).items() if 'loss' in tag}
  assert shown == {name: [1, 2]}


def test_a_file_that_a_process_goes_on_writing_is_left_once_another_came(tmp_path):
  def event(step: int):
    from tensorboard.compat.proto import event_pb2, summary_pb2

    value = summary_pb2.Summary.Value(tag='a', simple_value=step)
    return event_pb2.Event(step=step, summary=summary_pb2.Summary(value=[value]))

  folder = str(tmp_path)
  own = event_files.append(folder, [event(0)])
  assert event_files.append(folder, [event(1)], own) == own
  other = event_files.append(folder, [event(2)])
  assert event_files.append(folder, [event(3)], own) not in (own, other)
  assert [found.step for found in event_files.read(folder)] == [0, 1, 2, 3]
