//! The entry of the fuzz target `request`, which the tests call with its saved inputs.

#[path = "../../../../tests/fuzz/replay.rs"]
#[cfg(test)]
mod replay;

use std::cell::RefCell;
use std::sync::Arc;

use http::StatusCode;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::runtime::Runtime;

use super::front::Front;
use super::{iotda, obs};
use crate::operation::Port;
use crate::{Emulator, FixedClock};

/// Sends bytes to both ports of a fresh emulator, OBS first, on connections that end after them. Requests to OBS without a signature
/// get one.
pub fn request(data: &[u8]) {
    thread_local! {
        static WORLD: World = World::new();
    }
    WORLD.with(|world| world.send(data));
}

/// An emulator whose ports are reached without the network.
struct World {
    runtime: Runtime,
    emulator: Emulator,
    fronts: [(Port, Front); 2],
}

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        // Control calls could ask for faults, and then an answer that never comes is right.
        let builder =
            Emulator::builder().control(false).metadata(true).clock(FixedClock::at_unix_seconds(1_676_117_532));
        let emulator = runtime.block_on(builder.start());
        let emulator = emulator.expect("an emulator in a temporary folder");
        let shared = &emulator.shared;
        let front = |port, router| (port, Front::new(port, router, Arc::clone(shared), emulator.stop.subscribe()));
        let fronts = [front(Port::Obs, obs::router(Arc::clone(shared))), front(Port::Iotda, iotda(Arc::clone(shared)))];
        Self { runtime, emulator, fronts }
    }

    fn send(&self, data: &[u8]) {
        // The same input has the same answers then, identifiers and all.
        self.runtime.block_on(self.emulator.reset()).expect("nothing is damaged");
        for (port, front) in &self.fronts {
            let (statuses, answers) = self.runtime.block_on(self.exchange(*port, front, data));
            // What is sent may be refused, and never be too much for the emulator.
            let failed = statuses.iter().any(|status| [500, 503].contains(&status.as_u16()));
            assert!(!failed, "{statuses:?} {}", String::from_utf8_lossy(&answers));
        }
    }

    /// The status of every answer to what was sent, and all of them as bytes.
    async fn exchange(&self, port: Port, front: &Front, data: &[u8]) -> (Vec<StatusCode>, Vec<u8>) {
        let statuses = RefCell::new(Vec::new());
        let (mut client, server) = tokio::io::duplex(data.len().max(4096));
        let line = front.on(Arc::default());
        let key = (self.emulator.access_key_id(), self.emulator.secret_access_key());
        let service = service_fn(|mut request| {
            if port == Port::Obs {
                obs::fuzz::sign(key, &mut request);
            }
            let answer = line.call(request);
            async {
                let answer = answer.await;
                statuses.borrow_mut().extend(answer.iter().map(|answer| answer.status()));
                answer
            }
        });
        let connection = http1::Builder::new().half_close(true).serve_connection(TokioIo::new(server), service);
        let mut answers = Vec::new();
        let talk = async {
            // The server may end the connection whenever it likes.
            let _ = client.write_all(data).await;
            let _ = client.shutdown().await;
            let _ = client.read_to_end(&mut answers).await;
        };
        let _ = tokio::join!(connection, talk);
        (statuses.take(), answers)
    }
}

#[cfg(test)]
#[test]
fn the_corpus_is_survived() {
    replay::corpus("request", request);
}
