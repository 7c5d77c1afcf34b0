//! A login that is kept between runs: only the token, in a file that only its owner can read.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::iam::Iam;
use super::wiped::{self, Wiped};
use super::{BoxFuture, Credentials, CredentialsSource, Secret, SourceError, SourceHttp, secret_file};
use crate::endpoint;

/// A cached login: a token in a file. It is a source of credentials, the last one of
/// [`Chain::standard`](super::Chain::standard).
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use iotda_ota::{Credentials, Login};
///
/// # let folder = tempfile::tempdir()?;
/// # let state = folder.path().join("state");
/// let login = Login::new(state.join("login.json"));
/// let until = "2099-01-01T00:00:00Z".parse()?;
/// let token = Credentials::token("fake-token").with_project_id("fake-project").with_expires_at(until);
/// login.save(&token, Some("cn-north-4"))?;
/// assert!(login.forget()?);
/// assert!(!login.forget()?);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Login {
    file: PathBuf,
}

/// What the file holds; the token is borrowed to be written, and wiped after it was read.
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    token: T,
    expires_at: Option<Timestamp>,
    project_id: Option<String>,
    region: Option<String>,
    /// Where it was made. Elsewhere it would be shown to somebody whom it does not concern.
    iam_endpoint: Option<String>,
}

impl Login {
    /// The login in this file, which need not exist.
    pub fn new(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into() }
    }

    /// Where it is.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Keeps a token, with the region that it is for and the IAM address that it is from, as far as they are known. The
    /// folder is made if it is missing; a crash leaves the old file or the new one.
    ///
    /// # Errors
    ///
    /// Those of the file system, and [`ErrorKind::InvalidInput`] for anything but a token.
    pub fn save(&self, credentials: &Credentials, region: Option<&str>) -> io::Result<()> {
        let Secret::Token(token) = credentials.secret() else {
            return Err(io::Error::new(ErrorKind::InvalidInput, "only a token is kept, never a key"));
        };
        let kept = Kept {
            token: token.expose_secret(),
            expires_at: credentials.expires_at(),
            project_id: credentials.project_id().map(ToString::to_string),
            region: region.map(str::to_owned),
            iam_endpoint: credentials.iam_endpoint().map(str::to_owned),
        };
        let folder = self.file.parent().unwrap_or(Path::new("."));
        private_folder(folder)?;
        // Two logins at once must not write into each other's file.
        let new = self.file.with_extension(format!("{}-{}.new", std::process::id(), Timestamp::now().as_nanosecond()));
        let written = write_private(&new, &wiped::json(&kept)?);
        let done = written.and_then(|()| fs::rename(&new, &self.file));
        if done.is_err() {
            // It holds the token. The first error is the one that tells most.
            let _ = fs::remove_file(&new);
        }
        done
    }

    /// Forgets it; false if there was none.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn forget(&self) -> io::Result<bool> {
        self.forget_leftovers()?;
        match fs::remove_file(&self.file) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes what a login left that was killed while it wrote.
    fn forget_leftovers(&self) -> io::Result<()> {
        let (Some(folder), Some(stem)) = (self.file.parent(), self.file.file_stem()) else { return Ok(()) };
        let begin = format!("{}.", stem.to_string_lossy());
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(&begin) && name.ends_with(".new") {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    async fn read(&self, http: &SourceHttp) -> Result<Credentials, SourceError> {
        let file = self.file.display();
        let text = secret_file::read(&self.file).await;
        let text = text.map_err(|error| SourceError::Broken(format!("{file} {error}; log out or remove it")))?;
        let text = text.ok_or_else(|| SourceError::Absent("nobody is logged in".to_owned()))?;
        let kept = parse(&text).ok_or_else(|| SourceError::Broken(format!("{file} is damaged; log in again")))?;
        kept.check(http).map_err(SourceError::Absent)?;
        kept.check_place(http).map_err(SourceError::Broken)?;
        let mut credentials = Credentials::token(kept.token.as_str());
        if let Some(project_id) = kept.project_id {
            credentials = credentials.with_project_id(project_id).with_project_origin(format!("the login in {file}"));
        }
        if let Some(endpoint) = kept.iam_endpoint {
            credentials = credentials.with_iam_endpoint(endpoint);
        }
        if let Some(end) = kept.expires_at {
            credentials = credentials.with_expires_at(end);
        }
        Ok(match secret_file::exposure(&self.file).await {
            Some(warning) => credentials.with_warning(warning),
            None => credentials,
        })
    }
}

/// Reads what a file holds; nothing if that is no login.
fn parse(text: &str) -> Option<Kept<Wiped>> {
    let kept: Kept<Wiped> = serde_json::from_str(text).ok()?;
    let token = kept.token.as_str();
    (!token.is_empty() && token.chars().all(|c| c.is_ascii_graphic())).then_some(kept)
}

impl Kept<Wiped> {
    /// Whether it is for what the client wants; why not, if not.
    fn check(&self, http: &SourceHttp) -> Result<(), String> {
        if self.expires_at.is_some_and(|end| end <= Timestamp::now()) {
            return Err("the login has expired; log in again".to_owned());
        }
        if let (Some(wanted), Some(kept)) = (&http.project_id, &self.project_id)
            && wanted != kept.as_str()
        {
            return Err(format!("the login is for project {kept}, not {wanted}"));
        }
        if let (Some(wanted), Some(kept)) = (&http.region, &self.region)
            && wanted != kept
        {
            return Err(format!("the login is for region {kept}, not {wanted}"));
        }
        Ok(())
    }

    /// Whether it was made where the client would send it; what to do, if not.
    fn check_place(&self, http: &SourceHttp) -> Result<(), String> {
        let Some(kept) = &self.iam_endpoint else { return Ok(()) };
        let region = http.region.clone().or_else(|| self.region.clone());
        let wanted = Iam::of(&SourceHttp { region, ..http.clone() });
        let wanted = endpoint::base(wanted.endpoint());
        match kept.trim_end_matches('/') == wanted {
            true => Ok(()),
            false => Err(format!(
                "the login was made at IAM {kept}, and is not sent to {wanted}; log in there, or give --iam-endpoint {kept}"
            )),
        }
    }
}

impl CredentialsSource for Login {
    fn name(&self) -> &str {
        "cached login"
    }

    fn fetch<'a>(&'a self, http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>> {
        Box::pin(self.read(http))
    }
}

#[cfg(unix)]
fn private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn private_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(unix)]
fn private_file(path: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn private_file(path: &Path) -> io::Result<fs::File> {
    fs::OpenOptions::new().write(true).create_new(true).open(path)
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = private_file(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests;
