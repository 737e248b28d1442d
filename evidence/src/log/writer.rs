//! Writing one log. A failure (a full disk) is kept until the end, so that the run itself goes on.

use super::is_compressed;
use crate::record::Line;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

/// Fast and already small: the records repeat themselves.
const ZSTD_LEVEL: i32 = 1;
const BUFFER_BYTES: usize = 64 * 1024;

/// A log that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct LogError {
    /// Which log.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// Writes records of one type to one file, in the order given.
pub struct LogWriter<R> {
    path: PathBuf,
    sink: Option<Sink>,
    failure: Option<io::Error>,
    line: Vec<u8>,
    written: u64,
    record: PhantomData<fn(&R)>,
}

enum Sink {
    Plain(BufWriter<File>),
    Zstd(Box<zstd::Encoder<'static, BufWriter<File>>>),
}

impl<R: Line> LogWriter<R> {
    /// Creates the file; a name that ends in `.zst` is compressed.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub fn create(path: &Path) -> Result<Self, LogError> {
        let sink = open(path).map_err(|source| LogError { path: path.to_owned(), source })?;
        Ok(Self {
            path: path.to_owned(),
            sink: Some(sink),
            failure: None,
            line: Vec::with_capacity(1024),
            written: 0,
            record: PhantomData,
        })
    }

    /// Adds a record. After a failure this does nothing: [`LogWriter::finish`] tells.
    pub fn write(&mut self, record: &R) {
        if self.failure.is_some() {
            return;
        }
        match self.try_write(record) {
            Ok(()) => self.written += 1,
            Err(error) => self.failure = Some(error),
        }
    }

    /// How many records were taken.
    pub const fn written(&self) -> u64 {
        self.written
    }

    /// Writes what is buffered and closes the file; returns how many records it holds.
    ///
    /// # Errors
    /// The first failure of any write, or that of closing.
    pub fn finish(mut self) -> Result<u64, LogError> {
        let closed = self.sink.take().map_or(Ok(()), Sink::close);
        let result = self.failure.take().map_or(closed, Err);
        result.map(|()| self.written).map_err(|source| LogError { path: self.path, source })
    }

    fn try_write(&mut self, record: &R) -> io::Result<()> {
        let Some(sink) = &mut self.sink else { return Ok(()) };
        self.line.clear();
        serde_json::to_writer(&mut self.line, record)?;
        self.line.push(b'\n');
        match sink {
            Sink::Plain(file) => file.write_all(&self.line),
            Sink::Zstd(encoder) => encoder.write_all(&self.line),
        }
    }
}

fn open(path: &Path) -> io::Result<Sink> {
    let file = BufWriter::with_capacity(BUFFER_BYTES, File::create(path)?);
    if is_compressed(path) {
        return Ok(Sink::Zstd(Box::new(zstd::Encoder::new(file, ZSTD_LEVEL)?)));
    }
    Ok(Sink::Plain(file))
}

impl Sink {
    fn close(self) -> io::Result<()> {
        match self {
            Self::Plain(mut file) => file.flush(),
            Self::Zstd(encoder) => encoder.finish()?.flush(),
        }
    }
}
