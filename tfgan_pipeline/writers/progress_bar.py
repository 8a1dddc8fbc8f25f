"""Progress bars: that of a terminal, that of a notebook, or none.

bar = bar_type()
bar and bar(total=10, unit='picture')
"""

from __future__ import annotations

import sys
import warnings

import tqdm


def in_notebook() -> bool:
  """Returns whether the program is a notebook's kernel."""
  ipython = sys.modules.get('IPython')
  return ipython is not None and getattr(ipython.get_ipython(), 'kernel', None) is not None


def bar_type() -> type[tqdm.tqdm] | None:
  """Returns the bar of a terminal, that of a notebook, or None where none can be drawn."""
  if sys.stderr and sys.stderr.isatty():
    return tqdm.tqdm
  if not in_notebook():
    return None
  with warnings.catch_warnings():
    warnings.simplefilter('ignore')  # Without ipywidgets the bar is made of text, and all is well.
    from tqdm.auto import tqdm as notebook_bar
  return notebook_bar
