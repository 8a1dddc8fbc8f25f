"""Commands of a page: run again, they make the run's experiment and find its scores."""

from __future__ import annotations

import json
import shlex
import shutil

from absl import flags

from tests.conftest import run_binary
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.report.commands import commands_of
from tfgan_pipeline.report.recorded_run import read_runs


def written(path) -> dict[str, list[list[str]]]:
  """Returns the words of the commands of a run, without comments, by their purpose."""
  (run,) = read_runs([str(path)])
  found = {}
  for command in commands_of(run, ['fakes']):
    lines = command.text.replace(' \\\n', ' ').splitlines()
    found[command.title] = [shlex.split(line) for line in lines if not line.startswith('#')]
  return found


def experiment_of(words: list[str]) -> Experiment:
  """Returns the experiment that a command of tfgan-train asks for."""
  assert words[0] == 'tfgan-train'
  values = flags.FlagValues()
  Experiment.define_flags(flag_values=values)
  flags.DEFINE_string('change', '', '', flag_values=values)
  values(words)
  return Experiment.from_flags(values)


def test_the_training_has_the_settings_of_the_run(tiny_run):
  ((words,),) = [written(tiny_run)['Train it again']]
  again, run = experiment_of(words), read_runs([str(tiny_run)])[0].experiment
  assert again.defining() == run.defining()
  assert again.max_steps == run.max_steps and again.save_every == run.save_every
  assert again.model_dir == f'{tiny_run}-again'


def test_a_run_that_was_changed_has_a_command_for_each_change(tiny_run, tmp_path):
  run = shutil.copytree(tiny_run, tmp_path / "it's a run")
  record = json.loads((run / 'experiment.json').read_text())
  adam = "adam(learning_rate=0.5, beta_1=0.5, beta_2=0.999, epsilon=1e-07, schedule='')"
  old = record['experiment']['generator_optimizer']
  record['experiment'] |= {'batch_size': 8, 'generator_optimizer': adam}
  changed = {'batch_size': [16, 8], 'generator_optimizer': [old, adam]}
  session = record['sessions'][0]
  record['sessions'].append({**session, 'first_step': 2, 'changed_settings': changed})
  (run / 'experiment.json').write_text(json.dumps(record))
  first, second = written(run)['Train it again']
  assert experiment_of(first).defining() == read_runs([str(tiny_run)])[0].experiment.defining()
  assert experiment_of(first).max_steps == 2
  after = experiment_of(second)
  assert (after.batch_size, after.generator_optimizer, after.max_steps) == (8, adam, 4)
  assert f'--change={",".join(changed)}' in second
  assert after.model_dir == experiment_of(first).model_dir == f'{run}-again'


def test_scoring_again_finds_the_scores(scored, cache_dir):
  ((words,),) = [written(scored)['Score it again']]
  assert words[0] == 'tfgan-evaluate' and '--num_samples=64' in words
  before = next((scored / 'eval').glob('*/scores.jsonl')).read_text()
  words = [*words[1:], f'--cache_dir={cache_dir}']
  done = run_binary('evaluate', *words)
  assert 'all 3 checkpoints are scored' in done.stderr
  assert next((scored / 'eval').glob('*/scores.jsonl')).read_text() == before


def test_scoring_again_has_the_flags_that_a_record_tells_of(scored, tmp_path):
  run = shutil.copytree(scored, tmp_path / 'run')
  (path,) = (run / 'eval').glob('*/scores.jsonl')
  (first, *_) = [json.loads(line) for line in path.read_text().splitlines()]

  def flags_of(folder: str = '', changes=(), **more) -> tuple[set[str], str]:
    """Returns the flags of the command for a record, and the whole text."""
    definition = {**first['definition'], **dict(changes)}
    record = {**first, 'definition': definition, 'definition_id': 'x', **more}
    place = run / 'eval' / (folder or path.parent.name)
    shutil.rmtree(run / 'eval')
    place.mkdir(parents=True)
    (place / 'scores.jsonl').write_text(json.dumps(record) + '\n')
    (found,) = read_runs([str(run)])
    _, text, _ = commands_of(found, ['fakes'])
    ((words,),) = [written(run)['Score it again']]
    return set(words), text.text

  words, text = flags_of()
  assert '--step=0' in words and '#' not in text
  assert not [w for w in words if w.startswith(('--label', '--protocol', '--eval', '--best'))]
  turns = {'labels': 'of sample i: i modulo the number of classes'}
  assert '--label_proportions=uniform' in flags_of(changes=turns)[0]
  turns = {'labels': 'of sample i: 3,the 4 in turn'}
  words, _ = flags_of('random_projection-64-labels-3,the_4', turns)
  assert '--labels=3,the 4' in words and not [w for w in words if w.startswith('--eval_name')]
  words, _ = flags_of('mine')
  assert '--eval_name=mine' in words
  words, text = flags_of('x', {'checkpoint': 'best of 3 by kid'}, protocol='translation_best_of_k')
  assert {'--protocol=translation_best_of_k', '--best_by=kid'} <= words
  assert not [w for w in words if w.startswith(('--step', '--watch'))] and '#' not in text
  words, text = flags_of(changes={'checkpoint': 'last'})
  assert '# add the --protocol that chose the checkpoint as last' in text
  extractor = {'extractor': {'name': 'self_supervised:digits', 'fingerprint': 'a'}}
  assert '--extractor=self_supervised' in flags_of(changes=extractor)[0]


def test_scores_of_another_folder_are_found_there(scored, cache_dir, tmp_path):
  run = shutil.copytree(scored, tmp_path / 'run')
  (path,) = (run / 'eval').glob('*/scores.jsonl')
  (found,) = read_runs([str(run)])
  place = tmp_path / 'elsewhere' / f'run-{found.training.run_id[:8]}/eval'
  place.mkdir(parents=True)
  path.parent.rename(place / 'mine')
  (found,) = read_runs([str(run)], str(tmp_path / 'elsewhere'))
  _, command, _ = commands_of(found, ['fakes'])
  words = shlex.split(command.text.replace(' \\\n', ' '))
  assert f'--eval_dir={tmp_path}/elsewhere' in words and '--eval_name=mine' in words
  done = run_binary('evaluate', *words[1:], f'--cache_dir={cache_dir}')
  assert 'all 3 checkpoints are scored' in done.stderr
  assert not list((run / 'eval').iterdir())


def test_what_is_not_scored_and_what_translates(tiny_run):
  (run,) = read_runs([str(tiny_run)])
  _, score, draw = commands_of(run, ['a_to_b'])
  assert (score.title, score.text) == ('Score it', f'tfgan-evaluate --model_dir={tiny_run}')
  assert draw.text.startswith('tfgan-translate ') and '--input=PICTURES' in draw.text
