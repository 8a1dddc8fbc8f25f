"""Chromium without a window, driven by its DevTools protocol through ipykernel's Tornado."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
from typing import Any

CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser')
_FLAGS = ('--headless', '--no-sandbox', '--disable-gpu', '--remote-debugging-port=0', 'about:blank')


class Browser:
  """One tab; a context that closes it.

  Args:
    page: The HTML file to open, or an address.
  """

  def __init__(self, page: pathlib.Path | str):
    self._loop = asyncio.new_event_loop()
    self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    self._numbers = itertools.count(1)
    command = [CHROMIUM, *_FLAGS[:-1], f'--user-data-dir={self._folder.name}', _FLAGS[-1]]
    self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    self.problems: list[str] = []  # Messages of the console, and requests of the page.
    self._loop.run_until_complete(self._connect())
    for domain in ('Page', 'Runtime', 'Network', 'Log', 'Accessibility'):
      self.call(f'{domain}.enable')
    self.go(page if isinstance(page, str) else page.as_uri())

  def go(self, address: str) -> None:
    """Opens an address and waits until the page has loaded."""
    self.call('Page.navigate', url=address)
    self._loop.run_until_complete(self._until('Page.loadEventFired'))

  async def _connect(self) -> None:
    from tornado.httpclient import AsyncHTTPClient
    from tornado.websocket import websocket_connect

    assert self._process.stderr
    address = next(
      match[1] for line in self._process.stderr if (match := re.search(r'ws://([^/]+)/', line))
    )
    listed = await AsyncHTTPClient().fetch(f'http://{address}/json/list')
    tab = next(one for one in json.loads(listed.body) if one['type'] == 'page')
    self._socket = await websocket_connect(tab['webSocketDebuggerUrl'], max_message_size=2**27)

  async def _until(self, what: str | int) -> dict[str, Any]:
    """Returns the answer to a call, or an event, after noting what the page complains of."""
    while True:
      message = json.loads(await asyncio.wait_for(self._socket.read_message(), 60))
      method, values = message.get('method', ''), message.get('params', {})
      if method == 'Network.requestWillBeSent':
        address = values['request']['url']
        if not address.startswith(('file:', 'data:')):
          self.problems.append(address)
      elif method in ('Log.entryAdded', 'Runtime.exceptionThrown'):
        self.problems.append(json.dumps(values))
      if what in (message.get('id'), method):
        assert 'error' not in message, message
        return message.get('result', values)

  def call(self, method: str, **values: Any) -> dict[str, Any]:
    """Returns the result of a method of the protocol."""
    number = next(self._numbers)
    text = json.dumps({'id': number, 'method': method, 'params': values})

    async def send() -> dict[str, Any]:
      await self._socket.write_message(text)
      return await self._until(number)

    return self._loop.run_until_complete(send())

  def run(self, script: str) -> Any:
    """Returns the value of an expression of JavaScript."""
    result = self.call('Runtime.evaluate', expression=script, returnByValue=True)
    assert 'exceptionDetails' not in result, result
    return result['result'].get('value')

  def picture(self) -> bytes:
    """Returns what is shown, as a PNG file."""
    return base64.b64decode(self.call('Page.captureScreenshot')['data'])

  def press(self, key: str) -> None:
    """Presses and releases a key, by its name such as 'ArrowLeft' or 'Tab'."""
    codes = {'Tab': 9, 'End': 35, 'Home': 36, 'ArrowLeft': 37, 'ArrowRight': 39}
    for kind in ('rawKeyDown', 'keyUp'):
      code = codes[key]
      self.call('Input.dispatchKeyEvent', type=kind, key=key, code=key, windowsVirtualKeyCode=code)

  def show(self, *, width: int, scheme: str = 'light', media: str = '') -> None:
    """Sets width in pixels, colour scheme ('light', 'dark') and media ('', 'print')."""
    self.call(
      'Emulation.setDeviceMetricsOverride',
      **dict(width=width, height=900, deviceScaleFactor=1, mobile=False),
    )
    features = [{'name': 'prefers-color-scheme', 'value': scheme}]
    self.call('Emulation.setEmulatedMedia', media=media, features=features)

  def __enter__(self) -> Browser:
    return self

  def __exit__(self, *_: object) -> None:
    self._process.kill()
    self._process.communicate()
    self._loop.close()
    self._folder.cleanup()
