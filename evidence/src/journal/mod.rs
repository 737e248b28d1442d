//! Where the parts of a run hand in their records.
//!
//! A journal holds only the records of the current instant. When the clock moves on it puts them in
//! canonical order, shows them to the judge and appends them to their logs, so that neither the order of
//! tasks inside one instant nor the length of the run can be seen. In real time, where threads race, it
//! holds a little longer and is emptied by whoever owns a thread for it.

mod filter;
mod sink;

pub use filter::Evidence;

use crate::log::{LogError, LogWriter};
use crate::record::{AttemptRecord, ClientRecord, FaultRecord, LedgerRecord, Line, Record, SampleRecord};
use filter::Filter;
use sink::{Sink, offer};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// In real time, an inbox of this size is written by whoever fills it.
const INBOX_MAX: usize = 65_536;

/// Reads the same ordered records that the logs get, all of them, whatever the logs keep.
///
/// In real time a record can be later than its order allows; it is shown all the same.
pub trait Observe {
    /// A client try ended.
    fn client(&mut self, record: &ClientRecord);
    /// An attempt ended.
    fn attempt(&mut self, record: &AttemptRecord);
    /// A fault window opened or closed.
    fn fault(&mut self, record: &FaultRecord);
    /// A figure was sampled.
    fn sample(&mut self, _record: &SampleRecord) {}
    /// The gateway billed.
    fn ledger(&mut self, _record: &LedgerRecord) {}
}

/// A judge that its owner wants back after the run.
impl<T: Observe + ?Sized> Observe for Arc<Mutex<T>> {
    fn client(&mut self, record: &ClientRecord) {
        lock(self).client(record);
    }

    fn attempt(&mut self, record: &AttemptRecord) {
        lock(self).attempt(record);
    }

    fn fault(&mut self, record: &FaultRecord) {
        lock(self).fault(record);
    }

    fn sample(&mut self, record: &SampleRecord) {
        lock(self).sample(record);
    }

    fn ledger(&mut self, record: &LedgerRecord) {
        lock(self).ledger(record);
    }
}

/// When records of one instant are complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holding {
    /// As soon as a later record comes: the clock moves only when nothing is left to do.
    Virtual,
    /// When [`Journal::write_before`] says so.
    Real,
}

/// A handle for handing in records. Clones share the journal.
#[derive(Clone)]
pub struct Journal(Arc<Shared>);

struct Shared {
    holding: Holding,
    /// Locked before the inbox, wherever both are.
    sink: Mutex<Sink>,
    inbox: Mutex<Inbox>,
}

#[derive(Default)]
struct Inbox {
    entries: Vec<Record>,
    oldest_us: Option<u64>,
}

/// What is written where; every part is optional.
#[derive(Default)]
pub struct JournalBuilder {
    sink: Sink,
    evidence: Evidence,
}

/// How many records each log holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Lines of the client log.
    pub client: u64,
    /// Lines of the attempt log.
    pub attempts: u64,
    /// Lines of the fault timeline.
    pub faults: u64,
    /// Lines of the samples.
    pub samples: u64,
    /// Lines of the ledger.
    pub ledger: u64,
}

impl Journal {
    /// A journal that writes nothing and shows nothing.
    pub fn discard() -> Self {
        JournalBuilder::default().virtual_time()
    }

    /// Starts to say what is written where.
    pub fn builder() -> JournalBuilder {
        JournalBuilder::default()
    }

    /// Hands in a client try.
    pub fn client(&self, record: ClientRecord) {
        self.push(Record::Client(record));
    }

    /// Hands in an attempt.
    pub fn attempt(&self, record: AttemptRecord) {
        self.push(Record::Attempt(record));
    }

    /// Hands in an edge of a fault window.
    pub fn fault(&self, record: FaultRecord) {
        self.push(Record::Fault(record));
    }

    /// Hands in a sample.
    pub fn sample(&self, record: SampleRecord) {
        self.push(Record::Sample(record));
    }

    /// Hands in a ledger entry.
    pub fn ledger(&self, record: LedgerRecord) {
        self.push(Record::Ledger(record));
    }

