//! JSON, as much of it as figures need.

use std::fmt::Write;

/// A document that is being written.
#[derive(Debug, Default)]
pub(super) struct Json {
    text: String,
}

impl Json {
    /// What was written.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// A comma, unless something has just begun.
    fn separate(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with(['{', '[', ':', ',']) {
            self.text.push(',');
        }
    }

    /// The name of what comes next.
    pub(super) fn key(&mut self, key: &str) -> &mut Self {
        self.text(key);
        self.text.push(':');
        self
    }

    pub(super) fn number(&mut self, number: impl TryInto<u64>) {
        self.separate();
        // What has no room in it is not counted here.
        let _ = write!(self.text, "{}", number.try_into().unwrap_or(u64::MAX));
    }

    pub(super) fn truth(&mut self, truth: bool) {
        self.separate();
        self.text.push_str(if truth { "true" } else { "false" });
    }

    pub(super) fn text(&mut self, text: &str) {
        self.separate();
        self.text.push('"');
        for letter in text.chars() {
            match letter {
                '"' | '\\' => self.text.extend(['\\', letter]),
                '\0'..'\x20' => {
                    let _ = write!(self.text, "\\u{:04x}", u32::from(letter));
                }
                other => self.text.push(other),
            }
        }
        self.text.push('"');
    }

    pub(super) fn object(&mut self, fill: impl FnOnce(&mut Self)) {
        self.enclosed('{', '}', fill);
    }

    pub(super) fn array(&mut self, fill: impl FnOnce(&mut Self)) {
        self.enclosed('[', ']', fill);
    }

    fn enclosed(&mut self, open: char, close: char, fill: impl FnOnce(&mut Self)) {
        self.separate();
        self.text.push(open);
        fill(self);
        self.text.push(close);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_json_is() {
        let mut json = Json::default();
        json.object(|json| {
            json.key("a").number(1u64);
            json.key("b\"").array(|json| {
                json.text("x,\\\n");
                json.number(2usize);
                json.array(|_| ());
                json.object(|_| ());
            });
            json.key("c:").truth(true);
            json.key("d").text("[");
            json.key("e").truth(false);
        });
        assert_eq!(
            json.into_text(),
            r#"{"a":1,"b\"":["x,\\\u000a",2,[],{}],"c:":true,"d":"[","e":false}"#
        );
    }
}
