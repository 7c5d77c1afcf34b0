//! The limits on waiting.
//!
//! Content may take as long as it takes, provided that enough of it moves: a block within the limit on silence, so that a
//! peer that drips cannot hold a transfer for ever. The HTTP client's own limit on reading cannot be used for that: it runs
//! while the body is being sent.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::time::{Instant, sleep_until};

/// How much has to move within the limit on silence, and how much is handed to the connection at a time.
pub(super) const BLOCK: usize = 256 * 1024;

/// What moved when, shared by a request and the stream of its body.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    state: Arc<Mutex<State>>,
    idle: Duration,
    end: Option<Instant>,
}

#[derive(Debug)]
struct State {
    /// When the last whole block had moved.
    last: Instant,
    /// How much has moved since.
    since: usize,
}

/// Why waiting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// Nothing moved for so long.
    Silent(Duration),
    /// Less than a block moved in that time.
    Slow(Duration),
    /// The time was over, whatever moved.
    Late,
}

impl Watch {
    /// From now on, with the limit on silence and perhaps an end.
    pub(super) fn new(idle: Duration, end: Option<Instant>) -> Self {
        Self { state: Arc::new(Mutex::new(State { last: Instant::now(), since: 0 })), idle, end }
    }

    /// So many bytes moved.
    pub(super) fn moved(&self, bytes: usize) {
        let mut state = self.state();
        state.since = state.since.saturating_add(bytes);
        if state.since >= BLOCK {
            *state = State { last: Instant::now(), since: 0 };
        }
    }

    /// A block moved, or the last that there was.
    pub(super) fn touch(&self) {
        self.moved(BLOCK);
    }

    /// Runs until the end, or as long as the limits allow.
    pub(super) async fn guard<T>(&self, future: impl Future<Output = T>) -> Result<T, Over> {
        match select(pin!(future), pin!(self.over())).await {
            Either::Left((value, _)) => Ok(value),
            Either::Right((over, _)) => Err(over),
        }
    }

    async fn over(&self) -> Over {
        loop {
            let idle = self.state().last.checked_add(self.idle);
            let Some(next) = idle.into_iter().chain(self.end).min() else { return std::future::pending().await };
            if next > Instant::now() {
                sleep_until(next).await;
            } else if self.end.is_some_and(|end| end <= next) {
                return Over::Late;
            } else if self.state().since == 0 {
                return Over::Silent(self.idle);
            } else {
                return Over::Slow(self.idle);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::{AccessKey, Client, ErrorKind, RetryPolicy};

    const LIMIT: Duration = Duration::from_secs(1);

    /// Uploads more than sockets hold to a server that treats the connection as told.
    async fn upload<F: Future<Output = ()> + Send + 'static>(
        serve: impl FnOnce(TcpStream) -> F + Send + 'static,
    ) -> Result<u64, crate::Error> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { serve(listener.accept().await.unwrap().0).await });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.bin");
        std::fs::write(&path, vec![7; 24 << 20]).unwrap();
        let client = Client::builder().endpoint(&endpoint).obs_endpoint(&endpoint).project_id("fake-project");
        let client = client.access_key(AccessKey::new("FAKE-KEY-ID", "fake-secret")).idle_timeout(LIMIT);
        let obs = client.retry(RetryPolicy::none()).build().unwrap().obs().unwrap();
        let upload = obs.upload("bucket", "x.bin", path).replace(true).part_size(24 << 20);
        upload.send().await.map(|uploaded| uploaded.object.size)
    }

    #[tokio::test(start_paused = true)]
    async fn what_moves_in_time_may_go_on_and_what_drips_may_not() {
        let watch = Watch::new(LIMIT, None);
        for bytes in [BLOCK / 2, BLOCK / 2, BLOCK, 3 * BLOCK] {
            watch.guard(tokio::time::sleep(LIMIT / 3)).await.unwrap();
            watch.moved(bytes);
        }
        let drips = async {
            loop {
                tokio::time::sleep(LIMIT / 10).await;
                watch.moved(1);
            }
        };
        assert_eq!(watch.guard::<()>(drips).await, Err(Over::Slow(LIMIT)));
        watch.touch();
        assert_eq!(watch.guard(std::future::pending::<()>()).await, Err(Over::Silent(LIMIT)));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_goes_on_after_the_end_though_it_moves() {
        let watch = Watch::new(LIMIT, Some(Instant::now() + 3 * LIMIT));
        let moves = async {
            loop {
                tokio::time::sleep(LIMIT / 2).await;
                watch.touch();
            }
        };
        assert_eq!(watch.guard::<()>(moves).await, Err(Over::Late));
        let forever = Watch::new(Duration::MAX, None);
        forever.guard(tokio::time::sleep(Duration::from_secs(1 << 20))).await.unwrap();
    }

    #[tokio::test]
    async fn an_upload_may_take_longer_than_the_limit_while_something_moves() {
        let size = upload(|mut stream| async move {
            let mut bytes = vec![0; 1 << 20];
            let mut left = 24 << 20;
            while left > 0 {
                tokio::time::sleep(LIMIT / 10).await;
                left -= stream.read(&mut bytes).await.unwrap().min(left);
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        });
        assert_eq!(size.await.unwrap(), 24 << 20);
    }

    #[tokio::test]
    async fn a_server_that_takes_nothing_is_given_up() {
        let error = upload(|stream| async move {
            tokio::time::sleep(LIMIT * 50).await;
            drop(stream);
        });
        let error = error.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.to_string().contains("neither took nor sent anything for 1 s"), "{error}");
    }
}
