//! A relay between a client and the service that holds requests back.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

/// A relay on loopback. It reads the whole request, and delivers it even when the client is gone.
#[derive(Debug, Clone)]
pub struct Relay {
    addr: SocketAddr,
    state: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Debug, Default)]
struct State {
    /// Requests with this in their first line are held back.
    held: Option<&'static str>,
    holding: usize,
}

impl Relay {
    /// A relay to a service.
    ///
    /// # Errors
    /// When there is no port to be had.
    pub fn start(service: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let relay = Self {
            addr: listener.local_addr()?,
            state: Arc::default(),
        };
        let for_clients = relay.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let relay = for_clients.clone();
                // A client that is gone breaks its connection, and nothing else.
                thread::spawn(move || relay.serve(client, service));
            }
        });
        Ok(relay)
    }

    /// Where clients connect to.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Holds back requests with this in their first line, from now on.
    pub fn hold(&self, what: &'static str) {
        self.lock().held = Some(what);
    }

    /// How many requests it is holding back.
    pub fn holding(&self) -> usize {
        self.lock().holding
    }

    /// Delivers what it holds, and holds nothing from now on.
    pub fn release(&self) {
        self.lock().held = None;
        self.state.1.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, client: TcpStream, service: SocketAddr) -> io::Result<()> {
        let mut from_client = BufReader::new(client.try_clone()?);
        let mut to_client = client;
        loop {
            let request = read_message(&mut from_client)?;
            self.wait(&request);
            let mut service = TcpStream::connect(service)?;
            service.write_all(&request)?;
            let answer = read_message(&mut BufReader::new(service))?;
            to_client.write_all(&answer)?;
        }
    }

    /// Waits as long as the request is to be held back.
    fn wait(&self, request: &[u8]) {
        let line = request.split(|&byte| byte == b'\n').next().unwrap_or(&[]);
        let line = String::from_utf8_lossy(line);
        let is_held = |state: &State| state.held.is_some_and(|what| line.contains(what));
        let mut state = self.lock();
        if !is_held(&state) {
            return;
        }
        state.holding += 1;
        let mut state = (self.state.1)
            .wait_while(state, |state| is_held(state))
            .unwrap_or_else(PoisonError::into_inner);
        state.holding -= 1;
    }
}

/// A request or an answer in whole, its length given by `content-length`.
fn read_message(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut message = Vec::new();
    let mut length = 0;
    loop {
        let start = message.len();
        if from.read_until(b'\n', &mut message)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = String::from_utf8_lossy(message.get(start..).unwrap_or_default());
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    from.take(length).read_to_end(&mut message)?;
    Ok(message)
}
