//! A small pool of connections that read beside the writer.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::{StoreError, database};

/// Most queries that run at the same time; further ones wait.
const MOST_CONNECTIONS: usize = 8;

/// The pool; connections are opened when they are first needed.
pub(super) struct Readers {
    pool: Arc<Pool>,
    permits: Semaphore,
}

struct Pool {
    path: PathBuf,
    /// Nothing once closed.
    idle: Mutex<Option<Vec<Connection>>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            pool: Arc::new(Pool { path, idle: Mutex::new(Some(Vec::new())) }),
            permits: Semaphore::new(MOST_CONNECTIONS),
        }
    }

    /// Runs a query on a thread that may block.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let _permit = self.permits.acquire().await.map_err(|_| StoreError::Closed)?;
        let pool = Arc::clone(&self.pool);
        tokio::task::spawn_blocking(move || {
            let mut connection = pool.take()?;
            let result = query(&mut connection);
            pool.give_back(connection);
            result
        })
        .await
        .unwrap_or(Err(StoreError::Closed))
    }

    /// Runs a query on the thread that asks.
    ///
    /// This is for queries that touch a few pages, which nearly always are in memory: handing one over to another thread
    /// costs more than running it.
    pub(super) fn run_here<T>(
        &self,
        query: impl FnOnce(&mut Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut connection = self.pool.take()?;
        let result = query(&mut connection);
        self.pool.give_back(connection);
        result
    }

    /// Closes the idle connections; those in use close when they come back.
    pub(super) fn close(&self) {
        self.permits.close();
        if let Ok(mut idle) = self.pool.idle.lock() {
            *idle = None;
        }
    }
}

impl Pool {
    fn take(&self) -> Result<Connection, StoreError> {
        let idle = {
            let mut idle = self.idle.lock().map_err(|_| StoreError::Closed)?;
            idle.as_mut().ok_or(StoreError::Closed)?.pop()
        };
        match idle {
            Some(connection) => Ok(connection),
            None => Ok(database::connect_reader(&self.path)?),
        }
    }

    fn give_back(&self, connection: Connection) {
        if let Ok(mut idle) = self.idle.lock()
            && let Some(idle) = idle.as_mut()
        {
            idle.push(connection);
        }
    }
}
