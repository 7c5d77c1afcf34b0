//! Tokens and temporary access keys: to whom they belong, and for how long.

use proptest::prelude::*;

use super::ticket::temporary_key;
use super::*;

const NOW: i64 = 1_676_117_532;

fn token(identities: &Identities, expires: i64) -> String {
    let user = identities.first_user();
    let grant = Grant::Token { project_id: "emulator-project".to_owned() };
    Ticket { user: user.name.clone(), grant, expires, number: "1".to_owned() }.seal(user)
}

/// The default user, with another password.
fn with_password(password: &str) -> Identities {
    let identities = Identities::default();
    let User { name, domain, .. } = &**identities.first_user();
    let user = User { name: name.clone(), password: password.to_owned(), domain: domain.clone() };
    Identities { users: vec![Arc::new(user)], ..identities }
}

#[test]
fn the_fixed_token_is_for_the_first_project() {
    let identities = Identities::default();
    let caller = identities.token(TOKEN, i64::MAX).ok().unwrap();
    assert!(caller.may_use("emulator-project", &identities));
    assert!(!caller.may_use("other", &identities));
}

#[test]
fn a_token_ends_at_its_second() {
    let identities = Identities::default();
    let token = token(&identities, NOW + 1);
    assert!(identities.token(&token, NOW).is_ok_and(|caller| caller.may_use("emulator-project", &identities)));
    assert_eq!(identities.token(&token, NOW + 1).err(), Some(TokenProblem::Expired));
}

#[test]
fn a_token_of_the_same_user_with_another_password_is_unknown() {
    let token = token(&Identities::default(), NOW + 1);
    assert!(with_password("emulator-password").token(&token, NOW).is_ok());
    assert_eq!(with_password("changed").token(&token, NOW).err(), Some(TokenProblem::Unknown));
    let nobody = Identities { users: Vec::new(), ..Identities::default() };
    assert_eq!(nobody.token(&token, NOW).err(), Some(TokenProblem::Unknown));
}

#[test]
fn a_ticket_is_good_for_one_purpose() {
    let identities = Identities::default();
    let key = temporary_key(identities.first_user(), NOW + 1, 7);
    assert_eq!(identities.token(&key.security_token, NOW).err(), Some(TokenProblem::Unknown));
    assert!(!identities.is_metadata_token(&key.security_token, NOW));
    let token = token(&identities, NOW + 1);
    assert_eq!(identities.secret(&key.id, Some(&token), NOW).err(), Some(KeyProblem::OtherToken));
}

#[test]
fn a_temporary_key_goes_with_its_security_token() {
    let identities = Identities::default();
    let key = temporary_key(identities.first_user(), NOW + 1, 7);
    let other = temporary_key(identities.first_user(), NOW + 1, 8);
    let secret = |id: &str, token: Option<&str>, now| {
        identities.secret(id, token, now).map(|secret| (secret.text, secret.caller.user.name.clone()))
    };
    let token = Some(key.security_token.as_str());
    assert_eq!(secret(&key.id, token, NOW), Ok((key.secret.clone(), "emulator-user".to_owned())));
    assert_ne!(key.secret, other.secret);
    assert_eq!(secret(&key.id, None, NOW), Err(KeyProblem::Unknown));
    assert_eq!(secret(&other.id, token, NOW), Err(KeyProblem::OtherToken));
    assert_eq!(secret("EMULATOR-ACCESS-KEY", token, NOW), Err(KeyProblem::OtherToken));
    assert_eq!(secret(&key.id, Some("fake"), NOW), Err(KeyProblem::OtherToken));
    assert_eq!(secret(&key.id, token, NOW + 1), Err(KeyProblem::Expired));
}

#[test]
fn a_user_logs_in_with_all_three_parts() {
    let identities = Identities::default();
    let log_in = |name, password, domain| identities.log_in(name, password, domain).is_some();
    assert!(log_in("emulator-user", "emulator-password", "emulator-domain"));
    assert!(!log_in("emulator-user", "emulator-password", "other"));
    assert!(!log_in("emulator-user", "other", "emulator-domain"));
    assert!(!log_in("other", "emulator-password", "emulator-domain"));
}

proptest! {
    #[test]
    fn a_changed_token_is_unknown(index in any::<prop::sample::Index>(), replacement in any::<char>()) {
        let identities = Identities::default();
        let token = token(&identities, NOW + 1);
        let at = index.index(token.len());
        let changed = format!("{}{replacement}{}", &token[..at], &token[at + 1..]);
        prop_assume!(changed != token);
        prop_assert_eq!(identities.token(&changed, NOW).err(), Some(TokenProblem::Unknown));
    }

    #[test]
    fn any_text_is_an_unknown_token(text in any::<String>()) {
        prop_assert_eq!(Identities::default().token(&text, NOW).err(), Some(TokenProblem::Unknown));
    }
}
