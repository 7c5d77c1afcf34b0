//! Recognizes a text however it is spelt: as it is, or as JSON, addresses and markup write it.
//!
//! Who repeats what it was sent often quotes it first, perhaps more than once and each character in its own way. So
//! the characters are looked for one by one, each in every spelling.

/// How many backslashes may stand before a character; each further level of quoting in JSON doubles them.
const MOST_BACKSLASHES: usize = 15;

/// How often an address may have been percent-encoded.
const MOST_ENCODINGS: usize = 3;

/// The longest name of an entity, as in `&#x0010FFFF;`.
const LONGEST_ENTITY: usize = 12;

/// How much of `text` the `wanted` one takes, if the text begins with it; the longest spelling counts.
pub(super) fn length(wanted: &str, text: &str) -> Option<usize> {
    let mut wanted = wanted.chars();
    let (mut ends, mut next) = (Vec::new(), Vec::new());
    spellings(wanted.next()?, text, |length| ends.push(length));
    for c in wanted {
        // Most texts end here, with nothing allocated.
        if ends.is_empty() {
            return None;
        }
        for end in ends.drain(..) {
            spellings(c, &text[end..], |length| next.push(end + length));
        }
        // Several spellings may end at the same place.
        next.sort_unstable();
        next.dedup();
        std::mem::swap(&mut ends, &mut next);
    }
    ends.into_iter().max()
}

/// Reports the length of every spelling of `c` with which the text begins.
fn spellings(c: char, text: &str, mut found: impl FnMut(usize)) {
    for skipped in 0..=backslashes(text) {
        let rest = &text[skipped..];
        // Messages are told on one line, with blanks in place of control characters.
        let same = |first: char| first == c || c.is_control() && first == ' ';
        if let Some(first) = rest.chars().next().filter(|first| same(*first)) {
            found(skipped + first.len_utf8());
        }
        if skipped > 0 {
            if short(c).is_some_and(|letter| rest.starts_with(letter)) {
                found(skipped + 1);
            }
            if let Some(length) = unicode(c, rest) {
                found(skipped + length);
            }
        }
    }
    match c.is_ascii() {
        true => percent(c as u8, text).for_each(&mut found),
        false => {
            if let Some(length) = percent_all(c, text) {
                found(length);
            }
        }
    }
    if c == ' ' && text.starts_with('+') {
        found(1);
    }
    if let Some(length) = entity(c, text) {
        found(length);
    }
}

fn backslashes(text: &str) -> usize {
    text.bytes().take(MOST_BACKSLASHES).take_while(|byte| *byte == b'\\').count()
}

/// The letter that stands for a control character after a backslash.
fn short(c: char) -> Option<char> {
    Some(match c {
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '\u{8}' => 'b',
        '\u{c}' => 'f',
        _ => return None,
    })
}

/// The length of `u0022`, or of two of them with backslashes in between.
fn unicode(c: char, text: &str) -> Option<usize> {
    let mut at = 0;
    for (index, unit) in c.encode_utf16(&mut [0; 2]).iter().enumerate() {
        if index > 0 {
            at += backslashes(&text[at..]);
        }
        let digits = text[at..].strip_prefix('u')?.get(..4)?;
        if u16::from_str_radix(digits, 16) != Ok(*unit) {
            return None;
        }
        at += 1 + digits.len();
    }
    Some(at)
}

/// The lengths of `%22`, `%2522` and so on.
fn percent(byte: u8, text: &str) -> impl Iterator<Item = usize> {
    (0..MOST_ENCODINGS).filter_map(move |level| {
        let mut rest = text.strip_prefix('%')?;
        for _ in 0..level {
            rest = rest.strip_prefix("25")?;
        }
        (u8::from_str_radix(rest.get(..2)?, 16) == Ok(byte)).then_some(3 + 2 * level)
    })
}

/// The length of a character of several bytes, each of them percent-encoded.
fn percent_all(c: char, text: &str) -> Option<usize> {
    let mut at = 0;
    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
        at += percent(byte, &text[at..]).next()?;
    }
    Some(at)
}

/// The length of `&quot;`, `&#34;` or `&#x22;`.
fn entity(c: char, text: &str) -> Option<usize> {
    let rest = text.strip_prefix('&')?;
    let name = rest.get(..rest.bytes().take(LONGEST_ENTITY).position(|byte| byte == b';')?)?;
    let meant = match name {
        "quot" => '"',
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    };
    (meant == c).then_some(name.len() + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_may_be_spelt_in_its_own_way() {
        for (wanted, text) in [
            (r#"a"b\c d/é😀"#, r#"a"b\c d/é😀"#),
            (r#"a"b\c d/é😀"#, r#"a\"b\\c d\/\u00e9\ud83d\uDE00"#),
            (r#"a"b\c d/é😀"#, r#"a\\\"b\\\\c\\u0020d/\\u00E9\\ud83d\\ude00"#),
            (r#"a"b\c d/é😀"#, "a%22b%5Cc+d%2f%C3%a9%F0%9F%98%80"),
            (r#"a"b\c d/é😀"#, "%61%2522b%25255cc%20d/%25C3%25A9😀"),
            (r#"a"b\c d/é😀"#, r"a&quot;b\c&#32;d&#x2F;&#233;😀"),
            ("50%25&<>'", "50%2525%26&lt;&gt;&apos;"),
            ("a\tb\nc", r"a\tb\u000ac"),
            ("a\tb\nc", "a b c"),
            (r"\\\\", r"\\\\"),
        ] {
            assert_eq!(length(wanted, text), Some(text.len()), "{text}");
            assert_eq!(length(wanted, &format!("{text}é")), Some(text.len()), "{text}");
        }
    }

    #[test]
    fn another_text_is_none_of_them() {
        for text in ["", "a", "a\"c", "a\\", "a%2", "a%2é", "a&quot", "a\\u002", "a\\u00é", "a&#;b", "b\"a", "a\\\"é"]
        {
            assert_eq!(length("a\"b", text), None, "{text}");
        }
        assert_eq!(length("", "a"), None);
    }
}
