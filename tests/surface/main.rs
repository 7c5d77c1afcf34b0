//! The surface that the generator gave us, as snapshots that a reviewer can read in a pull request.
//!
//! `operations` tells what can be called, `types` what is sent and received, `signatures` which functions the crate
//! `iotda-ota-client` offers; all three read the checked-in sources. `transport` uses that crate alone.

mod operations;
mod signatures;
mod source;
mod transport;
mod types;

/// Compares with the snapshot of this name.
fn assert_surface(name: &str, text: &str) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn operations_are_the_reviewed_ones() {
    assert_surface("operations", &operations::describe());
}

#[test]
fn types_are_the_reviewed_ones() {
    assert_surface("types", &types::describe());
}

#[test]
fn public_signatures_are_the_reviewed_ones() {
    assert_surface("signatures", &signatures::describe());
}
