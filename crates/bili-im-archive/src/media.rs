//! Images and emoticons: what to fetch, and the files that keep it.

use std::{
    ffi::OsString,
    fmt::Write as _,
    fs,
    path::{Component, Path, PathBuf},
    time::Duration,
};

use bili_im_proto::{
    Body, Effect, Failure, Image, ImageFormat, Origin, Outgoing,
    http::{Request, Response, StatusCode, Uri, header, uri},
};
use rusqlite::OptionalExtension;
use sha2::{Digest, Sha256};

use crate::{archive::Archive, error::ArchiveError};

/// The longest image that is kept, in bytes.
const MOST: usize = 20 << 20;

/// How long fetching an image may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What became of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MediaOutcome {
    /// It is kept.
    Saved,
    /// The service no longer has it (404, 410). It is not tried again.
    Gone,
    /// It is longer than 20 MiB. It is not tried again.
    TooLarge,
    /// Its address is not on the service's hosts. It is never fetched.
    Foreign,
    /// It did not come, or something else came. It is tried again the next time.
    Failed,
    /// The service wants fewer requests (412, 429). This image and the others are tried again later.
    Refused,
}

impl MediaOutcome {
    /// The state of an image that is not saved.
    ///
    /// Earlier versions wrote `gone` after passing errors, too, so none of these is called that.
    fn state(self) -> &'static str {
        match self {
            Self::Gone => "not_found",
            Self::TooLarge => "too_large",
            Self::Foreign => "foreign",
            Self::Saved | Self::Failed | Self::Refused => "wanted",
        }
    }
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

    /// Compares the states of images with the files that are there: an image whose file is missing
    /// or not as long as it was is wanted again, one whose file is there is saved. Also wants the
    /// images again that an earlier version gave up, perhaps after a passing error.
    ///
    /// # Errors
    /// When that cannot be read or written.
    pub fn want_missing_media(&mut self) -> Result<(), ArchiveError> {
        let folder = self.media_folder();
        let mut select = self.connection.prepare(
            "SELECT url, state = 'saved', file, bytes FROM media
             WHERE file IS NOT NULL AND state <> 'recalled'",
        )?;
        let rows = select.query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
        let rows: Vec<(String, bool, String, Option<i64>)> = rows.collect::<Result<_, _>>()?;
        drop(select);
        let mut changed = Vec::new();
        for (url, is_saved, file, bytes) in rows {
            let is_there = is_inside(&file) && is_whole(&folder.join(&file), bytes);
            if is_there != is_saved {
                changed.push((url, if is_there { "saved" } else { "wanted" }));
            }
        }
        self.transact(|connection| {
            connection.execute("UPDATE media SET state = 'wanted' WHERE state = 'gone'", [])?;
            for (url, state) in changed {
                connection.execute(
                    "UPDATE media SET state = ? WHERE url = ? AND state <> 'recalled'",
                    (state, url),
                )?;
            }
            Ok(())
        })
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
        let (bytes, format) = match image_in(answer) {
            Ok(image) => image,
            Err(outcome) => return self.note_media(url, outcome),
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

    /// Notes why an image was not saved. Returns the outcome.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn note_media(
        &mut self,
        url: &str,
        outcome: MediaOutcome,
    ) -> Result<MediaOutcome, ArchiveError> {
        self.connection.execute(
            "UPDATE media SET tries = tries + 1, state = ? WHERE url = ? AND state = 'wanted'",
            (outcome.state(), url),
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
                AND NOT EXISTS
                    (SELECT 1 FROM media WHERE state <> 'recalled' AND file = recalled.file)",
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
        if is_whole(&path, i64::try_from(bytes.len()).ok()) {
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

/// The image that was fetched, or why there is none.
fn image_in(
    answer: &Result<Response<Vec<u8>>, Failure>,
) -> Result<(&[u8], ImageFormat), MediaOutcome> {
    let (status, headers, body) = match answer {
        Ok(answer) => (answer.status(), answer.headers(), answer.body().as_slice()),
        Err(Failure {
            head: Some(head), ..
        }) => (head.status, &head.headers, [].as_slice()),
        Err(_) => return Err(MediaOutcome::Failed),
    };
    let announced = headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse().ok());
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => Err(MediaOutcome::Gone),
        StatusCode::PRECONDITION_FAILED | StatusCode::TOO_MANY_REQUESTS => {
            Err(MediaOutcome::Refused)
        }
        StatusCode::OK if body.len().max(announced.unwrap_or(0)) > MOST => {
            Err(MediaOutcome::TooLarge)
        }
        StatusCode::OK => match ImageFormat::of(body) {
            Some(format) => Ok((body, format)),
            None => Err(MediaOutcome::Failed),
        },
        _ => Err(MediaOutcome::Failed),
    }
}

/// Whether a path stays in the folder that it is relative to.
pub(crate) fn is_inside(file: &str) -> bool {
    let mut parts = Path::new(file).components().peekable();
    parts.peek().is_some()
        && parts.all(|part| matches!(part, Component::Normal(_)))
        && !file.contains(['\\', ':', '\0'])
}

/// Whether a file has all the bytes of the image that was saved in it: as many as then.
pub(crate) fn is_whole(path: &Path, bytes: Option<i64>) -> bool {
    let there = path.metadata().ok().filter(fs::Metadata::is_file);
    match (there, bytes) {
        (Some(file), Some(bytes)) => i64::try_from(file.len()) == Ok(bytes),
        (Some(file), None) => file.len() > 0,
        (None, _) => false,
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
    use bili_im_proto::Sent;

    use super::*;
    use crate::testing::{FRIEND, OWN, Shelf, message};

    const URL: &str = "https://i0.hdslb.com/a.png";

    /// The signature and the first chunk of a PNG.
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";

    fn answer(status: u16, body: &[u8]) -> Result<Response<Vec<u8>>, Failure> {
        let answer = Response::builder().status(status).body(body.to_vec());
        Ok(answer.unwrap())
    }

    /// An archive with a message that has an image.
    fn with_image() -> Shelf {
        let shelf = Shelf::with_people();
        shelf.sql("DELETE FROM media");
        shelf.receive(FRIEND, &image(1, 0));
        shelf
    }

    fn image(seqno: u64, status: u64) -> serde_json::Value {
        let mut image = message(seqno, OWN, 2, serde_json::json!({ "url": URL }));
        image["msg_status"] = status.into();
        image
    }

    fn state(shelf: &Shelf) -> String {
        let state = "SELECT state FROM media";
        let connection = &shelf.archive.connection;
        connection.query_row(state, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn only_what_the_service_no_longer_has_is_given_up() {
        let mut shelf = with_image();
        for (status, body, expected) in [
            (429, &b""[..], MediaOutcome::Refused),
            (412, b"", MediaOutcome::Refused),
            (403, b"", MediaOutcome::Failed),
            (502, b"", MediaOutcome::Failed),
            (302, b"", MediaOutcome::Failed),
            (200, b"<html></html>", MediaOutcome::Failed),
            (200, b"", MediaOutcome::Failed),
        ] {
            for _ in 0..5 {
                let outcome = shelf.archive.save_media(URL, &answer(status, body));
                assert_eq!(outcome.unwrap(), expected, "{status}");
                assert_eq!(state(&shelf), "wanted", "{status}");
            }
        }
        for (status, outcome) in [(404, MediaOutcome::Gone), (410, MediaOutcome::Gone)] {
            shelf.sql("UPDATE media SET state = 'wanted'");
            assert_eq!(
                shelf.archive.save_media(URL, &answer(status, b"")).unwrap(),
                outcome
            );
            assert_eq!(state(&shelf), "not_found");
        }
        shelf.archive.want_missing_media().unwrap();
        assert_eq!(state(&shelf), "not_found");
    }

    #[test]
    fn an_image_that_is_too_long_is_told_from_one_that_broke_off() {
        let failure = |length: &str| {
            let head = Response::builder().header("content-length", length);
            Err(Failure {
                head: Some(Box::new(head.body(()).unwrap().into_parts().0)),
                ..Failure::new(Sent::Maybe, "")
            })
        };
        let mut shelf = with_image();
        for (length, outcome, then) in [
            ("100", MediaOutcome::Failed, "wanted"),
            ("33554432", MediaOutcome::TooLarge, "too_large"),
        ] {
            let saved = shelf.archive.save_media(URL, &failure(length)).unwrap();
            assert_eq!((saved, &*state(&shelf)), (outcome, then));
        }
    }

    #[test]
    fn what_an_earlier_version_gave_up_is_tried_again() {
        let mut shelf = with_image();
        shelf.sql("UPDATE media SET state = 'gone', tries = 1");
        shelf.archive.want_missing_media().unwrap();
        assert_eq!(shelf.archive.wanted_media("", 9).unwrap(), [URL]);
    }

    #[test]
    fn a_saved_image_stays_saved_as_long_as_a_message_has_it_and_its_file_is_whole() {
        let mut shelf = with_image();
        shelf.archive.save_media(URL, &answer(200, PNG)).unwrap();
        shelf.archive.keep_recalled = true;
        shelf.receive(FRIEND, &image(1, 1));
        assert_eq!(state(&shelf), "saved");

        let file = shelf.archive.media_file(URL).unwrap().unwrap();
        for damaged in [&b""[..], &PNG[1..]] {
            fs::write(&file, damaged).unwrap();
            shelf.archive.want_missing_media().unwrap();
            assert_eq!(state(&shelf), "wanted");
            shelf.archive.save_media(URL, &answer(200, PNG)).unwrap();
            assert_eq!(fs::read(&file).unwrap(), PNG);
        }

        // A folder that is copied into place later, even after the service has lost the image.
        fs::remove_file(&file).unwrap();
        shelf.archive.want_missing_media().unwrap();
        shelf.archive.save_media(URL, &answer(404, b"")).unwrap();
        assert_eq!(state(&shelf), "not_found");
        fs::write(&file, PNG).unwrap();
        shelf.archive.want_missing_media().unwrap();
        assert_eq!(shelf.archive.media_file(URL).unwrap(), Some(file));
    }

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
