"""TensorBoard's pages besides curves: what event files hold by default, and on request."""

import dataclasses
import shutil

from google.protobuf import text_format
import numpy as np
from PIL import Image
import pytest
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.hparams import metadata
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

from tests.conftest import QUICK, TINY, checkpoint, run_binary, tiny_experiment
from tfgan_pipeline.compat import tf
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.evaluation.score_charts import hyperparameters

FID = 'fid[random_projection]'


def opened(folder):
  return EventAccumulator(str(folder), size_guidance={'tensors': 0}).Reload()


def layout_of(events) -> dict[str, list[layout_pb2.Chart]]:
  (event,) = events.Tensors('custom_scalars__config__')
  content = tf.make_ndarray(event.tensor_proto).item()
  return {one.title: list(one.chart) for one in layout_pb2.Layout.FromString(content).category}


def size_of(folder) -> int:
  return sum(path.stat().st_size for path in folder.glob('*tfevents*'))


@pytest.fixture(scope='module')
def scored(tiny_run, cache_dir, tmp_path_factory):
  """A tiny run with two scores, the first without an interval."""
  from tfgan_pipeline.config.evaluation import EvaluationOptions

  run = shutil.copytree(tiny_run, tmp_path_factory.mktemp('scored') / 'run')
  options = EvaluationOptions(
    extractor='random_projection', metrics='fid', num_samples=64, cache_dir=cache_dir
  )
  estimator = GANEstimator.of_run(str(run))
  for name, more in (('plain', {}), ('sure', {'bootstrap': 10, 'projector': 20})):
    options = dataclasses.replace(options, eval_name=name, **more)
    estimator.evaluate(2, options=options), estimator.evaluate(4, options=options)
  return run


def test_both_players_are_in_one_chart(tiny_run):
  charts = layout_of(opened(tiny_run / 'train'))['2_players']
  assert [list(chart.multiline.tag) for chart in charts] == [
    ['3_loss/generator$', '3_loss/discriminator$'],
    ['4_discriminator_output/real$', '4_discriminator_output/generated$'],
  ]


def test_scores_are_charts_with_floor_and_interval(scored):
  (chart,) = layout_of(opened(scored / 'eval/plain'))['1_scores']
  assert list(chart.multiline.tag) == [r'1_scores/fid\[random_projection\]$']
  (chart,) = layout_of(opened(scored / 'eval/sure'))['1_scores']
  (series,) = chart.margin.series
  tags = [
    f'1_scores/{FID}',
    *(f'score_details/fid_{end}[random_projection]' for end in ('low', 'high')),
  ]
  assert [series.value, series.lower, series.upper] == tags
  for folder in ('eval/sure', 'eval/sure/floor'):  # Drawn where all three are.
    events = opened(scored / folder)
    assert all([point.step for point in events.Tensors(tag)] == [2, 4] for tag in tags)
  floors = {tf.make_ndarray(events.Tensors(tag)[0].tensor_proto).item() for tag in tags}
  assert len(floors) == 1


def test_settings_are_a_row_with_the_scores(scored):
  events = opened(scored / 'eval/sure')
  contents = events.PluginTagToContent('hparams')
  (start,) = [metadata.parse_session_start_info_plugin_data(text) for text in contents.values()]
  values = {name: value.WhichOneof('kind') for name, value in start.hparams.items()}
  assert values['preset'] == 'string_value' and values['batch_size'] == 'number_value'
  assert start.hparams['networks'].string_value == 'dcgan(filters=4)'
  floors = opened(scored / 'eval/sure/floor').Tags()['tensors']
  assert not any('hparams' in tag for tag in floors)
  other = opened(scored / 'eval/plain').PluginTagToContent('hparams')
  assert other != contents  # Rows with equal names would be averaged.


def test_what_a_row_tells(tmp_path):
  found = hyperparameters(tiny_experiment(tmp_path, loss='wasserstein_hinge', max_steps=9, seed=3))
  assert found['loss'] == 'wasserstein_hinge' and found['seed'] == 3 and found['noise']
  assert found['preset'] == 'digits_dcgan' and 'max_steps' not in found and 'model_dir' not in found
  assert (
    hyperparameters(tiny_experiment(tmp_path, dataset='gaussian_ring'))['preset'] != 'digits_dcgan'
  )


