//! Lists in the order of object keys: which part of them is asked for, and cutting it out.

/// Which part of a list is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeyQuery {
    pub(crate) prefix: String,
    /// Only what comes after this key.
    pub(crate) marker: String,
    /// Keys that have this text after the prefix are shown as one common prefix that ends with it.
    pub(crate) delimiter: Option<String>,
    pub(crate) most: usize,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyPage<T> {
    pub(crate) items: Vec<T>,
    pub(crate) common_prefixes: Vec<String>,
    /// What the page ends with, if there is more after it.
    pub(crate) next: Option<Last>,
}

/// The last entry of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Last {
    Item,
    CommonPrefix,
}

/// Cuts a page out of rows that come in the order of their keys and begin after the marker, at or before the prefix.
pub(super) fn page<T, E>(
    rows: impl Iterator<Item = Result<T, E>>,
    query: &KeyQuery,
    key: impl Fn(&T) -> &str,
) -> Result<KeyPage<T>, E> {
    let mut page = KeyPage { items: Vec::new(), common_prefixes: Vec::<String>::new(), next: None };
    let mut last = Last::Item;
    for row in rows {
        let row = row?;
        let Some(rest) = key(&row).strip_prefix(query.prefix.as_str()) else {
            break;
        };
        let group = query.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty()).and_then(|delimiter| {
            let end = rest.find(delimiter)? + delimiter.len();
            Some(format!("{}{}", query.prefix, &rest[..end]))
        });
        // A group is shown once, and the page before this one may have ended with it.
        if group.as_ref().is_some_and(|group| page.common_prefixes.last() == Some(group) || *group == query.marker) {
            continue;
        }
        if page.items.len() + page.common_prefixes.len() == query.most {
            page.next = Some(last);
            break;
        }
        match group {
            Some(group) => {
                page.common_prefixes.push(group);
                last = Last::CommonPrefix;
            }
            None => {
                page.items.push(row);
                last = Last::Item;
            }
        }
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 6] = ["a", "dir/1", "dir/2", "dir/sub/3", "e", "other/4"];

    fn keys(query: &KeyQuery) -> (Vec<&'static str>, Vec<String>, Option<Last>) {
        let rows = KEYS.into_iter().filter(|key| *key >= query.prefix.as_str() && *key > query.marker.as_str());
        let page = page(rows.map(Ok::<_, ()>), query, |key| key).unwrap();
        (page.items, page.common_prefixes, page.next)
    }

    fn query(prefix: &str, marker: &str, delimiter: Option<&str>, most: usize) -> KeyQuery {
        let delimiter = delimiter.map(str::to_owned);
        KeyQuery { prefix: prefix.to_owned(), marker: marker.to_owned(), delimiter, most }
    }

    #[test]
    fn a_prefix_bounds_the_list() {
        assert_eq!(keys(&query("dir/", "", None, 9)), (vec!["dir/1", "dir/2", "dir/sub/3"], vec![], None));
        assert_eq!(keys(&query("nothing", "", None, 9)), (vec![], vec![], None));
    }

    #[test]
    fn a_page_says_whether_there_is_more() {
        assert_eq!(keys(&query("dir/", "", None, 2)), (vec!["dir/1", "dir/2"], vec![], Some(Last::Item)));
        assert_eq!(keys(&query("dir/", "dir/2", None, 1)), (vec!["dir/sub/3"], vec![], None));
    }

    #[test]
    fn a_delimiter_groups_what_follows_it() {
        let groups = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(keys(&query("", "", Some("/"), 9)), (vec!["a", "e"], groups(&["dir/", "other/"]), None));
        let first = (vec!["a"], groups(&["dir/"]), Some(Last::CommonPrefix));
        assert_eq!(keys(&query("", "", Some("/"), 2)), first);
        assert_eq!(keys(&query("", "dir/", Some("/"), 9)), (vec!["e"], groups(&["other/"]), None));
        assert_eq!(keys(&query("dir/", "", Some("/"), 9)), (vec!["dir/1", "dir/2"], groups(&["dir/sub/"]), None));
    }
}
