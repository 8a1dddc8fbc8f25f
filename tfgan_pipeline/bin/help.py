"""Texts of --help, --helpfull and --list, made without TensorFlow.

`--help` fits a page: each flag with as much of its text as there is room for, in groups; flags for
which there is none are named at the end. `--helpfull` has all texts in full.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import os
import re
import textwrap
from typing import Any

from absl import flags

from tfgan_pipeline import registry
from tfgan_pipeline.bin import presets
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import UsageError, did_you_mean
from tfgan_pipeline.registry.calls import Component

_WIDTH = 100  # Columns, as terminals of 80 are rare and tables of flags read badly in them.
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# Flags of settings by what they are about, most needed group first; a page drops the last ones
# first. A flag that is in none of them is the binary's own.
GROUPS = {
  'The run': (
    'model_dir',
    'save_every',
    'keep_checkpoints',
    'log_every',
    'sample_every',
    'also_log',
    'tensorboard',
    'profile',
  ),
  'Data': ('dataset', 'data_dir', 'augment', 'memory_limit_gb'),
  'Game and networks': (
    *('model', 'networks', 'noise', 'loss', 'penalties', 'discriminator_augment', 'clip_weights'),
  ),
  'Training': (
    *('max_steps', 'max_images', 'max_kimg', 'max_epochs', 'batch_size', 'accumulate', 'init_from'),
    *('freeze', 'generator_optimizer', 'discriminator_optimizer'),
    *(
      'update',
      'discriminator_steps',
      'generator_steps',
      'discriminator_pretraining',
      'generator_loss_floor',
    ),
    *('discriminator_loss_floor', 'replay_pool', 'ema_decay', 'ema', 'seed', 'deterministic'),
    *('precision', 'on_nan', 'max_hours', 'steps_per_loop'),
  ),
  'Scores': (
    *('metrics', 'extractor', 'protocol', 'image_metrics', 'pair_metrics', 'generator_metrics'),
    *('path_length', 'bootstrap', 'best_by', 'per_sample', 'projector'),
  ),
  'Samples': (
    *('num_samples', 'sample_seed', 'weights', 'batch_norm', 'task', 'labels'),
    *('label_proportions',),
  ),
  'References': (
    *('reference_split', 'reference_dir', 'reference_stats', 'reference_features'),
    *('resize_pictures', 'picture_channels'),
  ),
  'Places': ('eval_name', 'eval_dir', 'cache_dir'),
  'Devices': (
    *('accelerator', 'jit_compile', 'tpu', 'tpu_zone', 'tpu_project', 'virtual_devices'),
  ),
}


def page(about: str, lines: int) -> str:
  """Returns the text of --help, of at most so many lines of 100 columns.

  Args:
    about: The binary's docstring; its first two paragraphs are the head.
    lines: Number of lines that there is room for.
  """
  head = '\n\n'.join(about.strip().split('\n\n')[:2])
  groups = _grouped()
  tail = 'Every text in full: --helpfull. Components: --list, or of one kind: --list=loss.'
  # First shorter texts, then fewer groups: the first page that fits is taken.
  shapes = [(len(groups), depth) for depth in (4, 3, 2, 1)]
  shapes += [(shown, 1) for shown in reversed(range(len(groups)))]
  text = ''
  for shown, depth in shapes:
    left = [flag.name for flags_left in list(groups.values())[shown:] for flag in flags_left]
    more = [_wrapped(f'Besides: {" ".join(f"--{name}" for name in left)}', '  ')] if left else []
    parts = [_table(title, groups[title], depth) for title in list(groups)[:shown]]
    text = '\n'.join([head, '', *parts, *more, tail])
    if text.count('\n') < lines:
      break
  return text


def full(about: str) -> str:
  """Returns the text of --helpfull: the whole docstring, and each flag with all of its text."""
  lines = [about.strip()]
  for title, group in _grouped().items():
    lines += ['', f'{title}:']
    for flag in group:
      lines += [f'  --{flag.name}', _wrapped(f'{_help_text(flag)} {_values(flag)}', ' ' * 6)]
  return '\n'.join(lines)


def components(kind: str = '') -> str:
  """Returns the text of --list: each component with its docstring's first line and its file.

  Args:
    kind: Kind of the components, such as 'loss', or a flag that chooses them; 'preset' for presets
      with their scores; '' for all.

  Raises:
    UsageError: There is no such kind.
  """
  kinds = {each.kind: each for each in registry.ALL}
  known = {**_kinds_by_flag(), **kinds}
  if kind == 'preset':
    return '\n'.join([f'Files are in {presets.PACKAGED}.', *presets.listing()])
  if kind and kind not in known:
    raise UsageError(
      f'--list={kind}: no kind of component; there are: {", ".join(kinds)}, preset'
      f'{did_you_mean(kind, (*known, "preset"))}'
    )
  lines = [f'Files are below {_PACKAGE}, unless their path is whole.']
  for each in [known[kind]] if kind else kinds.values():
    lines.append(f'{each.kind}:')
    for component in each.components().values():
      text = ' '.join(filter(None, [component.doc, f'({_place(component)})']))
      lines += [f'  {component.signature}', f'      {text}']
  return '\n'.join(lines if kind else [*lines, *presets.listing()])


def _kinds_by_flag() -> dict[str, registry.Registry[Any]]:
  """Returns the registries whose components flags choose, by flag."""
  chosen = {}
  for settings in (Experiment, EvaluationOptions):
    for field in dataclasses.fields(settings):
      kind = field.metadata['one_of'] or field.metadata['some_of']
      if kind:
        chosen[field.name] = kind
  return chosen


def _place(component: Component) -> str:
  return component.place.removeprefix(_PACKAGE + os.sep)


def _grouped() -> dict[str, Sequence[flags.Flag[Any]]]:
  """Returns the flags that this package defines, without absl's own, by group."""
  defined = {
    flag.name: flag
    for module, module_flags in flags.FLAGS.flags_by_module_dict().items()
    if not module.startswith('absl')
    for flag in module_flags
  }
  flagfile = flags.Flag(
    flags.ArgumentParser(), None, 'flagfile', None, 'A file of flags, one a line; later ones win.'
  )
  listing = [defined.pop('import'), defined.pop('list'), flagfile]
  groups = {
    title: [defined.pop(name) for name in names if name in defined]
    for title, names in GROUPS.items()
  }
  own = {'This command': [*defined.values(), *listing]}
  return {title: group for title, group in (own | groups).items() if group}


