//! What somebody may have meant who mistyped a word.

/// How many letters may be wrong.
const MOST_CHANGES: usize = 3;

/// The known word that is nearest to this one, if there is one that could have been meant.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let near = known.iter().min_by_key(|known| distance(word, known))?;
    (distance(word, near) <= MOST_CHANGES).then_some(*near)
}

/// How many letters have to be changed, added or left out to make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in other.chars().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_changes_between_words() {
        assert_eq!((distance("regoin", "region"), distance("", "ab"), distance("ab", "ab")), (2, 2, 0));
    }

    #[test]
    fn suggests_the_nearest_word_and_none_that_is_far() {
        assert_eq!(nearest("app-id", &["product_id", "app_id"]), Some("app_id"));
        assert_eq!(nearest("colour", &["product_id", "app_id"]), None);
        assert_eq!(nearest("", &["product_id"]), None);
        assert_eq!(nearest("a", &[]), None);
    }
}
