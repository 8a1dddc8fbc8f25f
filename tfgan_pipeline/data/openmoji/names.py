"""Names of emoji in words, by Unicode: captions of their pictures.

caption_of('1F34E')                    # 'red apple'
caption_of('1F469-1F3FD-200D-1F680')   # 'woman medium skin rocket'
caption_of('E003')                     # '': a code that Unicode gives no name
"""

from __future__ import annotations

import unicodedata

from tfgan_pipeline.data.openmoji.families import TONE_CODES, TONES, is_flag

_MARKS = {  # Codes whose own names say nothing of the picture.
  **{'200D': '', 'FE0F': '', '2640': 'female', '2642': 'male', '27A1': 'facing right'},
  **{code: f'{tone.replace("-", " ")} skin' for code, tone in zip(TONE_CODES, TONES[1:])},
}


def caption_of(name: str) -> str:
  """Returns the Unicode names of a picture's code points, in lower case; '' where one has none.

  Joiners are left out, and skin tones are told in words. Flags of countries have none, as their
  names are letters.

  Args:
    name: Code points joined by '-', as files of OpenMoji are called.
  """
  codes = name.split('-')
  # A mark alone is a picture of its own, such as the arrow.
  texts = [_MARKS[code] if code in _MARKS and len(codes) > 1 else _name(code) for code in codes]
  if is_flag(name) or any(text is None for text in texts):
    return ''
  return ' '.join(filter(None, texts))


def _name(code: str) -> str | None:
  return unicodedata.name(chr(int(code, 16)), '').lower() or None
