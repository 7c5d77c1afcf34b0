//! A login that is kept between runs: only the token, in a file that only its owner can read.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::{BoxFuture, Credentials, CredentialsSource, Secret, SourceError, SourceHttp};

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

/// What the file holds.
#[derive(Serialize, Deserialize)]
struct Kept {
    token: String,
    expires_at: Option<Timestamp>,
    project_id: Option<String>,
    region: Option<String>,
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

    /// Keeps a token, and the region that it is for, if that is known. The folder is made if it is missing; a crash leaves the old file or the new one.
    ///
    /// # Errors
    ///
    /// Those of the file system, and [`ErrorKind::InvalidInput`] for anything but a token.
    pub fn save(&self, credentials: &Credentials, region: Option<&str>) -> io::Result<()> {
        let Secret::Token(token) = credentials.secret() else {
            return Err(io::Error::new(ErrorKind::InvalidInput, "only a token is kept, never a key"));
        };
        let kept = Kept {
            token: token.expose_secret().to_owned(),
            expires_at: credentials.expires_at(),
            project_id: credentials.project_id().map(ToString::to_string),
            region: region.map(str::to_owned),
        };
        let folder = self.file.parent().unwrap_or(Path::new("."));
        private_folder(folder)?;
        // Two logins at once must not write into each other's file.
        let new = self.file.with_extension(format!("{}-{}.new", std::process::id(), Timestamp::now().as_nanosecond()));
        let written = write_private(&new, serde_json::to_string(&kept)?.as_bytes());
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

    fn read(&self, http: &SourceHttp) -> Result<Credentials, SourceError> {
        let file = self.file.display();
        let text = match fs::read_to_string(&self.file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(SourceError::Absent("nobody is logged in".to_owned()));
            }
            Err(error) => {
                return Err(SourceError::Broken(format!("{file} cannot be read: {error}; log out or remove it")));
            }
        };
        let broken = || SourceError::Broken(format!("{file} is damaged; log in again"));
        let kept: Kept = serde_json::from_str(&text).map_err(|_| broken())?;
        if kept.token.is_empty() || !kept.token.chars().all(|c| c.is_ascii_graphic()) {
            return Err(broken());
        }
        if kept.expires_at.is_some_and(|end| end <= Timestamp::now()) {
            return Err(SourceError::Absent("the login has expired; log in again".to_owned()));
        }
        if let (Some(wanted), Some(kept)) = (&http.project_id, &kept.project_id)
            && wanted != kept.as_str()
        {
            return Err(SourceError::Absent(format!("the login is for project {kept}, not {wanted}")));
        }
        if let (Some(wanted), Some(kept)) = (&http.region, &kept.region)
            && wanted != kept
        {
            return Err(SourceError::Absent(format!("the login is for region {kept}, not {wanted}")));
        }
        let mut credentials = Credentials::token(kept.token);
        if let Some(project_id) = kept.project_id {
            credentials = credentials.with_project_id(project_id);
        }
        Ok(match kept.expires_at {
            Some(end) => credentials.with_expires_at(end),
            None => credentials,
        })
    }
}

impl CredentialsSource for Login {
    fn name(&self) -> &str {
        "cached login"
    }

    fn fetch<'a>(&'a self, http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>> {
        Box::pin(async move { self.read(http) })
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
mod tests {
    use super::super::exchange::stub::http;
    use super::*;

    fn login() -> (tempfile::TempDir, Login) {
        let folder = tempfile::tempdir().unwrap();
        let login = Login::new(folder.path().join("state/login.json"));
        (folder, login)
    }

    fn token(end: &str) -> Credentials {
        Credentials::token("fake-token").with_project_id("fake-project").with_expires_at(end.parse().unwrap())
    }

    #[tokio::test]
    async fn a_kept_token_comes_back_with_project_and_end() {
        let (_folder, login) = login();
        assert!(matches!(login.fetch(&http()).await, Err(SourceError::Absent(_))));
        login.save(&token("2099-01-01T00:00:00Z"), Some("fake-region")).unwrap();
        let found = login.fetch(&http()).await.unwrap();
        assert_eq!(found.project_id().map(|id| id.as_str()), Some("fake-project"));
        assert_eq!(found.expires_at(), token("2099-01-01T00:00:00Z").expires_at());
        let project = SourceHttp { project_id: Some("other".into()), ..http() };
        let region = SourceHttp { region: Some("other".into()), ..http() };
        for other in [project, region] {
            assert!(matches!(login.fetch(&other).await, Err(SourceError::Absent(_))));
        }
    }

    #[tokio::test]
    async fn what_has_expired_is_absent_and_what_is_damaged_broken() {
        let (_folder, login) = login();
        login.save(&token("2001-01-01T00:00:00Z"), None).unwrap();
        assert!(matches!(login.fetch(&http()).await, Err(SourceError::Absent(text)) if text.contains("expired")));
        for text in ["", "{", r#"{"token":""}"#, r#"{"token":"a b"}"#] {
            fs::write(login.file(), text).unwrap();
            assert!(matches!(login.fetch(&http()).await, Err(SourceError::Broken(_))), "{text}");
        }
    }

    #[test]
    fn many_logins_at_once_leave_one_file_and_logout_leaves_none() {
        let (_folder, login) = login();
        std::thread::scope(|scope| {
            for _ in 0..12 {
                scope.spawn(|| login.save(&token("2099-01-01T00:00:00Z"), None).unwrap());
            }
        });
        let folder = login.file().parent().unwrap();
        assert_eq!(fs::read_dir(folder).unwrap().count(), 1);
        fs::write(folder.join("login.1-2.new"), "fake-token").unwrap();
        assert!(login.forget().unwrap());
        assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
    }

    #[test]
    fn a_key_is_never_kept() {
        let (_folder, login) = login();
        let key = super::super::AccessKey::new("FAKE-KEY-ID", "fake-secret");
        assert!(login.save(&Credentials::access_key(key), None).is_err() && !login.file().exists());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, login) = login();
        login.save(&token("2099-01-01T00:00:00Z"), Some("fake-region")).unwrap();
        let folder = login.file().parent().unwrap().to_owned();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(login.file()), mode(&folder)), (0o600, 0o700));
    }
}
