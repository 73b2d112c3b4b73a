//! The texts of the help in Chinese. Those in English are the doc comments of the commands and
//! their arguments.

/// The Chinese texts by what they are about: a command, an argument of it, a value of an argument,
/// the examples of a command. An argument without its command is the same in every command.
pub(super) const TEXTS: &[(&str, &str)] = &[
    ("", "在终端里收发 bilibili 私信"),
    (
        " examples",
        "用 `bili-im login` 登录，或给出已登录浏览器的 Cookie：\n\
         从标准输入、文件或环境变量（BILI_IM_COOKIE）给出，不要写在参数里。\n\n\
         示例：\n  bili-im login\n  bili-im sessions\n  bili-im send 1 'up主你好'\n  \
         bili-im unread --json | jq .follow_unread\n\n\
         退出码：0 完成，1 其他问题，2 用法错误，3 未登录，4 被服务拒绝，\n\
         5 太快或风控，6 网络，7 不知是否已发出。",
    ),
    ("--help", "显示帮助（-h 是摘要，--help 更详细）"),
    ("--version", "显示版本"),
    ("help", "显示某个命令的帮助"),
    // The common options.
    ("--json", "输出一个 JSON 对象，错误也以 JSON 输出到标准错误"),
    ("--fields", "只输出 JSON 的这些字段，内层的用点连接"),
    ("--lang", "所用语言 [环境变量：BILI_IM_LANG]"),
    (
        "--endpoint",
        "服务的地址，默认是 bilibili；只有本机可以用 http [环境变量：BILI_IM_ENDPOINT]",
    ),
    ("--cookie-file", "从文件读取 Cookie"),
    ("--cookie-stdin", "从标准输入读取 Cookie"),
    ("--profile", "使用这个登录档案 [环境变量：BILI_IM_PROFILE]"),
    (
        "--color",
        "什么时候用颜色；默认在终端里用，设置了 NO_COLOR 则不用",
    ),
    ("--no-pager", "长列表不用分页程序（PAGER，默认 less）显示"),
    ("--quiet", "不打印警告、说明和进度"),
    (
        "--verbose",
        "在标准错误上显示每个请求，以及推送连接上发生了什么",
    ),
    ("--paced", "对本机的服务也按 bilibili 的节奏限速"),
    // What several commands take.
    ("<uid>", "对方的编号"),
    ("--group", "对方是应援团，给出的是它的编号"),
    (
        "--dry-run",
        "只打印将要发出的请求（curl 命令，不含密钥），不真正发送",
    ),
    ("--show-recalled", "显示已撤回消息的内容"),
    ("--no-push", "不用推送，一直定时查询"),
    // The commands.
    ("login", "扫码登录，或保存给出的 Cookie，供之后的命令使用"),
    (
        "login --keyring",
        "把登录存进系统密钥环，不存成文件（编译时需加 keyring 特性）",
    ),
    (
        "login --qr-png",
        "登录期间把二维码另存为图片，供画不出它的终端使用",
    ),
    ("logout", "在服务端退出登录，并删除本地的登录"),
    ("logout --local", "只删除本地的登录，服务端的登录仍有效"),
    (
        "logout examples",
        "示例：\n  bili-im logout\n  bili-im logout --profile work\n  \
         bili-im logout --local      连不上服务时",
    ),
    ("profiles", "列出保存的登录档案"),
    ("whoami", "显示当前登录的是谁"),
    ("unread", "统计未读消息"),
    (
        "unread --watch",
        "持续统计，每次变化输出一行，直到 SIGINT 或 SIGTERM",
    ),
    (
        "unread --check",
        "顺便看看网站是否一条都不显示：消息提醒关闭，或全在免打扰的会话里",
    ),
    ("unread --interval", "多久查询一次，默认约两分钟"),
    ("sessions", "列出会话，最新的在前"),
    ("sessions --type", "只列某一类"),
    ("sessions --type=all", "所有类别"),
    ("sessions --type=users", "用户和系统"),
    ("sessions --type=unfollowed", "未关注的用户"),
    ("sessions --type=followed", "已关注的用户"),
    ("sessions --type=strangers", "陌生人"),
    ("sessions --type=groups", "应援团"),
    ("sessions --type=intercepted", "被拦截的"),
    ("sessions --type=business", "商业账号"),
    ("sessions --type=system", "官方账号"),
    ("sessions --all", "列出全部，而不只是最新的 20 个"),
    ("sessions --unread", "只列有未读消息的，在全部会话里找"),
    ("history", "阅读一个会话，最新的消息在前；不会标为已读"),
    ("history --limit", "最多几条"),
    ("history --before", "只看这条消息之前的，按序号（seqno）"),
    ("history --all", "所有消息"),
    (
        "watch",
        "从现在起监听新消息，每条只报一次，直到 SIGINT 或 SIGTERM",
    ),
    (
        "watch examples",
        "示例：\n  bili-im watch\n  bili-im watch --json --cursor ~/.local/state/bili-im.cursor\n  \
         bili-im watch --exec notify-send -- 'a message'\n  \
         bili-im watch --cursor bot.cursor --exec ./bot --reply-stdout\n\n\
         有 --cursor 时，两次运行之间不会漏掉消息。程序被强杀时已输出、还没存下的事件会再来一次，id 相同。",
    ),
    (
        "watch --since",
        "从现在（now）或这个游标文件的位置开始；默认接着 --cursor 的文件，没有就从现在开始",
    ),
    ("watch --cursor", "每个事件之后把位置存到这个文件"),
    (
        "watch --exec",
        "每条消息运行一次这个程序，事件由标准输入和 BILI_IM_ 变量传入",
    ),
    ("watch <args>", "这个程序的参数"),
    (
        "watch --exec-timeout",
        "程序运行超过这么久，就连同子进程一起结束",
    ),
    (
        "watch --reply-stdout",
        "把程序的输出作为回复发送；只回复真人写的消息",
    ),
    (
        "watch --at-least-once",
        "重启后找不到的回复再发一次，对方可能收到两次；不加则不重发",
    ),
    ("watch --no-own", "不报自己发的消息"),
    ("watch --no-groups", "不报应援团的消息"),
    (
        "watch --system",
        "也报服务发的内容：通知、推送、提示、群事件",
    ),
    ("watch --automatic", "也报自动回复"),
    ("watch --intercepted", "也报被拦截会话里的消息"),
    ("watch --changes", "也报会话和未读数的变化"),
    (
        "watch --interval",
        "没有推送时多久查询一次：默认 20 秒，非本机服务至少 6 秒",
    ),
    (
        "watch --archive",
        "把报出的内容存进本档案的存档，或指定的文件；已撤回的消息会抹去内容，除非加 --keep-recalled",
    ),
    ("watch --keep-recalled", "在存档里保留已撤回消息的内容"),
    ("who", "查询用户是谁"),
    ("who <uids>", "用户的编号"),
    ("send", "发送文本"),
    ("send <text>", "要发送的内容；- 表示从标准输入读取"),
    ("send --split", "太长的文本分成几条发送；有一条失败就停下"),
    (
        "send examples",
        "示例：\n  bili-im send 1 'up主你好'\n  printf 'two\\nlines' | bili-im send 1 -\n  \
         bili-im send 1 --split - < long.txt\n  bili-im send --group 20001 '大家好'\n  \
         bili-im send 1 -- -5        以短横线开头的文本",
    ),
    ("send-image", "发送图片：本地文件，或服务上已有图片的地址"),
    (
        "send-image <image>",
        "JPEG、PNG 或 GIF 文件，或 .hdslb.com、.biliimg.com 上的图片地址",
    ),
    (
        "send-image --any-host",
        "任何域名上的图片都接受；服务可能拒绝",
    ),
    ("send-image --webp", "WebP 文件也发送；服务可能拒绝"),
    ("recall", "撤回自己发的消息，限发送后 120 秒内"),
    ("recall <msg_key>", "`send` 打印的 msg_key"),
    ("ack", "把一个会话或全部会话标为已读"),
    ("ack --upto", "只到这条消息为止，按序号（seqno）"),
    ("ack --all", "所有有未读消息的会话，被拦截的除外"),
    (
        "ack examples",
        "示例：\n  bili-im ack 1\n  bili-im ack 1 --upto 4011      序号见 `history`\n  bili-im ack --all",
    ),
    ("pin", "把会话置顶"),
    ("unpin", "取消置顶"),
    ("mute", "把会话设为免打扰"),
    ("unmute", "取消免打扰"),
    ("remove", "把会话从列表移除；消息还在，来新消息时会重新出现"),
    ("intercept", "拦截某个用户的消息，或取消拦截"),
    ("intercept --off", "取消拦截"),
    ("settings", "查看或修改账号的私信设置"),
    ("settings show", "查看；不写子命令时就是它"),
    ("settings set", "修改：on、off，或服务自己的数值"),
    ("settings set <assignments>", "要修改的设置"),
    ("block-words", "查看或修改屏蔽词"),
    ("block-words show", "查看；不写子命令时就是它"),
    ("block-words add", "逐个添加；有一个被拒绝就停下"),
    ("block-words remove", "逐个移除；有一个被拒绝就停下"),
    ("block-words add <words>", "屏蔽词：不含空格，最多 20 个字"),
    (
        "block-words remove <words>",
        "屏蔽词：不含空格，最多 20 个字",
    ),
    ("auto-reply", "查看或修改自动回复的文本"),
    (
        "auto-reply examples",
        "对应的设置打开后才会发送，需要 1000 粉丝：\n  bili-im settings set recv_reply=on\n\n\
         示例：\n  bili-im auto-reply\n  bili-im auto-reply set followed '谢谢关注'\n  \
         bili-im auto-reply set keys '每周三更新' --title 更新 --contains 更新 --contains 催更\n  \
         bili-im auto-reply clear followed\n  bili-im auto-reply clear --id 201321",
    ),
    ("auto-reply show", "查看；不写子命令时就是它"),
    (
        "auto-reply set",
        "设置某一类的文本；关键词类是新增一条规则，或用 --id 修改一条",
    ),
    ("auto-reply clear", "删除某一类的文本，或 --id 指定的一条"),
    ("auto-reply set <kind>", "什么时候发送"),
    ("auto-reply clear <kind>", "要删除哪一类"),
    ("<kind>=followed", "被关注时（followed_reply）"),
    ("<kind>=keys", "收到含关键词的消息时（keys_reply）"),
    ("<kind>=recv", "收到任何消息时（recv_reply）"),
    ("<kind>=voyage", "有人开通大航海时（voyage_reply）"),
    ("auto-reply set <text>", "文本，最多 500 字"),
    ("auto-reply set --title", "关键词规则的标题"),
    ("auto-reply set --equals", "消息要等于的关键词，可以给多次"),
    (
        "auto-reply set --contains",
        "消息要包含的关键词，可以给多次",
    ),
    ("auto-reply set --id", "要修改的规则"),
    ("auto-reply clear --id", "只删除这一条"),
    (
        "resume",
        "账号被风控停用、你又在网站上完成验证之后，继续使用",
    ),
    ("decode", "从标准输入读取应答正文，以 JSON 打印库的解读"),
    ("decode <of>", "给出应答的接口：路径的最后一段"),
    ("decode --status", "应答的 HTTP 状态码"),
    (
        "decode examples",
        "不发送任何请求，也不需要登录。应答若是拒绝，也会打印出来，并作为退出码。\n\
         应答里的登录信息和登录码会被遮住。\n\n\
         示例：\n  bili-im decode single-unread < captured.json\n  \
         bili-im decode send-msg --status 412 < page.html",
    ),
    ("--archive", "所用的存档文件，默认是登录档案自己的"),
    ("sync", "把私信存到本机：第一次存全部，以后只存新的"),
    (
        "sync examples",
        "示例：\n  bili-im sync\n  bili-im sync --since 2026-01-01\n  \
         bili-im sync --with 10002 --archive friend.db\n\n\
         随时可以中断，下次从断点继续。得知撤回的那次运行没加\n\
         --keep-recalled 的话，消息内容会被抹去；保留下来的不受影响。\n\n\
         --media 把还没保存的图片各试一次，没取到的下次再试；只有服务上已不存在的（404、410）、\
         超过 20 MiB 的、\n不在服务域名下的不再重试。旧版本放弃的图片，以及丢失或损坏的文件，会重新获取。",
    ),
    ("sync --with", "只同步与这个用户的会话；可多次给出"),
    ("sync --group", "只同步这个应援团的会话；可多次给出"),
    ("sync --since", "只回溯到这一天或这个时间"),
    ("sync --full", "把会话列表读到底（平时每天也会读一次）"),
    ("sync --media", "消息里的图片和表情也保存下来"),
    ("sync --keep-recalled", "保留已撤回消息的内容（读得到的话）"),
    ("search", "在 sync 存下的存档里查找消息"),
    (
        "search examples",
        "示例：\n  bili-im search 合作 报价\n  \
         bili-im search '\"see you\"' --with 10002 --context 2\n  \
         bili-im search 发票 --from 2026-01-01 --mine --json\n\n\
         消息须包含所有的词，引号里的空格算词的一部分。英文单词和数字按开头匹配，中文在任何位置都能找到。\n\
         大小写、全半角、简繁体都视为相同。分享的视频等卡片只按标题查找。",
    ),
    ("search <words>", "要找的词"),
    ("search --with", "只找与这个用户的会话；可多次给出"),
    ("search --group", "只找这个应援团的会话；可多次给出"),
    (
        "search --type",
        "只找这类消息：text、image、share、notice，或类型的编号；可多次给出",
    ),
    ("search --mine", "只找自己发的"),
    ("search --relevance", "最相关的在前，而不是最新的"),
    ("search --limit", "最多几条"),
    ("search --context", "每条前后各显示几条"),
    ("search --after", "接着上一次查找停下的地方"),
    ("export", "把存档里的会话导出成文件，供阅读、打印或保存"),
    (
        "export examples",
        "示例：\n  bili-im export --format html --out conversations\n  \
         bili-im export --format txt --with 10002 --from 2026-01-01 | less\n  \
         bili-im export --format jsonl --out backup.jsonl\n\n\
         jsonl 是存档的副本，可用 `bili-im import` 读回。它也包含官方账号，以及保留下来的已撤回消息的内容。",
    ),
    ("export --format", "导出的格式"),
    ("export --format=html", "聊天气泡网页，用浏览器看"),
    ("export --format=jsonl", "存档的副本，可以再导入"),
    ("export --format=csv", "表格"),
    ("export --format=md", "Markdown"),
    ("export --format=txt", "纯文本"),
    (
        "export --out",
        "写到这个文件，而不是标准输出；html 是文件夹",
    ),
    ("export --force", "覆盖已有的文件"),
    ("export --with", "只导出与这个用户的会话；可多次给出"),
    ("export --group", "只导出这个应援团的会话；可多次给出"),
    ("--from", "从这一天或这个时间起（含）"),
    ("--to", "到这一天或这个时间为止（不含）"),
    ("--system", "包括官方账号"),
    ("export --recalled", "显示已撤回消息的内容（如果保留了）"),
    (
        "export --pictures",
        "图片放在哪里（要先用 `sync --media` 保存）",
    ),
    ("export --pictures=inside", "嵌在网页里"),
    ("export --pictures=beside", "放在网页旁的文件夹里"),
    ("export --pictures=none", "不放，只留链接"),
    ("import", "把导出的会话读进存档"),
    (
        "import examples",
        "示例：\n  bili-im import backup.jsonl\n  \
         bili-im import --archive copy.db backup.jsonl\n  \
         zcat backup.jsonl.gz | bili-im import -\n\n\
         可读 `export --format jsonl` 的文件，以及其他程序保存的服务应答（JSON）。存档里已有的内容不变；\n\
         但文件里说已撤回的消息会抹去内容，除非加 --keep-recalled。",
    ),
    (
        "import --keep-recalled",
        "保留已撤回消息的内容；文件里有的话，已抹去的也会恢复",
    ),
    ("import <files>", "要读的文件；- 是标准输入"),
    ("stats", "统计存档里的消息：和谁、多少、什么时候"),
    (
        "stats examples",
        "示例：\n  bili-im stats\n  bili-im stats --from 2026-01-01 --top 5\n  \
         bili-im stats --json | jq '.talkers[] | {name, median: .waits.median}'\n\n\
         等待是从对方发消息到你回复的时间；列出的是中位数，以及九成不超过的值。",
    ),
    ("stats --top", "显示多少人"),
    #[cfg(feature = "serve")]
    (
        "serve",
        "通过 HTTP 把账号提供给其他程序，直到收到 SIGINT 或 SIGTERM",
    ),
    #[cfg(feature = "serve")]
    (
        "serve examples",
        "示例：\n  bili-im serve\n  bili-im serve main second --token-file tokens\n  \
         bili-im serve --config serve.toml\n  \
         curl -N 127.0.0.1:5140/events\n  curl 127.0.0.1:5140/healthz\n\n\
         其余见 docs/serving.md；/rpc 的方法见 docs/rpc.md。",
    ),
    #[cfg(feature = "serve")]
    (
        "serve <profiles>",
        "要提供的登录档案；默认是每个命令都用的那一个",
    ),
    #[cfg(feature = "serve")]
    ("serve --listen", "监听地址；端口 0 表示任选一个空闲端口"),
    #[cfg(feature = "serve")]
    (
        "serve --config",
        "webhook 和通知，也可以写要服务的登录：一个 TOML 文件，改动后会重新读取",
    ),
    #[cfg(feature = "serve")]
    (
        "serve --token-file",
        "只放行持有这个文件里令牌的程序；每个令牌一行：名字 令牌 read|write",
    ),
    #[cfg(feature = "serve")]
    (
        "serve --expose",
        "允许其他机器访问；前面要放一个带 TLS 的代理",
    ),
    #[cfg(feature = "serve")]
    (
        "serve --host",
        "访问它时用的其他名字，例如代理的域名；可以给多次",
    ),
    #[cfg(feature = "serve")]
    (
        "serve --keep-events",
        "每个账号为落后的消费者保留多少个事件",
    ),
    #[cfg(feature = "serve")]
    ("serve --keep-days", "保留多少天"),
    #[cfg(feature = "serve")]
    ("serve --no-push", "一直轮询，不用推送"),
    #[cfg(feature = "serve")]
    (
        "serve --stdio",
        "改为从标准输入读 /rpc 的调用，一行一个，读完为止",
    ),
    #[cfg(feature = "serve")]
    ("rules", "检查 serve 配置里的规则，或在过去的消息上试一试"),
    #[cfg(feature = "serve")]
    (
        "rules examples",
        "示例：\n  bili-im rules check serve.toml\n  bili-im rules test serve.toml --with 10002\n\n\
         不会发送或执行任何东西。test 读的是 sync 和 serve 写下的存档。",
    ),
    #[cfg(feature = "serve")]
    ("rules check", "列出规则，或指出文件里的错误"),
    #[cfg(feature = "serve")]
    ("rules check <file>", "配置：TOML 文件"),
    #[cfg(feature = "serve")]
    ("rules test", "列出规则对存档里的消息会做什么"),
    #[cfg(feature = "serve")]
    ("rules test <file>", "配置：TOML 文件"),
    #[cfg(feature = "serve")]
    ("rules test --with", "只看与这个用户的会话；可多次给出"),
    #[cfg(feature = "serve")]
    ("rules test --group", "只看这个应援团的会话；可多次给出"),
    ("sim", "在本机运行模拟服务，没有账号也能试用"),
    (
        "sim examples",
        "示例，分别在两个终端里：\n  bili-im sim\n  \
         eval \"$(bili-im sim --print-env 10001)\"\n  bili-im send 10002 hello",
    ),
    (
        "sim --listen",
        "监听地址，只能是本机；端口 0 表示任选一个空闲端口",
    ),
    (
        "sim --world",
        "起始的账号和消息：demo、seed、large（一百万条消息），或 JSON 文件",
    ),
    (
        "sim --strict",
        "docs/protocol.md 不让客户端发的一律拒绝，即使 bilibili 会接受",
    ),
    (
        "sim --classic",
        "像早年的 bilibili 一样宽松：接受未签名、没有设备 id 的发送",
    ),
    (
        "sim --print-env",
        "打印以这个账号使用本程序所需的变量，然后退出",
    ),
    ("demo", "演示应答丢失、watch 被强杀、回复被拒绝时会怎样"),
    ("config", "显示各项设置及其来源，或编辑设置文件"),
    ("config show", "显示；不写子命令时就是它"),
    ("config path", "打印设置文件的位置"),
    ("config edit", "用 VISUAL 或 EDITOR 打开设置文件，并检查它"),
    (
        "config examples",
        "设置文件是 TOML 格式，可以有：\n  \
         lang = \"zh\"                  或 \"en\"\n  \
         color = \"never\"              或 \"auto\"、\"always\"\n  \
         pager = \"less -FRX\"          代替 PAGER；\"\" 表示不用\n  quiet = true\n  \
         profile = \"work\"\n  endpoint = \"https://…\"\n  paced = true\n  \
         cookie_command = \"pass show bilibili\"\n  \
         [profiles.work]              某个登录档案的 endpoint、paced 和 cookie_command\n  \
         cookie_command = \"pass show work\"\n\n\
         示例：\n  bili-im config\n  bili-im config edit\n  bili-im config path",
    ),
    ("doctor", "检查登录、网络、时钟、限速、文件和存档"),
    (
        "doctor examples",
        "有问题时退出码为 1。\n\n示例：\n  bili-im doctor\n  \
         bili-im doctor --json | jq '.checks[] | select(.status != \"ok\")'",
    ),
    (
        "completions examples",
        "示例：\n  source <(bili-im completions bash)      写进 ~/.bashrc\n  \
         bili-im completions zsh > ~/.zfunc/_bili-im\n  \
         bili-im completions fish > ~/.config/fish/completions/bili-im.fish",
    ),
    ("completions", "打印补全命令和选项的脚本，供 shell 使用"),
    ("completions <shell>", "哪个 shell"),
    ("man", "打印手册页：整个程序的，或某个命令的"),
    ("man <path>", "命令，可以带上它的子命令"),
    ("demo --adapter", "使用哪个客户端"),
    ("--adapter=ureq", "bili-im-ureq，阻塞"),
    ("--adapter=reqwest", "bili-im-reqwest，异步"),
];
