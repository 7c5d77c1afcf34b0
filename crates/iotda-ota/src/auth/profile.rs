//! Credentials from the profile file of the official SDKs.

use std::path::{Path, PathBuf};

use super::BoxFuture;
use super::entries::{Entries, Entry};
use super::{Credentials, CredentialsSource, SourceError, SourceHttp, Variables, environment, secret_file};

mod ini;

use ini::Ini;

const FILE: &str = "HUAWEICLOUD_SDK_CREDENTIALS_FILE";

/// The section for services that belong to a project, as IoTDA does.
const SECTION: &str = "basic";

/// What counts in the section.
const KEYS: [&str; 7] = ["ak", "sk", "security_token", "project_id", "idp_id", "id_token_file", "iam_endpoint"];

/// The home directory's variable.
const HOME: &str = if cfg!(windows) { "USERPROFILE" } else { "HOME" };

/// Credentials from the profile file of the official SDKs: `~/.huaweicloud/credentials`, or the file that
/// `HUAWEICLOUD_SDK_CREDENTIALS_FILE` names.
///
/// It is an INI file. In its section `[basic]` count `ak` and `sk`, for a temporary key also `security_token`; or
/// `idp_id` and `id_token_file`, which go first; and `project_id` and `iam_endpoint`. `domain_id` is for services that
/// belong to no project, so it is not looked at. A file that others can read gives a warning. A value in quotes
/// is refused, because they would be a part of it; so is a file that the variable names and that is not there.
#[derive(Clone, Debug)]
pub struct Profile {
    variables: Variables,
}

impl Profile {
    /// Finds the file with these variables.
    pub fn new(variables: Variables) -> Self {
        Self { variables }
    }

    fn path(&self) -> Result<PathBuf, SourceError> {
        if let Some(file) = self.variables.get(FILE) {
            return Ok(PathBuf::from(file));
        }
        let absent =
            || SourceError::Absent(format!("neither {FILE} nor {HOME} is set, so there is no file to look at"));
        let home = self.variables.get(HOME).ok_or_else(absent)?;
        Ok(Path::new(&home).join(".huaweicloud").join("credentials"))
    }

    async fn credentials(&self, http: &SourceHttp) -> Result<Credentials, SourceError> {
        let path = self.path()?;
        let shown = path.display();
        let broken = |text: String| SourceError::Broken(format!("{shown}{text}"));
        let text = secret_file::read(&path).await.map_err(|error| broken(format!(" {error}")))?;
        let Some(text) = text else {
            return Err(match self.variables.get(FILE) {
                Some(_) => SourceError::Broken(format!(
                    "{FILE} names {shown}, and there is no such file; correct the path, or unset {FILE}"
                )),
                None => SourceError::Absent(format!("there is no file {shown}")),
            });
        };
        let ini = Ini::parse(&text).map_err(|flaw| broken(format!(", line {}: {}", flaw.line, flaw.text)))?;
        if ini.is_empty() {
            return Err(SourceError::Absent(format!("{shown} is empty")));
        }
        if !ini.has(SECTION) {
            let instead = if ini.has("global") { "; [global] is for services that belong to no project" } else { "" };
            return Err(broken(format!(" has no section [{SECTION}], which IoTDA needs{instead}")));
        }
        let quoted = KEYS
            .iter()
            .find_map(|key| ini.get(SECTION, key).filter(|pair| is_quoted(&pair.value)).map(|pair| (key, pair)));
        if let Some((key, pair)) = quoted {
            // The official SDKs would take the quotes for a part of the value.
            return Err(broken(format!(", line {}: the value of {key} is in quotes; remove the quotes", pair.line)));
        }
        let found = self.entries(&ini, &path).credentials(http).await;
        let found = found.map_err(|error| error.of(&shown.to_string()))?;
        let nothing =
            || broken(format!(": the section [{SECTION}] has neither ak and sk nor idp_id and id_token_file"));
        let mut credentials = found.ok_or_else(nothing)?;
        if let Some(endpoint) = ini.get(SECTION, "iam_endpoint").filter(|pair| !pair.value.is_empty()) {
            credentials = credentials.with_iam_endpoint(endpoint.value.as_str());
        }
        Ok(match secret_file::exposure(&path).await {
            Some(warning) => credentials.with_warning(warning),
            None => credentials,
        })
    }

    fn entries(&self, ini: &Ini, path: &Path) -> Entries {
        let entry = |key: &str| match ini.get(SECTION, key) {
            None => Entry { name: key.to_owned(), value: None },
            Some(pair) => {
                let value = Some(pair.value.clone()).filter(|value| !value.is_empty());
                Entry { name: format!("{key} (line {})", pair.line), value }
            }
        };
        // The variable goes first, as everywhere.
        let iam_endpoint = environment::entry(&self.variables, environment::IAM_ENDPOINT);
        let iam_endpoint = if iam_endpoint.value.is_some() { iam_endpoint } else { entry("iam_endpoint") };
        Entries {
            ak: entry("ak"),
            sk: entry("sk"),
            security_token: entry("security_token"),
            project_id: entry("project_id"),
            origin: Some(path.display().to_string()),
            idp_id: entry("idp_id"),
            id_token_file: entry("id_token_file"),
            iam_endpoint,
        }
    }
}

/// True if a value begins and ends with the same quote.
fn is_quoted(value: &str) -> bool {
    ['"', '\''].iter().any(|quote| value.len() > 1 && value.starts_with(*quote) && value.ends_with(*quote))
}

impl CredentialsSource for Profile {
    fn name(&self) -> &str {
        "profile"
    }

    fn fetch<'a>(&'a self, http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>> {
        Box::pin(self.credentials(http))
    }
}

#[cfg(test)]
mod tests;
