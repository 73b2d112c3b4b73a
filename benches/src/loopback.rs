//! A fast server that gives every request the same answer.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use crate::Result;

/// How many requests are recorded.
const KEPT: usize = 8;

/// A server on a loopback address, which runs until the process ends.
#[derive(Debug)]
pub struct Server {
    origin: String,
    requests: Arc<Mutex<Vec<Vec<String>>>>,
}

impl Server {
    /// Starts a server that answers with this JSON.
    pub fn start(answer: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let origin = format!("http://{}", listener.local_addr()?);
        let answer: Arc<[u8]> = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n\
             Date: Thu, 09 Oct 2025 12:00:00 GMT\r\nContent-Length: {}\r\n\r\n{answer}",
            answer.len()
        )
        .into_bytes()
        .into();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, kept) = (Arc::clone(&answer), Arc::clone(&kept));
                thread::spawn(move || serve(stream, &answer, &kept));
            }
        });
        Ok(Self { origin, requests })
    }

    /// The server's address.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The lines of the first requests. In each request the first line comes first, and the headers
    /// are sorted.
    pub fn requests(&self) -> Vec<Vec<String>> {
        let requests = self.requests.lock();
        requests.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Answers until the client closes the connection. Requests must have no body.
fn serve(mut stream: TcpStream, answer: &[u8], kept: &Mutex<Vec<Vec<String>>>) {
    let _best_effort = stream.set_nodelay(true);
    let (mut buffer, mut length) = ([0; 8192], 0);
    while let Some(rest) = buffer.get_mut(length..) {
        match stream.read(rest) {
            Ok(0) | Err(_) => return,
            Ok(more) => length += more,
        }
        let request = buffer.get(..length).unwrap_or_default();
        if !request.ends_with(b"\r\n\r\n") {
            continue;
        }
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT {
            kept.push(lines(request));
        }
        drop(kept);
        if stream.write_all(answer).is_err() {
            return;
        }
        length = 0;
    }
}

fn lines(request: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(request);
    let mut lines: Vec<String> = text.trim_end().lines().map(str::to_owned).collect();
    if let Some((_, headers)) = lines.split_first_mut() {
        headers.sort();
    }
    lines
}
