"""Writes an archive of every kind of message, much of it hostile, as JSONL and as a media folder.

`python3 conversations.py ARCHIVE`: JSONL goes to stdout, pictures to `ARCHIVE-media`.
"""

import json
import pathlib
import struct
import sys
import zlib

OWN, FRIEND, GROUP, SERVICE = 10001, 10002, 7, 844424930131966
HOSTILE = (
    "<script>fetch('https://evil.example/')</script><img src=https://evil.example/x onerror=alert(1)>"
    "</div></main></style>\"'><b>bold</b> \u202egnp.exe \u2066x ]]> &lt;&amp; \x1b[31mred"
)
START = 1_777_615_200
lines = []


def line(kind, **fields):
    lines.append(json.dumps({kind: fields}, ensure_ascii=False))


def png(red, green, blue, size=96):
    def chunk(kind, data):
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    row = b"\0" + b"".join(
        bytes([red, green, blue] if (x // 12) % 2 else [red // 2, green, blue]) for x in range(size)
    )
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    pixels = zlib.compress(row * size)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def media(folder, name, *color, size=96):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(*color, size=size))
    url = f"https://i0.hdslb.com/bfs/im/{name}"
    line("media", url=url, state="saved", file=name, bytes=path.stat().st_size, tries=0)
    return url


class Conversation:
    def __init__(self, talker, **session):
        self.talker, self.seqno, self.time = talker, 0, START
        fields = dict(name="", picture="", system_account=0, is_follow=True, is_muted=False)
        fields |= dict(is_intercepted=False, top_ts=None, session_ts=START * 1_000_000)
        fields |= dict(max_seqno=None, ack_seqno=None)
        line("session", talker=talker, **(fields | session))

    def say(self, sender, content, kind=1, after=60, **more):
        self.seqno += 1
        self.time += after
        if isinstance(content, dict):
            content = json.dumps(content, ensure_ascii=False)
        sent = dict(sender_uid=sender, receiver_type=1, receiver_id=FRIEND, msg_type=kind)
        sent |= dict(content=content, msg_seqno=self.seqno, timestamp=self.time, at_uids=None)
        sent |= dict(msg_key=7_354_295_169_819_585_966 + self.seqno, msg_status=0, msg_source=7)
        line("message", talker=self.talker, seqno=str(self.seqno), sent=sent | more)

    def text(self, sender, text, **more):
        self.say(sender, {"content": text}, **more)


def with_friend(picture):
    day = 24 * 3600
    talk = Conversation({"user": str(FRIEND)})
    talk.text(FRIEND, "你好！周末一起看番吗？[doge]")
    talk.text(OWN, "好啊 [doge][doge] 几点？")
    talk.text(FRIEND, "下午三点。地址发你：https://www.bilibili.com/video/BV1xx411c7mD?p=2。")
    talk.text(OWN, "A longer answer, in which the lines break by themselves because there are so "
              "many words in it that no screen is wide enough.\n\nAnd a paragraph.")
    talk.say(FRIEND, {"url": picture, "width": 96, "height": 96}, 2, after=day)
    talk.say(OWN, {"url": "https://i0.hdslb.com/bfs/im/not-saved.png"}, 2)
    talk.say(OWN, {"title": "【4K】春日山行", "author": "山行者", "source_desc": "视频", "source": 5,
                   "bvid": "BV1xx411c7mD", "thumb": picture, "url": ""}, 7)
    talk.say(FRIEND, {"title": "会员购", "name": "小程序", "jump_uri": "bilibili://mall"}, 9)
    talk.say(FRIEND, {"title": "直播中", "desc": "来看", "author": "主播", "source": "直播",
                      "url": "https://live.bilibili.com/1"}, 14)
    talk.say(FRIEND, {"title": "投稿", "times": 185, "desc": "简介", "bvid": "BV2", "cover": picture,
                      "attach_msg": {"id": 1, "content": "记得三连"}}, 11, after=40 * day)
    talk.say(FRIEND, {"rid": 5, "title": "专栏标题", "summary": "摘要", "author": "作者"}, 12)
    talk.say(FRIEND, {"title": "活动", "pic_url": picture, "jump_url": "https://www.bilibili.com/"}, 13)
    talk.say(FRIEND, {"main_title": "感谢关注", "reply_content": "这是我的作品", "sub_cards": [
        {"field1": "第一部", "field2": "12万播放", "jump_url": "https://www.bilibili.com/video/av1"},
        {"field1": "第二部", "field2": "3万播放", "jump_url": "https://www.bilibili.com/video/av2"},
    ]}, 16)
    talk.say(FRIEND, {"content": json.dumps([{"text": "对方已关注你，", "jump_url": ""},
                      {"text": "去看看", "jump_url": "https://space.bilibili.com/10002"}])}, 18)
    talk.say(OWN, "", msg_status=1)
    talk.say(OWN, str(7_354_295_169_819_585_966 + talk.seqno), 5)
    talk.text(FRIEND, "您好，这是自动回复", msg_source=8)
    talk.say(FRIEND, {"odd": "a type that nobody knows"}, 777)
    talk.say(FRIEND, "not JSON at all", 1)
    line("message", talker=talk.talker, seqno="900", sent={"msg_seqno": 900, "x": HOSTILE})
    talk.text(FRIEND, "unbroken" * 60)
    talk.text(OWN, "https://example.com/" + "a" * 300)


def hostile(picture):
    talk = Conversation({"group": str(GROUP)}, name=HOSTILE, picture="javascript:alert(1)")
    talk.text(66, HOSTILE)
    fields = ["title", "headline", "text", "author", "desc", "name", "bvid", "main_title"]
    links = ["url", "jump_uri", "jump_url", "thumb", "cover", "pic_url"]
    content = dict.fromkeys(fields, HOSTILE) | dict.fromkeys(links, "javascript:alert(document.URL)")
    content["modules"] = [{"title": HOSTILE, "detail": HOSTILE}]
    content["jump_text"] = HOSTILE
    content["sub_cards"] = [{"field1": HOSTILE, "jump_url": "data:text/html,<script>alert(1)</script>"}]
    for kind in [2, 7, 9, 10, 11, 12, 13, 14, 15, 16, 301, 777]:
        talk.say(66, content | {"content": HOSTILE}, kind)
    content |= dict.fromkeys(links, picture)
    for kind in [7, 13]:
        talk.say(OWN, content, kind)


def main():
    archive = sys.argv[1]
    folder = pathlib.Path(archive + "-media")
    header = dict(format="bili-im-archive", version=1, owner=str(OWN), exported=START)
    line("header", **header)
    face = media(folder, "ab/face.png", 220, 120, 40)
    doge = media(folder, "cd/doge.png", 240, 200, 60, size=32)
    picture = media(folder, "ef/picture.png", 60, 140, 220, size=240)
    line("emoticon", text="[doge]", url=doge, gif_url="", size=1)
    for uid, name, picture_of in [(OWN, "我自己", ""), (FRIEND, "小明 Ming", face), (66, HOSTILE, "")]:
        line("person", uid=str(uid), name=name, face=picture_of, sign="", level=6, fetched=START)
    with_friend(picture)
    hostile(picture)
    service = Conversation({"user": str(SERVICE)}, name="系统通知", system_account=5)
    service.say(0, {"title": "登录提醒", "text": "新设备登录", "jump_text": "查看",
                    "jump_uri": "https://www.bilibili.com/", "modules": [
                        {"title": "时间", "detail": "昨天"}, {"title": "设备", "detail": "手机"}]}, 10)
    line("end", listed=None, compared=None)
    print("\n".join(lines))


main()
