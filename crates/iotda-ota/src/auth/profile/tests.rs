//! The profile source with files in a temporary folder.

use super::*;
use crate::auth::Secret;
use crate::auth::exchange::stub::{Reply, Stub, http};

const ALL: &str = "[basic]\nak = FAKE-KEY\nsk = fake-secret\n";

async fn fetch_file(path: &Path) -> Result<Credentials, SourceError> {
    let variables = Variables::given([(FILE, path.to_str().unwrap())]);
    Profile::new(variables).fetch(&http()).await
}

async fn fetch(text: &str) -> Result<Credentials, SourceError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credentials");
    std::fs::write(&path, text).unwrap();
    fetch_file(&path).await
}

async fn broken(text: &str) -> String {
    match fetch(text).await {
        Err(SourceError::Broken(text)) => {
            assert!(!text.contains("fake-"), "{text}");
            text.split_once("credentials").unwrap().1.to_owned()
        }
        other => panic!("{other:?}"),
    }
}

fn key(credentials: &Credentials) -> (&str, &str, Option<&str>) {
    match credentials.secret() {
        Secret::AccessKey(key) => (key.id(), key.secret(), key.token()),
        Secret::Token(_) => panic!("a token"),
    }
}

#[tokio::test]
async fn takes_every_documented_key() {
    let text = format!(
        "\u{feff}# mine\r\n[global]\r\nak = other\r\n\r\n{ALL}Security_Token: fake%token=\r\nproject_id=project\r\n\
         domain_id=domain\r\niam_endpoint = https://iam.example\r\n"
    );
    let credentials = fetch(&text).await.unwrap();
    assert_eq!(key(&credentials), ("FAKE-KEY", "fake-secret", Some("fake%token=")));
    assert_eq!(credentials.project_id().unwrap(), &"project");
    assert_eq!(credentials.iam_endpoint(), Some("https://iam.example"));
}

#[tokio::test]
async fn looks_in_the_home_directory() {
    let home = tempfile::tempdir().unwrap();
    let variables = Variables::given([(HOME, home.path().to_str().unwrap())]);
    let profile = Profile::new(variables);
    let absent = profile.fetch(&http()).await.unwrap_err();
    assert!(matches!(&absent, SourceError::Absent(text) if text.ends_with("credentials")), "{absent}");
    std::fs::create_dir(home.path().join(".huaweicloud")).unwrap();
    std::fs::write(home.path().join(".huaweicloud").join("credentials"), ALL).unwrap();
    assert!(profile.fetch(&http()).await.is_ok());
}

#[tokio::test]
async fn nothing_at_all_is_absent() {
    let nothing = Profile::new(Variables::given::<String, String>([])).fetch(&http()).await;
    assert!(matches!(nothing, Err(SourceError::Absent(_))));
    assert!(matches!(fetch("# nothing yet\n").await, Err(SourceError::Absent(_))));
}

#[tokio::test]
async fn a_file_that_a_variable_names_has_to_be_there() {
    let error = fetch_file(Path::new("/nowhere/credentials")).await.unwrap_err();
    assert!(
        matches!(&error, SourceError::Broken(text) if text.contains("unset HUAWEICLOUD_SDK_CREDENTIALS_FILE")),
        "{error}"
    );
}

#[tokio::test]
async fn quotes_around_a_value_are_refused() {
    for (line, wanted) in [
        ("project_id = \"fake-project\"", ", line 4: the value of project_id is in quotes; remove the quotes"),
        ("security_token='fake-token'", ", line 4: the value of security_token is in quotes; remove the quotes"),
    ] {
        assert_eq!(broken(&format!("{ALL}{line}\n")).await, wanted);
    }
    // A single quote, or two different ones, belong to the value.
    for token in ["fake'", "\"", "'fake\""] {
        let credentials = fetch(&format!("{ALL}security_token = {token}\n")).await.unwrap();
        assert_eq!(key(&credentials).2, Some(token));
    }
}

