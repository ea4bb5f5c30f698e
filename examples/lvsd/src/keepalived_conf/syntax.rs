//! From text to statements: words, quotes, comments and braces.

/// Blocks in blocks, of which `url` is the deepest, with room for what is to come.
const MAX_DEPTH: usize = 8;

/// Statements in a file, so that a hostile one cannot take all memory.
const MAX_STATEMENTS: usize = 100_000;

/// What opens other files.
const INCLUDES: [&str; 6] = ["include", "includea", "includeb", "includem", "includer", "includew"];

/// A line of the file, or the part of one that a brace ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its line, from 1.
    pub line: usize,
    /// At least one.
    pub words: Vec<String>,
    /// What stands in braces after it.
    pub block: Option<Vec<Statement>>,
}

/// The statements of a file.
///
/// A statement ends at the end of its line or at a brace; an opening brace may stand on a line of
/// its own. `#` and `!` begin comments, in the middle of a word, too. Quotes keep the rest of their
/// line in one word; a backslash in them keeps itself and what follows, for whoever runs the word.
///
/// # Errors
/// See [`SyntaxErrorKind`].
pub fn statements(text: &str) -> Result<Vec<Statement>, SyntaxError> {
    let mut parser = Parser::default();
    for (number, line) in (1..).zip(text.lines()) {
        parser.line = number;
        parser.take_line(line).map_err(|kind| SyntaxError { line: number, kind })?;
    }
    match parser.open.pop() {
        None => Ok(parser.done),
        Some(block) => Err(SyntaxError { line: block.line, kind: SyntaxErrorKind::UnclosedBlock }),
    }
}

/// Where the text has no structure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {kind}")]
pub struct SyntaxError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub kind: SyntaxErrorKind,
}

/// Why the text has no structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxErrorKind {
    /// A block is open at the end of the file.
    #[error("this block is never closed")]
    UnclosedBlock,
    /// A quote is open at the end of the line.
    #[error("this quote is never closed")]
    UnclosedQuote,
    /// A block without a statement before it.
    #[error("`{{` follows no keyword")]
    UnexpectedOpen,
    /// No block is open.
    #[error("`}}` closes no block")]
    UnexpectedClose,
    /// Deeper than any keyword stands.
    #[error("blocks are nested more than {MAX_DEPTH} deep")]
    TooDeep,
    /// More than anybody writes.
    #[error("there are more than {MAX_STATEMENTS} statements")]
    TooMany,
    /// Other files are not opened.
    #[error("included files are not read: write them into this one")]
    Include,
    /// `@` names the machine that a line is for.
    #[error("lines for one machine (`@`) are not told apart: write a file for each")]
    Conditional,
    /// `$NAME=`, `~SEQ` and `~LST` make text out of text.
    #[error("parameters and sequences are not replaced: write out what they stand for")]
    Template,
}

#[derive(Debug, Default)]
struct Parser {
    line: usize,
    word: Option<String>,
    words: Vec<String>,
    /// From the outermost to the innermost.
    open: Vec<Statement>,
    done: Vec<Statement>,
    count: usize,
}

impl Parser {
    fn take_line(&mut self, line: &str) -> Result<(), SyntaxErrorKind> {
        let mut characters = line.chars();
        while let Some(character) = characters.next() {
            match character {
                '#' | '!' => break,
                '{' => self.open_block()?,
                '}' => self.close_block()?,
                '"' | '\'' => self.take_quoted(character, &mut characters)?,
                _ if character.is_whitespace() => self.end_word(),
                _ => self.word.get_or_insert_default().push(character),
            }
        }
        self.end_statement()
    }

    fn take_quoted(
        &mut self,
        quote: char,
        characters: &mut impl Iterator<Item = char>,
    ) -> Result<(), SyntaxErrorKind> {
        let word = self.word.get_or_insert_default();
        while let Some(character) = characters.next() {
            if character == quote {
                return Ok(());
            }
            word.push(character);
            if character == '\\' {
                word.extend(characters.next());
            }
        }
        Err(SyntaxErrorKind::UnclosedQuote)
    }

    fn end_word(&mut self) {
        self.words.extend(self.word.take());
    }

    fn end_statement(&mut self) -> Result<(), SyntaxErrorKind> {
        self.end_word();
        if let Some(statement) = self.take_statement()? {
            self.current().push(statement);
        }
        Ok(())
    }

    fn take_statement(&mut self) -> Result<Option<Statement>, SyntaxErrorKind> {
        let Some(keyword) = self.words.first() else { return Ok(None) };
        refuse_directive(keyword)?;
        self.count += 1;
        if self.count > MAX_STATEMENTS {
            return Err(SyntaxErrorKind::TooMany);
        }
        let words = std::mem::take(&mut self.words);
        Ok(Some(Statement { line: self.line, words, block: None }))
    }

