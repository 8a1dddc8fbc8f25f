"""What all binaries share: flags, --help and --list without TensorFlow, exit codes.

Exit codes: 0 done; 2 wrong usage; 75 (EX_TEMPFAIL) stopped, start it again; 1 anything else. What
is expected to happen is told in one line, what is not in a traceback. Results go to stdout,
everything else to stderr.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
import json
import logging
import os
import re
import signal
import sys
import textwrap
from typing import TYPE_CHECKING, Any, NoReturn

from absl import app, flags
import absl.logging

from tfgan_pipeline import registry
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import (
  CheckFailed,
  ComponentError,
  Interrupted,
  NonFiniteError,
  Unreachable,
  UsageError,
  WriteError,
)

if TYPE_CHECKING:
  from tfgan_pipeline.data.dataset import Dataset

_MOST_NUMBERS = 100_000  # In a range: more than any data has classes, and soon made.
EXIT_CODES = {
  UsageError: 2,
  ComponentError: 2,
  Interrupted: 75,
  Unreachable: 75,
  NonFiniteError: 1,
  WriteError: 1,
  CheckFailed: 1,
  KeyboardInterrupt: 130,
}


def run(main: Callable[..., None], about: str, *, arguments: bool = False) -> None:
  """Runs a binary: parses the command line, calls `main()`, and exits.

  Args:
    main: Reads flags.FLAGS.
    about: The binary's docstring, the head of --help.
    arguments: Whether it takes words that are no flags, before or after these; `main` gets them.
  """
  _open_closed_streams()
  if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:  # And not ignored, by who started this.
    signal.signal(signal.SIGTERM, _terminated)
  _log_plainly()
  flags.DEFINE_bool('list', False, 'Print every component with its arguments, and exit.')

  flags.FLAGS.set_gnu_getopt(arguments)

  def guarded(argv: list[str]) -> int:
    # TensorFlow reports its inner life at INFO. Here, as reading the flags sets absl's.
    absl.logging.set_verbosity(absl.logging.ERROR)
    logging.getLogger('tensorflow').setLevel(logging.ERROR)
    try:
      main(*argv[1:])
    except tuple(EXIT_CODES) as error:
      return _tell(error)
    return 0

  try:
    app.run(guarded, flags_parser=lambda argv: _parse(argv, about, arguments))
  except ComponentError as error:  # Met by --help or --list.
    sys.exit(_tell(error))


def print_result(result: dict[str, Any]) -> None:
  """One JSON line on stdout, at once."""
  print(json.dumps(result), flush=True)


def print_results(results: Iterable[dict[str, Any]], path: str = '') -> None:
  """Each as soon as it is there; at the end all go into the file that --output names, if any."""
  folder = os.path.dirname(path) or '.'
  if path and '://' not in folder and not os.access(folder, os.W_OK):
    raise UsageError(f'--output={path}: {folder} is no folder that can be written')
  lines = []
  try:
    for result in results:
      print_result(result)
      lines.append(json.dumps(result) + '\n')
  finally:  # An error may come when all that can be scored is.
    if path and lines:
      from tfgan_pipeline.runs import atomic_files

      with atomic_files.writing(path):
        atomic_files.write(path, ''.join(lines))


def refuse(*names: str, because: str) -> None:
  """Raises UsageError for a flag that was given another value and would be ignored."""
  for name in names:
    if not flags.FLAGS[name].using_default_value:
      raise UsageError(f'--{name}: {because}')


def read_numbers(name: str) -> list[int]:
  """A flag such as '0-3,7' as 0, 1, 2, 3, 7."""
  text, numbers = flags.FLAGS[name].value, []
  for part in text.split(',') if text else ():
    found = re.fullmatch(r'\s*(\d{1,9})(?:-(\d{1,9}))?\s*', part, re.ASCII)
    if not found:
      raise UsageError(f'--{name}={text}: should be like 0-9 or 3,5')
    first, last = int(found[1]), int(found[2] or found[1])
    if last < first:
      raise UsageError(f'--{name}={text}: {part.strip()} counts down; write {last}-{first}')
    if last - first >= _MOST_NUMBERS:
      raise UsageError(f'--{name}={text}: {part.strip()} are more than {_MOST_NUMBERS:,}')
    numbers += range(first, last + 1)
  return numbers


def read_dataset(text: str) -> tuple[Dataset, str]:
  """The dataset of a call string, read with --data_dir and --memory_limit_gb, and its full name.

  Raises:
    UsageError: Before TensorFlow is loaded, if the string is wrong; or the data is not there.
  """
  given = {name: flags.FLAGS[name].value for name in ('data_dir', 'memory_limit_gb')}
  experiment = Experiment.from_record({}, dataset=text, **given)

  from tfgan_pipeline.data.dataset import DataOptions, load_dataset

  options = DataOptions(experiment.data_dir, experiment.memory_limit_gb)
  dataset = load_dataset(experiment.dataset, options).require_image('--dataset')
  return dataset, experiment.dataset


def _parse(argv: list[str], about: str, arguments: bool) -> list[str]:
  if any(
    argument.lstrip('-') in ('help', 'helpshort', 'helpfull', 'h') and argument[0] == '-'
    for argument in argv[1:]
  ):
    _print_and_exit(f'{about.strip()}\n\nFlags:\n{_flags_help()}\n\n{components()}')
  try:
    rest = flags.FLAGS(_beside_their_runs(argv))
  except flags.Error as error:
    sys.exit(_tell(UsageError(str(error))))
  if len(rest) > 1 and not arguments:
    sys.exit(_tell(UsageError(f'{rest[1]}: not a flag; flags are written --name=value')))
  if flags.FLAGS.list:
    _print_and_exit(components())
  return rest


def _beside_their_runs(argv: list[str]) -> list[str]:
  """Adds --model_dir to each experiment.flags: the run that it lies beside, wherever it is."""
  words: list[str] = []
  for word in argv:
    is_path = words[-1:] in (['--flagfile'], ['-flagfile'])
    words.append(word)
    flag, _, path = word.partition('=')
    if is_path or flag in ('--flagfile', '-flagfile'):
      path = os.path.abspath(os.path.expanduser(word if is_path else path))
      folder, name = os.path.split(path)
      beside = os.path.isfile(os.path.join(folder, 'experiment.json'))
      if name == 'experiment.flags' and beside and 'model_dir' in flags.FLAGS:
        words.append(f'--model_dir={folder}')
  return words


def _print_and_exit(text: str) -> None:
  signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `--help | head` should end quietly.
  print(text)
  sys.exit(0)


def _flags_help() -> str:
  """The flags this package defines, absl's own left out."""
  ours = [
    (flag.name, flag.help, flag.default)
    for module, found in flags.FLAGS.flags_by_module_dict().items()
    if not module.startswith('absl')
    for flag in found
  ]
  ours.append(('flagfile', 'Read flags from a file, one a line; those after it override it.', None))
  lines = []
  for name, text, default in ours:
    shown = '' if default in (None, '') else f' Default: {default}.'
    lines += [
      f'  --{name}',
      textwrap.fill(f'{text}{shown}', 96, initial_indent=' ' * 6, subsequent_indent=' ' * 6),
    ]
  return '\n'.join(lines)


