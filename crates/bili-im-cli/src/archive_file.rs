//! Which archive a command uses: one for each profile, in the platform's data folder.

use std::path::PathBuf;

use bili_im_archive::{Archive, ArchiveError};
use clap::Args;

use crate::{
    args::Global,
    failure::Failure,
    folders,
    language::{Language, current},
    private_file::{folder_of, make_folder},
    wording::Worded,
    words::talker_text,
};

/// The argument of every command that uses an archive.
#[derive(Debug, Args)]
pub(crate) struct ArchiveFile {
    /// The archive to use, instead of the profile's
    #[arg(long, value_name = "FILE")]
    archive: Option<PathBuf>,
}

impl From<Option<PathBuf>> for ArchiveFile {
    fn from(archive: Option<PathBuf>) -> Self {
        Self { archive }
    }
}

impl ArchiveFile {
    /// Opens the archive to fill it. If there is none it is created, and only its owner can read it.
    pub(crate) fn create(&self, global: &Global) -> Result<Archive, Failure> {
        let path = self.path(global)?;
        if self.archive.is_none() {
            make_folder(folder_of(&path))?;
        }
        Ok(Archive::create(path)?)
    }

    /// Opens an archive that exists.
    pub(crate) fn open(&self, global: &Global) -> Result<Archive, Failure> {
        let path = self.path(global)?;
        match (Archive::open(&path), self.others()) {
            (Err(error @ ArchiveError::Missing(_)), Some(others)) => {
                let profile = global.profile()?;
                Err(Failure::from(error).advise(format_text!(
                    "make one with bili-im sync --profile {profile}, or name one with --archive: {others}",
                    "先建一份：bili-im sync --profile {profile}；或用 --archive 指定：{others}"
                )))
            }
            (Err(error @ ArchiveError::Missing(_)), None) if self.archive.is_some() => {
                let path = path.display();
                Err(Failure::from(error).advise(format_text!(
                    "fill it first: bili-im sync --archive {path}",
                    "先建一份：bili-im sync --archive {path}"
                )))
            }
            (archive, _) => Ok(archive?),
        }
    }

    /// Whether it is the profile's own, and no other was named.
    pub(crate) fn is_the_profiles(&self) -> bool {
        self.archive.is_none()
    }

    /// The archives of other profiles and services.
    fn others(&self) -> Option<String> {
        let folders = self
            .archive
            .is_none()
            .then(folders::data)??
            .read_dir()
            .ok()?;
        let folders = folders.filter_map(|folder| folder.ok()?.path().read_dir().ok());
        let files = folders.flatten().filter_map(|file| Some(file.ok()?.path()));
        let archives = files.filter(|path| path.extension().is_some_and(|name| name == "db"));
        let archives: Vec<String> = archives.map(|path| path.display().to_string()).collect();
        (!archives.is_empty()).then(|| archives.join(", "))
    }

    pub(crate) fn path(&self, global: &Global) -> Result<PathBuf, Failure> {
        if let Some(path) = &self.archive {
            return Ok(path.clone());
        }
        let root = folders::data().ok_or_else(|| {
            Failure::other(text!(
                "this user has no data folder",
                "当前用户没有数据文件夹"
            ))
            .advise(text!(
                "give a file with --archive",
                "用 --archive 指定一个文件"
            ))
        })?;
        let service = folders::of_service(global.endpoint()?.as_ref());
        let profile = global.profile()?;
        Ok(root.join(service).join(format!("{profile}.db")))
    }
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        let advice = advice(&error);
        let message = error.worded();
        let failure = match error {
            ArchiveError::Service(error) => return error.into(),
            ArchiveError::Foreign { .. }
            | ArchiveError::Missing(_)
            | ArchiveError::NothingToSearch
            | ArchiveError::SearchTooLong => Self::wrong_use(message, ""),
            _ => Self::other(message),
        };
        match advice {
            Some(advice) => failure.advise(advice),
            None => failure,
        }
    }
}

