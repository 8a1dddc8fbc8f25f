"""Files that pages lead to: links, and paths in the running text."""

import re

import pytest

from tests.conftest import ROOT

PAGES = (
  ROOT / 'README.md',
  ROOT / 'launch/README.md',
  ROOT / 'CHANGELOG.md',
  ROOT / 'CONTRIBUTING.md',
  ROOT / 'SECURITY.md',
  *sorted((ROOT / 'docs').glob('*.md')),
)
LINK = re.compile(r'\]\(([^)#\s]*)(#[^)\s]+)?\)')
# As `tests/bin/` or tests/metrics/test_fid.py. Of pages that tell of the past only links count.
PATH = re.compile(r'(?<![\w/.~-])(?:docs|flags|launch|tests|tfgan_pipeline)/[\w./-]*\w/?')
PAST = ('CHANGELOG.md', 'log.md')


def missing(page, text: str) -> list[str]:
  """Lists what a page's text leads to and is not there."""
  result = []
  for target, anchor in LINK.findall(text):
    if '://' in target:
      continue
    path = (page.parent / target.replace('\\', '')).resolve() if target else page
    if not path.exists():
      result.append(target)
    elif anchor and anchor[1:] not in anchors(path.read_text()):
      result.append(target + anchor)
  if page.name not in PAST:
    result += [path for path in PATH.findall(text) if not (ROOT / path).exists()]
  return result


def anchors(text: str) -> set[str]:
  """Returns the anchors that GitHub gives to a page's headings."""
  headings = re.findall(r'^#+ (.*)$', text, re.MULTILINE)
  return {re.sub(r'[^\w\- ]', '', heading).lower().replace(' ', '-') for heading in headings}


@pytest.mark.parametrize('page', PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_leads_to_is_there(page):
  assert not missing(page, page.read_text())


@pytest.mark.parametrize(
  'text', ['[a](docs/gone.md)', '[a](docs/scores.md#gone)', '`tests/gone.py`', 'tests/gone/']
)
def test_what_is_gone_is_seen(text):
  assert missing(ROOT / 'README.md', text)


def test_every_page_is_led_to():
  """Reads README and follows links: no page of docs/ is an island."""
  reached, todo = set(), [ROOT / 'README.md']
  while todo:
    page = todo.pop()
    reached.add(page)
    for target, _ in LINK.findall(page.read_text()):
      path = (page.parent / target.replace('\\', '')).resolve()
      if target.endswith('.md') and '://' not in target and path not in reached:
        todo.append(path)
  assert set((ROOT / 'docs').glob('*.md')) <= reached


def test_forty_situations_have_a_public_report():
  """Holds the table against its list of addresses: each is cited, and each citation has one."""
  text = (ROOT / 'docs/situations.md').read_text()
  rows = [line for line in text.splitlines() if line.startswith('| ') and 'tests/' in line]
  assert all(row.count(' | ') == 3 for row in rows)
  report = r'\[([\w.-]+)/([\w.-]+)#(\d+)\]'
  cited = [re.findall(report, row.split(' | ')[1]) for row in rows]
  listed = re.findall(
    report + r': https://github\.com/(\S+)/(\S+)/(?:issues|pull)/(\d+)$', text, re.M
  )
  assert sum(map(bool, cited)) >= 40
  assert {name for names in cited for name in names} == {entry[:3] for entry in listed}
  assert all(entry[:3] == entry[3:] for entry in listed)