    /// Orders and writes what was emitted before `t_us`, in microseconds since the run began.
    ///
    /// In real time a thread calls this every so often with the time of a moment ago (50 ms), so that
    /// records that raced each other into the journal are all there to be ordered.
    pub fn write_before(&self, t_us: u64) {
        let mut sink = lock(&self.0.sink);
        let mut batch = sink.take_scratch();
        lock(&self.0.inbox).take_before(t_us, &mut batch);
        sink.write(batch);
    }

    /// Writes everything and closes the logs. Records handed in later are lost.
    ///
    /// # Errors
    /// Every log that could not be written in full.
    pub fn finish(&self) -> Result<Written, Vec<LogError>> {
        self.write_before(u64::MAX);
        lock(&self.0.sink).finish()
    }

    fn push(&self, record: Record) {
        let t_us = record.t_us();
        let is_due = lock(&self.0.inbox).push(record, self.0.holding);
        if is_due {
            self.write_before(t_us);
        }
    }
}

impl Inbox {
    /// Takes a record; says whether what came before it should now be written.
    fn push(&mut self, record: Record, holding: Holding) -> bool {
        let t_us = record.t_us();
        let oldest_us = *self.oldest_us.get_or_insert(t_us);
        self.oldest_us = Some(oldest_us.min(t_us));
        self.entries.push(record);
        match holding {
            Holding::Virtual => t_us > oldest_us,
            Holding::Real => self.entries.len() >= INBOX_MAX,
        }
    }

    /// Moves what is older than `t_us` to `batch`, in canonical order.
    fn take_before(&mut self, t_us: u64, batch: &mut Vec<Record>) {
        self.entries.sort_by(Record::canonical_cmp);
        let ready = self.entries.partition_point(|record| record.t_us() < t_us);
        batch.extend(self.entries.drain(..ready));
        self.oldest_us = self.entries.first().map(Record::t_us);
    }
}

impl JournalBuilder {
    /// Writes the client log here.
    ///
    /// # Errors
    /// When the file cannot be created; so for each log.
    pub fn client_log(mut self, path: &Path) -> Result<Self, LogError> {
        self.sink.client = Some(LogWriter::create(path)?);
        Ok(self)
    }

    /// Writes the attempt log here.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub fn attempt_log(mut self, path: &Path) -> Result<Self, LogError> {
        self.sink.attempts = Some(LogWriter::create(path)?);
        Ok(self)
    }

    /// Writes the fault timeline here.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub fn fault_log(mut self, path: &Path) -> Result<Self, LogError> {
        self.sink.faults = Some(LogWriter::create(path)?);
        Ok(self)
    }

    /// Writes the samples here.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub fn sample_log(mut self, path: &Path) -> Result<Self, LogError> {
        self.sink.samples = Some(LogWriter::create(path)?);
        Ok(self)
    }

    /// Writes the ledger here.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub fn ledger_log(mut self, path: &Path) -> Result<Self, LogError> {
        self.sink.ledger = Some(LogWriter::create(path)?);
        Ok(self)
    }

    /// Shows every record to this observer.
    #[must_use]
    pub fn observer(mut self, observer: Box<dyn Observe + Send>) -> Self {
        self.sink.observer = Some(observer);
        self
    }

    /// Keeps this much of the client and attempt logs.
    #[must_use]
    pub const fn evidence(mut self, evidence: Evidence) -> Self {
        self.evidence = evidence;
        self
    }

    /// A journal that writes whenever the virtual clock moves.
    pub fn virtual_time(self) -> Journal {
        self.build(Holding::Virtual)
    }

    /// A journal that only collects until [`Journal::write_before`] is called, so that handing in a
    /// record costs the request no writing.
    pub fn real_time(self) -> Journal {
        self.build(Holding::Real)
    }

    fn build(mut self, holding: Holding) -> Journal {
        self.sink.filter = Filter::new(self.evidence);
        Journal(Arc::new(Shared { holding, sink: Mutex::new(self.sink), inbox: Mutex::default() }))
    }
}

/// A panic elsewhere must not take the evidence with it.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes to the log if there is one.
fn append<R: Line>(log: Option<&mut LogWriter<R>>, record: &R) {
    if let Some(log) = log {
        log.write(record);
    }
}

/// Shows records that were already ordered, such as those of a finished run, to an observer.
pub fn replay<'a>(records: impl IntoIterator<Item = &'a Record>, observer: &mut dyn Observe) {
    for record in records {
        offer(record, observer);
    }
}

#[cfg(test)]
mod tests;
