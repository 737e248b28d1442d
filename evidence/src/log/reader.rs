//! Reading one log, a record at a time.

use super::is_compressed;
use crate::record::Line;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

/// Why a log could not be read on.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be opened or read.
    #[error("{}:{line}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// The line that was being read, from 1.
        line: u64,
        /// What the system said.
        source: io::Error,
    },
    /// The file ends in the middle: its writer was killed, or the disk was full.
    #[error("{}:{line}: the log breaks off here; it was not closed by its writer", path.display())]
    Truncated {
        /// Which file.
        path: PathBuf,
        /// The line that is cut, from 1.
        line: u64,
    },
    /// A line that is no record of this log.
    #[error("{}:{line}: {source}", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// An iterator over the records of a log file. It ends after the first error that is not about one line.
pub struct LogReader<R> {
    path: PathBuf,
    source: Option<Box<dyn BufRead + Send>>,
    line: u64,
    text: Vec<u8>,
    record: PhantomData<fn() -> R>,
}

impl<R: Line> LogReader<R> {
    /// Opens the file; a name that ends in `.zst` is decompressed.
    ///
    /// # Errors
    /// [`ReadError::Io`] when it cannot be opened, [`ReadError::Truncated`] when it is compressed and has no bytes.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let path = path.to_owned();
        match open(&path) {
            Ok(source) => {
                Ok(Self { path, source: Some(source), line: 0, text: Vec::new(), record: PhantomData })
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(ReadError::Truncated { path, line: 1 })
            }
            Err(source) => Err(ReadError::Io { path, line: 1, source }),
        }
    }

    fn read(&mut self) -> Result<Option<R>, ReadError> {
        let Some(source) = &mut self.source else { return Ok(None) };
        self.line += 1;
        self.text.clear();
        match source.read_until(b'\n', &mut self.text) {
            Ok(0) => Ok(None),
            Ok(_) if self.text.ends_with(b"\n") => self.parse().map(Some),
            Ok(_) => Err(self.truncated()),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(self.truncated()),
            Err(source) => Err(ReadError::Io { path: self.path.clone(), line: self.line, source }),
        }
    }

    fn parse(&self) -> Result<R, ReadError> {
        serde_json::from_slice(&self.text).map_err(|source| ReadError::Malformed {
            path: self.path.clone(),
            line: self.line,
            source,
        })
    }

    fn truncated(&self) -> ReadError {
        ReadError::Truncated { path: self.path.clone(), line: self.line }
    }
}

impl<R: Line> Iterator for LogReader<R> {
    type Item = Result<R, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.read().transpose();
        if !matches!(item, Some(Ok(_) | Err(ReadError::Malformed { .. }))) {
            self.source = None;
        }
        item
    }
}

fn open(path: &Path) -> io::Result<Box<dyn BufRead + Send>> {
    let file = File::open(path)?;
    let is_empty = file.metadata()?.len() == 0;
    let file = BufReader::new(file);
    if is_compressed(path) && is_empty {
        // Even a log without records has a frame: its writer never got to close it.
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if is_compressed(path) {
        return Ok(Box::new(BufReader::new(zstd::Decoder::with_buffer(file)?)));
    }
    Ok(Box::new(file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::LogWriter;
    use crate::record::{SampleRecord, SampleSource};
    use std::fs;

    fn sample(t_us: u64) -> SampleRecord {
        SampleRecord { t_us, source: SampleSource::Modelled, name: "queue_depth".into(), value: -3 }
    }

    fn written(name: &str, count: u64) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join(name);
        let mut writer = LogWriter::create(&path).expect("created");
        (0..count).for_each(|t_us| writer.write(&sample(t_us)));
        assert_eq!(writer.finish().expect("closed"), count);
        (dir, path)
    }

    fn read(path: &Path) -> Vec<Result<SampleRecord, ReadError>> {
        LogReader::open(path).expect("opened").collect()
    }

    #[test]
    fn both_forms_read_back_what_was_written() {
        for name in ["samples.ndjson", "samples.ndjson.zst"] {
            let (_dir, path) = written(name, 1000);
            let records: Vec<_> = read(&path).into_iter().map(|record| record.expect("whole")).collect();
            assert_eq!(records, (0..1000).map(sample).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_tail_that_is_missing_is_said_to_be() {
        for name in ["samples.ndjson", "samples.ndjson.zst"] {
            let (_dir, path) = written(name, 5000);
            let bytes = fs::read(&path).expect("read");
            fs::write(&path, &bytes[..bytes.len() - 7]).expect("cut");
            let last = read(&path).pop().expect("an item").expect_err("truncated");
            assert!(matches!(last, ReadError::Truncated { line: 1.., .. }), "{last}");
        }
    }

    #[test]
    fn a_compressed_log_without_bytes_is_truncated() {
        let (_dir, path) = written("samples.ndjson.zst", 0);
        assert!(read(&path).is_empty());
        fs::write(&path, b"").expect("emptied");
        assert!(matches!(LogReader::<SampleRecord>::open(&path), Err(ReadError::Truncated { line: 1, .. })));
    }

    #[test]
    fn a_bad_line_is_named_and_the_rest_still_read() {
        let (_dir, path) = written("samples.ndjson", 3);
        let text = fs::read_to_string(&path).expect("read").replace("\"t_us\":1,", "");
        fs::write(&path, text).expect("spoiled");
        let records = read(&path);
        assert_eq!(records.len(), 3);
        let message = records[1].as_ref().expect_err("malformed").to_string();
        assert!(message.contains("samples.ndjson:2: missing field `t_us`"), "{message}");
        assert!(records[2].is_ok());
    }

    #[test]
    fn a_full_disk_is_told_at_the_end() {
        let full = Path::new("/dev/full");
        if !full.exists() {
            return;
        }
        let mut writer = LogWriter::create(full).expect("opened");
        (0..10_000).for_each(|t_us| writer.write(&sample(t_us)));
        let error = writer.finish().expect_err("no space");
        assert_eq!(error.source.kind(), io::ErrorKind::StorageFull);
    }
}
