//! Which parts of a program are what, as far as colours need to know.

/// What a piece of code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing in particular.
    Plain,
    /// A word of the language.
    Keyword,
    /// A type, a variant or a constant: anything that begins with a capital.
    Type,
    /// A macro or an attribute.
    Macro,
    /// A function that is called or defined.
    Function,
    /// Text in quotes.
    Text,
    /// A number.
    Number,
    /// A comment.
    Comment,
}

const KEYWORDS: [&str; 23] = [
    "as", "break", "const", "continue", "else", "enum", "fn", "for", "if", "impl", "in", "let",
    "loop", "match", "move", "mut", "pub", "return", "self", "static", "struct", "use", "while",
];

/// Cuts a line into pieces. None of the tour's programs has anything, but `r"..."`
/// and block comments, that goes over several lines.
pub(crate) fn pieces(line: &str) -> Vec<(Kind, &str)> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let (kind, length) = next(rest, first);
        let (piece, after) = rest.split_at(length);
        pieces.push((kind, piece));
        rest = after;
    }
    pieces
}

/// The kind of what `rest` begins with, and its length.
fn next(rest: &str, first: char) -> (Kind, usize) {
    let while_ = |is: fn(char) -> bool| rest.find(|c| !is(c)).unwrap_or(rest.len());
    if rest.starts_with("//") {
        (Kind::Comment, rest.len())
    } else if rest.starts_with("#[") {
        (
            Kind::Macro,
            rest.find(']').map_or(rest.len(), |end| end + 1),
        )
    } else if first == '"' {
        (Kind::Text, quoted(rest))
    } else if first == '\'' && rest.chars().nth(2) == Some('\'') {
        (
            Kind::Text,
            rest.char_indices().nth(3).map_or(rest.len(), |(at, _)| at),
        )
    } else if first.is_ascii_digit() {
        (
            Kind::Number,
            while_(|c| c.is_ascii_alphanumeric() || c == '_'),
        )
    } else if first.is_alphabetic() || first == '_' {
        let length = while_(|c| c.is_alphanumeric() || c == '_');
        let (word, after) = rest.split_at(length);
        if KEYWORDS.contains(&word) {
            (Kind::Keyword, length)
        } else if after.starts_with('!') && !after.starts_with("!=") {
            (Kind::Macro, length + 1)
        } else if first.is_uppercase() {
            (Kind::Type, length)
        } else if after.starts_with('(') {
            (Kind::Function, length)
        } else {
            (Kind::Plain, length)
        }
    } else {
        (Kind::Plain, first.len_utf8())
    }
}

/// The length of a text in quotes.
fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_and_kinds_are_right() {
        let line = r#"    let x = f("a \" b", 1_000, 'c', &'a T)?; // done"#;
        let pieces = pieces(line);
        let whole: String = pieces.iter().map(|(_, piece)| *piece).collect();
        assert_eq!(whole, line);
        let of = |kind| -> Vec<&str> {
            let wanted = pieces.iter().filter(|(other, _)| *other == kind);
            wanted.map(|(_, piece)| *piece).collect()
        };
        assert_eq!(of(Kind::Keyword), ["let"]);
        assert_eq!(of(Kind::Text), [r#""a \" b""#, "'c'"]);
        assert_eq!(of(Kind::Number), ["1_000"]);
        assert_eq!(of(Kind::Function), ["f"]);
        assert_eq!(of(Kind::Type), ["T"]);
        assert_eq!(of(Kind::Comment), ["// done"]);
    }
}
