"""The frame of all binaries: flags, --help and --list without TensorFlow, exit codes.

Exit codes: 0 done; 2 wrong usage; 75 (EX_TEMPFAIL) stopped, to be started again; 1 other errors.
Expected errors are printed as one line, unexpected ones as a traceback. Results go to stdout,
everything else to stderr.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
import json
import logging
import os
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
  """Runs a binary: parses the command line, calls `main`, and exits with a code of EXIT_CODES.

  Args:
    main: Does the work, as flags.FLAGS say.
    about: The binary's docstring, the head of --help.
    arguments: Whether words that are no flags are allowed; `main` gets them as arguments.
  """
  _open_closed_streams()
  if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:  # Unless the parent had it ignored.
    signal.signal(signal.SIGTERM, _raise_interrupted)
  _set_up_logging()
  flags.DEFINE_bool('list', False, 'Print every component with its arguments, and exit.')

  flags.FLAGS.set_gnu_getopt(arguments)

  def run_main(argv: list[str]) -> int:
    # TensorFlow logs internals at INFO. Set only now, as absl resets its verbosity with the flags.
    absl.logging.set_verbosity(absl.logging.ERROR)
    logging.getLogger('tensorflow').setLevel(logging.ERROR)
    try:
      main(*argv[1:])
    except tuple(EXIT_CODES) as error:
      return _print_error(error)
    return 0

  try:
    app.run(run_main, flags_parser=lambda argv: _parse(argv, about, arguments))
  except ComponentError as error:  # Raised by --help or --list.
    sys.exit(_print_error(error))


def print_result(result: dict[str, Any]) -> None:
  """Prints one JSON line on stdout and flushes it."""
  print(json.dumps(result), flush=True)


def print_results(results: Iterable[dict[str, Any]], path: str = '') -> None:
  """Prints each result as soon as it exists, and writes all to the file --output in the end.

  Args:
    results: Results as they are computed.
    path: Value of --output; '' writes no file.

  Raises:
    UsageError: The folder of `path` cannot be written.
  """
  folder = os.path.dirname(path) or '.'
  if path and '://' not in folder and not os.access(folder, os.W_OK):
    raise UsageError(f'--output={path}: {folder} is no folder that can be written')
  lines = []
  try:
    for result in results:
      print_result(result)
      lines.append(json.dumps(result) + '\n')
  finally:  # After an error, too: the results before it are worth keeping.
    if path and lines:
      from tfgan_pipeline.runs import atomic_files

      with atomic_files.writing(path):
        atomic_files.write(path, ''.join(lines))


def refuse(*names: str, because: str) -> None:
  """Raises UsageError if a flag was set although it would be ignored.

  Args:
    *names: Flags that must have their defaults.
    because: Reason, the end of the message.
  """
  for name in names:
    if not flags.FLAGS[name].using_default_value:
      raise UsageError(f'--{name}: {because}')


def read_dataset(text: str) -> tuple[Dataset, str]:
  """Returns a dataset of images and its call string with all arguments.

  The flags --data_dir and --memory_limit_gb say where the data is and how to read it.

  Args:
    text: A call string such as 'tfds(mnist)'.

  Raises:
    UsageError: The string is wrong (found before TensorFlow is loaded), or the data is missing.
  """
  places = {name: flags.FLAGS[name].value for name in ('data_dir', 'memory_limit_gb')}
  experiment = Experiment.from_record({}, dataset=text, **places)

  from tfgan_pipeline.data.dataset import DataOptions, load_dataset

  options = DataOptions(experiment.data_dir, experiment.memory_limit_gb)
  dataset = load_dataset(experiment.dataset, options).require_image('--dataset')
  return dataset, experiment.dataset


def define_stop_when() -> None:
  """Defines the flag --stop_when of binaries that score trainings."""
  text = 'The training stops when, for instance, "fid has not improved for 10 evaluations".'
  flags.DEFINE_string('stop_when', '', text)


def _parse(argv: list[str], about: str, arguments: bool) -> list[str]:
  if any(
    argument.lstrip('-') in ('help', 'helpshort', 'helpfull', 'h') and argument[0] == '-'
    for argument in argv[1:]
  ):
    _print_and_exit(f'{about.strip()}\n\nFlags:\n{_flags_help()}\n\n{components()}')
  try:
    rest = flags.FLAGS(_add_model_dirs(argv))
  except flags.Error as error:
    sys.exit(_print_error(UsageError(str(error))))
  if len(rest) > 1 and not arguments:
    sys.exit(_print_error(UsageError(f'{rest[1]}: not a flag; flags are written --name=value')))
  if flags.FLAGS.list:
    _print_and_exit(components())
  return rest


def _add_model_dirs(argv: list[str]) -> list[str]:
  """Inserts --model_dir after each flagfile of a run, as the run may have moved since."""
  words: list[str] = []
  for word in argv:
    is_path = words[-1:] in (['--flagfile'], ['-flagfile'])
    words.append(word)
    flag, _, path = word.partition('=')
    if is_path or flag in ('--flagfile', '-flagfile'):
      path = os.path.abspath(os.path.expanduser(word if is_path else path))
      folder, name = os.path.split(path)
      is_of_run = os.path.isfile(os.path.join(folder, 'experiment.json'))
      if name == 'experiment.flags' and is_of_run and 'model_dir' in flags.FLAGS:
        words.append(f'--model_dir={folder}')
  return words


def _print_and_exit(text: str) -> None:
  signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `--help | head` should end without a traceback.
  print(text)
  sys.exit(0)


def _flags_help() -> str:
  """Formats the flags that this package defines, without absl's own."""
  entries = [
    (flag.name, flag.help, flag.default)
    for module, module_flags in flags.FLAGS.flags_by_module_dict().items()
    if not module.startswith('absl')
    for flag in module_flags
  ]
  entries.append(
    ('flagfile', 'Read flags from a file, one a line; those after it override it.', None)
  )
  lines = []
  for name, text, default in entries:
    default_text = '' if default in (None, '') else f' Default: {default}.'
    lines += [
      f'  --{name}',
      textwrap.fill(f'{text}{default_text}', 96, initial_indent=' ' * 6, subsequent_indent=' ' * 6),
    ]
  return '\n'.join(lines)


