"""Docstrings that can be read alone; ruff checks their form (`D` in ruff.toml)."""

import ast
import re

import pytest

from tests.conftest import ROOT

FILES = sorted(
  path for folder in ('tfgan_pipeline', 'tests') for path in (ROOT / folder).rglob('*.py')
)
# Neither a verb nor a noun: what follows them makes sense beside the code only, or beside another
# docstring.
CLAUSES = 'what|who|whose|whom|how|whatever|which|where|when|as|if|so|since|because|once|until'
PRONOUNS = 'it|its|they|them|their|this|these|those|that|he|she|same|likewise|also|ditto'
PREPOSITIONS = 'of|by|from|for|to|with|without|in|on|at|up|down|beside|behind|among|between'
FIRST = re.compile(rf'(the same|({CLAUSES}|{PRONOUNS}|{PREPOSITIONS}))\b(?!-)', re.IGNORECASE)
# At the head of a sentence further down they stand for a noun of another place.
LATER = re.compile(r'[.:;]\s+(The same|Likewise|Ditto)\b')


def faults(source: str) -> list[str]:
  """Lists `line: first words` of docstrings that start with no verb and no noun."""
  found = []
  for node in ast.walk(ast.parse(source)):
    if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
      continue
    text = ast.get_docstring(node) or ''
    attribute = any(
      getattr(d, 'id', '').endswith('property') for d in getattr(node, 'decorator_list', ())
    )
    clause = isinstance(node, ast.FunctionDef) and not attribute and text.startswith('Whether')
    if FIRST.match(text) or LATER.search(text) or clause:
      found.append(f'{getattr(node, "lineno", 1)}: {text.splitlines()[0]}')
  return found


def test_docstrings_start_with_a_verb_or_a_noun():
  report = [
    f'{path.relative_to(ROOT)}:{fault}' for path in FILES for fault in faults(path.read_text())
  ]
  assert not report, '\n'.join(report)


@pytest.mark.parametrize(
  'text',
  [
    'What is kept.',
    'The same, and those of variants.',
    'Likewise of files.',
    'Whether it is there.',
    'It is read.',
    'Of an image, its mean.',
    'Reads a file. The same for folders.',
  ],
)
def test_the_rule_sees(text):
  assert faults(f'def name():\n  """{text}"""\n')


@pytest.mark.parametrize('text', ['Reads a file.', 'The mean.', 'One-sided penalties.', 'Whether'])
def test_the_rule_lets_pass(text):
  kind = '@property\n' if text == 'Whether' else ''
  assert not faults(f'{kind}def name():\n  """{text}"""\n')
