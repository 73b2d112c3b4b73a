"""Echoes with satori-python-client: `satori_python_echo.py PORT TOKEN`."""

import sys

from satori import EventType
from satori.client import Account, App, WebsocketsInfo
from satori.event import MessageEvent

port, token = sys.argv[1:]
app = App(WebsocketsInfo(host="127.0.0.1", port=int(port), path="/satori", token=token))


@app.register_on(EventType.MESSAGE_CREATED)
async def _(account: Account, event: MessageEvent):
    await account.send(event, "satori-python:" + event.message.content)


app.run()
