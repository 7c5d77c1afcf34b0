//! Logins in a temporary folder.

use proptest::prelude::*;

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
async fn a_login_is_for_the_iam_address_where_it_was_made() {
    let (_folder, login) = login();
    let at = |iam: Option<&str>, region: Option<&str>| SourceHttp {
        iam_endpoint: iam.map(|iam| iam.parse().unwrap()),
        region: region.map(str::to_owned),
        ..http()
    };
    let made = |iam: &str| token("2099-01-01T00:00:00Z").with_iam_endpoint(iam);
    login.save(&made("http://127.0.0.1:1/"), None).unwrap();
    assert!(login.fetch(&at(Some("http://127.0.0.1:1"), None)).await.is_ok());
    for other in [at(Some("http://127.0.0.1:2"), None), at(None, None), at(None, Some("cn-north-4"))] {
        let error = login.fetch(&other).await.unwrap_err();
        assert!(
            matches!(&error, SourceError::Broken(text) if text.contains("give --iam-endpoint http://127.0.0.1:1/")),
            "{error}"
        );
    }
    login.save(&made("https://iam.cn-north-4.myhuaweicloud.com/"), Some("cn-north-4")).unwrap();
    assert!(login.fetch(&at(None, Some("cn-north-4"))).await.is_ok());
    // The region is that of the login where the client has none.
    assert!(login.fetch(&at(None, None)).await.is_ok());
}

#[cfg(unix)]
#[tokio::test]
async fn a_login_that_others_can_read_gives_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, login) = login();
    login.save(&token("2099-01-01T00:00:00Z"), None).unwrap();
    assert!(login.fetch(&http()).await.unwrap().warnings().is_empty());
    fs::set_permissions(login.file(), fs::Permissions::from_mode(0o644)).unwrap();
    let found = login.fetch(&http()).await.unwrap();
    assert!(found.warnings()[0].contains("chmod 600"), "{:?}", found.warnings());
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

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in "\\PC{0,80}") {
        let _ = parse(&text);
    }

    #[test]
    fn any_fields_are_read_without_panic_and_only_a_usable_token_counts(
        token in "\\PC{0,8}", end in "[0-9TZ:-]{0,24}", region in prop::option::of("\\PC{0,8}"),
    ) {
        let text = serde_json::json!({ "token": token, "expires_at": end, "region": region, "more": 1 }).to_string();
        if let Some(kept) = parse(&text) {
            prop_assert_eq!(kept.token.as_str(), &token);
            prop_assert!(!token.is_empty() && token.chars().all(|c| c.is_ascii_graphic()));
            prop_assert_eq!(kept.region, region);
        }
    }

    #[test]
    fn any_usable_token_is_kept_as_it_is(token in "[!-~]{1,60}") {
        let none = None::<String>;
        let kept = Kept {
            token: token.as_str(),
            expires_at: None,
            project_id: none.clone(),
            region: none.clone(),
            iam_endpoint: none,
        };
        let written = wiped::json(&kept).unwrap();
        let read = parse(std::str::from_utf8(&written).unwrap()).unwrap();
        prop_assert_eq!(read.token.as_str(), &token);
    }
}
