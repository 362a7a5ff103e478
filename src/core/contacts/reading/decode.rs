//! Characters: whatever a file is written in becomes UTF-8.
//!
//! A byte order mark decides; then what the caller named; then the text itself. A file of ASCII is
//! taken as it is until the first byte that is none: there it turns out whether it is UTF-8 or
//! Windows-1252, so nothing has to be held back however late that comes.

use std::io::{self, BufRead, Read};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::peek;

/// How much is looked at to tell an encoding.
const HEAD_BYTES: usize = 4096;
const BUFFER: usize = 64 * 1024;

/// A file's text in UTF-8, as far as the file keeps its promise: where it is UTF-8 itself, bytes
/// that mean nothing come through.
pub(super) struct Text<R> {
    source: Ahead<R>,
    mode: Mode,
    /// Bytes of the source that are known to be ASCII.
    ascii: usize,
    decoded: Vec<u8>,
    at: usize,
    end: usize,
}

enum Mode {
    /// All was ASCII so far.
    Ascii,
    AsItIs,
    Decode(Decoder),
    /// As the last, at its end.
    Done,
}

impl<R: BufRead> Text<R> {
    /// Reads `source` in the encoding it is in; `named` is for one without a byte order mark.
    pub(super) fn read(mut source: R, named: Option<&'static Encoding>) -> io::Result<Self> {
        let head = peek(&mut source, HEAD_BYTES)?;
        let (encoding, skip) = match Encoding::for_bom(&head) {
            Some((encoding, skip)) => (Some(encoding), skip),
            None => (named.or_else(|| utf16(&head)), 0),
        };
        let mode = match encoding {
            None => Mode::Ascii,
            Some(encoding) if encoding == UTF_8 => Mode::AsItIs,
            Some(encoding) => Mode::Decode(encoding.new_decoder_without_bom_handling()),
        };
        let source = Ahead { bytes: head, at: skip, rest: source };
        Ok(Self { source, mode, ascii: 0, decoded: Vec::new(), at: 0, end: 0 })
    }

    /// Whether bytes that mean nothing have become U+FFFD.
    pub(super) const fn marks_damage(&self) -> bool {
        matches!(self.mode, Mode::Decode(_) | Mode::Done)
    }

    /// Looks for ASCII at the beginning of what is next; where there is none, settles the mode.
    fn look(&mut self) -> io::Result<()> {
        let next = self.source.fill_buf()?;
        self.ascii = next.iter().position(|byte| !byte.is_ascii()).unwrap_or(next.len());
        if self.ascii > 0 || next.is_empty() {
            return Ok(());
        }
        let sample = peek(&mut self.source, HEAD_BYTES)?;
        self.mode = if looks_like_utf8(&sample) {
            Mode::AsItIs
        } else {
            Mode::Decode(WINDOWS_1252.new_decoder_without_bom_handling())
        };
        self.source.put_back(&sample);
        Ok(())
    }

    /// Decodes the next piece into `text`.
    fn decode(&mut self) -> io::Result<()> {
        self.decoded.resize(BUFFER, 0);
        while let (Mode::Decode(decoder), true) = (&mut self.mode, self.at == self.end) {
            let input = self.source.fill_buf()?;
            let last = input.is_empty();
            let (result, read, written, _) = decoder.decode_to_utf8(input, &mut self.decoded, last);
            self.source.consume(read);
            (self.at, self.end) = (0, written);
            if last && result == CoderResult::InputEmpty {
                self.mode = Mode::Done;
            }
        }
        Ok(())
    }
}

impl<R: BufRead> BufRead for Text<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if matches!(self.mode, Mode::Ascii) && self.ascii == 0 {
            self.look()?;
        }
        match self.mode {
            Mode::Ascii => {
                let next = self.source.fill_buf()?;
                Ok(&next[..self.ascii])
            }
            Mode::AsItIs => self.source.fill_buf(),
            Mode::Decode(_) | Mode::Done => {
                self.decode()?;
                Ok(&self.decoded[self.at..self.end])
            }
        }
    }

    fn consume(&mut self, amount: usize) {
        match self.mode {
            Mode::Ascii => {
                self.ascii -= amount;
                self.source.consume(amount);
            }
            Mode::AsItIs => self.source.consume(amount),
            Mode::Decode(_) | Mode::Done => self.at += amount,
        }
    }
}

