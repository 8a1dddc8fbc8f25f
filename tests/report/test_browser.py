"""A page in Chromium: the keyboard, what a screen reader is told, contrast, widths, paper."""

from __future__ import annotations

import base64
import re

import pytest

from tests.conftest import run_binary
from tests.report.browser import CHROMIUM, Browser

pytestmark = [
  pytest.mark.heavy,
  pytest.mark.skipif(not CHROMIUM, reason='no chromium here: apt-get install chromium'),
]

# Text elements whose contrast with what is behind them is below 4.5, and lines below 3 (WCAG 2.2,
# 1.4.3 and 1.4.11), as texts.
TOO_FAINT = """(() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = parts(colour).slice(0, 3).map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if ((parts(colour)[3] ?? 1) > 0) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const contrast = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const found = [];
  for (const one of document.querySelectorAll('body *')) {
    const style = getComputedStyle(one);
    const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (own && !['SCRIPT', 'STYLE', 'title'].includes(one.tagName)) {
      const colour = one instanceof SVGElement ? style.fill : style.color;
      const ratio = contrast(colour, behind(one));
      if (ratio < 4.5) found.push(`${one.tagName} ${one.textContent.trim()} ${ratio}`);
    }
    if (one.matches('path.line, path.bar, path.level') && contrast(style.stroke, behind(one)) < 3) {
      found.push(`line ${style.stroke}`);
    }
  }
  return found;
})()"""
# Elements that reach beyond the width of the page, outside of those that scroll by themselves.
TOO_WIDE = """[...document.querySelectorAll('body *')].filter((one) =>
  !one.closest('.wide, pre, .hidden, .skip, svg') &&
  one.getBoundingClientRect().right > document.documentElement.clientWidth + 1
).map((one) => one.outerHTML.slice(0, 80))"""


@pytest.fixture(scope='module')
def browser(scored, tmp_path_factory):
  path = tmp_path_factory.mktemp('page') / 'report.html'
  run_binary('report', f'--model_dir={scored}', f'--output={path}')
  with Browser(path) as browser:
    yield browser


def shown(browser: Browser) -> list[str]:
  return browser.run(
    "[...document.querySelectorAll('.frame')].filter((one) => one.offsetHeight)"
    '.map((one) => one.dataset.text)'
  )


def test_the_slider_by_keyboard(browser):
  browser.show(width=900)
  assert shown(browser) == ['step 4']
  browser.run('document.body.focus()')
  for _ in range(100):
    browser.press('Tab')
    if browser.run('document.activeElement.type') == 'range':
      break
  ring = "getComputedStyle(document.activeElement).outlineStyle !== 'none'"
  assert browser.run('document.activeElement.type') == 'range' and browser.run(ring)
  for key, step in (('ArrowLeft', 0), ('ArrowRight', 4), ('Home', 0), ('End', 4)):
    browser.press(key)
    assert shown(browser) == [f'step {step}']
    words = "document.activeElement.getAttribute('aria-valuetext')"
    assert browser.run(words) == browser.run("document.querySelector('output').textContent")
    assert browser.run(words) == f'step {step}'


def test_what_a_screen_reader_is_told(browser):
  nodes = browser.call('Accessibility.getFullAXTree')['nodes']
  told = [
    (node['role']['value'], node.get('name', {}).get('value', ''))
    for node in nodes
    if not node['ignored'] and 'role' in node
  ]
  for role in ('image', 'slider', 'table', 'region', 'navigation', 'link', 'heading'):
    names = [name for one, name in told if one == role]
    assert names and all(names), role
  assert ('slider', 'Step, fakes') in told
  assert any(name.startswith('Losses by step. ') for role, name in told if role == 'image')
  assert {'main', 'banner', 'contentinfo'} <= {role for role, _ in told}


@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_contrast(browser, scheme):
  browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
  browser.show(width=1400, scheme=scheme)
  dark = browser.run("getComputedStyle(document.body).backgroundColor === 'rgb(20, 23, 27)'")
  assert dark == (scheme == 'dark')
  assert browser.run(TOO_FAINT) == []
  browser.run("document.body.style.setProperty('--soft', 'rgb(128, 128, 128)')")  # It sees faults.
  assert browser.run(TOO_FAINT)
  browser.run("document.body.style.removeProperty('--soft')")


@pytest.mark.parametrize('width', [320, 400, 900, 1400])
def test_widths(browser, width):
  browser.show(width=width)
  assert browser.run(TOO_WIDE) == []


def test_paper(browser):
  browser.run("document.querySelectorAll('details').forEach((one) => { one.open = false; })")
  browser.show(width=900, scheme='dark')
  printed = base64.b64decode(browser.call('Page.printToPDF')['data'])
  assert printed.startswith(b'%PDF') and len(re.findall(rb'/Type /Page\b', printed)) < 12
  browser.show(width=900, scheme='dark', media='print')
  assert shown(browser) == ['step 0', 'step 4']
  assert browser.run("getComputedStyle(document.body).color === 'rgb(0, 0, 0)'")
  assert browser.run("document.querySelector('.slider').offsetHeight") == 0


def test_nothing_is_fetched_and_nothing_fails(browser):
  assert browser.problems == []
