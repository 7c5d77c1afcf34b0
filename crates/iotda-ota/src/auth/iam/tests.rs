//! What IAM may answer, and what is made of it.

use proptest::prelude::*;

use super::*;

fn project(id: &str, name: &str) -> Project {
    Project { id: id.to_owned(), name: name.to_owned() }
}

#[test]
fn exactly_one_project_of_the_name_counts() {
    let found = only_project(&[project("one", "cn-north-4"), project("two", "cn-north-4_lab")], "cn-north-4");
    assert_eq!(found.unwrap(), "one");
    for projects in
        [vec![], vec![project("two", "other")], vec![project("one", "cn-north-4"), project("two", "cn-north-4")]]
    {
        assert!(only_project(&projects, "cn-north-4").is_err(), "{projects:?}");
    }
}

proptest! {
    #[test]
    fn an_id_that_would_leave_its_place_in_the_path_is_never_used(id in "[a-c/.%?# é]{0,8}") {
        if let Ok(found) = only_project(&[project(&id, "r")], "r") {
            prop_assert!(found.as_str().chars().all(|c| c.is_ascii_alphanumeric()) && !found.is_empty());
        }
    }
}
