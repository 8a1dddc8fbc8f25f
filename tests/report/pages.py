"""Pages as a program that reads HTML sees them."""

from __future__ import annotations

import dataclasses
from html.parser import HTMLParser
import pathlib

from tests.conftest import run_binary

# Elements without an end.
_VOID = ('meta', 'link', 'img', 'input', 'br', 'path', 'circle')


@dataclasses.dataclass
class Element:
  """An element with its attributes, its text, and the names of those that it is within."""

  name: str
  attributes: dict[str, str]
  within: tuple[str, ...]
  text: str = ''

  def __getitem__(self, name: str) -> str:
    return self.attributes.get(name, '')


class Page(HTMLParser):
  """All elements of a page, in order; fails at one that is not closed where it should be."""

  def __init__(self, html: str):
    super().__init__()
    self.html = html
    self.elements: list[Element] = []
    self._open: list[Element] = []
    self.feed(html)
    self.close()
    assert not self._open, f'{self._open[-1]} is not closed'

  def handle_starttag(self, tag, attrs):
    element = Element(tag, {k: v or '' for k, v in attrs}, tuple(e.name for e in self._open))
    assert len(element.attributes) == len(attrs), f'{tag} has an attribute twice'
    self.elements.append(element)
    if tag not in _VOID:
      self._open.append(element)

  def handle_startendtag(self, tag, attrs):
    self.handle_starttag(tag, attrs)
    if tag not in _VOID:
      self.handle_endtag(tag)

  def handle_endtag(self, tag):
    if tag in _VOID:
      return
    assert self._open and self._open[-1].name == tag, f'{tag} ends within {self._open[-1:]}'
    self._open.pop()

  def handle_data(self, data):
    for element in self._open:
      element.text += data

  def all(self, name: str) -> list[Element]:
    """Returns the elements of a name."""
    return [element for element in self.elements if element.name == name]

  @property
  def numbers(self) -> set[float]:
    """All numbers that the page holds in full."""
    return {float(element['value']) for element in self.all('data')}

  @property
  def text(self) -> str:
    """The text of the body, in single spaces."""
    return ' '.join(self.all('body')[0].text.split())


def report(output: pathlib.Path, *arguments: str) -> Page:
  """Returns the page that tfgan-report writes."""
  run_binary('report', f'--output={output}', *arguments)
  return Page(output.read_text())
