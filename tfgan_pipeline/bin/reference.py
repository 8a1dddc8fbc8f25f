r"""Builds, inspects and verifies reference features and statistics.

    tfgan-reference build --dataset="tfds(cifar10)" --data_dir=/data --output=/tmp/cifar10.npz \
      --extractor="inception('/tmp/inception')"
    tfgan-reference build --reference_dir=/tmp/reals --extractor=random_projection
    tfgan-reference inspect /tmp/cifar10.npz
    tfgan-reference verify /tmp/cifar10.npz --dataset="tfds(cifar10)" --data_dir=/data ...

`build` keeps features in the cache, where every evaluation of the same images finds them; --output
writes their mean and covariance in the format of pytorch-fid and clean-fid, for --reference_stats.
`verify` computes a file's content again and names differences, with exit code 1. The result is one
JSON line on stdout.
"""

from absl import flags

from tfgan_pipeline.bin import command_line
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import UsageError

FLAGS = flags.FLAGS
OPTIONS = (
  *('extractor', 'reference_split', 'reference_dir'),
  *('resize_pictures', 'picture_channels', 'cache_dir'),
)


def main(verb: str = '', *files: str) -> None:
  """Builds, inspects or verifies reference features, as `verb` says."""
  if verb not in ('build', 'inspect', 'verify') or len(files) != (verb != 'build'):
    raise UsageError('should be one of: build, inspect FILE, verify FILE')
  options = EvaluationOptions(**{name: getattr(FLAGS, name) for name in OPTIONS})
  if verb != 'inspect' and bool(options.reference_dir) == bool(FLAGS.dataset):
    raise UsageError('--dataset: say which images, with either --dataset or --reference_dir')
  if FLAGS.output and not (verb == 'build' and FLAGS.output.endswith('.npz')):
    raise UsageError(f'--output={FLAGS.output}: an .npz file, and with build only')
  dataset, text = command_line.read_dataset(FLAGS.dataset) if FLAGS.dataset else (None, '')

  from tfgan_pipeline import registry
  from tfgan_pipeline.extractors.base import ExtractorContext
  from tfgan_pipeline.references import choose, tool

  if verb == 'inspect':
    return command_line.print_result(tool.describe(*files))
  split = options.reference_split
  if options.reference_dir:
    dataset, split = choose.folder_dataset(options), choose.PICTURES
  assert dataset is not None  # --dataset or --reference_dir was given, checked above.
  options.make_cache()
  context = ExtractorContext(dataset, options.cache_path)
  source = (dataset, split, registry.extractor.build(options.extractor, context))
  if verb == 'verify':
    result = {'file': files[0], 'largest_differences': tool.verify(files[0], *source)}
  else:
    result = tool.build(*source, options.cache_path, dataset_text=text, output=FLAGS.output)
  command_line.print_result(result)


def run() -> None:
  """Defines the flags of tfgan-reference and runs `main`."""
  Experiment.define_flags(only=('data_dir', 'memory_limit_gb'))
  flags.DEFINE_string('dataset', '', 'The data set; or --reference_dir.')
  EvaluationOptions.define_flags(only=OPTIONS)
  command_line.define_path('output', 'With build: write mu and sigma to this .npz file.')
  command_line.run(main, __doc__, arguments=True)


if __name__ == '__main__':
  run()
