//! A value of the document together with where it is, so that every rule can name the place it was broken at.

use serde_json::Value;

use super::Finding;

/// A value of the document and the JSON pointer to it.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    document: &'a Value,
    value: &'a Value,
    pointer: String,
}

impl<'a> Place<'a> {
    /// The document itself.
    pub(super) fn root(document: &'a Value) -> Self {
        Place { document, value: document, pointer: "#".to_owned() }
    }

    /// The JSON pointer, in the form that `$ref` uses.
    pub(super) fn pointer(&self) -> &str {
        &self.pointer
    }

    /// The value.
    pub(super) fn value(&self) -> &'a Value {
        self.value
    }

    fn child(&self, step: &str, value: &'a Value) -> Self {
        let step = step.replace('~', "~0").replace('/', "~1");
        Place { document: self.document, value, pointer: format!("{}/{step}", self.pointer) }
    }

    /// The member of this name, if the value is an object that has it.
    pub(super) fn get(&self, name: &str) -> Option<Self> {
        self.value.get(name).map(|value| self.child(name, value))
    }

    /// The value at the end of these names.
    pub(super) fn at(&self, names: &[&str]) -> Option<Self> {
        names.iter().try_fold(self.clone(), |place, name| place.get(name))
    }

    /// All members by name; none if the value is not an object.
    pub(super) fn members(&self) -> impl Iterator<Item = (&'a str, Self)> {
        self.value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), self.child(name, value)))
    }

    /// The members of the member of this name.
    pub(super) fn members_of(&self, name: &str) -> Vec<(&'a str, Self)> {
        self.get(name).map(|place| place.members().collect()).unwrap_or_default()
    }

    /// The items of the member of this name; none if it is not an array.
    pub(super) fn items_of(&self, name: &str) -> Vec<Self> {
        let Some(place) = self.get(name) else { return Vec::new() };
        let items = place.value.as_array().into_iter().flatten().enumerate();
        items.map(|(index, value)| place.child(&index.to_string(), value)).collect()
    }

    /// The member of this name as text.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.value.get(name)?.as_str()
    }

    /// Whether the member of this name is `true`.
    pub(super) fn is(&self, name: &str) -> bool {
        self.value.get(name) == Some(&Value::Bool(true))
    }

    /// Whether there is a description that says something.
    pub(super) fn is_described(&self) -> bool {
        self.text("description").is_some_and(|text| !text.trim().is_empty())
    }

    /// What this place points at, if it holds a reference that leads somewhere; else the place itself.
    pub(super) fn resolve(&self) -> Self {
        let target = self.text("$ref").and_then(|reference| self.target(reference));
        target.unwrap_or_else(|| self.clone())
    }

    /// The place that a reference names, if it exists.
    pub(super) fn target(&self, reference: &str) -> Option<Self> {
        let pointer = reference.strip_prefix('#')?;
        let value = self.document.pointer(pointer)?;
        Some(Place { document: self.document, value, pointer: reference.to_owned() })
    }

    /// Adds a finding at this place.
    pub(super) fn report(&self, findings: &mut Vec<Finding>, message: impl Into<String>) {
        findings.push(Finding { place: self.pointer.clone(), message: message.into() });
    }
}