def components() -> str:
  """Every registered component with its arguments and first line of documentation."""
  lines = []
  for kind in registry.ALL:
    lines.append(f'{kind.kind}:')
    for component in kind.components().values():
      lines += [f'  {component.signature}', f'      {component.doc}']
  return '\n'.join(lines)


def _terminated(number: int, frame: object) -> NoReturn:
  """For SIGTERM while nothing is at stake yet; training has a handler of its own."""
  del number, frame
  raise Interrupted('stopped by SIGTERM; the same command starts again')


def _tell(error: BaseException) -> int:
  """Prints the error as one line and returns its exit code."""
  print(' '.join(str(error).split()) or type(error).__name__, file=sys.stderr)
  return next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind))


def _log_plainly() -> None:
  """The package's own log lines, bare, on stderr; other libraries keep to warnings."""
  handler = logging.StreamHandler()
  handler.setFormatter(_Plain())
  ours = logging.getLogger('tfgan_pipeline')
  ours.addHandler(handler)
  ours.setLevel(logging.INFO)
  ours.propagate = False
  os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')
  os.environ.setdefault('TF_USE_LEGACY_KERAS', '1')  # For components that use `tf.keras`.


def _open_closed_streams() -> None:
  """Opens /dev/null where standard streams are closed: else the next file would be stderr."""
  while (opened := os.open(os.devnull, os.O_RDWR)) < 3:
    os.set_inheritable(opened, True)
  os.close(opened)
  if sys.stderr is None:
    sys.stderr = os.fdopen(2, 'w', closefd=False)
  if sys.stdout is None:
    sys.stdout = os.fdopen(1, 'w', closefd=False)


class _Plain(logging.Formatter):
  def format(self, record: logging.LogRecord) -> str:
    text = record.getMessage()
    return text if record.levelno <= logging.INFO else f'{record.levelname.lower()}: {text}'
