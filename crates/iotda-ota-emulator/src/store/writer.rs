//! The one thread that writes, and the group commit.

use std::io;
use std::sync::{Mutex, mpsc};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::StoreError;

/// Most writes that share one transaction, so that the first of them does not wait for ever.
const MOST_IN_ONE_COMMIT: usize = 512;

/// What every other write of a transaction is told that one of them has spoiled.
const SPOILED: &str =
    "another write failed that shared its transaction, so nothing of either was kept; send the request again";

/// Runs one write, or learns why it cannot run, and returns how to answer it once the outcome of the commit is known.
type Job = Box<dyn FnOnce(Result<&Connection, StoreError>) -> Ran + Send>;
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// A write that was run.
struct Ran {
    answer: Answer,
    /// Why the whole transaction has to be given up, if this write failed in the middle.
    spoiled: Option<&'static str>,
}

/// The way to the writing thread.
pub(super) struct Writer {
    /// Empty once stopped.
    queue: Mutex<Option<mpsc::Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread, which owns the connection.
    pub(super) fn start(connection: Connection) -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel();
        let thread =
            thread::Builder::new().name("emulator-writer".to_owned()).spawn(move || work(&connection, &receiver))?;
        Ok(Self { queue: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)) })
    }

    /// Runs a write; returns when it is committed, or rolled back because it failed.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.queue(move |connection| (in_savepoint(connection, write), None)).await
    }

    /// Runs a write that checks everything before it changes anything, and so needs no savepoint, which would copy every
    /// page it touches. Should it fail after all when it has changed something, everything in the same transaction fails.
    pub(super) async fn run_checked<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.queue(move |connection| {
            let before = connection.total_changes();
            let result = write(connection);
            let spoiled = result.is_err() && connection.total_changes() != before;
            (result, spoiled.then_some(SPOILED))
        })
        .await
    }

    async fn queue<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection) -> (Result<T, StoreError>, Option<&'static str>) + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let (result, spoiled) = match connection {
                Ok(connection) => write(connection),
                Err(error) => (Err(error), None),
            };
            let answer = Box::new(move |committed: Result<(), StoreError>| {
                let answer = match committed {
                    Ok(()) => result,
                    // Why it failed itself says more.
                    Err(error) => result.and(Err(error)),
                };
                // Nobody listens when the client has gone away.
                let _ = sender.send(answer);
            });
            Ran { answer, spoiled }
        });
        self.send(job)?;
        receiver.await.unwrap_or(Err(StoreError::Closed))
    }

    fn send(&self, job: Job) -> Result<(), StoreError> {
        let queue = self.queue.lock().map_err(|_| StoreError::Closed)?;
        let queue = queue.as_ref().ok_or(StoreError::Closed)?;
        queue.send(job).map_err(|_| StoreError::Closed)
    }

    /// Finishes the writes that wait and closes the connection.
    pub(super) fn stop(&self) {
        if let Ok(mut queue) = self.queue.lock() {
            *queue = None;
        }
        let thread = self.thread.lock().ok().and_then(|mut thread| thread.take());
        if let Some(thread) = thread {
            // The thread only ends early by a panic, and then there is nothing left to wait for.
            let _ = thread.join();
        }
    }
}

fn work(connection: &Connection, queue: &mpsc::Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let mut open = connection.execute_batch("BEGIN IMMEDIATE").map_err(StoreError::from);
        let mut answers = Vec::new();
        let waiting = std::iter::once(first).chain(queue.try_iter());
        for job in waiting.take(MOST_IN_ONE_COMMIT) {
            // A full disk makes SQLite roll back the whole transaction on its own; a write that
            // ran after that would be committed alone, and reported as failed with the others.
            if open.is_ok() && connection.is_autocommit() {
                open = Err(StoreError::Failed("the database rolled the transaction back".to_owned()));
            }
            let ran = job(open.as_ref().map(|()| connection).map_err(StoreError::clone));
            answers.push(ran.answer);
            if let Some(problem) = ran.spoiled {
                open = open.and(Err(StoreError::Failed(problem.to_owned())));
            }
        }
        let committed = open.and_then(|()| connection.execute_batch("COMMIT").map_err(StoreError::from));
        if committed.is_err() && !connection.is_autocommit() {
            // What cannot be rolled back either is rolled back when the connection closes.
            let _ = connection.execute_batch("ROLLBACK");
        }
        for answer in answers {
            answer(committed.clone());
        }
    }
}

/// Runs one write so that its failure undoes its own changes and nobody else's.
fn in_savepoint<T>(
    connection: &Connection,
    write: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    connection.prepare_cached("SAVEPOINT job")?.execute([])?;
    let result = write(connection);
    if result.is_err() {
        connection.prepare_cached("ROLLBACK TO job")?.execute([])?;
    }
    connection.prepare_cached("RELEASE job")?.execute([])?;
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer() -> Writer {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (n INTEGER NOT NULL)").unwrap();
        Writer::start(connection).unwrap()
    }

    async fn count(writer: &Writer) -> i64 {
        writer
            .run(|connection| Ok(connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0))?))
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_failed_write_undoes_only_itself() {
        let writer = writer();
        let good = writer.run(|connection| Ok(connection.execute("INSERT INTO t VALUES (1)", [])?));
        let bad = writer.run(|connection| {
            connection.execute("INSERT INTO t VALUES (2)", [])?;
            Ok(connection.execute("INSERT INTO t VALUES (NULL)", [])?)
        });
        let (good, bad) = tokio::join!(good, bad);
        assert!(good.is_ok());
        assert!(matches!(bad, Err(StoreError::Failed(_))));
        assert_eq!(count(&writer).await, 1);
    }

    #[tokio::test]
    async fn a_checked_write_that_fails_in_the_middle_fails_everything_beside_it() {
        let writer = writer();
        let good = writer.run_checked(|connection| Ok(connection.execute("INSERT INTO t VALUES (1)", [])?));
        let refused = writer.run_checked::<()>(|_| Err(StoreError::Closed));
        let (good, refused) = tokio::join!(good, refused);
        assert!(good.is_ok() && matches!(refused, Err(StoreError::Closed)));

        // All three wait while the first one runs, so they share a transaction.
        let hold = writer.run(|_| {
            thread::sleep(std::time::Duration::from_millis(200));
            Ok(())
        });
        let good = writer.run_checked(|connection| Ok(connection.execute("INSERT INTO t VALUES (2)", [])?));
        let bad = writer.run_checked(|connection| {
            connection.execute("INSERT INTO t VALUES (3)", [])?;
            Ok(connection.execute("INSERT INTO t VALUES (NULL)", [])?)
        });
        let late = writer.run_checked(|connection| Ok(connection.execute("INSERT INTO t VALUES (4)", [])?));
        let (_, good, bad, late) = tokio::join!(hold, good, bad, late);
        let text = |result| match result {
            Err(StoreError::Failed(error)) => error,
            _ => String::new(),
        };
        assert!(text(bad).contains("NOT NULL"));
        assert!(text(good).contains("send the request again") && text(late).contains("send the request again"));
        assert_eq!(count(&writer).await, 1);
    }

    #[tokio::test]
    async fn a_stopped_writer_says_so() {
        let writer = writer();
        writer.stop();
        let late = writer.run(|_| Ok(())).await;
        assert!(matches!(late, Err(StoreError::Closed)));
    }
}