#[tokio::test]
async fn what_is_wrong_is_named_with_its_line_and_without_a_value() {
    for (text, wanted) in [
        ("ak = fake-key\n", ", line 1: a section such as [basic] has to come first"),
        ("[basic]\nfake-key\n", ", line 2: there is neither"),
        ("[basic]\nak = fake-1\nak = fake-2", ", line 3: the key is there twice"),
        ("[global]\nak = A\nsk = fake-secret", " has no section [basic], which IoTDA needs; [global] is for"),
        ("[Basic]\nak = A\nsk = fake-secret", " has no section [basic], which IoTDA needs"),
        ("[basic]\nak = fake-key\n", ": sk is missing although ak (line 2) is given"),
        ("[basic]\nak =\nsk = fake-secret\n", ": ak (line 2) is missing although sk (line 3) is given"),
        ("[basic]\nidp_id = fake-idp\n", ": id_token_file is missing although idp_id (line 2) is given"),
        ("[basic]\nproject_id = p\n", ": the section [basic] has neither ak and sk nor"),
        ("[basic]\nak = A\nsk = fake-ключ", ": sk (line 3) holds a blank"),
        ("[basic]\nak = A\nsk = fake-\u{0}", ": sk (line 3) holds a blank"),
        ("[basic]\nsk = fake-secret\n  ak = A", ": ak is missing although sk (line 2)"),
        ("[basic]\nak = A\nsk = fake-secret\n  project_id = p", ": sk (line 3) goes over several lines"),
    ] {
        let text = broken(text).await;
        assert!(text.starts_with(wanted), "{text}");
    }
}

#[tokio::test]
async fn what_is_no_text_file_is_broken() {
    let folder = tempfile::tempdir().unwrap();
    let text = fetch_file(folder.path()).await.unwrap_err();
    assert!(matches!(&text, SourceError::Broken(text) if text.ends_with(" is a directory")), "{text}");
    let path = folder.path().join("credentials");
    std::fs::write(&path, b"[basic]\nak = \xff").unwrap();
    let text = fetch_file(&path).await.unwrap_err();
    assert!(matches!(&text, SourceError::Broken(text) if text.contains("is not UTF-8 (line 2)")), "{text}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_others_can_read_gives_a_warning() {
    use std::os::unix::fs::PermissionsExt;

    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), ALL).unwrap();
    for (mode, warnings) in [(0o600, 0), (0o400, 0), (0o640, 1), (0o604, 1), (0o622, 1)] {
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        let credentials = fetch_file(file.path()).await.unwrap();
        assert_eq!(credentials.warnings().len(), warnings, "{mode:o}: {:?}", credentials.warnings());
    }
}

#[tokio::test]
async fn exchanges_an_identity_token_at_the_address_of_the_file() {
    let answer = r#"{"credential":{"access":"FAKE-TEMPORARY","secret":"fake-secret","securitytoken":"fake-token","expires_at":"2099-01-01T00:00:00.000000Z"}}"#;
    let token = Reply::with_header(201, "X-Subject-Token: fake-iam-token", "{}");
    let stub = Stub::start(vec![token, Reply::json(201, answer)]).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "fake-id-token").unwrap();
    let (path, iam) = (file.path().display(), &stub.address);
    let text = format!("[basic]\nidp_id = idp\nid_token_file = {path}\niam_endpoint = {iam}\n{}", &ALL[8..]);
    let credentials = fetch(&text).await.unwrap();
    assert_eq!(key(&credentials).0, "FAKE-TEMPORARY");
    assert_eq!(credentials.iam_endpoint(), Some(iam.as_str()));
    let text = broken("[basic]\nidp_id = idp\nid_token_file = /nowhere\n").await;
    assert!(text.contains("there is no file \"/nowhere\", which id_token_file (line 3) names"), "{text}");
}
