//! What pages have in common.

use crate::tour::highlight::{Kind, pieces};
use std::fmt::Write;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Text that means itself.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // Not allowed in a page, but programs may print them.
            c if c.is_control() && c != '\n' && c != '\t' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Text in which words in backquotes are code.
pub(super) fn prose(text: &str) -> String {
    let parts = escape(text);
    let parts = parts.split('`').enumerate();
    parts
        .map(|(index, part)| match index % 2 {
            0 => part.to_string(),
            _ => format!("<code>{part}</code>"),
        })
        .collect()
}

/// A program, its lines numbered.
pub(super) fn code(name: &str, source: &str) -> String {
    let mut lines = String::new();
    for line in source.lines() {
        lines.push_str("<span class=\"line\">");
        for (kind, piece) in pieces(line) {
            let class = match kind {
                Kind::Plain => {
                    lines.push_str(&escape(piece));
                    continue;
                }
                Kind::Keyword => "k",
                Kind::Type => "t",
                Kind::Macro => "m",
                Kind::Function => "f",
                Kind::Text => "s",
                Kind::Number => "n",
                Kind::Comment => "c",
            };
            let _ = write!(lines, "<span class=\"{class}\">{}</span>", escape(piece));
        }
        lines.push_str("</span>\n");
    }
    format!(
        "<figure class=\"code\"><figcaption>{}</figcaption>\
         <pre tabindex=\"0\"><code>{lines}</code></pre></figure>\n",
        escape(name)
    )
}

/// A whole page.
pub(super) fn frame(title: &str, navigation: &str, main: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the text</a>\n\
         {navigation}<main id=\"main\">\n{main}</main>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        escape(title)
    )
}
