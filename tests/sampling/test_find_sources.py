"""Files that tfgan-translate reads, and folders of outputs that would be among them."""

import os

from PIL import Image
import pytest

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.sampling.sources import find_sources


@pytest.fixture
def album(tmp_path):
  """Pictures in a folder of folders, one of which has none, among other files."""
  for name in ('p/1.png', 'p/cats/2.png', 'p/dogs/deep/3', 'p/notes/4.jpg'):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new('L', (2, 2)).save(path, 'PNG')
  (tmp_path / 'p/notes/4.jpg').rename(tmp_path / 'p/5.txt')  # A picture, whatever its name.
  (tmp_path / 'p/notes/read.me').write_text('no picture')
  (tmp_path / 'p/read.me').write_text('no picture')
  (tmp_path / 'p/broken.jpg').write_text('called a picture')
  (tmp_path / 'p/gone.png').symlink_to('nowhere')
  os.mkfifo(tmp_path / 'p/pipe.png')
  return tmp_path


@pytest.mark.parametrize(
  'pattern, names',
  [
    ('p', '1.png 5.txt broken.jpg cats/2.png dogs/deep/3'),
    ('p/', '1.png 5.txt broken.jpg cats/2.png dogs/deep/3'),
    ('p/*', '1.png 5.txt broken.jpg cats/2.png dogs/deep/3'),
    ('?/[bc]*', 'p/broken.jpg p/cats/2.png'),
    ('p/*/2.png', 'cats/2.png'),
    ('p/5.txt', '5.txt'),
    ('p/broken.jpg', 'broken.jpg'),
    *((path, '') for path in ('p/read.me', 'p/notes', 'p/n*', 'p/pipe.png', 'p/[pg]*.png', 'q')),
  ],
)
def test_files_folders_and_patterns_name_pictures_by_one_rule(album, pattern, names):
  if names:
    assert ' '.join(find_sources(f'{album}/{pattern}', f'{album}/out').names) == names
  else:
    with pytest.raises(UsageError, match='^--input=.*: no picture there$'):
      find_sources(f'{album}/{pattern}', f'{album}/out')


def test_links_without_an_output_are_named(album, caplog):
  (album / 'p/again.png').symlink_to(album / 'p/1.png')
  with caplog.at_level('INFO', 'tfgan_pipeline'):
    find_sources(f'{album}/p', f'{album}/out')
  reasons = ('again.png (link to what counts already)', 'gone.png (link to no file)')
  assert all(reason in caplog.text for reason in (*reasons, 'pipe.png (no regular file)'))


@pytest.mark.parametrize(
  'pattern, output_dir, is_among',
  [
    *(
      (pattern, 'p/out', pattern not in ('p/*.png', 'p/1.png'))
      for pattern in (*('p', 'p/', 'p/*', '?/*', '*', 'p/*/2.png', 'p/*.png', 'p/1.png'),)
    ),
    *(
      (pattern, 'p', True) for pattern in ('p', 'p/*', 'p/*.png', 'p/1.png', 'p/cats', 'p/*/2.png')
    ),
    *((pattern, 'out', False) for pattern in ('p', 'p/*', 'p/*/2.png', 'p/1.png', '[p]/*')),
    ('links/*', 'p/out', True),
    ('links/*', 'links/out', True),
    ('[1]', '1', False),
  ],
)
def test_outputs_are_never_among_what_is_read(album, pattern, output_dir, is_among):
  (album / 'links').mkdir()
  (album / 'links/all').symlink_to(album / 'p')
  (album / '[1]').symlink_to(album / 'p/cats')
  if is_among:
    with pytest.raises(UsageError, match='^--output_dir=.*: lies in --input, or around it'):
      find_sources(f'{album}/{pattern}', f'{album}/{output_dir}')
  else:
    assert find_sources(f'{album}/{pattern}', f'{album}/{output_dir}').names