def components() -> str:
  """Returns the text of --list: signature and first docstring line of every component, by kind."""
  lines = []
  for kind in registry.ALL:
    lines.append(f'{kind.kind}:')
    for component in kind.components().values():
      lines += [f'  {component.signature}', f'      {component.doc}']
  return '\n'.join(lines)


def _raise_interrupted(number: int, frame: object) -> NoReturn:
  """Handles SIGTERM by raising Interrupted, until training installs a handler that saves first."""
  del number, frame
  raise Interrupted('stopped by SIGTERM; the same command starts again')


def _print_error(error: BaseException) -> int:
  """Prints the error as one line and returns its exit code."""
  print(' '.join(str(error).split()) or type(error).__name__, file=sys.stderr)
  return next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind))


def _set_up_logging() -> None:
  """Sends this package's log lines to stderr, without prefix; other libraries log only warnings."""
  handler = logging.StreamHandler()
  handler.setFormatter(_PlainFormatter())
  logger = logging.getLogger('tfgan_pipeline')
  logger.addHandler(handler)
  logger.setLevel(logging.INFO)
  logger.propagate = False
  os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')  # TensorFlow's C++: errors only.
  os.environ.setdefault('TF_USE_LEGACY_KERAS', '1')  # Keras 2 for components that use `tf.keras`.


def _open_closed_streams() -> None:
  """Opens /dev/null in place of closed standard streams, else the next file would be stderr."""
  while (descriptor := os.open(os.devnull, os.O_RDWR)) < 3:
    os.set_inheritable(descriptor, True)
  os.close(descriptor)
  if sys.stderr is None:
    sys.stderr = os.fdopen(2, 'w', closefd=False)
  if sys.stdout is None:
    sys.stdout = os.fdopen(1, 'w', closefd=False)


class _PlainFormatter(logging.Formatter):
  """Formats records as their message; those above INFO with the level in front."""

  def format(self, record: logging.LogRecord) -> str:
    text = record.getMessage()
    return text if record.levelno <= logging.INFO else f'{record.levelname.lower()}: {text}'
