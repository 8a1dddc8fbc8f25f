"""Every extractor with small networks on disk."""

from __future__ import annotations

import pytest

from tests.extractors import stand_ins

# Those that need arguments, or are made cheap by some; others are tried by their names alone.
TEXTS = {
  'auto': 'auto(random_projection(width=8))',
  'classifier': 'classifier(steps=5)',
  'inception': 'inception("{files}/hub")',
  'keras_application': 'keras_application(MobileNet, "{files}/mobilenet.h5", size=32)',
  'self_supervised': 'self_supervised(steps=5)',
  'saved_model': 'saved_model("{files}/user", output=embedding, logits=scores)',
}


@pytest.fixture(scope='session')
def files(tmp_path_factory):
  """A folder of stand-ins, written once."""
  folder = tmp_path_factory.mktemp('networks')
  stand_ins.hub_module(folder / 'hub')
  stand_ins.frozen_graph(folder / 'classify_image_graph_def.pb')
  stand_ins.mobilenet(folder / 'mobilenet.h5')
  stand_ins.user_model(folder / 'user')
  return folder


@pytest.fixture
def text_of(files):
  """The call string of a registered extractor."""
  return lambda name: TEXTS.get(name, name).format(files=files)
