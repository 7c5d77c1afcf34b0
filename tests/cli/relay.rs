//! A relay in front of a server: passes everything on, and holds it back when a test says so.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread;

/// Where a relay listens, and word of the first time that it holds something back.
pub(crate) struct Relay {
    pub(crate) endpoint: String,
    pub(crate) held: mpsc::Receiver<()>,
    shared: Arc<Shared>,
}

/// Decides by what has come so far, in bytes, and by what comes now.
type Hold = dyn Fn(u64, &[u8]) -> bool + Send + Sync;

struct Shared {
    target: String,
    hold: Box<Hold>,
    passed: AtomicU64,
    open: Mutex<bool>,
    opened: Condvar,
    holding: Mutex<mpsc::Sender<()>>,
}

impl Relay {
    /// Holds back what clients send from the moment that `hold` says so.
    pub(crate) fn holding(endpoint: &str, hold: impl Fn(u64, &[u8]) -> bool + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (holding, held) = mpsc::channel();
        let shared = Arc::new(Shared {
            target: endpoint.trim_start_matches("http://").trim_end_matches('/').to_owned(),
            hold: Box::new(hold),
            passed: AtomicU64::new(0),
            open: Mutex::new(false),
            opened: Condvar::new(),
            holding: Mutex::new(holding),
        });
        let relay =
            Self { endpoint: format!("http://{}", listener.local_addr().unwrap()), held, shared: Arc::clone(&shared) };
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, shared) = (client.unwrap(), Arc::clone(&shared));
                thread::spawn(move || shared.relay(client));
            }
        });
        relay
    }

    /// Passes everything on from now.
    pub(crate) fn open(&self) {
        *self.shared.open.lock().unwrap() = true;
        self.shared.opened.notify_all();
    }

    /// How many bytes clients have sent; counting starts anew.
    pub(crate) fn take_count(&self) -> u64 {
        self.shared.passed.swap(0, Ordering::Relaxed)
    }
}

impl Shared {
    fn relay(&self, client: TcpStream) {
        let server = TcpStream::connect(&self.target).unwrap();
        let (mut answers, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        thread::spawn(move || {
            // Either side may go at any time.
            let _ = std::io::copy(&mut answers, &mut back);
            let _ = back.shutdown(Shutdown::Write);
        });
        let (mut client, mut server) = (client, server);
        let mut block = vec![0; 64 << 10];
        while let Ok(count) = client.read(&mut block) {
            let bytes = &block[..count];
            let before = self.passed.fetch_add(count as u64, Ordering::Relaxed);
            if count == 0 || !self.wait(before, bytes) || server.write_all(bytes).is_err() {
                break;
            }
        }
        let _ = server.shutdown(Shutdown::Both);
    }

    /// False if it was held back: whoever sent it will not be there any more.
    fn wait(&self, before: u64, bytes: &[u8]) -> bool {
        let mut open = self.open.lock().unwrap();
        if *open || !(self.hold)(before, bytes) {
            return true;
        }
        // Nobody may be listening for it any more.
        let _ = self.holding.lock().unwrap().send(());
        while !*open {
            open = self.opened.wait(open).unwrap();
        }
        false
    }
}
