//! What to say about a name that does not exist.

/// Names the one that was probably meant, or all there are.
pub(crate) fn suggestion<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let nearest = names.iter().map(|name| (distance(wrong, name), *name)).min();
    match nearest {
        // Further away it would be a guess.
        Some((distance, name)) if distance <= name.len().min(12) / 3 => format!("did you mean {name:?}?"),
        _ => format!("there are {}", names.join(", ")),
    }
}

/// How many letters have to be changed, added or removed (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    // A longer text is as wrong as it can be already.
    for (above, a) in one.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (index, b) in other.iter().enumerate() {
            let changed = diagonal + usize::from(!a.eq_ignore_ascii_case(b));
            diagonal = row[index + 1];
            row[index + 1] = changed.min(diagonal + 1).min(row[index] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_what_is_near_and_lists_all_otherwise() {
        let names = ["probability", "seed", "times"];
        assert_eq!(suggestion("probabilty", names), "did you mean \"probability\"?");
        assert_eq!(suggestion("Seed", names), "did you mean \"seed\"?");
        assert_eq!(suggestion("wherever", names), "there are probability, seed, times");
    }

    #[test]
    fn counts_changes() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}
