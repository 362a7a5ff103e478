//! Lines of text, their breaks and spaces owed until something follows.
//!
//! So what Jinja leaves out leaves no hole: a block tag between elements stands at the start of a
//! line, after the breaks that were owed before it.

pub(super) struct Lines {
    pub(super) text: String,
    /// Breaks written since the last word, and breaks wanted.
    written: usize,
    owed: usize,
    pub(super) space: bool,
    cell: bool,
    indents: Vec<String>,
    /// What stands in the place of the indent with this number, in the next line only.
    marker: Option<(usize, String)>,
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            text: String::new(),
            written: 2,
            owed: 0,
            space: false,
            cell: false,
            indents: Vec::new(),
            marker: None,
        }
    }
}

impl Lines {
    pub(super) fn owe(&mut self, breaks: usize) {
        // within a list one break is enough
        let breaks = if self.indents.is_empty() { breaks } else { breaks.min(1) };
        self.owed = self.owed.max(breaks);
        if breaks > 0 {
            (self.space, self.cell) = (false, false);
        }
    }

    pub(super) fn owe_one_more(&mut self) {
        self.owed = (self.owed + 1).min(2);
        (self.space, self.cell) = (false, false);
    }

    pub(super) fn owe_cell(&mut self) {
        self.cell = self.owed == 0 && self.written == 0;
    }

    pub(super) fn indent(&mut self, indent: String, marker: Option<String>) {
        if let Some(marker) = marker {
            self.marker = Some((self.indents.len(), marker));
        }
        self.indents.push(indent);
    }

    pub(super) fn outdent(&mut self) {
        self.indents.pop();
        self.marker = None;
    }

    fn break_lines(&mut self) {
        while self.written < self.owed {
            self.text.push('\n');
            self.written += 1;
        }
        self.owed = 0;
    }

    /// Writes what is owed, and at the start of a line what indents it.
    fn settle(&mut self) {
        self.break_lines();
        if self.written > 0 {
            let marker = self.marker.take();
            for (at, indent) in self.indents.iter().enumerate() {
                let marker = marker.as_ref().filter(|(place, _)| *place == at);
                self.text.push_str(marker.map_or(indent, |(_, marker)| marker));
            }
        } else if self.cell {
            self.text.push_str(" | ");
        } else if self.space {
            self.text.push(' ');
        }
        (self.written, self.space, self.cell) = (0, false, false);
    }

    pub(super) fn word(&mut self, word: &str) {
        self.settle();
        self.text.push_str(word);
    }

    pub(super) fn verbatim(&mut self, text: &str) {
        if !text.is_empty() {
            self.word(text);
        }
    }

    pub(super) fn block_tag(&mut self, token: &str) {
        self.break_lines();
        if self.marker.is_some() || self.written == 0 {
            self.settle();
        }
        self.text.push_str(token);
    }
}
