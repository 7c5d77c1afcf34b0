//! Whatever a file holds, it is either profiles or problems with a place.

use proptest::prelude::*;

use super::*;

fn parsed(text: impl AsRef<[u8]>) -> (BTreeMap<String, Values>, Vec<String>) {
    let (profiles, problems) = parse(text.as_ref(), Path::new("config.toml"));
    let problems = problems.iter().map(|p| format!("{}: {}, {}; {}", p.field, p.rule, p.value, p.help));
    (profiles, problems.collect())
}

/// Checks that every problem begins with a place inside the file.
fn every_problem_has_a_place(bytes: &[u8]) {
    let lines = String::from_utf8_lossy(bytes).split('\n').map(|line| line.chars().count()).collect::<Vec<_>>();
    for problem in parsed(bytes).1 {
        let place = problem.strip_prefix("config.toml line ").and_then(|rest| rest.split_once(':'));
        let (line, column) = place.and_then(|(place, _)| place.split_once(" column ")).unwrap();
        let (line, column): (usize, usize) = (line.parse().unwrap(), column.parse().unwrap());
        assert!(line >= 1 && line <= lines.len(), "{problem}");
        assert!(column >= 1 && column <= lines[line - 1] + 1, "{problem}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_profiles_or_problems_with_a_place(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        every_problem_has_a_place(&bytes);
    }

    #[test]
    fn anything_like_toml_is_profiles_or_problems_with_a_place(
        pieces in proptest::collection::vec(
            prop_oneof![
                Just("[profile.one]\n"), Just("[profile]\n"), Just("[[profile.one]]\n"), Just("[other]\n"),
                Just("region"), Just("regoin"), Just("profile"), Just("."), Just(" = "), Just("\"x\""), Just("'é\n"),
                Just("5"), Just("{"), Just("}"), Just("["), Just("]"), Just("\n"), Just("\r\n"), Just("# 升\n"),
                Just("\u{feff}"), Just("\u{0}"), Just("'''"), Just("1979-05-27"), Just("token"),
            ],
            0..24,
        )
    ) {
        every_problem_has_a_place(pieces.concat().as_bytes());
    }

    #[test]
    fn what_is_written_is_read(
        name in "[a-z]{1,8}",
        values in proptest::collection::btree_map(proptest::sample::select(&KEYS[..]), any::<String>(), 0..5),
    ) {
        // Every character as an escape, which is right for all of them.
        let escaped = |text: &str| text.chars().map(|c| format!("\\U{:08x}", u32::from(c))).collect::<String>();
        let lines = values.iter().map(|(key, text)| format!("{key} = \"{}\"\n", escaped(text)));
        let (mut profiles, problems) = parsed(format!("[profile.{name}]\n{}", lines.collect::<String>()));
        prop_assert_eq!(problems, [""; 0]);
        let found: BTreeMap<_, _> = profiles.remove(&name).unwrap().into_iter().map(|(k, v)| (k, v.text)).collect();
        prop_assert!(found.iter().map(|(key, text)| (key.as_str(), text)).eq(values.iter().map(|(k, v)| (*k, v))));
    }
}

#[test]
fn reads_every_key_of_every_profile() {
    let keys: String = KEYS.iter().map(|key| format!("{key} = \"x\"\n")).collect();
    let (profiles, problems) = parsed(format!("# mine\n[profile.one]\n{keys}\n[profile.\"t w o\"]\n"));
    assert_eq!(problems, [""; 0]);
    assert_eq!(profiles["one"].len(), KEYS.len());
    assert_eq!((profiles["one"]["region"].line, profiles["one"]["endpoint"].line), (3, 4));
    assert!(profiles["t w o"].is_empty());
}

#[test]
fn everything_wrong_is_named_with_its_place() {
    let text = "top = 1\n[profile.one]\nregoin = \"a\"\nproject_id = 5\n\n[profile.two]\n  colour = \"b\"\n[other]\n\
                [profiles.x]\n[profile]\nregion = 'a'\n";
    let (_, problems) = parsed(text);
    let wanted = [
        (1, 1, "put it below a section [profile.NAME]"),
        (3, 1, "did you mean region?"),
        (4, 14, "a text in quotes, 5;"),
        (7, 3, "the keys are"),
        (8, 2, "did you mean [profile.other]?"),
        (9, 2, "did you mean [profile.NAME]?"),
        (11, 1, "profiles have names"),
    ];
    assert_eq!(problems.len(), wanted.len(), "{problems:#?}");
    for (problem, (line, column, text)) in problems.iter().zip(wanted) {
        let place = format!("config.toml line {line} column {column}: ");
        assert!(problem.starts_with(&place) && problem.contains(text), "{problem}");
    }
}

#[test]
fn a_file_in_another_encoding_is_named_with_the_place_of_the_first_foreign_byte() {
    let (profiles, problems) = parsed(b"[profile.one]\nregion = 'caf\xe9'\n");
    assert!(profiles.is_empty());
    assert!(problems[0].starts_with("config.toml line 2 column 14: text in UTF-8"), "{problems:?}");
}

#[test]
fn secrets_are_refused_and_not_repeated() {
    for key in ["ak", "SK", "token", "security-token", "iam_password", "access_key_id", "Secret"] {
        let (_, problems) = parsed(format!("[profile.one]\n{key} = \"planted\"\n"));
        assert_eq!(problems.len(), 1);
        assert!(problems[0].contains("no secret") && !problems[0].contains("planted"), "{problems:?}");
    }
    for text in ["[profile.one]\ntoken = planted", "[profile.one]\ntoken = 'planted\n", "planted", "[planted"] {
        let (_, problems) = parsed(text);
        assert!(problems.len() == 1 && !problems[0].contains("planted"), "{problems:?}");
    }
}

#[test]
fn any_cut_and_any_wrong_character_is_found() {
    // Every cut and every added character of a file is some other file.
    let text = "[profile.one]\nregion = \"cn-north-4\" # é\nca_file = 'a'\n[profile.two]\nx = {y = [1, 2.5]}\n";
    for (at, _) in text.char_indices() {
        every_problem_has_a_place(&text.as_bytes()[..at]);
        for with in ["\"", "[", "=", "\u{0}", "\n", "é"] {
            every_problem_has_a_place(format!("{}{with}{}", &text[..at], &text[at..]).as_bytes());
        }
    }
}
