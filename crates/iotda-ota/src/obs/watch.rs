//! The limit on silence.
//!
//! An upload may take as long as it takes, provided that something moves. The HTTP client's own limit on reading
//! cannot be used for that: it runs while the body is being sent.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::time::{Instant, sleep_until};

/// When something last moved, shared by a request and the stream of its body.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    last: Arc<Mutex<Instant>>,
    idle: Duration,
}

impl Watch {
    pub(super) fn new(idle: Duration) -> Self {
        Self { last: Arc::new(Mutex::new(Instant::now())), idle }
    }

    /// How long nothing may move.
    pub(super) fn idle(&self) -> Duration {
        self.idle
    }

    /// Something moved.
    pub(super) fn touch(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Runs until the end, or until nothing moved for too long; then `None`.
    pub(super) async fn guard<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        self.touch();
        match select(pin!(future), pin!(self.silence())).await {
            Either::Left((value, _)) => Some(value),
            Either::Right(((), _)) => None,
        }
    }

    async fn silence(&self) {
        loop {
            let end = *self.last.lock().unwrap_or_else(PoisonError::into_inner) + self.idle;
            if end <= Instant::now() {
                return;
            }
            sleep_until(end).await;
        }
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
