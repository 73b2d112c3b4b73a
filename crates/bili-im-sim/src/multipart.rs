//! Parses bodies of the type `multipart/form-data`.

use std::convert::Infallible;

use futures_util::{future::FutureExt, stream};
use multer::{Error, Multipart, parse_boundary};

/// One part of a body.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) name: String,
    /// Whether the part has a file name.
    pub(crate) is_file: bool,
    pub(crate) bytes: Vec<u8>,
}

/// The parts of a body that have a name.
pub(crate) fn parts(content_type: &str, body: &[u8]) -> Result<Vec<Part>, Error> {
    let boundary = parse_boundary(content_type)?;
    let whole = stream::iter([Ok::<_, Infallible>(body.to_vec())]);
    // The whole body is in memory, so the future is ready at once.
    collect(Multipart::new(whole, boundary))
        .now_or_never()
        .unwrap_or(Err(Error::IncompleteStream))
}

async fn collect(mut multipart: Multipart<'_>) -> Result<Vec<Part>, Error> {
    let mut parts = Vec::new();
    while let Some(field) = multipart.next_field().await? {
        let name = field.name().map(str::to_owned);
        let is_file = field.file_name().is_some();
        let bytes = field.bytes().await?.to_vec();
        parts.extend(name.map(|name| Part {
            name,
            is_file,
            bytes,
        }));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts_are_in_order_with_their_names_and_bytes() {
        let body = b"--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"x\"\r\n\r\n\r\n-\xff\r\n\
            --b\r\nContent-Disposition: form-data\r\n\r\nnameless\r\n\
            --b\r\nContent-Disposition: form-data; name=\"c\"\r\n\r\n\r\n--b--";
        let seen: Vec<_> = parts("multipart/form-data; boundary=b", body)
            .unwrap()
            .into_iter()
            .map(|part| (part.name, part.is_file, part.bytes))
            .collect();
        assert_eq!(
            seen,
            [
                ("a".to_owned(), true, b"\r\n-\xff".to_vec()),
                ("c".to_owned(), false, Vec::new()),
            ]
        );
    }

    proptest! {
        #[test]
        fn the_parts_of_a_body_are_read_back(said in prop::collection::vec(("[a-z]{1,9}", prop::collection::vec(any::<u8>(), 0..3000)), 1..6)) {
            let mut body = Vec::new();
            for (name, bytes) in &said {
                body.extend(format!("--=sep=\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n").bytes());
                body.extend(bytes);
                body.extend(b"\r\n");
            }
            body.extend(b"--=sep=--\r\n");
            let found = parts("multipart/form-data; boundary=\"=sep=\"", &body).unwrap();
            let found: Vec<_> = found.into_iter().map(|part| (part.name, part.bytes)).collect();
            prop_assert_eq!(found, said);
        }

        #[test]
        fn any_body_can_be_parsed_without_panic(
            pieces in prop::collection::vec(prop::sample::select(vec![
                "--b", "--b--", "\r\n", "\r\n\r\n", "Content-Disposition: form-data", "; name=\"a\"", ":", "x", "-", "\r",
            ]), 0..20),
        ) {
            let _read = parts("multipart/form-data; boundary=b", pieces.concat().as_bytes());
        }
    }
}