impl Worded for ArchiveError {
    fn chinese(&self) -> Option<String> {
        Some(match self {
            Self::NotAnArchive(path) => format!("{} 不是存档", path.display()),
            Self::Missing(path) => format!("{} 没有存档", path.display()),
            Self::Newer { found, known } => {
                format!("存档的格式是 {found}，本版本只认识 {known} 及以下")
            }
            Self::Foreign { owner, login } => {
                format!("存档属于账号 {owner}，而这里是账号 {login} 的")
            }
            Self::Damaged(what) => format!("存档已损坏：{what}"),
            Self::Busy => "另一个进程正在写这份存档".to_owned(),
            Self::NotWritable(why) => format!("存档无法写入：{why}"),
            Self::ReadOnly(path) => {
                format!("{} 所在的位置不可写，无法直接读取", path.display())
            }
            Self::File { path, source } => {
                format!("{} 无法打开：{}", path.display(), source.worded())
            }
            Self::NothingToSearch => "要找的词里只有空格和标点".to_owned(),
            Self::SearchTooLong => "要找的词太多或太长".to_owned(),
            Self::NoSession(talker) => format!("存档里没有与{} 的会话", talker_text(*talker)),
            Self::Output(error) => format!("导出内容无法写入：{}", error.worded()),
            Self::Input(error) => format!("文件无法读取：{}", error.worded()),
            Self::NotAnExport => "这个文件既不是导出的存档，也不是消息列表".to_owned(),
            Self::InputTooLong => "文件超过 256 MiB".to_owned(),
            Self::NewerExport { found, known } => {
                format!("文件的版本是 {found}，本程序只认识 {known} 及以下")
            }
            Self::NoOwner => "文件和存档都没有说明消息属于哪个账号".to_owned(),
            Self::TooManyConsumers => "队列的消费者太多了".to_owned(),
            Self::Database(error) => format!("存档无法使用：{error}"),
            Self::Service(error) => return error.chinese(),
            _ => return None,
        })
    }
}

/// What the user can do about an archive that cannot be used.
pub(crate) fn advice(error: &ArchiveError) -> Option<&'static str> {
    let english = error.advice()?;
    Some(match (current(), error) {
        (Language::English, _) => english,
        (_, ArchiveError::NotAnArchive(_)) => "换一个路径；什么都没有改动",
        (_, ArchiveError::Missing(_)) => "先建一份：bili-im sync",
        (_, ArchiveError::Newer { .. }) => "请用更新的版本；什么都没有改动",
        (_, ArchiveError::Foreign { .. }) => "每个账号请用各自的存档",
        (_, ArchiveError::Damaged(_)) => "把文件移走后重新同步，或恢复备份",
        (_, ArchiveError::Busy) => "等它结束再试",
        (_, ArchiveError::TooManyConsumers) => {
            "改用或移除一个已经不需要的消费者；30 天不用的名字会自动清除"
        }
        (_, ArchiveError::NothingToSearch) => "加上文字、字母、数字或表情",
        (_, ArchiveError::SearchTooLong) => "最多 32 个词，共 1,000 个字符",
        (_, ArchiveError::ReadOnly(_)) => "把它和旁边同名开头的文件一起复制到别处再读",
        (_, ArchiveError::NoSession(_)) => "先同步：bili-im sync；编号见 bili-im sessions",
        (_, ArchiveError::Output(_)) => "腾出空间，或换一个路径",
        (_, ArchiveError::NotAnExport) => {
            "请给出 `bili-im export --format jsonl` 的文件，或服务应答的 JSON；其他程序的文本文件里没有消息编号"
        }
        (_, ArchiveError::InputTooLong) => "把里面的应答分成几个文件导入",
        (_, ArchiveError::NewerExport { .. }) => "请用更新的版本",
        (_, ArchiveError::NoOwner) => "先同步一次：bili-im sync",
        (_, ArchiveError::NotWritable(_)) => "腾出空间，或换一个路径；已存的内容完好",
        (_, _) => english,
    })
}
