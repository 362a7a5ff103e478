//! Packed files: gz as it comes, zip from a temporary file.
//!
//! What is unpacked has limits, so that a small file cannot keep the program busy for days: so many
//! bytes in all, and so many for each byte of the file. A zip is read from its end, so it is put
//! aside whole first, in a file without a name that is gone with the process.

use std::io::{self, BufRead, BufReader, Cursor, Read, Seek as _, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;
use zip::ZipArchive;
use zip::result::ZipError;

use super::peek;
use crate::core::contacts::ImportError;

/// Bytes of a zip at the most.
const MAX_ZIP_BYTES: u64 = 4 << 30;
/// Bytes that a packed file may unpack to at the most.
const MAX_UNPACKED_BYTES: u64 = 64 << 30;
/// Bytes that one byte may unpack to on average, once there are [`FREE_BYTES`]. Tables of contacts
/// come to ten or twenty; the formats allow a thousand.
const MAX_RATIO: u64 = 200;
const FREE_BYTES: u64 = 64 << 20;
/// Files of an archive that are looked at; more are too many anyway.
const MAX_ENTRIES: usize = 1000;
const BUFFER: usize = 64 * 1024;

/// How files begin that are neither text nor packed text.
const OTHERS: [(&[u8], &str); 7] = [
    (b"\xd0\xcf\x11\xe0", "an old Office document; save it as CSV"),
    (b"%PDF", "a PDF; export the contacts as CSV"),
    (b"BZh", "packed by bzip2; unpack it, or pack it as gz or zip"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd; unpack it, or pack it as gz or zip"),
    (b"\xfd7zXZ", "packed by xz; unpack it, or pack it as gz or zip"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it, or pack it as gz or zip"),
    (b"SQLite format 3", "a database; export the contacts as CSV"),
];

/// Gives `then` the file in `source`, unpacked when it is packed. `arrived` counts the bytes that
/// were taken from the upload.
pub(super) fn unpacked<T>(
    mut source: impl BufRead,
    arrived: &Arc<AtomicU64>,
    then: impl FnOnce(&mut dyn BufRead) -> Result<T, ImportError>,
) -> Result<T, ImportError> {
    let head = peek(&mut source, 16)?;
    let limit = |arrived: &Arc<AtomicU64>| Limit { packed: Arc::clone(arrived), unpacked: 0 };
    if head.starts_with(b"\x1f\x8b") {
        let packed = MultiGzDecoder::new(Cursor::new(head).chain(source));
        return plain(Limited { inner: packed, limit: limit(arrived) }, then);
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        let mut archive = archive(Cursor::new(head).chain(source))?;
        let file = only_file(&archive)?;
        let packed = archive.by_index(file).map_err(damaged)?;
        return plain(Limited { inner: packed, limit: limit(arrived) }, then);
    }
    if let Some((_, what)) = OTHERS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(ImportError::Unreadable((*what).to_owned()));
    }
    then(&mut Cursor::new(head).chain(source))
}

/// Gives `then` what was packed, unless that is packed again.
fn plain<T>(
    packed: impl Read,
    then: impl FnOnce(&mut dyn BufRead) -> Result<T, ImportError>,
) -> Result<T, ImportError> {
    let mut source = BufReader::with_capacity(BUFFER, packed);
    let head = peek(&mut source, 16)?;
    if head.starts_with(b"\x1f\x8b") || head.starts_with(b"PK\x03\x04") {
        let what = "packed twice; unpack it once and import what comes out".to_owned();
        return Err(ImportError::Unreadable(what));
    }
    then(&mut Cursor::new(head).chain(source))
}

/// Puts a zip aside and reads what is in it.
fn archive(source: impl Read) -> Result<ZipArchive<std::fs::File>, ImportError> {
    let aside = |error: io::Error| {
        ImportError::from_reading(error, |error| {
            ImportError::Unreadable(format!("a zip that cannot be put aside: {error}"))
        })
    };
    let mut file = tempfile::tempfile().map_err(aside)?;
    let copied = io::copy(&mut source.take(MAX_ZIP_BYTES + 1), &mut file).map_err(aside)?;
    if copied > MAX_ZIP_BYTES {
        return Err(ImportError::TooLarge("the zip is larger than 4 GiB".to_owned()));
    }
    if entries(&mut file, copied).map_err(aside)? > MAX_ENTRIES {
        return Err(several("more than a thousand"));
    }
    ZipArchive::new(file).map_err(damaged)
}

/// How many files a zip says it holds, read before anything is kept of them.
fn entries(file: &mut std::fs::File, length: u64) -> io::Result<usize> {
    let tail = length.min(22 + 65_535);
    file.seek(SeekFrom::Start(length - tail))?;
    let mut end = Vec::new();
    file.read_to_end(&mut end)?;
    file.rewind()?;
    let at = end.windows(4).rposition(|four| four == b"PK\x05\x06");
    let count = at.and_then(|at| end.get(at + 10..at + 12));
    Ok(count.map_or(0, |two| usize::from(u16::from_le_bytes([two[0], two[1]]))))
}

/// The place of the one file of an archive that is not the clutter of some system.
fn only_file(archive: &ZipArchive<std::fs::File>) -> Result<usize, ImportError> {
    let mut files = Vec::new();
    for at in 0..archive.len() {
        let entry = archive.by_index_data(at).map_err(damaged)?;
        let name = entry.name().map_err(damaged)?.into_owned();
        if name == "[Content_Types].xml" {
            let what = "an Office document; save it as CSV".to_owned();
            return Err(ImportError::Unreadable(what));
        }
        let clutter = name.starts_with("__MACOSX/") || name.ends_with(".DS_Store");
        if !entry.is_dir() && !clutter {
            files.push((at, name, entry.encrypted()));
        }
    }
    match files.as_slice() {
        [] => Err(ImportError::Unreadable("a zip with no file in it".to_owned())),
        [(_, name, true)] => Err(ImportError::Unreadable(format!(
            "a zip whose `{}` is locked by a password; unpack it first",
            shown(name)
        ))),
        [(at, _, false)] => Ok(*at),
        many => {
            let names: Vec<String> =
                many.iter().take(5).map(|(_, name, _)| format!("`{}`", shown(name))).collect();
            let more = if many.len() > 5 { ", …" } else { "" };
            Err(several(&format!("{}: {}{more}", many.len(), names.join(", "))))
        }
    }
}

fn several(how_many: &str) -> ImportError {
    let what = format!("a zip of several files ({how_many}); import them one by one");
    ImportError::Unreadable(what)
}

/// A name of somebody else's archive, as errors show it.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(80).collect()
}

fn damaged(error: ZipError) -> ImportError {
    ImportError::Unreadable(match error {
        ZipError::CompressionMethodNotSupported(_) => {
            "a zip packed in a way that is not known here; pack it anew with Deflate".to_owned()
        }
        other => format!("a damaged zip: {other}"),
    })
}

/// A reader of packed bytes that stops when too much comes out.
struct Limited<R> {
    inner: R,
    limit: Limit,
}

struct Limit {
    packed: Arc<AtomicU64>,
    unpacked: u64,
}

impl Limit {
    fn check(&mut self, more: usize) -> Result<(), ImportError> {
        self.unpacked += more as u64;
        if self.unpacked > MAX_UNPACKED_BYTES {
            return Err(ImportError::TooLarge("the file unpacks to more than 64 GiB".to_owned()));
        }
        let packed = self.packed.load(Ordering::Relaxed).max(1);
        if self.unpacked > FREE_BYTES && self.unpacked / packed > MAX_RATIO {
            return Err(ImportError::TooLarge(format!(
                "the file unpacks to more than {MAX_RATIO} times its size, as no table does"
            )));
        }
        Ok(())
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(out).map_err(|error| {
            if error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<ImportError>)
            {
                return error;
            }
            io::Error::other(ImportError::Unreadable(format!("a damaged archive: {error}")))
        })?;
        self.limit.check(count).map_err(io::Error::other)?;
        Ok(count)
    }
}
