"""Families of emoji: pictures that are variants of each other, known by their code points.

family_of('1F469-1F3FD-200D-1F52C')    # '1F9D1-1F52C': scientists of all genders and skin tones
tone_of('1F469-1F3FD-200D-1F52C')      # 3
"""

from __future__ import annotations

import itertools

TONES = ('yellow', 'light', 'medium-light', 'medium', 'medium-dark', 'dark')
TONE_CODES = ('1F3FB', '1F3FC', '1F3FD', '1F3FE', '1F3FF')  # Of the tones after yellow.
# Joiner, colour mark, women, men, rightwards, and hair: red, curly, bald, white.
_MARKS = {'200D', 'FE0F', '2640', '2642', '27A1', '1F9B0', '1F9B1', '1F9B2', '1F9B3'}
_PERSON, _CHILD = '1F9D1', '1F9D2'
# People of one gender, or pictures with a code of their own -> the picture they are a variant of.
_NEUTRAL = {
  **dict.fromkeys(('1F468', '1F469', '1F471'), (_PERSON,)),  # Man, woman, blond person.
  **dict.fromkeys(('1F466', '1F467'), (_CHILD,)),
  **dict.fromkeys(('1F474', '1F475'), ('1F9D3',)),  # Old people.
  **dict.fromkeys(('1F934', '1F478'), ('1FAC5',)),  # Royal ones.
  **dict.fromkeys(('1FAC3', '1FAC4'), ('1F930',)),  # Pregnant ones.
  **dict.fromkeys(('1F385', '1F936'), (_PERSON, '1F384')),  # Christmas.
  **dict.fromkeys(('1F46B', '1F46C', '1F46D'), (_PERSON, '1F91D', _PERSON)),  # Holding hands.
  '1F57A': ('1F483',),  # Dancing.
  '1F46A': (_PERSON, _CHILD),
  '1F46F': (_PERSON, '1F430', _PERSON),  # With bunny ears.
  '1F48F': (_PERSON, '2764', '1F48B', _PERSON),  # A kiss.
  '1F491': (_PERSON, '2764', _PERSON),
  '1F93C': (_PERSON, '1FAEF', _PERSON),  # Wrestling.
}


def family_of(name: str) -> str:
  """Returns the name of the family of a picture, which all its variants have.

  Variants differ in skin tones, gender, hair, direction, or in how many people a family has.

  Args:
    name: Code points joined by '-', as files of OpenMoji are called.
  """
  codes = [code for code in name.split('-') if code not in _MARKS.union(TONE_CODES)]
  people = itertools.chain.from_iterable(_NEUTRAL.get(code, (code,)) for code in codes)
  # The five colours of skin are pictures, too, and have no other code.
  return '-'.join(code for code, _ in itertools.groupby(people)) or name


def tones_of(name: str) -> tuple[int, ...]:
  """Returns the number in TONES of each skin tone that a name has; () for yellow, or no skin."""
  codes = name.split('-')
  return tuple(TONE_CODES.index(code) + 1 for code in codes if code in TONE_CODES)


def without_tones(name: str) -> str:
  """Returns a name without skin tones and marks of colour; '' of a tone alone."""
  return '-'.join(code for code in name.split('-') if code not in ('FE0F', *TONE_CODES))


def is_flag(name: str) -> bool:
  """Returns whether a picture is the flag of a country or of one of its parts."""
  first, *rest = name.split('-')
  of_country = '1F1E6' <= first <= '1F1FF'  # Two letters for a country.
  return of_country or (first == '1F3F4' and any(code.startswith('E00') for code in rest))
