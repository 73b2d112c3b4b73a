//! The service's codes and their messages, in the words that are recorded of it
//! (docs/protocol.md §3).

use crate::answer::Refusal;

/// A code and its message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Code(pub(crate) i32, pub(crate) &'static str);

impl Code {
    /// A refusal with this code. The header `x-sim-why` carries the reason.
    pub(crate) fn because(self, why: impl Into<String>) -> Refusal {
        Refusal::new(self.0, self.1, why)
    }
}

pub(crate) const NOT_LOGGED_IN: Code = Code(-101, "账号未登录");
pub(crate) const NOT_LOGGED_IN_CLASSIC: Code = Code(-6, "账号未登录");
pub(crate) const BAD_ARGUMENT: Code = Code(2, "非法参数");
pub(crate) const CSRF: Code = Code(-111, "csrf 校验失败");
pub(crate) const BAD_REQUEST: Code = Code(-400, "请求错误");
pub(crate) const FORBIDDEN: Code = Code(-403, "访问权限不足");
pub(crate) const NOT_FOUND: Code = Code(-404, "啥都木有");
pub(crate) const SERVER_ERROR: Code = Code(-500, "服务器错误");
pub(crate) const LOGOUT_CSRF: Code = Code(2202, "CSRF 请求非法");
pub(crate) const NO_SUCH_MESSAGE: Code = Code(10005, "msgkey不存在");
pub(crate) const TOO_LONG: Code = Code(21007, "消息过长，无法发送");
pub(crate) const TOO_FAST: Code = Code(21020, "你发送消息频率过快，请稍后再发~");
pub(crate) const TO_SELF: Code = Code(21026, "不能给自己发送消息哦~");
pub(crate) const GROUPS_CLOSED: Code = Code(21028, "由于系统升级，暂无法发送，敬请谅解");
pub(crate) const UNAVAILABLE: Code = Code(21035, "该类消息暂时无法发送");
pub(crate) const BAD_IMAGE: Code = Code(21037, "图片格式不合法，不要调戏接口啦");
pub(crate) const RECALL_EXPIRED: Code = Code(21041, "消息已超期，不能撤回了哦");
pub(crate) const ALREADY_RECALLED: Code = Code(21042, "消息已经撤回了哦");
pub(crate) const STRANGER_LIMIT: Code = Code(21047, "对方主动回复或关注你前，最多发送1条消息~");
pub(crate) const REFUSED_BY_RECEIVER: Code = Code(25003, "因对方隐私设置，暂无法给他发送聊天消息");
pub(crate) const BLOCKED: Code = Code(25005, "你已拉黑了对方，请先将对方移出黑名单后才能聊天");
pub(crate) const NOT_OWN_REPLY: Code = Code(1003, "不能删除别人的规则");
pub(crate) const BAD_REPLY: Code = Code(27011, "请求参数错误");
pub(crate) const REPLY_TOO_LONG: Code = Code(1_500_001, "自动回复内容太长");
pub(crate) const REPLY_TOO_MANY: Code = Code(1_500_002, "规则数量已达上限，请删除后新建");
pub(crate) const BLOCK_WORD_TOO_LONG: Code = Code(1_900_004, "添加失败，屏蔽词限制最多20个字");
pub(crate) const TOO_MANY_BLOCK_WORDS: Code = Code(1_900_005, "添加失败，最多可以添加200个屏蔽词");
pub(crate) const BLOCK_WORD_EXISTS: Code = Code(1_900_006, "添加失败，屏蔽词重复");
pub(crate) const BLOCK_WORD_HAS_SPACE: Code = Code(1_900_007, "添加失败，屏蔽词不支持空格");
pub(crate) const PERMISSION_LACKING: Code = Code(700_009, "权限不足");
pub(crate) const GROUP_DISSOLVED: Code = Code(700_013, "已解散QAQ，无法执行此操作");
pub(crate) const NOT_A_MEMBER: Code = Code(700_014, "你已不在此同萌中QAQ，无法执行此操作");
/// The message says "already exists", but the code means that there is no such session.
pub(crate) const NO_SUCH_SESSION: Code = Code(1_000_004, "入口节点已存在");
