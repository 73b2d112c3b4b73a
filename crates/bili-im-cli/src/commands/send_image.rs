//! `bili-im send-image`

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use bili_im_proto::{Image, InvalidArgument, InvalidContent, UploadBfs};

use super::send::conclude;
use crate::{
    active_login::ActiveLogin,
    args::{DryRun, Global, To},
    failure::Failure,
    output::Output,
    progress::Progress,
    wording::Worded,
};

/// The most bytes that are read: more than any image that the service takes.
const MOST: u64 = 64 << 20;

/// Send an image: a file, or one that the service has by its address
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bili-im send-image 1 picture.png
  bili-im send-image 1 https://i0.hdslb.com/bfs/album/x.jpg")]
pub(crate) struct SendImage {
    #[command(flatten)]
    to: To,
    /// A JPEG, PNG or GIF file, or an image's address on .hdslb.com or .biliimg.com
    #[arg(value_name = "FILE-OR-URL")]
    image: String,
    /// Take an image on any host; the service may refuse it
    #[arg(long)]
    any_host: bool,
    /// Send a WebP file too; the service may refuse it
    #[arg(long)]
    webp: bool,
    #[command(flatten)]
    dry_run: DryRun,
}

impl SendImage {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        if !is_address(&self.image) {
            return self.upload(global, out);
        }
        let image = if self.any_host {
            Image::on_any_host(&self.image)?
        } else {
            Image::new(&self.image)?
        };
        let login = ActiveLogin::open_to_change(global, out)?;
        let talker = self.to.talker();
        let flow = login.client().account().send(talker, image);
        let sent = login.change(flow, self.dry_run);
        conclude(sent, talker, &login, out)
    }

    fn upload(self, global: &Global, out: Output) -> Result<(), Failure> {
        let talker = self.to.talker();
        let file = read(Path::new(&self.image))?;
        let upload = if self.webp {
            UploadBfs::or_webp(file)
        } else {
            UploadBfs::new(file)
        };
        let upload = upload.map_err(|invalid| {
            let advice = match invalid {
                InvalidContent::ImageTooLong { .. } => text!("make it smaller", "把图片缩小一些"),
                InvalidContent::Webp => text!(
                    "convert it to PNG or JPEG, or try it with --webp",
                    "转成 PNG 或 JPEG，或加上 --webp 试试"
                ),
                _ => text!(
                    "give a whole JPEG, PNG or GIF; convert others first",
                    "请给完整的 JPEG、PNG 或 GIF，其他格式先转换"
                ),
            };
            Failure::wrong_use(format!("{}: {}", self.image, invalid.worded()), advice)
        })?;
        let login = ActiveLogin::open_to_change(global, out)?;
        let account = login.client().account();
        if account.uid().is_some_and(|own| talker == own.into()) {
            return Err(InvalidArgument::ToSelf.into());
        }
        let flow = account.send_upload(talker, upload);
        let progress = Progress::of(text!("uploading", "正在上传"));
        let sent = login.change(flow, self.dry_run);
        drop(progress);
        conclude(sent, talker, &login, out)
    }
}

fn is_address(text: &str) -> bool {
    text.contains("://") || text.starts_with("//")
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let unreadable = |error: io::Error| {
        let error = error.worded();
        Failure::wrong_use(
            format_text!(
                "the image {} cannot be read: {error}",
                "无法读取图片 {}：{error}",
                path.display()
            ),
            text!(
                "give the path of a file, or an address that begins with https://",
                "请给文件路径，或以 https:// 开头的地址"
            ),
        )
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(MOST + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MOST {
        return Err(Failure::wrong_use(
            format_text!(
                "{} is too large for an image",
                "{} 太大了，不像图片",
                path.display()
            ),
            text!("make it smaller", "把图片缩小一些"),
        ));
    }
    Ok(bytes)
}