def test_the_projector_has_points_and_pictures(scored, tiny_run):
  folder = scored / 'eval/sure/plugins/org_tensorflow_tensorboard_projector'
  assert sorted(path.name for path in folder.iterdir()) == [
    *(f'points-4.{end}' for end in ('bytes', 'png', 'tsv')),
    'projector_config.pbtxt',
  ]
  text = (folder / 'projector_config.pbtxt').read_text()
  (embedding,) = text_format.Parse(text, ProjectorConfig()).embeddings
  points = np.fromfile(folder / embedding.tensor_path, np.float32)
  points = points.reshape(embedding.tensor_shape)
  lines = (folder / embedding.metadata_path).read_text().splitlines()
  assert len(points) == len(lines) - 1 == 40 and lines[0] == 'kind\tnumber\tclass'
  assert lines[1].startswith('real\t0\t') and lines[21] == 'generated\t0\t'
  width, height = embedding.sprite.single_image_dim
  sheet = np.asarray(Image.open(folder / embedding.sprite.image_path))
  assert sheet.shape == (7 * height, 7 * width, 3)  # 40 pictures in a square.
  dataset = GANEstimator.of_run(str(tiny_run)).dataset
  first = next(dataset.split('train').ordered(9))['image']
  np.testing.assert_array_equal(sheet[:height, width : 2 * width, 0], first[1, ..., 0])
  assert not (scored / 'eval/plain/plugins').exists()


def test_points_of_a_step_that_has_scores_are_made_once(scored, cache_dir):
  from tfgan_pipeline.config.evaluation import EvaluationOptions

  options = EvaluationOptions(
    extractor='random_projection',
    metrics='fid',
    num_samples=64,
    cache_dir=cache_dir,
    eval_name='plain',
    projector=1000,  # More than there are generated.
  )
  run = shutil.copytree(scored, scored.parent / 'again')
  estimator = GANEstimator.of_run(str(run))
  record = estimator.evaluate(4, options=options)
  (path,) = run.glob('eval/plain/plugins/*/points-4.tsv')
  assert len(path.read_text().splitlines()) == 1 + 1000 + 64
  changed = path.stat().st_mtime_ns
  assert estimator.evaluate(4, options=options) == record and path.stat().st_mtime_ns == changed
  assert len((run / 'eval/plain/scores.jsonl').read_text().splitlines()) == 2


def test_graph_and_histograms_on_request_change_no_bit(tiny_run, tmp_path):
  run_binary('train', *TINY, '--tensorboard=all', f'--model_dir={tmp_path}/all')
  for name, value in checkpoint(tiny_run, 4).items():
    np.testing.assert_array_equal(checkpoint(tmp_path / 'all', 4)[name], value, err_msg=name)
  lines = [path / 'train/train.jsonl' for path in (tiny_run, tmp_path / 'all')]
  assert lines[0].read_bytes() == lines[1].read_bytes()
  plain, full = opened(tiny_run / 'train'), opened(tmp_path / 'all/train')
  names = {node.name for node in full.Graph().node}
  assert any(name.startswith('generator/') for name in names)
  assert any(name.startswith('discriminator/') for name in names)
  steps = [event.step for event in full.Tensors('generator/layer_with_weights-0/kernel')]
  assert steps == [0, 2, 4]
  assert not plain.Tags()['graph'] and full.Tags()['graph']
  more = set(full.Tags()['tensors']) - set(plain.Tags()['tensors']) - {'__run_graph__'}
  assert more and all(tag.startswith(('generator/', 'discriminator/')) for tag in more)
  assert size_of(tiny_run / 'train') < size_of(tmp_path / 'all/train')


@pytest.mark.parametrize(
  'page, graph, histograms', [('graph', True, False), ('histograms', False, True)]
)
def test_one_page_alone(tmp_path, page, graph, histograms):
  words = (*QUICK, '--max_steps=1', f'--tensorboard={page}', f'--model_dir={tmp_path}/run')
  run_binary('train', *words)
  events = opened(tmp_path / 'run/train')
  assert bool(events.Tags()['graph']) == (page == 'graph')
  assert any('kernel' in tag for tag in events.Tags()['tensors']) == (page == 'histograms')


def test_what_is_refused(tiny_run, tmp_path):
  (line,) = run_binary('train', '--tensorboard=graphs', code=2).stderr.splitlines()
  assert '--tensorboard=graphs' in line
  for flag in ('--generated_dir=/tmp', '--generated_features=/tmp/x.npy'):
    line = run_binary('evaluate', flag, '--projector=5', code=2).stderr
    assert line.startswith('--projector: not with')
  words = (f'--model_dir={tiny_run}', '--labels=3', '--projector=5')
  assert run_binary('evaluate', *words, code=2).stderr
