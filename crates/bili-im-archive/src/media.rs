//! Images and emoticons: what to fetch, and the files that keep it.

use std::{
    ffi::OsString,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use bili_im_proto::{
    Body, Effect, Failure, Image, ImageFormat, Origin, Outgoing,
    http::{Request, Response, StatusCode, Uri, uri},
};
use rusqlite::OptionalExtension;
use sha2::{Digest, Sha256};

use crate::{archive::Archive, error::ArchiveError, export::is_inside};

/// The longest image that is kept, in bytes.
const MOST: usize = 20 << 20;

/// How long fetching an image may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How often an image is tried that does not come.
const TRIES: u32 = 3;

/// What became of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaOutcome {
    /// It is kept.
    Saved,
    /// It no longer exists, or is no image: it is not tried again.
    Gone,
    /// It did not come. It is tried again, unless the service has sent something else, or too much, three times.
    Failed,
}

impl Archive {
    /// The folder with the images, beside the archive. It may not exist.
    pub fn media_folder(&self) -> PathBuf {
        let mut name = OsString::from(self.path());
        name.push("-media");
        name.into()
    }

    /// Addresses of images that are not kept yet, in order: those after `after`, at most `most`.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn wanted_media(&self, after: &str, most: u32) -> Result<Vec<String>, ArchiveError> {
        let mut select = self.connection.prepare_cached(
            "SELECT url FROM media WHERE state = 'wanted' AND url > ? ORDER BY url LIMIT ?",
        )?;
        let urls = select.query_map((after, most), |row| row.get(0))?;
        Ok(urls.collect::<Result<_, _>>()?)
    }

    /// Wants images again whose files are missing, as in an archive that was imported.
    ///
    /// # Errors
    /// When that cannot be read or written.
    pub fn want_missing_media(&mut self) -> Result<(), ArchiveError> {
        let folder = self.media_folder();
        let mut select = (self.connection)
            .prepare("SELECT url, file FROM media WHERE state = 'saved' AND file IS NOT NULL")?;
        let saved = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let saved: Vec<(String, String)> = saved.collect::<Result<_, _>>()?;
        let missing = saved.iter().filter(|(_, file)| !folder.join(file).exists());
        for (url, _) in missing {
            self.connection.execute(
                "UPDATE media SET state = 'wanted', file = NULL WHERE url = ?",
                [url],
            )?;
        }
        Ok(())
    }

    /// The file that keeps an image; `None` when none does.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn media_file(&self, url: &str) -> Result<Option<PathBuf>, ArchiveError> {
        let file: Option<String> = self
            .connection
            .prepare_cached("SELECT file FROM media WHERE url = ? AND state = 'saved'")?
            .query_row([url], |row| row.get(0))
            .optional()?;
        let file = file.filter(|file| is_inside(file));
        Ok(file.map(|file| self.media_folder().join(file)))
    }

    /// Keeps an image that was fetched, or notes why it was not.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save_media(
        &mut self,
        url: &str,
        answer: &Result<Response<Vec<u8>>, Failure>,
    ) -> Result<MediaOutcome, ArchiveError> {
        let image = match answer {
            Ok(answer) if answer.status() == StatusCode::OK => {
                ImageFormat::of(answer.body()).map(|format| (answer.body(), format))
            }
            Ok(answer) if answer.status().is_client_error() => {
                return self.note_media(url, MediaOutcome::Gone);
            }
            Ok(_) => None,
            // Without an answer the network is to blame, not the image.
            Err(failure) if failure.head.is_none() => return Ok(MediaOutcome::Failed),
            Err(_) => None,
        };
        let Some((bytes, format)) = image else {
            return self.note_media(url, MediaOutcome::Failed);
        };
        let file = file_name(bytes, format);
        self.write_media(&file, bytes)?;
        // Its message may have been recalled meanwhile.
        self.connection.execute(
            "UPDATE media SET state = CASE state WHEN 'wanted' THEN 'saved' ELSE state END,
                file = ?, bytes = ? WHERE url = ?",
            (file, i64::try_from(bytes.len()).unwrap_or(i64::MAX), url),
        )?;
        self.forget_recalled_media()?;
        Ok(MediaOutcome::Saved)
    }

    /// Notes that an image was not fetched. After three failures it counts as gone.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn note_media(
        &mut self,
        url: &str,
        outcome: MediaOutcome,
    ) -> Result<MediaOutcome, ArchiveError> {
        let is_final = outcome == MediaOutcome::Gone;
        self.connection.execute(
            "UPDATE media SET tries = tries + 1,
                state = CASE WHEN ?1 OR tries + 1 >= ?2 THEN 'gone' ELSE state END
             WHERE url = ?3",
            (is_final, TRIES, url),
        )?;
        Ok(outcome)
    }

    /// Deletes the images of messages that were recalled since.
    ///
    /// # Errors
    /// When they cannot be deleted.
    pub fn forget_recalled_media(&mut self) -> Result<(), ArchiveError> {
        let folder = self.media_folder();
        let mut select = self.connection.prepare_cached(
            "SELECT url, file FROM media AS recalled WHERE state = 'recalled' AND file IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM media WHERE state = 'saved' AND file = recalled.file)",
        )?;
        let recalled = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let recalled: Vec<(String, String)> = recalled.collect::<Result<_, _>>()?;
        for (url, file) in recalled {
            let path = folder.join(&file);
            // Whoever wrote the archive must not have other files deleted.
            if is_inside(&file)
                && let Err(source) = fs::remove_file(&path)
                && source.kind() != std::io::ErrorKind::NotFound
            {
                return Err(ArchiveError::File { path, source });
            }
            (self.connection).execute("UPDATE media SET file = NULL WHERE url = ?", [url])?;
        }
        // The service may still have it at this address.
        (self.connection).execute(
            "DELETE FROM media WHERE state = 'recalled' AND file IS NULL",
            [],
        )?;
        Ok(())
    }

    /// Writes an image under the name of its contents, all of it or nothing.
    fn write_media(&self, file: &str, bytes: &[u8]) -> Result<(), ArchiveError> {
        let path = self.media_folder().join(file);
        if path.exists() {
            return Ok(());
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        let write = || {
            let mut builder = fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(folder)?;
            let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
            std::io::Write::write_all(&mut temporary, bytes)?;
            temporary.persist(&path)?;
            Ok(())
        };
        write().map_err(|source| ArchiveError::File {
            path: path.clone(),
            source,
        })
    }
}

