//! Files that hold secrets: profile files, cached logins and identity tokens.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use secrecy::zeroize::Zeroizing;
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

/// The longest file that is read; what else would be longer is no file of this kind.
const LONGEST: usize = 1024 * 1024;

/// How long reading may take; only a file system that hangs needs longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The text of a file without its byte order mark, wiped when it is dropped; `None` if there is no such file.
///
/// The error is a phrase that follows the file's name: `is a directory`.
pub(super) async fn read(path: &Path) -> Result<Option<Zeroizing<String>>, String> {
    let late = |_| Err(format!("cannot be read within {} s", PATIENCE.as_secs()));
    timeout(PATIENCE, read_regular(path)).await.unwrap_or_else(late)
}

async fn read_regular(path: &Path) -> Result<Option<Zeroizing<String>>, String> {
    let failed = |error: std::io::Error| format!("cannot be read ({})", error.kind());
    // Only to open a pipe takes until somebody writes into it.
    match tokio::fs::metadata(path).await {
        Ok(metadata) if metadata.is_dir() => return Err("is a directory".to_owned()),
        Ok(metadata) if !metadata.is_file() => return Err("is no regular file, but a pipe or a device".to_owned()),
        // Opening it tells why.
        _ => {}
    }
    let file = match File::open(path).await {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let metadata = file.metadata().await.map_err(failed)?;
    // The room for all of it at once: a vector that grows would leave copies of secrets behind.
    let expected = usize::try_from(metadata.len()).unwrap_or(LONGEST).min(LONGEST);
    let mut bytes = Zeroizing::new(Vec::with_capacity(expected + 1));
    file.take(LONGEST as u64 + 1).read_to_end(&mut bytes).await.map_err(failed)?;
    if bytes.len() > LONGEST {
        return Err(format!("is longer than {LONGEST} bytes"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        format!("is not UTF-8 (line {line}); save it in that encoding")
    })?;
    Ok(Some(Zeroizing::new(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned())))
}

/// The token that a file holds, without blanks and line ends around it.
///
/// It is read anew for every exchange, because whoever mounts it also replaces it.
pub(super) async fn token(name: &str, path: &str) -> Result<Zeroizing<String>, String> {
    let text = read(Path::new(path)).await.map_err(|error| format!("the file {path:?} that {name} names {error}"))?;
    let text = text.ok_or_else(|| format!("there is no file {path:?}, which {name} names"))?;
    let token = Zeroizing::new(text.trim().to_owned());
    if token.is_empty() {
        return Err(format!("the file {path:?} that {name} names is empty"));
    }
    if !token.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
        return Err(format!("the file {path:?} that {name} names holds characters that no header can carry"));
    }
    Ok(token)
}

/// A warning if other users of the machine can read or change the file.
#[cfg(unix)]
pub(super) async fn exposure(path: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt;

    let mode = tokio::fs::metadata(path).await.ok()?.mode();
    let path = path.display();
    let others = mode & 0o066 != 0;
    others.then(|| format!("{path} can be read or changed by other users of this machine; run chmod 600 {path}"))
}

/// Other platforms keep access in lists that say nothing in a few bits.
#[cfg(not(unix))]
pub(super) async fn exposure(_path: &Path) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[tokio::test]
    async fn reads_text_without_its_byte_order_mark() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        assert!(read(&path).await.unwrap().is_none());
        std::fs::write(&path, "\u{feff}text").unwrap();
        assert_eq!(read(&path).await.unwrap().unwrap().as_str(), "text");
        std::fs::write(&path, b"one\ntwo\n\xff\xfe").unwrap();
        assert_eq!(read(&path).await.unwrap_err(), "is not UTF-8 (line 3); save it in that encoding");
        std::fs::write(&path, vec![b' '; LONGEST + 1]).unwrap();
        assert!(read(&path).await.unwrap_err().starts_with("is longer than"));
        assert_eq!(read(folder.path()).await.unwrap_err(), "is a directory");
    }

    #[tokio::test]
    async fn a_token_has_to_fit_into_a_header() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let path = path.to_str().unwrap();
        assert!(token("X", path).await.unwrap_err().starts_with("there is no file"));
        std::fs::write(path, "  fake-token\r\n").unwrap();
        assert_eq!(token("X", path).await.unwrap().as_str(), "fake-token");
        for text in ["", " \n", "fake\ntoken", "fake-tökén"] {
            std::fs::write(path, text).unwrap();
            let error = token("X", path).await.unwrap_err();
            assert!(error.contains("that X names") && !error.contains("fake"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_file_is_a_token_that_fits_into_a_header_or_an_error_without_its_content(
            bytes in prop_oneof![prop::collection::vec(any::<u8>(), 0..80), "\\s{0,3}[ -~é\n]{0,40}\\s{0,3}".prop_map(String::into_bytes)],
        ) {
            let file = tempfile::NamedTempFile::new().unwrap();
            let content = [b"planted".as_slice(), &bytes].concat();
            std::fs::write(file.path(), &content).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            match runtime.block_on(token("X", file.path().to_str().unwrap())) {
                Ok(token) => {
                    prop_assert!(crate::auth::wiped::header(&token).is_some() && token.trim() == token.as_str());
                    prop_assert_eq!(token.as_str(), std::str::from_utf8(&content).unwrap().trim());
                }
                Err(error) => prop_assert!(error.contains("that X names") && !error.contains("planted"), "{}", error),
            }
        }
    }
}
