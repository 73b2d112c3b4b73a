"""Echoes with nonebot2 and its adapter for Satori: `nonebot_echo.py PORT TOKEN`."""

import sys

import nonebot
from nonebot.adapters.satori import Adapter, Bot
from nonebot.adapters.satori.event import MessageEvent

port, token = sys.argv[1:]
client = {"host": "127.0.0.1", "port": int(port), "path": "/satori", "token": token}
nonebot.init(driver="~aiohttp", satori_clients=[client])
nonebot.get_driver().register_adapter(Adapter)
echo = nonebot.on_message()


@echo.handle()
async def _(bot: Bot, event: MessageEvent):
    await bot.send(event, "nonebot:" + event.get_message())


nonebot.run()
