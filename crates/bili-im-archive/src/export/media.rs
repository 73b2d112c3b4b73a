//! Pictures that the media folder has.

use std::{fs::File, io::Read};

use base64::{Engine, prelude::BASE64_STANDARD};
use bili_im_proto::ImageFormat;
use rusqlite::OptionalExtension;

use super::options::Pictures;
use crate::{
    archive::Archive,
    error::ArchiveError,
    media::{is_inside, is_whole},
    percent::encoded,
};

/// A picture that is saved.
#[derive(Debug, Clone)]
pub(super) struct Saved {
    /// Its path in the media folder.
    pub(super) file: String,
    /// How long it was when it was saved.
    pub(super) bytes: Option<i64>,
}

/// The picture with this address, if it is saved and the export has pictures.
pub(super) fn saved(
    archive: &Archive,
    pictures: &Pictures,
    url: &str,
) -> Result<Option<Saved>, ArchiveError> {
    if url.is_empty() || *pictures == Pictures::None {
        return Ok(None);
    }
    let row = archive
        .connection
        .prepare_cached("SELECT file, bytes FROM media WHERE url = ? AND state = 'saved'")?
        .query_row([url], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let saved = row.and_then(|(file, bytes): (Option<String>, Option<i64>)| {
        Some(Saved {
            file: file.filter(|file| is_inside(file))?,
            bytes,
        })
    });
    Ok(saved)
}

impl Saved {
    /// An image's address in a page: the picture itself, or the file beside the page. `None` when it
    /// is not there, or damaged. The picture itself must be a known format of at most `most` bytes.
    pub(super) fn source(&self, pictures: &Pictures, most: u64) -> Option<String> {
        match pictures {
            Pictures::None => None,
            Pictures::Inside { folder } | Pictures::Beside { folder, .. }
                if !is_whole(&folder.join(&self.file), self.bytes) =>
            {
                None
            }
            Pictures::Inside { folder } => {
                let mut bytes = Vec::new();
                let file = File::open(folder.join(&self.file)).ok()?;
                file.take(most.saturating_add(1))
                    .read_to_end(&mut bytes)
                    .ok()?;
                let format = mime(ImageFormat::of(&bytes)?)?;
                (bytes.len() as u64 <= most)
                    .then(|| format!("data:{format};base64,{}", BASE64_STANDARD.encode(&bytes)))
            }
            Pictures::Beside { path, .. } => Some(encoded(&format!("{path}/{}", self.file))),
        }
    }
}

fn mime(format: ImageFormat) -> Option<&'static str> {
    Some(match format {
        ImageFormat::Jpeg => "image/jpeg",
        ImageFormat::Png => "image/png",
        ImageFormat::Gif => "image/gif",
        ImageFormat::Webp => "image/webp",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_outside_of_the_media_folder_is_not_read() {
        for inside in ["ab/cd.png", "a", "..a"] {
            assert!(is_inside(inside), "{inside}");
        }
        for outside in [
            "",
            "..",
            "../a",
            "a/../../b",
            "/etc/passwd",
            "a\\b",
            "c:d",
            "a\0",
        ] {
            assert!(!is_inside(outside), "{outside}");
        }
    }
}