/// The request for an image. It has no cookie. `None` when the address is not on the service's
/// hosts.
///
/// A service on this machine, `endpoint`, has the images of all hosts.
pub fn media_request(url: &str, endpoint: Option<&Origin>) -> Option<Outgoing> {
    let image = Image::new(url).ok()?;
    let mut parts = image.url().parse::<Uri>().ok()?.into_parts();
    if let Some(endpoint) = endpoint {
        let origin = endpoint.to_string().parse::<Uri>().ok()?.into_parts();
        (parts.scheme, parts.authority) = (origin.scheme, origin.authority);
        parts
            .path_and_query
            .get_or_insert_with(|| uri::PathAndQuery::from_static("/"));
    }
    let mut request = Request::new(Body::default());
    *request.uri_mut() = Uri::from_parts(parts).ok()?;
    Some(Outgoing {
        request,
        max_body: MOST,
        timeout: TIMEOUT,
        effect: Effect::Read,
    })
}

/// Where an image is kept in the folder: by its contents, so that each is kept once.
fn file_name(bytes: &[u8], format: ImageFormat) -> String {
    let mut name = String::new();
    for byte in Sha256::digest(bytes) {
        // Writing into a text cannot fail.
        let _ = write!(name, "{byte:02x}");
        if name.len() == 2 {
            name.push('/');
        }
    }
    let ending = match format {
        ImageFormat::Jpeg => "jpg",
        ImageFormat::Png => "png",
        ImageFormat::Gif => "gif",
        _ => "webp",
    };
    name + "." + ending
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Shelf;

    #[test]
    fn an_image_that_a_killed_process_left_goes_when_the_archive_is_filled_again() {
        let mut shelf = Shelf::with_people();
        let file = shelf.archive.media_folder().join("aa/left.png");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "left").unwrap();
        shelf.sql(
            "INSERT INTO media (url, state, file)
             VALUES ('https://i0.hdslb.com/left.png', 'recalled', 'aa/left.png')",
        );
        shelf.archive.lock().unwrap();
        assert!(!file.exists());
    }

    #[test]
    fn only_the_services_hosts_are_asked() {
        let loopback: Origin = "http://127.0.0.1:8970".parse().unwrap();
        let uri = |url: &str, endpoint| {
            media_request(url, endpoint).map(|outgoing| outgoing.request.uri().to_string())
        };
        for (url, endpoint, expected) in [
            (
                "http://i0.hdslb.com/bfs/a.png",
                None,
                Some("https://i0.hdslb.com/bfs/a.png"),
            ),
            (
                "https://i0.hdslb.com/bfs/a.png@100w.webp?x=1",
                Some(&loopback),
                Some("http://127.0.0.1:8970/bfs/a.png@100w.webp?x=1"),
            ),
            ("https://example.com/a.png", None, None),
            ("https://hdslb.com.example.com/a.png", Some(&loopback), None),
            ("file:///etc/passwd", None, None),
            ("https://i0.hdslb.com@127.0.0.1/a.png", None, None),
            ("", None, None),
        ] {
            assert_eq!(uri(url, endpoint).as_deref(), expected, "{url}");
        }
    }
}
