"""Protocols: classes that are normal or anomalous, and names."""

from __future__ import annotations

import pytest

from tfgan_pipeline.anomaly import compare
from tfgan_pipeline.anomaly.protocols import protocol_of
from tfgan_pipeline.errors import UsageError

NAMES = ('cat', 'dog', 'owl', 'pig')


@pytest.mark.parametrize(
  'dataset, flags, name, normal, anomalous',
  [
    ('chosen(digits, classes=1)', {}, 'one_normal', (1,), (0, 2, 3)),
    ('chosen(digits, classes=dog)', {}, 'one_normal', (1,), (0, 2, 3)),
    ('without(digits, classes=1)', {}, 'one_anomalous', (0, 2, 3), (1,)),
    ('chosen(digits, classes="0-2")', {}, 'one_anomalous', (0, 1, 2), (3,)),
    ('chosen(digits, classes="0,1")', {}, 'some_normal', (0, 1), (2, 3)),
    ('digits', {}, 'all_normal', (0, 1, 2, 3), ()),
    ('digits', {'anomalous': 'owl'}, 'one_anomalous', (0, 1, 3), (2,)),
    ('digits', {'normal': '3'}, 'one_normal', (3,), (0, 1, 2)),
    ('digits', {'normal': '3', 'anomalous': 'cat'}, 'one_normal', (3,), (0,)),
    ('without(digits, classes=1)', {'anomalous': '0,1'}, 'some_normal', (2, 3), (0, 1)),
    ('without(digits, classes=1)', {'anomalous': '0'}, 'some_normal', (2, 3), (0,)),
  ],
)
def test_names(dataset, flags, name, normal, anomalous):
  protocol = protocol_of(dataset, NAMES, **flags)
  assert (protocol.name, protocol.normal, protocol.anomalous) == (name, normal, anomalous)


@pytest.mark.parametrize(
  'names, flags, message',
  [
    (NAMES, {'normal': 'cow'}, "--normal_classes=cow: no class 'cow'"),
    (NAMES, {'anomalous': '7'}, '--anomalous_classes=7: no class 7'),
    (NAMES, {'normal': 'cat,dog', 'anomalous': 'dog'}, 'dog is a normal class too'),
    (NAMES, {'anomalous': '0-3'}, 'leaves no normal class'),
    ((), {'normal': 'cat'}, '--normal_classes=cat: the data of this run has no classes'),
  ],
)
def test_refusals(names, flags, message):
  with pytest.raises(UsageError, match=message):
    protocol_of('digits', names, **flags)


def test_data_without_classes():
  assert protocol_of('image_folder(8)', ()).name == 'unlabelled'


def test_a_comparison_of_nothing_is_refused():
  with pytest.raises(UsageError, match='--compare=,: name folders that have an anomaly.json'):
    compare.read_records(',')
