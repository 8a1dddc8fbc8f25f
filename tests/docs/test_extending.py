"""The script of docs/extending.md: an example of every kind of component, trained and scored."""

import os
import re
import subprocess
import sys

from tests.conftest import ROOT
from tfgan_pipeline import registry

TEXT = (ROOT / 'docs/extending.md').read_text()
# Components that the run of the page has no place for.
OTHERS = """
registry.medium.build('stamp')
registry.reconstruction.build('quartic')
assert registry.pair_metric.build('worst_pixel', np.zeros(2), np.ones(2)) == {'worst_pixel': 1}
from tfgan_pipeline.runs.directory import RunDirectory
of_bars = lambda: registry.dataset.build('bars', DataOptions())
context = AnomalyContext(RunDirectory(experiment.model_dir), experiment, of_bars, '')
black = of_bars().split('train').images[:3] * 0
strange, _ = registry.anomaly_method.build('brightness', context).judge(black)
assert (strange > 50).all()
plain = dict(dataset='bars', networks='flat', noise='normal(4)', batch_size=16, max_steps=1)
plain = GANEstimator(Experiment(model_dir=experiment.model_dir + '-plain', **plain))
plain.train()
options = dict(extractor='means', metrics='mean_distance', num_samples=50, best_by='')
options = EvaluationOptions(generator_metrics='noise_matters', **options)
assert plain.evaluate(options=options)['scores']['noise_matters[means]'] > 0
"""


def test_every_kind_has_its_folder_and_an_example():
  sections = {
    kind: (folder, body)
    for kind, folder, body in re.findall(
      r'^### (\w+) · `([\w/]+)/`\n(.*?)(?=^##|\Z)', TEXT, re.MULTILINE | re.DOTALL
    )
  }
  assert set(sections) == {kind.kind for kind in registry.ALL}
  for kind in registry.ALL:
    folder, body = sections[kind.kind]
    assert folder.split('/')[0] == kind.folder and (ROOT / 'tfgan_pipeline' / folder).is_dir()
    assert f'@registry.{kind.kind}\n' in body


def test_the_examples_train_and_score_a_run_together(tmp_path, cache_dir):
  script = '\n'.join(re.findall(r'```python\n(.*?)```', TEXT, re.DOTALL))
  moved = script.replace("'/tmp/extended'", repr(str(tmp_path / 'run')))
  assert moved.count('/tmp/extended') == 0 and moved != script
  moved += OTHERS
  path = tmp_path / 'script.py'
  path.write_text(moved)
  process = subprocess.run(
    [sys.executable, path],
    cwd=ROOT,
    env={**os.environ, 'PYTHONPATH': str(ROOT), 'TFGAN_PIPELINE_CACHE': cache_dir},
    capture_output=True,
    text=True,
    timeout=300,
  )
  assert process.returncode == 0, process.stderr
  for name in ('mean_distance[means]', 'brightness_gap'):
    assert f"'{name}'" in process.stdout
