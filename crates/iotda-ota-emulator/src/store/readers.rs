//! A small pool of connections that read beside the writer.

use std::num::NonZero;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::{StoreError, database};

/// Most queries that run on threads of their own at the same time; further ones wait.
const MOST_HANDED_OVER: usize = 8;

/// Most connections, and so most queries at the same time: besides those, one for each core.
pub(crate) fn most_connections() -> usize {
    MOST_HANDED_OVER + thread::available_parallelism().map_or(1, NonZero::get)
}

/// The pool; connections are opened when they are first needed.
pub(super) struct Readers {
    pool: Arc<Pool>,
    permits: Semaphore,
}

struct Pool {
    path: PathBuf,
    most: usize,
    /// Nothing once closed.
    connections: Mutex<Option<Connections>>,
    /// Told when a connection comes back that somebody waits for.
    back: Condvar,
}

#[derive(Default)]
struct Connections {
    idle: Vec<Connection>,
    /// How many are open, idle or not.
    open: usize,
    /// How many threads wait for one.
    waiting: usize,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        let pool = Pool {
            path,
            most: most_connections(),
            connections: Mutex::new(Some(Connections::default())),
            back: Condvar::new(),
        };
        Self { pool: Arc::new(pool), permits: Semaphore::new(MOST_HANDED_OVER) }
    }

    /// Runs a query on a thread that may block.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let _permit = self.permits.acquire().await.map_err(|_| StoreError::Closed)?;
        let pool = Arc::clone(&self.pool);
        tokio::task::spawn_blocking(move || pool.run(query)).await.unwrap_or(Err(StoreError::Closed))
    }

    /// Runs a query on the thread that asks.
    ///
    /// This is for queries that touch a few pages, which nearly always are in memory: handing one over to another thread
    /// costs more than running it. So does waiting for a connection, which is seldom: there is one for each core.
    pub(super) fn run_here<T>(
        &self,
        query: impl FnOnce(&mut Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.pool.run(query)
    }

    /// Closes the idle connections; those in use close when they come back.
    pub(super) fn close(&self) {
        self.permits.close();
        if let Ok(mut connections) = self.pool.connections.lock() {
            *connections = None;
        }
        self.pool.back.notify_all();
    }
}

impl Pool {
    fn run<T>(&self, query: impl FnOnce(&mut Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut place = self.take()?;
        let connection = match &mut place.connection {
            Some(connection) => connection,
            empty => empty.insert(database::connect_reader(&self.path)?),
        };
        query(connection)
    }

    /// A place among the connections; waits for one if all are taken.
    fn take(&self) -> Result<Place<'_>, StoreError> {
        let mut lock = self.connections.lock().map_err(|_| StoreError::Closed)?;
        loop {
            let connections = lock.as_mut().ok_or(StoreError::Closed)?;
            if let Some(connection) = connections.idle.pop() {
                return Ok(Place { pool: self, connection: Some(connection) });
            }
            if connections.open < self.most {
                connections.open += 1;
                return Ok(Place { pool: self, connection: None });
            }
            connections.waiting += 1;
            lock = self.back.wait(lock).map_err(|_| StoreError::Closed)?;
            if let Some(connections) = lock.as_mut() {
                connections.waiting -= 1;
            }
        }
    }
}

/// A connection that is in use, or may be opened; given back when dropped, however the query ended.
struct Place<'pool> {
    pool: &'pool Pool,
    connection: Option<Connection>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let Ok(mut lock) = self.pool.connections.lock() else { return };
        let Some(connections) = lock.as_mut() else { return };
        match self.connection.take() {
            Some(connection) => connections.idle.push(connection),
            None => connections.open -= 1,
        }
        let is_awaited = connections.waiting > 0;
        drop(lock);
        if is_awaited {
            self.pool.back.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_shared_when_there_are_as_many_as_may_be() {
        let folder = tempfile::tempdir().unwrap();
        let readers = Readers::new(database::create(folder.path(), false).unwrap());
        thread::scope(|scope| {
            for _ in 0..4 * most_connections() {
                scope.spawn(|| {
                    let query = |connection: &mut Connection| {
                        thread::sleep(std::time::Duration::from_millis(5));
                        Ok(connection.query_row("SELECT last FROM sequence", [], |row| row.get::<_, i64>(0))?)
                    };
                    assert_eq!(readers.run_here(query).unwrap(), 0);
                });
            }
        });
        let open = readers.pool.connections.lock().unwrap().as_ref().map(|connections| connections.idle.len());
        assert!(open.is_some_and(|open| open <= most_connections()), "{open:?}");
        readers.close();
        assert!(matches!(readers.run_here(|_| Ok(())), Err(StoreError::Closed)));
    }
}
