"""TensorBoard in Chromium: each page draws a run that the real binary has made."""

from __future__ import annotations

import socket
import subprocess
import sys
import time

import pytest

from tests.conftest import TINY, run_binary
from tests.report.browser import CHROMIUM, Browser

pytestmark = [
  pytest.mark.heavy,
  pytest.mark.skipif(not CHROMIUM, reason='no chromium here: apt-get install chromium'),
]

# All elements of the page, those in the shadow trees and frames of others too.
EVERY = """(() => {
  const found = [];
  const visit = (node) => {
    if (node.nodeType === 1) found.push(node);
    if (node.shadowRoot) visit(node.shadowRoot);
    if (node.contentDocument?.body) visit(node.contentDocument.body);
    node.childNodes.forEach(visit);
  };
  visit(document.body);
  return found;
})()"""
TEXT = f"""{EVERY}.flatMap((one) => [...one.childNodes]).filter((one) => one.nodeType === 3)
.map((one) => one.data.trim()).filter(Boolean).join(' ')"""


def shown(selector: str) -> str:
  """Returns a script for the number of elements that are drawn."""
  return (
    f"{EVERY}.filter((one) => one.matches('{selector}') && one.getBoundingClientRect().width)"
    '.length'
  )


@pytest.fixture(scope='module')
def address(tmp_path_factory, cache_dir):
  run = tmp_path_factory.mktemp('runs') / 'one'
  scoring = ('--metrics=fid', '--extractor=random_projection', '--num_samples=64')
  more = ('--bootstrap=10', '--projector=20', f'--cache_dir={cache_dir}', '--tensorboard=all')
  run_binary('train', *TINY, f'--model_dir={run}', '--evaluate', *scoring, *more)
  with socket.create_server(('localhost', 0)) as server:
    port = server.getsockname()[1]
  command = [sys.executable, '-m', 'tensorboard.main', f'--logdir={run.parent}', f'--port={port}']
  process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
  try:
    deadline = time.monotonic() + 120
    while True:
      try:
        socket.create_connection(('localhost', port), 1).close()
        break
      except OSError:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.5)
    yield f'http://localhost:{port}/'
  finally:
    process.kill()
    process.wait()


@pytest.fixture(scope='module')
def browser(address):
  with Browser('about:blank') as browser:
    browser.show(width=1400)
    yield browser


SCORES = 'fid[random_projection]'


@pytest.mark.parametrize(
  'page, words, drawn',
  [
    (
      'timeseries',
      ['1_scores', '2_samples', '3_loss', '/' + SCORES],
      'line-chart svg, line-chart canvas',
    ),
    (
      'custom_scalars',
      ['1_scores', '2_players', SCORES, 'Both losses'],
      '.plottable path, svg path',
    ),
    ('hparams', ['batch_size', 'preset', 'dcgan(filters=4)', f'1_scores/{SCORES}'], 'vaadin-grid'),
    ('graphs', ['generator', 'discriminator'], 'g.node'),
    ('projector', ['Points: 40', 'features at step 4'], 'canvas'),
    ('text', ['1_run', 'Sessions:', 'definition', '--networks'], 'table'),
    ('histograms', ['generator/layer_with_weights-0/kernel'], 'svg path'),
    ('images', ['fakes', 'reals'], 'img'),
  ],
)
def test_it_is_drawn(browser, address, page, words, drawn):
  browser.go('about:blank')
  browser.go(f'{address}#{page}')
  deadline = time.monotonic() + 60
  while True:
    text, count = browser.run(TEXT), browser.run(shown(drawn))
    missing = [word for word in words if word not in text]
    if not missing and count:
      return
    assert time.monotonic() < deadline, (missing, count, text[-2000:])
    time.sleep(0.5)
