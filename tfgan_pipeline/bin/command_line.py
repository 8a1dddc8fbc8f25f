"""The frame of all binaries: flags, --help and --list without TensorFlow, exit codes.

Exit codes: 0 done; 2 wrong usage; 75 (EX_TEMPFAIL) stopped, to be started again; 1 other errors.
Expected errors are printed as one line, unexpected ones as a traceback. Results go to stdout,
everything else to stderr.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
import contextlib
import json
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from absl import app, flags
import absl.logging

from tfgan_pipeline.bin import flagfiles, help, imports, presets, results
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.presence import require_data
from tfgan_pipeline.errors import (
  CheckFailed,
  ComponentError,
  Interrupted,
  NonFiniteError,
  Unreachable,
  UsageError,
  WriteError,
  speak_of_flags,
)
from tfgan_pipeline.replicas import stopping

if TYPE_CHECKING:
  from tfgan_pipeline.compat import tf
  from tfgan_pipeline.data.dataset import Dataset

_DEVICES = ('tpu', 'tpu_zone', 'tpu_project', 'virtual_devices')

EXIT_CODES = {
  UsageError: 2,
  ComponentError: 2,
  Interrupted: 75,
  Unreachable: 75,
  NonFiniteError: 1,
  WriteError: 1,
  CheckFailed: 1,
  KeyboardInterrupt: 75,  # Of a program with a handler of its own for SIGINT.
}


def run(
  main: Callable[..., None], about: str, *, arguments: bool = False, help_lines: int = 60
) -> None:
  """Runs a binary: parses the command line, calls `main`, and exits with a code of EXIT_CODES.

  Args:
    main: Does the work, as flags.FLAGS say.
    about: The binary's docstring, the head of --help.
    arguments: Whether words that are no flags are allowed; `main` gets them as arguments.
    help_lines: Lines that --help may take; --helpfull has no limit.
  """
  speak_of_flags()
  _open_closed_streams()
  stopping.raise_at_signals()
  _set_up_logging()
  flags.DEFINE_flag(
    flags.Flag(
      flags.ArgumentParser(),
      None,
      'list',
      None,
      'Print all components, or those of one kind as in --list=loss.',
      boolean=True,  # May be given without a value, which then is 'true'.
    )
  )
  imports.define_flag()

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
    app.run(run_main, flags_parser=lambda argv: _parse(argv, about, arguments, help_lines))
  except ComponentError as error:  # Raised by --list.
    sys.exit(_print_error(error))


def print_result(
  result: dict[str, Any], form: Callable[[results.Result], str] = results.line
) -> None:
  """Prints one line on stdout, JSON unless stdout is a terminal, and flushes it.

  Args:
    result: The result.
    form: Formats it for a person at a terminal.
  """
  print(form(result) if results.is_for_person() else json.dumps(result), flush=True)


def print_results(
  found: Iterable[dict[str, Any]],
  path: str = '',
  form: Callable[[results.Result], str] = results.line,
) -> None:
  """Prints each result as soon as it exists, and writes all to the file --output in the end.

  Args:
    found: Results as they are computed.
    path: Value of --output; '' writes no file.
    form: Formats a result for a person at a terminal.

  Raises:
    UsageError: The folder of `path` cannot be written.
  """
  if path:
    require_folder_of(path)
  lines = []
  try:
    for result in found:
      print_result(result, form)
      lines.append(json.dumps(result) + '\n')
  finally:  # After an error, too: the results before it are worth keeping.
    if path and lines:
      from tfgan_pipeline.runs import atomic_files

      with atomic_files.writing(path):
        atomic_files.write(path, ''.join(lines))


def require_folder_of(path: str) -> None:
  """Raises UsageError unless the folder of the file --output=`path`, if local, can be written."""
  folder = os.path.dirname(path) or '.'
  if '://' not in folder and not (os.path.isdir(folder) and os.access(folder, os.W_OK)):
    raise UsageError(f'--output={path}: {folder} is no folder that can be written')


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
  require_data(experiment.dataset, experiment.data_dir)

  from tfgan_pipeline.data.dataset import DataOptions, load_dataset

  options = DataOptions(experiment.data_dir, experiment.memory_limit_gb)
  dataset = load_dataset(experiment.dataset, options).require_image('--dataset')
  return dataset, experiment.dataset


class _PathParser(flags.ArgumentParser):
  """Parser of paths, or of several with commas; shells leave a ~ behind = to the program."""

  def parse(self, argument: str) -> str:
    return ','.join(map(os.path.expanduser, argument.split(',')))


def define_path(name: str, text: str) -> None:
  """Defines a flag that holds a path, or several with commas; '' by default."""
  flags.DEFINE(_PathParser(), name, '', text)


def define_stop_when() -> None:
  """Defines the flag --stop_when of binaries that score trainings."""
  text = 'The training stops when, for instance, "fid has not improved for 10 evaluations".'
  flags.DEFINE_string('stop_when', '', text)


def define_devices(work: str) -> None:
  """Defines the flags of devices for programs that do not train; `work` says the work, a verb."""
  Experiment.define_flags(only=_DEVICES)
  text = f'What to {work} on. Empty: all GPUs or else the CPU; a TPU if --tpu is given.'
  flags.DEFINE_enum('accelerator', '', ('', 'cpu', 'gpu', 'tpu'), text)


def devices() -> tf.distribute.Strategy:
  """Returns the strategy over the devices that the flags of `define_devices` ask for."""
  from tfgan_pipeline.replicas.strategies import evaluation_devices

  places = {name: flags.FLAGS[name].value for name in _DEVICES}
  return evaluation_devices(flags.FLAGS.accelerator, **places)


def _parse(argv: list[str], about: str, arguments: bool, help_lines: int) -> list[str]:
  words = {argument.lstrip('-') for argument in argv[1:] if argument.startswith('-')}
  if 'helpfull' in words:
    _print_and_exit(help.full(about))
  if words & {'help', 'helpshort', 'h'}:
    _print_and_exit(help.page(about, help_lines))
  try:
    rest = flags.FLAGS(flagfiles.add_model_dirs(presets.expand(argv)))
    presets.refuse_in_files(argv)
  except UsageError as error:
    sys.exit(_print_error(error))
  except flags.Error as error:
    sys.exit(_print_error(flagfiles.missing(error) or UsageError(str(error))))
  if len(rest) > 1 and not arguments:
    sys.exit(_print_error(UsageError(f'{rest[1]}: not a flag; flags are written --name=value')))
  try:
    imports.find_components()
  except UsageError as error:
    sys.exit(_print_error(error))
  if flags.FLAGS.list not in (None, 'false'):
    try:
      _print_and_exit(help.components('' if flags.FLAGS.list == 'true' else flags.FLAGS.list))
    except UsageError as error:
      sys.exit(_print_error(error))
  return rest


def _print_and_exit(text: str) -> None:
  signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `--help | head` should end without a traceback.
  print(text)
  sys.exit(0)


def _print_error(error: BaseException) -> int:
  """Prints the error as one line and returns its exit code."""
  print(' '.join(str(error).split()) or type(error).__name__, file=sys.stderr)
  return next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind))


def _set_up_logging() -> None:
  """Sends this package's log lines to stderr, without prefix; other libraries log only warnings."""
  handler = _AboveBars()
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


class _AboveBars(logging.StreamHandler):
  """Handler that writes lines to stderr, above the bar if one is drawn."""

  def emit(self, record: logging.LogRecord) -> None:
    tqdm = sys.modules.get('tqdm')  # A program without bars need not import it.
    above = tqdm.tqdm.external_write_mode(self.stream) if tqdm else contextlib.nullcontext()
    with above:
      super().emit(record)


class _PlainFormatter(logging.Formatter):
  """Formats records as their message; those above INFO with the level in front."""

  def format(self, record: logging.LogRecord) -> str:
    text = record.getMessage()
    return text if record.levelno <= logging.INFO else f'{record.levelname.lower()}: {text}'
