"""Tables of docs/data/*.csv, as pages show them; docs/render.py puts them there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import csv
import pathlib
import re

from tabulate import tabulate

DATA = pathlib.Path(__file__).parent / 'data'
Row = Mapping[str, str]
# Presets to start from, in README: one of each kind that two cores train in minutes.
FIRST = (
  'digits_dcgan',
  'mnist_dcgan',
  'mnist_wgan_gp',
  'mnist_conditional',
  'mnist_infogan',
  'mnist_vae',
)


def cell(column: str, form: str = '{}', scale: float = 1) -> Callable[[Row], str]:
  """Returns a function from a row to its cell of `column`; an empty one stays empty.

  Args:
    column: Of the CSV.
    form: As of str.format; {} takes the text as it is, all others a number.
    scale: A factor of the number.
  """

  def text(row: Row) -> str:
    value = row[column]
    return value and form.format(value if form in ('{}', '`{}`') else float(value) * scale)

  return text


def three_digits(column: str) -> Callable[[Row], str]:
  """Returns a function like `cell` does, which writes 1528.2 as 1,528, and 12.84 as 12.8."""

  def text(row: Row) -> str:
    large = row[column] and float(row[column]) >= 100
    return cell(column, '{:,.0f}' if large else '{:.3g}')(row)

  return text


def _modes(row: Row) -> str:
  covered, modes = (cell(name, '{:,.0f}')(row) for name in ('modes_covered', 'modes'))
  return f'{covered} of {modes}' if covered else ''


def _besides(row: Row) -> str:
  parts = (
    cell('label_agreement', '{:.1f} % show the class asked for', 100)(row),
    cell('code_purity', 'codes are classes with purity {:.2f}')(row),
    cell('class_kl', 'KL from the data {:.2f} nats')(row),
    cell('high_quality_share', '{:.1f} % are near a mode', 100)(row),
    cell('pixel_error', 'reconstructs to {:.1f} of 255 per pixel')(row),
    row['remark'],
  )
  return '; '.join(filter(None, parts))


def _used(row: Row) -> str:
  if not row['hbm.used']:
    return 'does not fit' if row['fits'] == 'False' else 'does not compile'
  used, available = (float(row[name]) for name in ('hbm.used', 'hbm.available'))
  small = f'{used / 2**20:.1f} MiB' if used < 2**30 else f'{used / 2**30:.2f} GiB'
  return f'{small} of {available / 2**30:.0f} GiB' + ', too much' * (row['fits'] == 'False')


def _parts(row: Row) -> str:
  names = ('hbm.arguments', 'hbm.temporaries', 'hbm.code')
  return ', '.join(filter(None, (cell(name, '{:,.1f}', 2**-20)(row) for name in names)))


def _traffic(row: Row) -> str:
  large = row['hbm_bytes'] and float(row['hbm_bytes']) >= 1e9
  return cell('hbm_bytes', *(('{:,.1f} GB', 1e-9) if large else ('{:,.1f} MB', 1e-6)))(row)


def _by_preset(rows: Sequence[Row]) -> list[Row]:
  """Puts the steps of a preset into one row: '0: 353, 500: 167'."""
  found: dict[str, list[str]] = {}
  for row in rows:
    found.setdefault(row['preset'], []).append(f'{int(row["step"]):,}: {three_digits("fid")(row)}')
  return [{'preset': preset, 'fids': '; '.join(fids)} for preset, fids in found.items()]


ANOMALY_METHODS = (
  *('search', 'encoder', 'pca', 'neighbours'),
  *('isolation_forest', 'isolation_forest_pca'),
)


def _by_digit(rows: Sequence[Row]) -> list[Row]:
  """Puts the methods of a digit into one row, and their mean and worst below each protocol."""
  methods = list(ANOMALY_METHODS)
  counts = {
    (row['protocol'], row['digit']): row['pictures'] for row in rows if row['method'] == 'search'
  }
  found: dict[tuple[str, str], dict[str, list[float]]] = {}
  for row in rows:
    cells = found.setdefault((row['protocol'], row['digit']), {name: [] for name in methods})
    cells[row['method']].append(float(row['auroc']))
  result: list[Row] = []
  for protocol in dict.fromkeys(protocol for protocol, _ in found):
    digits = {digit: cells for (name, digit), cells in found.items() if name == protocol}
    for digit in sorted(digits):
      texts = {name: _mean_and_worst(values) for name, values in digits[digit].items()}
      count = counts.get((protocol, digit), '')
      result.append({'protocol': protocol, 'digit': digit, **texts, 'pictures': count})
    for word, of in (('mean', _mean), ('worst', min)):
      values = {
        name: [_mean(cells[name]) for cells in digits.values() if cells[name]] for name in methods
      }
      texts = {
        name: f'{of(numbers):.3f} of {len(numbers)}' if numbers else ''
        for name, numbers in values.items()
      }
      result.append({'protocol': protocol, 'digit': word, **texts, 'pictures': ''})
  return result


def _mean(values: Sequence[float]) -> float:
  return sum(values) / len(values)


def _mean_and_worst(values: Sequence[float]) -> str:
  if len(values) < 2:
    return ''.join(f'{value:.3f}' for value in values)
  return f'{_mean(values):.3f}, worst of {len(values)} seeds {min(values):.3f}'


# Of each CSV the columns of its table: a title, and a function from a row to its cell.
TABLES: dict[str, dict[str, Callable[[Row], str]]] = {
  'anomaly.csv': {
    'protocol': cell('protocol', '`{}`'),
    'digit': cell('digit'),
    **{name.replace('_', ' '): cell(name) for name in ANOMALY_METHODS},
    'by the search': cell('pictures', '{:,.0f} pictures'),
  },
  'presets.csv': {
    'preset': cell('preset', '`{}`'),
    'steps': cell('steps', '{:,.0f}'),
    'images': cell('images', '{:,.0f}'),
    'training': cell('seconds', '{:.0f} min', 1 / 60),
    'samples': cell('samples', '{:,.0f}'),
    'IS': cell('inception_score', '{:.2f}'),
    'FID': three_digits('fid'),
    'floor': cell('fid_floor', '{:.2f}'),
    'precision': cell('precision', '{:.2f}'),
    'recall': cell('recall', '{:.2f}'),
    'modes': _modes,
    'besides': _besides,
    'measured': cell('measured'),
    'where': cell('note'),
  },
  'translations.csv': {
    'preset': cell('preset', '`{}`'),
    'task': cell('task', '`{}`'),
    'steps': cell('steps', '{:,.0f}'),
    'images': cell('images', '{:,.0f}'),
    'training': cell('seconds', '{:.0f} min', 1 / 60),
    'held out': cell('pictures', '{:,.0f}'),
    'L1 of 255': cell('l1', '{:.1f}'),
    'input': cell('l1_identity', '{:.1f}'),
    'bicubic': cell('l1_bicubic', '{:.1f}'),
    'one colour': cell('l1_constant', '{:.1f}'),
    'PSNR': cell('psnr', '{:.1f} dB'),
    'SSIM': cell('ssim', '{:.2f}'),
    'cycle error': cell('cycle_error', '{:.3f}'),
    'class shown': cell('label_agreement', '{:.1f} %', 100),
    'FID': three_digits('fid'),
    'floor': three_digits('fid_floor'),
    'where': cell('note'),
  },
  'fid_by_step.csv': {
    'preset': cell('preset', '`{}`'),
    'FID at step': cell('fids'),
  },
  'replica_parity.csv': {
    '': cell('case'),
    **{
      f'{place}, {what}': cell(f'{place}: {what}', '{:.0e}')
      for place in ('2 replicas', '4 replicas', '2 workers')
      for what in ('weights', 'losses')
    },
  },
  'tpu_slices.csv': {
    'preset': cell('preset', '`{}`'),
    'batch': cell('batch_size', '{:,.0f}'),
    'slice': cell('topology'),
    'HBM: used': _used,
    'of it arguments, temporaries, code': _parts,
    'GFLOP': cell('flops', '{:,.2f}', 1e-9),
    'HBM traffic': _traffic,
    'FLOP per byte': cell('arithmetic_intensity', '{:.1f}'),
    'a step, at least': cell('step_seconds', '{:.3f} ms', 1e3),
    'images/s, at most': cell('images_per_second', '{:,.0f}'),
    'libtpu': cell('versions.libtpu'),
  },
  'metrics_speed.csv': {
    'comparison': cell('comparison'),
    'of': cell('side', '`{}`'),
    'samples': cell('samples', '{:,.0f}'),
    'features': cell('width', '{:,.0f}'),
    'seconds': three_digits('seconds'),
    'MiB beyond the input': cell('mib', '{:,.0f}'),
    'rounds': cell('rounds'),
  },
  'extractor_order.csv': {
    'data': cell('dataset', '`{}`'),
    'damage': cell('damage'),
    'strength': cell('strength'),
    'FID by `classifier`': three_digits('classifier'),
    'by `self_supervised`': three_digits('self_supervised'),
    'rank correlation': cell('rank_correlation', '{:.2f}'),
  },
  'music.csv': {
    '': cell('tunes'),
    'pitch classes': cell('pitch_classes', '{:.3f}'),
    'note lengths': cell('note_lengths', '{:.3f}'),
    'empty bars': cell('empty_bars', '{:.4f}'),
    'intervals': cell('intervals', '{:.3f}'),
    'in key': cell('in_key', '{:.4f}'),
    'notes per bar': cell('notes_per_bar', '{:.3f}'),
    'beats': cell('beats', '{:.3f}'),
  },
  'train_throughput.csv': {
    'networks': cell('networks', '`{}`'),
    'batch': cell('batch'),
    'images/s here': cell('ours', '{:,.0f}'),
    'in plain Keras': cell('plain_keras', '{:,.0f}'),
    'ratio': cell('ratio', '{:.2f}'),
    'from': cell('lowest_ratio', '{:.2f}'),
    'to': cell('highest_ratio', '{:.2f}'),
    'rounds': cell('rounds'),
  },
}


FIRST_TITLES = ('preset', 'steps', 'training', 'IS', 'FID', 'floor', 'besides')


def table(name: str) -> str:
  """Returns a CSV as a table in Markdown; columns that are empty are left out.

  Args:
    name: Of the file; 'presets.csv, first' has some presets and some columns of it.
  """
  file_name, _, part = name.partition(', ')
  with open(DATA / file_name, newline='') as file:
    rows: Sequence[Row] = list(csv.DictReader(file))
  titles = TABLES[file_name]
  if part:
    rows = sorted((row for row in rows if row['preset'] in FIRST), key=_place)
    titles = {title: titles[title] for title in FIRST_TITLES}
  regrouped = {'fid_by_step.csv': _by_preset, 'anomaly.csv': _by_digit}
  rows = regrouped[name](rows) if name in regrouped else rows
  columns = {title: [show(row) for row in rows] for title, show in titles.items()}
  return markdown({title: cells for title, cells in columns.items() if any(cells)})


def _place(row: Row) -> int:
  return FIRST.index(row['preset'])


def markdown(columns: Mapping[str, Sequence[str]]) -> str:
  """Returns columns of cells as a table in Markdown, numbers to the right; cells are not padded."""
  numbers = [all(re.match(r'[\d-][^;]*$|$', text) for text in cells) for cells in columns.values()]
  align = ['right' if number else 'left' for number in numbers]
  text = tabulate(columns, 'keys', tablefmt='pipe', disable_numparse=True, colalign=align)
  return re.sub(r'(?<=\|) +| +(?=\|)', ' ', re.sub(r'-{3,}', '--', text))
