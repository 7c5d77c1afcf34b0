//! What a server announces on standard output until it is ready.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::Failure;

/// How long a server may take until it is ready.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Reads what `name` prints until it is ready, and answers what it printed as `export NAME='value'`, or its address as
/// `URL`. It says that it is ready with `ready`, or with its address alone.
pub(crate) fn until_ready(
    name: &str,
    output: impl Read + Send + 'static,
    patience: Duration,
) -> Result<BTreeMap<String, String>, Failure> {
    let started = Instant::now();
    // On a thread, because reading has no time limit; it goes on so that the server can always write, and ends with it.
    let (lines, said) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            // Nobody listens any more once it is ready.
            let _ = lines.send(line);
        }
    });
    let mut announced = BTreeMap::new();
    loop {
        let left = patience.saturating_sub(started.elapsed());
        let line = said.recv_timeout(left).map_err(|error| match error {
            RecvTimeoutError::Timeout => format!("{name} was not ready within {patience:?}"),
            RecvTimeoutError::Disconnected => format!("{name} ended before it was ready"),
        })?;
        if let Some((name, value)) = line.strip_prefix("export ").and_then(|line| line.split_once('=')) {
            announced.insert(name.to_owned(), value.trim_matches('\'').to_owned());
        }
        let address = line.starts_with("http://");
        if address {
            announced.insert("URL".to_owned(), line.clone());
        }
        if address || line == "ready" {
            return Ok(announced);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_and_addresses_are_read_until_the_server_is_ready() {
        let read = |text: &'static str| until_ready("server", text.as_bytes(), PATIENCE);
        let announced = read("# for people\nexport A='b=c'\nexport D=e\nready\nexport F='late'\n").unwrap();
        assert_eq!(announced, BTreeMap::from([("A", "b=c"), ("D", "e")].map(|(a, b)| (a.to_owned(), b.to_owned()))));
        assert_eq!(read("http://127.0.0.1:9\n").unwrap()["URL"], "http://127.0.0.1:9");
        assert_eq!(read("export A='b'\n").unwrap_err().to_string(), "server ended before it was ready");
    }

    #[test]
    fn a_server_that_says_nothing_is_not_waited_for_without_end() {
        let (silent, _end) = std::io::pipe().unwrap();
        let error = until_ready("server", silent, Duration::from_millis(10)).unwrap_err();
        assert_eq!(error.to_string(), "server was not ready within 10ms");
    }
}
