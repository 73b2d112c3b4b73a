"""Uses `bilibili-api-python` against a simulated service.

`python bilibili_api_client.py http://127.0.0.1:PORT`, with the demo world behind that address.
Every address of the client becomes that of the simulated service, and any other is refused: no
real host is asked for anything.
"""

import asyncio
import json
import sys
from urllib.parse import urlsplit

import bilibili_api
from bilibili_api import Credential, request_settings, session
from bilibili_api.session import EventType
from bilibili_api.exceptions import ResponseCodeException

SERVICE = sys.argv[1]
OWN, FRIEND = 10001, 10002
CREDENTIAL = Credential(
    sessdata=f"sim-{OWN}", bili_jct=f"{OWN:032}", dedeuserid=str(OWN)
)


def redirect():
    """Sends all requests of the client to the simulated service."""
    bilibili_api.select_client("aiohttp")
    client = bilibili_api.get_client()
    request = client.request

    async def redirected(*, url, **rest):
        address = urlsplit(url)
        return await request(url=f"{SERVICE}{address.path}", **rest)

    client.request = redirected
    wrapped = client.get_wrapped_session()
    raw = wrapped._request

    async def checked(method, url, **rest):
        assert str(url).startswith(f"{SERVICE}/"), f"the client asks for {url}"
        return await raw(method, url, **rest)

    wrapped._request = checked
    # Risk control's cookies come from other addresses than those of private messages.
    request_settings.set_enable_auto_buvid(False)


async def history():
    """The friend's conversation, as types and contents by `msg_key`."""
    page = await session.fetch_session_msgs(FRIEND, CREDENTIAL)
    return {message["msg_key"]: message for message in page["messages"]}


async def main():
    redirect()
    sent = await session.send_msg(CREDENTIAL, FRIEND, EventType.TEXT, "来自 Python")
    key = sent["msg_key"]
    messages = await history()
    assert json.loads(messages[key]["content"]) == {"content": "来自 Python"}
    assert messages[key]["msg_status"] == 0

    listed = await session.get_sessions(CREDENTIAL)
    talkers = [entry["talker_id"] for entry in listed["session_list"]]
    assert FRIEND in talkers, talkers
    changed = await session.new_sessions(CREDENTIAL, begin_ts=0)
    assert FRIEND in [entry["talker_id"] for entry in changed["session_list"]]
    detail = await session.get_session_detail(CREDENTIAL, FRIEND)
    assert detail["max_seqno"] == messages[key]["msg_seqno"]

    await session.send_msg(CREDENTIAL, FRIEND, EventType.WITHDRAW, str(key))
    messages = await history()
    assert messages[key]["msg_status"] == 1
    assert any(
        message["msg_type"] == EventType.WITHDRAW.value
        and message["content"] == str(key)
        for message in messages.values()
    )
    try:
        await session.send_msg(CREDENTIAL, OWN, EventType.TEXT, "x")
        raise AssertionError("a message to oneself is accepted")
    except ResponseCodeException as error:
        assert error.code == 21026, error
    await bilibili_api.get_client().close()


asyncio.run(main())
