"""Curves of a batch agree, whether it is whole, in parts or on two replicas."""

import json

import numpy as np

from tests.training.test_replicas import train


def curves_of(model_dir) -> list[dict]:
  return [json.loads(line) for line in (model_dir / 'train/train.jsonl').read_text().splitlines()]


def test_whole_in_parts_and_on_two_replicas(tmp_path):
  values = dict(
    networks='points_mlp(units=4)', dataset='gaussian_grid', penalties='weight_decay', log_every=1
  )
  for name, replicas, accumulate in (('whole', 1, 1), ('parts', 1, 2), ('replicas', 2, 1)):
    train(tmp_path / name, replicas, accumulate=accumulate, **values)
  whole, *others = (curves_of(tmp_path / name) for name in ('whole', 'parts', 'replicas'))
  tags = {'loss/generator', 'gradient_norm/discriminator', 'penalty/weight_decay'}
  assert len(whole) == 6 and tags < whole[1].keys()
  for other in others:
    for one, found in zip(whole, other, strict=True):
      assert one.keys() == found.keys()
      for tag, value in one.items():
        if tag != 'checksum':
          np.testing.assert_allclose(found[tag], value, rtol=1e-4, atol=1e-5, err_msg=tag)
