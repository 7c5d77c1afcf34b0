//! Work on blocking threads that ends soon when nobody waits for it any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, ErrorKind};

/// Tells work whether it may stop.
#[derive(Clone, Debug, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// True when nobody waits for the result.
    pub(super) fn is_wanted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Says so when it is dropped.
struct Waiting(Stop);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// Runs work on a blocking thread. Long work looks at its [`Stop`] now and then.
///
/// It begins at once, whether or not the future is awaited yet.
pub(super) fn run<T: Send + 'static>(
    work: impl FnOnce(&Stop) -> T + Send + 'static,
) -> impl Future<Output = Result<T, Error>> + Send {
    let stop = Stop::default();
    let waiting = Waiting(stop.clone());
    let task = tokio::task::spawn_blocking(move || work(&stop));
    async move {
        let result = task.await;
        drop(waiting);
        // Work of this crate does not panic, so what remains is a runtime that shuts down.
        result.map_err(|error| stopped().with_source(error))
    }
}

/// The error of work that did not come to its end.
pub(super) fn stopped() -> Error {
    Error::new(ErrorKind::Io, "the work was stopped")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_told_to_stop() {
        let (ended, end) = tokio::sync::oneshot::channel();
        let work = run(move |stop| {
            while !stop.is_wanted() {
                std::thread::yield_now();
            }
            let _ = ended.send(());
        });
        drop(work);
        end.await.unwrap();
    }

    #[tokio::test]
    async fn the_result_comes_back() {
        assert_eq!(run(|_| 7).await.unwrap(), 7);
    }
}