impl<R: BufRead> Read for Text<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let next = self.fill_buf()?;
        let count = next.len().min(out.len());
        out[..count].copy_from_slice(&next[..count]);
        self.consume(count);
        Ok(count)
    }
}

/// A reader with bytes that were looked at before their turn.
struct Ahead<R> {
    bytes: Vec<u8>,
    at: usize,
    rest: R,
}

impl<R> Ahead<R> {
    fn put_back(&mut self, bytes: &[u8]) {
        self.bytes.splice(..self.at, bytes.iter().copied());
        self.at = 0;
    }
}

impl<R: BufRead> BufRead for Ahead<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at < self.bytes.len() { Ok(&self.bytes[self.at..]) } else { self.rest.fill_buf() }
    }

    fn consume(&mut self, amount: usize) {
        if self.at < self.bytes.len() {
            self.at += amount;
        } else {
            self.rest.consume(amount);
        }
    }
}

impl<R: BufRead> Read for Ahead<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let next = self.fill_buf()?;
        let count = next.len().min(out.len());
        out[..count].copy_from_slice(&next[..count]);
        self.consume(count);
        Ok(count)
    }
}

/// UTF-16 without a mark: every other byte is zero, as in Latin text.
fn utf16(head: &[u8]) -> Option<&'static Encoding> {
    let zeros = |from: usize| head.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, half) = (zeros(0), zeros(1), head.len() / 2);
    if odd * 2 > half && even * 8 < odd {
        Some(UTF_16LE)
    } else if even * 2 > half && odd * 8 < even {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// Whether more of what is not ASCII makes characters of UTF-8 than does not.
fn looks_like_utf8(sample: &[u8]) -> bool {
    let (mut good, mut bad, mut rest) = (0, 0, sample);
    while !rest.is_empty() {
        let (valid, skip) = match std::str::from_utf8(rest) {
            Ok(_) => (rest, rest.len()),
            Err(error) => {
                bad += usize::from(error.error_len().is_some()); // else it is cut at the end
                let valid = error.valid_up_to();
                (&rest[..valid], valid + error.error_len().unwrap_or(rest.len() - valid))
            }
        };
        good += valid.iter().filter(|byte| **byte >= 0xc0).count();
        rest = &rest[skip..];
    }
    good >= bad
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn read(bytes: &[u8], named: Option<&'static Encoding>) -> Vec<u8> {
        let mut out = Vec::new();
        // By small pieces, so that characters are cut anywhere.
        let source = io::BufReader::with_capacity(3, Cursor::new(bytes));
        Text::read(source, named).unwrap().read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn what_people_save_comes_out_as_utf8() {
        let text = "correo;nombre\nana@example.com;Iñaki Œ\n";
        let utf16 =
            |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
        let (le, be) = (utf16(u16::to_le_bytes), utf16(u16::to_be_bytes));
        let latin = WINDOWS_1252.encode(text).0.into_owned();
        let late = |tail: &[u8]| [&b"a@example.com\n".repeat(2000)[..], tail].concat();
        for bytes in [
            text.as_bytes(),
            &[b"\xef\xbb\xbf", text.as_bytes()].concat(),
            &[b"\xff\xfe", &le[..]].concat(),
            &[b"\xfe\xff", &be[..]].concat(),
            &le,
            &be,
            &latin,
        ] {
            assert_eq!(String::from_utf8(read(bytes, None)).unwrap(), text);
        }
        assert_eq!(read(&late(&latin), None), late(text.as_bytes()));
        assert_eq!(read(&late(text.as_bytes()), None), late(text.as_bytes()));
        let greek = Encoding::for_label(b"iso-8859-7").unwrap();
        assert_eq!(read(b"\xe1\xe2", Some(greek)), "αβ".as_bytes());
        assert_eq!(read(b"", None), b"");
    }

    #[test]
    fn a_slip_in_utf8_does_not_make_it_another_encoding() {
        let slip = "José, Ángel, Iñaki\n\u{0}".replace('\0', "");
        let slip = [slip.as_bytes(), b"\xff\n"].concat();
        assert_eq!(read(&slip, None), slip);
    }
}
