//! What the file may say, and what is said about mistakes in it.

use proptest::prelude::*;

use super::*;

const USER: &str = "[[user]]\nname = 'u'\npassword = 'p'\ndomain = 'd'\n";
const ACCESS_KEY: &str = "[[access_key]]\nid = 'K'\nsecret = 's'\nuser = 'u'\n";
const PROJECT: &str = "[[project]]\nid = 'i'\nname = 'n'\nuser = 'u'\n";

/// Everything there is to say about identities.
fn summary(identities: &Identities) -> Vec<String> {
    let users = identities.users.iter().map(|user| format!("{} {} {}", user.name, user.password, user.domain));
    let keys = identities.access_keys.iter().map(|key| format!("{} {} {}", key.id, key.secret, key.user.name));
    let projects = identities.projects.iter().map(|it| format!("{} {} {}", it.id, it.name, it.user.name));
    let first = format!("{} {}", identities.first.0.id, identities.first.1.id);
    [identities.region.clone(), first].into_iter().chain(users).chain(keys).chain(projects).collect()
}

/// The line and the text of what is wrong.
fn problem(text: &str) -> (usize, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identities.toml");
    std::fs::write(&path, text).unwrap();
    match read(&path) {
        Err(StartError::Identities { file, line, problem }) => {
            assert_eq!(file, path);
            (line, problem)
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("accepted {text}"),
    }
}

#[test]
fn the_example_of_the_readme_says_the_same_as_no_file() {
    let readme = include_str!("../../../README.md");
    let example = readme.split_once("```toml\n").unwrap().1.split_once("```").unwrap().0;
    let identities = parse(example).ok().unwrap();
    assert_eq!(summary(&identities), summary(&Identities::default()));
}

#[test]
fn reads_any_number_of_each() {
    let text = format!(
        "region = 'cn-north-4'\n{USER}{}{ACCESS_KEY}{}{PROJECT}{}",
        USER.replace("'u'", "'v'"),
        ACCESS_KEY.replace("'K'", "'L'").replace("'u'", "'v'"),
        PROJECT.replace("'i'", "'j'"),
    );
    let identities = parse(&text).ok().unwrap();
    let expected = ["cn-north-4", "K i", "u p d", "v p d", "K s u", "L s v", "i n u", "j n u"];
    assert_eq!(summary(&identities), expected);
}

#[test]
fn every_mistake_is_shown_with_its_line() {
    let good = format!("{USER}{ACCESS_KEY}{PROJECT}");
    let cases = [
        (String::new(), 1, "there is no [[user]]"),
        (USER.to_owned(), 4, "the first user, \"u\", has no [[access_key]]"),
        (format!("{USER}{ACCESS_KEY}"), 8, "the first user, \"u\", has no [[project]]"),
        (good.replace("secret = 's'", "secret = "), 7, "string values must be quoted, expected literal string"),
        (good.replace("secret = 's'", "secret = ' '"), 7, "the text is empty"),
        (good.replace("secret = 's'", "secret = \"a\\nb\""), 7, "the text has a control character"),
        (good.replace("secret = 's'\n", ""), 5, "missing field `secret`"),
        (good.replace("secret = 's'", "secret = 5"), 7, "invalid type: integer `5`, expected a string"),
        (good.replace("secret", "key"), 7, "unknown field `key`, expected one of `id`, `secret`, `user`"),
        (good.replace("'K'", "'K/L'"), 6, "'/' cannot be part of this"),
        (good.replace("'K'", "'升'"), 6, "'升' cannot be part of this"),
        (good.replace("'i'", "'../i'"), 10, "'.' cannot be part of this"),
        (format!("region = 'cn_1'\n{good}"), 1, "'_' cannot be part of this"),
        (good.replace("'s'\nuser = 'u'", "'s'\nuser = 'x'"), 8, "there is no [[user]] named \"x\""),
        (format!("{good}{USER}"), 14, "another user has the same name, \"u\""),
        (format!("{good}{ACCESS_KEY}"), 14, "another access key has the same id, \"K\""),
        (format!("{good}{PROJECT}"), 14, "another project has the same id, \"i\""),
    ];
    for (text, line, expected) in cases {
        let (found, problem) = problem(&text);
        assert_eq!((found, problem.as_str()), (line, expected), "{text}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().to_owned(), folder.path().join("missing.toml")] {
        let error = read(&path).err().unwrap();
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
    let path = folder.path().join("binary.toml");
    std::fs::write(&path, b"\xff\xfe").unwrap();
    assert!(matches!(read(&path), Err(StartError::IdentitiesFile { .. })));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = parse(&text);
    }

    #[test]
    fn any_damage_is_read_or_refused(index in any::<prop::sample::Index>(), damage in "[\\[\\]='\"\\\\\n\u{0}a升]{0,4}") {
        let mut text = format!("region = 'r'\n{USER}{ACCESS_KEY}{PROJECT}");
        text.insert_str(index.index(text.len()), &damage);
        if let Err(problem) = parse(&text) {
            prop_assert!(problem.at <= text.len());
        }
    }
}
