"""tfgan-classifier: one training for each content of data, kept in a cache."""

from __future__ import annotations

import json
import re

from tests.conftest import run_binary, start_binary


def test_classifier_is_trained_once_and_cached_by_content(tmp_path):
  command = [
    'classifier',
    '--dataset=digits(size=16)',
    '--extractor=classifier(steps=150)',
    f'--cache_dir={tmp_path}',
  ]
  both = [start_binary(*command) for _ in range(2)]
  (output, messages), (other_output, other_messages) = (process.communicate() for process in both)
  facts = json.loads(output)
  assert facts['name'] == 'classifier:digits' and facts['accuracy'] > 0.9
  assert other_output == output
  messages += other_messages
  assert messages.count('training the classifier of digits for 150 steps, once') == 1
  assert messages.count('another process trains the classifier of digits: waiting for it') == 1
  assert re.search(r'the classifier of digits: step \d+ of 150, \d\d:\d\d left', messages)
  again = run_binary(*command)
  assert again.stdout == output and 'training' not in again.stderr
  other = run_binary(*command, '--dataset=digits(size=12)')
  assert json.loads(other.stdout)['fingerprint'] != facts['fingerprint']


def test_cache_defaults_to_the_environment(tmp_path):
  run_binary(
    'classifier',
    '--dataset=digits(size=8)',
    '--extractor=classifier(steps=2)',
    variables={'TFGAN_PIPELINE_CACHE': str(tmp_path)},
  )
  assert list((tmp_path / 'classifier').iterdir())
