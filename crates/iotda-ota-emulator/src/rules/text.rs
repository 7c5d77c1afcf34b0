//! Rules for single text values: how long they may be and which characters they may have.

use super::Violations;

/// Which characters a text may have, as a test and in words.
type Characters = (fn(char) -> bool, &'static str);

/// The rule of one text field.
#[derive(Debug)]
pub(crate) struct TextRule {
    /// Fewest and most characters, counted as code points.
    length: (usize, usize),
    /// None when every character is allowed.
    characters: Option<Characters>,
}

const fn rule(length: (usize, usize), characters: Option<Characters>) -> TextRule {
    TextRule { length, characters }
}

pub(crate) const APP_ID: TextRule = rule((1, 36), IDENTIFIER);
pub(crate) const PRODUCT_ID: TextRule = rule((1, 36), IDENTIFIER);
pub(crate) const MODULE_NAME: TextRule = rule((1, 64), VERSION_CHARACTERS);
pub(crate) const VERSION: TextRule = rule((1, 256), VERSION_CHARACTERS);
/// The reference states no length for a source version, so there is no upper bound here.
pub(crate) const SOURCE_VERSION: TextRule = rule((1, usize::MAX), VERSION_CHARACTERS);
pub(crate) const DESCRIPTION: TextRule = rule((0, 1024), None);
pub(crate) const CUSTOM_INFO: TextRule = rule((0, 4096), None);
pub(crate) const REGION_NAME: TextRule =
    rule((1, 256), Some((|c| c.is_ascii_alphanumeric() || c == '-', "letters, digits and '-'")));
pub(crate) const BUCKET_NAME: TextRule = rule(
    (3, 63),
    Some((
        |c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.'),
        "lower-case letters, digits, '-' and '.'",
    )),
);
pub(crate) const OBJECT_KEY: TextRule = rule((1, 1024), None);
pub(crate) const SIGN: TextRule = rule((64, 64), HEXADECIMAL);
pub(crate) const MARKER: TextRule = rule((24, 24), HEXADECIMAL);
pub(crate) const PACKAGE_ID: TextRule =
    rule((1, 36), Some((|c| c.is_ascii_alphanumeric() || c == '-', "letters, digits and '-'")));
pub(crate) const INSTANCE_ID: TextRule = rule((1, 36), None);

const IDENTIFIER: Option<Characters> =
    Some((|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'), "letters, digits, '_' and '-'"));
const VERSION_CHARACTERS: Option<Characters> =
    Some((|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'), "letters, digits, '_', '-' and '.'"));
const HEXADECIMAL: Option<Characters> = Some((|c| c.is_ascii_hexdigit(), "digits and the letters a to f"));

impl TextRule {
    /// Adds what `value` breaks to `violations`, at most once for the length and once for the characters.
    pub(crate) fn check(&self, field: &str, value: &str, violations: &mut Violations) {
        let (least, most) = self.length;
        let length = value.chars().count();
        if length < least || length > most {
            let allowed = match self.length {
                (least, most) if least == most => format!("exactly {least} characters"),
                (least, usize::MAX) => format!("at least {least} character"),
                (0, most) => format!("at most {most} characters"),
                (least, most) => format!("{least} to {most} characters"),
            };
            violations.add(field, format!("must have {allowed}, not {length}"));
        }
        if let Some((allowed, words)) = self.characters
            && let Some(wrong) = value.chars().find(|&c| !allowed(c))
        {
            violations.add(field, format!("must have only {words}, not {wrong:?}"));
        }
    }

    /// A value as it is quoted in a message: escaped, and cut when it is long.
    pub(crate) fn quote(value: &str) -> String {
        const MOST: usize = 64;
        match value.char_indices().nth(MOST) {
            None => format!("{value:?}"),
            Some((end, _)) => format!("{:?} (cut)", &value[..end]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(rule: &TextRule, value: &str) -> usize {
        let mut violations = Violations::default();
        rule.check("field", value, &mut violations);
        violations.found.len()
    }

    #[test]
    fn counts_code_points_not_bytes() {
        assert_eq!(broken(&DESCRIPTION, &"升".repeat(1024)), 0);
        assert_eq!(broken(&DESCRIPTION, &"升".repeat(1025)), 1);
    }

    #[test]
    fn length_and_characters_are_reported_apart() {
        assert_eq!(broken(&BUCKET_NAME, "A_"), 2);
        assert_eq!(broken(&BUCKET_NAME, "abc"), 0);
        assert_eq!(broken(&APP_ID, ""), 1);
    }

    #[test]
    fn only_ascii_letters_are_letters() {
        assert_eq!(broken(&VERSION, "V2.0_a-b"), 0);
        assert_eq!(broken(&VERSION, "版本"), 1);
        assert_eq!(broken(&VERSION, "V 2"), 1);
    }

    #[test]
    fn a_sign_has_64_hexadecimal_digits_in_either_case() {
        assert_eq!(broken(&SIGN, &"aF".repeat(32)), 0);
        assert_eq!(broken(&SIGN, &"a".repeat(63)), 1);
        assert_eq!(broken(&SIGN, &"g".repeat(64)), 1);
    }

    #[test]
    fn quoting_cuts_between_characters() {
        assert_eq!(TextRule::quote("a\n"), "\"a\\n\"");
        assert!(TextRule::quote(&"升".repeat(100)).ends_with("(cut)"));
    }
}
