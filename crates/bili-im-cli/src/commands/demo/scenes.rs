//! The steps of the demonstration.

use std::time::Duration;

use bili_im_proto::{Answered, Cursor, Error, Event, MsgKey, SentMessage, Text, Uid, WatchOptions};
use bili_im_sim::faults::{Kind, Rule, When};
use serde::Serialize;

use super::{
    adapter::Adapter,
    stage::{CREATOR, FRIEND, REFUSER, Stage, other},
};
use crate::{
    failure::Failure,
    wording::{self, Worded},
};

/// What a step shows, and whether the service saw what it should.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    pub(super) step: &'static str,
    pub(super) ok: bool,
    pub(super) saw: [String; 2],
}

pub(super) type Scene = fn(&Stage) -> Result<Step, Failure>;

pub(super) const SCENES: [Scene; 4] = [lost_answer, unconfirmed, killed_watch, answers];

pub(super) fn lost_answer(stage: &Stage) -> Result<Step, Failure> {
    stage.fault(Rule::new("send_msg", When::Once, Kind::BreakOff).after_effect())?;
    let sent = send(&stage.log_in()?, "更新了")?;
    let stored = stage.stored(CREATOR, FRIEND, "更新了");
    let (key, count) = (sent.msg_key, stored.len());
    Ok(Step {
        step: text!(
            "a lost answer: the message is found by reading back",
            "应答丢失：回读会话，找到了消息"
        ),
        ok: sent.read_back && stored == [key],
        saw: [
            text!(
                "a text is sent, and the connection breaks before the answer",
                "文本已发出，应答到达之前连接断了"
            )
            .to_owned(),
            format_text!(
                "found as {key}; the service has {count} such message",
                "找到了 {key}；服务上有 {count} 条这样的消息"
            ),
        ],
    })
}

pub(super) fn unconfirmed(stage: &Stage) -> Result<Step, Failure> {
    let creator = stage.log_in()?;
    let lost = Rule::new("send_msg", When::Once, Kind::BreakOff);
    stage.fault(lost.clone())?;
    let first = send(&creator, "明天见");
    stage.fault(lost.after_effect())?;
    let second = send(&creator, "明天见");
    let is_unconfirmed = |sent| matches!(sent, Err(Error::Unconfirmed(_)));
    let stored = stage.stored(CREATOR, FRIEND, "明天见").len();
    Ok(Step {
        step: text!(
            "unconfirmed: when nobody can tell, it says so and does not send again",
            "无法确认：谁也说不准时如实告知，不重发"
        ),
        ok: is_unconfirmed(first) && is_unconfirmed(second) && stored == 1,
        saw: [
            text!(
                "a text is lost on its way: not found, but it may still arrive",
                "文本半路丢失：没找到，但也许还会送达"
            )
            .to_owned(),
            format_text!(
                "you send it anew, the answer is lost: {stored} found, from either send",
                "再发一次，应答又丢失：找到 {stored} 条，分不清是哪次发的"
            ),
        ],
    })
}

pub(super) fn killed_watch(stage: &Stage) -> Result<Step, Failure> {
    let told = watch_twice(stage)?;
    let [before, after] = told.each_ref().map(Vec::len);
    let told = told.concat();
    Ok(Step {
        step: text!(
            "a killed watch: the next one goes on, nothing lost, nothing repeated",
            "watch 被强杀：下一个接着来，不漏也不重"
        ),
        ok: told.len() == 4 && stage.stored(FRIEND, CREATOR, "").ends_with(&told),
        saw: [
            format_text!(
                "3 messages come; the watch tells {before} and is killed",
                "来了 3 条消息；watch 报了 {before} 条后被强杀"
            ),
            format_text!(
                "1 more comes; from the stored cursor the next tells {after}",
                "又来 1 条；下一个从保存的游标继续，报了 {after} 条"
            ),
        ],
    })
}

/// What two watches tell. The first is killed among the messages that it read at once. The second
/// has only the stored cursor.
pub(super) fn watch_twice(stage: &Stage) -> Result<[Vec<MsgKey>; 2], Failure> {
    let creator = stage.log_in()?;
    let mut cursor = creator.run(creator.account().cursor_now())?;
    stage.write(FRIEND, "在吗?")?;
    let second = stage.write(FRIEND, "视频很好看")?;
    stage.write(FRIEND, "下一期呢?")?;
    let before = watch(&creator, &mut cursor, second)?;
    let stored = serde_json::to_string(&cursor).map_err(other)?;
    drop((creator, cursor));

    let last = stage.write(FRIEND, "还在吗?")?;
    let mut cursor = serde_json::from_str(&stored).map_err(other)?;
    let after = watch(&stage.log_in()?, &mut cursor, last)?;
    Ok([before, after].map(|events| events.iter().filter_map(key).collect()))
}

pub(super) fn answers(stage: &Stage) -> Result<Step, Failure> {
    let creator = stage.log_in()?;
    let mut cursor = creator.run(creator.account().cursor_now())?;
    let mut answer_to = |from: Uid| {
        let last = stage.write(from, "你好")?;
        let mut outcome = text!("nothing is told", "什么都没有报").to_owned();
        for event in watch(&creator, &mut cursor, last)? {
            let answer = creator.account().answer(&event, Text::new("收到")?);
            let answer = answer.map_err(Error::from)?;
            outcome = match creator.run_with(answer, |_| Ok::<_, Error>(()))? {
                Answered::Sent { msg_key, .. } => {
                    format_text!("answer sent: {msg_key}", "回复已发出：{msg_key}")
                }
                Answered::NotSent(error) => match error.kind().and_then(wording::meaning) {
                    Some(meaning) => {
                        format_text!("answer refused: {meaning}", "回复被拒绝：{meaning}")
                    }
                    None => error.worded(),
                },
                other => format!("{other:?}"),
            };
        }
        Ok::<_, Failure>(format_text!(
            "{from} writes; {outcome}",
            "{from} 发来消息；{outcome}"
        ))
    };
    let saw = [answer_to(REFUSER)?, answer_to(FRIEND)?];
    let stored = |to| stage.stored(CREATOR, to, "收到").len();
    Ok(Step {
        step: text!(
            "answers: one that is refused does not end the bot",
            "自动回复：一条被拒绝，机器人照常运行"
        ),
        ok: (stored(REFUSER), stored(FRIEND)) == (0, 1),
        saw,
    })
}

fn send(creator: &Adapter, text: &str) -> Result<SentMessage, Error> {
    creator.run(creator.account().send(FRIEND, Text::new(text)?))
}

/// Watches until the message `last` is told, and then ends at once, whatever else was read.
fn watch(creator: &Adapter, cursor: &mut Cursor, last: MsgKey) -> Result<Vec<Event>, Error> {
    let options = WatchOptions::default().with_own(false);
    let options = options.with_interval(Duration::from_millis(20));
    let events = creator.account().watch(cursor.clone(), options);
    let mut told = Vec::new();
    let ended = creator.run_with(events, |event| {
        event.position.inspect(|position| cursor.advance(position));
        let is_last = key(&event) == Some(last);
        told.push(event);
        if is_last { Err(None) } else { Ok(()) }
    });
    match ended {
        Err(Some(error)) => Err(error),
        Ok(()) | Err(None) => Ok(told),
    }
}

fn key(event: &Event) -> Option<MsgKey> {
    event.answerable().map(|(_, message)| message.msg_key)
}
