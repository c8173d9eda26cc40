//! What must not compile, and what is said then.

#[test]
fn mistakes_are_told() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/channels/ui/*.rs");
}