def _table(title: str, group: Sequence[flags.Flag[Any]], depth: int) -> str:
  """Formats flags as a table of names and texts, of at most `depth` lines each."""
  width = max(len(flag.name) for flag in group) + 6
  lines = [f'{title}:']
  for flag in group:
    room, values = _WIDTH - width, _values(flag)
    sentences = re.split(r'(?<=\.) (?=[A-Z])', _help_text(flag))
    for count in range(len(sentences), -1, -1):
      text = ' '.join([*sentences[: max(count, 1)], values]).strip()
      if count and len(textwrap.wrap(text, room)) <= depth:
        break
    else:
      kept = textwrap.shorten(sentences[0], depth * room - len(values) - 2, placeholder=' ...')
      text = f'{kept} {values}'.strip()
    first = f'  --{flag.name}'.ljust(width)
    lines.append(textwrap.fill(text, _WIDTH, initial_indent=first, subsequent_indent=' ' * width))
  return '\n'.join(lines)


def _help_text(flag: flags.Flag[Any]) -> str:
  """Returns a flag's own text, without what absl puts around that of choices and of lists."""
  return re.sub(r'^<.*?>: ', '', flag.help or '').partition(';\n')[0]


def _values(flag: flags.Flag[Any]) -> str:
  """Returns default and choices as '[joint|sequential]', the default first; '' without either."""
  default = str(flag.default).removesuffix('.0')
  if flag.default in (None, '', []) or flag.default is False:
    default = ''
  choices = [choice for choice in getattr(flag.parser, 'enum_values', ()) if choice != default]
  values = '|'.join(word for word in (default, *choices) if word)
  return f'[{values}]' if values else ''


def _wrapped(text: str, indent: str) -> str:
  return textwrap.fill(
    text.strip(), _WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
  )
