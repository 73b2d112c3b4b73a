//! Words, and the phrases that are drawn from them.

use crate::chance::Chance;

/// Common words first: these are drawn more often.
#[rustfmt::skip]
const WORDS: [&str; 120] = [
    "我", "你", "的", "了", "是", "在", "好", "不", "这个", "那个", "视频", "更新", "什么时候", "UP主", "谢谢", "支持",
    "喜欢", "真的", "可以", "没有", "一起", "今天", "明天", "昨天", "晚上", "直播", "弹幕", "关注", "投稿", "动态", "粉丝",
    "大家", "请问", "已经", "还是", "觉得", "因为", "所以", "但是", "如果", "音乐", "游戏", "动画", "番剧", "剪辑", "字幕",
    "封面", "标题", "素材", "合作", "商务", "报价", "联系", "邮箱", "微信", "群里", "抽奖", "中奖", "地址", "快递", "收到",
    "催更", "三连", "投币", "收藏", "点赞", "转发", "评论", "私信", "回复", "教程", "学习", "考试", "高考", "大学", "同学",
    "老师", "公司", "工作", "加班", "周末", "假期", "北京", "上海", "成都", "火锅", "奶茶", "早饭", "晚安", "早上好", "生日快乐",
    "新年快乐", "哈哈哈", "笑死", "厉害", "加油", "辛苦了", "没关系", "对不起", "不好意思", "麻烦", "帮忙", "问题", "办法", "电脑",
    "手机", "显卡", "键盘", "耳机", "相机", "镜头", "画质", "声音", "麦克风", "背景", "歌词", "翻唱", "吉他", "钢琴", "演唱会",
];
const LATIN: [&str; 12] = [
    "ok", "BGM", "Vlog", "Rust", "Switch", "Steam", "bug", "GitHub", "café", "PV", "NPC", "hello",
];
const EMOTICONS: [&str; 8] = [
    "[doge]",
    "[吃瓜]",
    "[微笑]",
    "[打call]",
    "[妙啊]",
    "[tv_doge]",
    "😂",
    "👨‍👩‍👧",
];
const TRADITIONAL: [&str; 8] = [
    "影片", "謝謝", "關注", "臺灣", "電腦", "遊戲", "發現", "頭髮",
];
/// What breaks out of a web page or drives a terminal if it is shown as it is.
const HOSTILE: [&str; 8] = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\u{1b}[31m\u{1b}[2J",
    "\u{1b}]0;title\u{7}",
    "\u{202e}txt.exe\u{2066}",
    "&lt;b&gt;\"'",
    "'; DROP TABLE messages; --",
    "\0\r\n\u{8}",
];
const PAUSES: [&str; 8] = ["，", "。", "！", "？", "~", " ", "……", "\n"];

/// A text as people write it: mostly short.
pub(super) fn text(chance: &mut Chance) -> String {
    let longest = if chance.below(50) == 0 { 80 } else { 10 };
    let words = 1 + chance.below(longest);
    phrase(chance, words)
}

/// A name of a user or a group.
pub(super) fn name(chance: &mut Chance) -> String {
    phrase(chance, 2)
}

/// This many words.
pub(super) fn phrase(chance: &mut Chance, words: u64) -> String {
    let mut phrase = String::new();
    for left in (0..words).rev() {
        match chance.below(400) {
            0 => phrase.push_str(pick(chance, &HOSTILE)),
            1..=12 => phrase.push_str(pick(chance, &LATIN)),
            13..=24 => phrase.push_str(&chance.below(100_000).to_string()),
            25..=40 => phrase.push_str(pick(chance, &EMOTICONS)),
            41..=48 => phrase.push_str(pick(chance, &TRADITIONAL)),
            49..=52 => phrase.extend(pick(chance, &LATIN).chars().map(full_width)),
            _ => phrase.push_str(common(chance)),
        }
        if left > 0 && chance.below(5) == 0 {
            phrase.push_str(pick(chance, &PAUSES));
        }
    }
    phrase
}

fn common(chance: &mut Chance) -> &'static str {
    let all = chance.below(WORDS.len() as u64) + 1;
    let first = usize::try_from(all).unwrap_or(1);
    pick(chance, WORDS.get(..first).unwrap_or_default())
}

/// The wide form of an ASCII letter, as Chinese input methods also write it.
fn full_width(letter: char) -> char {
    let wide = letter
        .is_ascii_graphic()
        .then(|| u32::from(letter) + 0xfee0);
    wide.and_then(char::from_u32).unwrap_or(letter)
}

pub(super) fn pick(chance: &mut Chance, list: &[&'static str]) -> &'static str {
    let place = usize::try_from(chance.below(list.len() as u64)).ok();
    place
        .and_then(|place| list.get(place).copied())
        .unwrap_or_default()
}