    fn open_block(&mut self) -> Result<(), SyntaxErrorKind> {
        if self.word.as_ref().is_some_and(|word| word.ends_with('$')) {
            return Err(SyntaxErrorKind::Template);
        }
        self.end_word();
        let statement = match self.take_statement()? {
            Some(statement) => Some(statement),
            None => self.current().pop_if(|previous| previous.block.is_none()),
        };
        let mut statement = statement.ok_or(SyntaxErrorKind::UnexpectedOpen)?;
        if self.open.len() == MAX_DEPTH {
            return Err(SyntaxErrorKind::TooDeep);
        }
        statement.block = Some(Vec::new());
        self.open.push(statement);
        Ok(())
    }

    fn close_block(&mut self) -> Result<(), SyntaxErrorKind> {
        self.end_statement()?;
        let block = self.open.pop().ok_or(SyntaxErrorKind::UnexpectedClose)?;
        self.current().push(block);
        Ok(())
    }

    /// The statements of the innermost open block, or of the file.
    fn current(&mut self) -> &mut Vec<Statement> {
        match self.open.last_mut().and_then(|open| open.block.as_mut()) {
            Some(block) => block,
            None => &mut self.done,
        }
    }
}

fn refuse_directive(keyword: &str) -> Result<(), SyntaxErrorKind> {
    let parameter = keyword.strip_prefix('$').is_some_and(|name| name.contains('='));
    match keyword {
        _ if INCLUDES.contains(&keyword) => Err(SyntaxErrorKind::Include),
        _ if keyword.starts_with('@') => Err(SyntaxErrorKind::Conditional),
        _ if parameter || keyword.starts_with('~') => Err(SyntaxErrorKind::Template),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Statements in one line: words joined by `_`, blocks in brackets.
    fn shape(statements: &[Statement]) -> String {
        let shapes = statements.iter().map(|statement| {
            let block = statement.block.as_ref().map(|block| format!("[{}]", shape(block)));
            statement.words.join("_") + &block.unwrap_or_default()
        });
        shapes.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn words_quotes_comments_and_braces() {
        let rows = [
            ("a b  c\n\n\td\r\n", "a_b_c d"),
            ("a # b\n!c {\nd e!f g", "a d_e"),
            ("a{b}", "a[b]"),
            ("a b { c d } e", "a_b[c_d] e"),
            ("a\n\n{\nb }", "a[b]"),
            ("a { b {\n} c }", "a[b[] c]"),
            ("s \"x # {y} !\" 'z \"'", "s_x # {y} !_z \""),
            ("ab\"c d\"ef", "abc def"),
            (r#"s "a\"b""#, r#"s_a\"b"#),
            ("s \"\" x", "s__x"),
        ];
        for (text, expected) in rows {
            assert_eq!(shape(&statements(text).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn refusals_name_the_line() {
        let rows = [
            ("a {\nb {\n}", 1, SyntaxErrorKind::UnclosedBlock),
            ("a\nb 'c", 2, SyntaxErrorKind::UnclosedQuote),
            ("a {\n}\n{", 3, SyntaxErrorKind::UnexpectedOpen),
            ("{", 1, SyntaxErrorKind::UnexpectedOpen),
            ("a {\n}\n}", 3, SyntaxErrorKind::UnexpectedClose),
            ("\ninclude /etc/x", 2, SyntaxErrorKind::Include),
            ("a {\n@main b\n}", 2, SyntaxErrorKind::Conditional),
            ("$A=1", 1, SyntaxErrorKind::Template),
            ("~SEQ(X, 1, 3) a $X", 1, SyntaxErrorKind::Template),
            ("a 10.${X}.1", 1, SyntaxErrorKind::Template),
        ];
        for (text, line, kind) in rows {
            assert_eq!(statements(text), Err(SyntaxError { line, kind }), "{text}");
        }
    }

    #[test]
    fn hostile_sizes_are_refused() {
        let kind = |text: &str| statements(text).unwrap_err().kind;
        assert_eq!(kind(&"a {\n".repeat(1_000_000)), SyntaxErrorKind::TooDeep);
        assert_eq!(kind(&"{".repeat(1_000_000)), SyntaxErrorKind::UnexpectedOpen);
        assert_eq!(kind(&"}".repeat(1_000_000)), SyntaxErrorKind::UnexpectedClose);
        assert_eq!(kind(&"a\n".repeat(1_000_000)), SyntaxErrorKind::TooMany);
        assert_eq!(kind(&"a{}".repeat(1_000_000)), SyntaxErrorKind::TooMany);
        let deepest = format!("{}{}", "a {".repeat(MAX_DEPTH), "}".repeat(MAX_DEPTH));
        assert!(statements(&deepest).is_ok());
        assert_eq!(statements(&"a ".repeat(1_000_000)).unwrap().len(), 1);
    }
}
