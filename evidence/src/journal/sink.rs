//! The far end of a journal: the logs and the observer.

use super::filter::Filter;
use super::{Observe, Written, append};
use crate::log::{LogError, LogWriter};
use crate::record::{AttemptRecord, ClientRecord, FaultRecord, LedgerRecord, Line, Record, SampleRecord};

#[derive(Default)]
pub(super) struct Sink {
    pub(super) client: Option<LogWriter<ClientRecord>>,
    pub(super) attempts: Option<LogWriter<AttemptRecord>>,
    pub(super) faults: Option<LogWriter<FaultRecord>>,
    pub(super) samples: Option<LogWriter<SampleRecord>>,
    pub(super) ledger: Option<LogWriter<LedgerRecord>>,
    pub(super) observer: Option<Box<dyn Observe + Send>>,
    pub(super) filter: Filter,
    scratch: Vec<Record>,
}

impl Sink {
    /// An empty list that keeps its memory from batch to batch.
    pub(super) fn take_scratch(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.scratch)
    }

    /// Shows and writes a batch that is in canonical order.
    pub(super) fn write(&mut self, mut batch: Vec<Record>) {
        for record in &batch {
            if let Some(observer) = &mut self.observer {
                offer(record, observer.as_mut());
            }
            self.append(record);
        }
        batch.clear();
        self.scratch = batch;
    }

    fn append(&mut self, record: &Record) {
        if !self.filter.keeps(record) {
            return;
        }
        match record {
            Record::Client(record) => append(self.client.as_mut(), record),
            Record::Attempt(record) => append(self.attempts.as_mut(), record),
            Record::Fault(record) => append(self.faults.as_mut(), record),
            Record::Sample(record) => append(self.samples.as_mut(), record),
            Record::Ledger(record) => append(self.ledger.as_mut(), record),
        }
    }

    pub(super) fn finish(&mut self) -> Result<Written, Vec<LogError>> {
        let mut errors = Vec::new();
        let written = Written {
            client: close(&mut self.client, &mut errors),
            attempts: close(&mut self.attempts, &mut errors),
            faults: close(&mut self.faults, &mut errors),
            samples: close(&mut self.samples, &mut errors),
            ledger: close(&mut self.ledger, &mut errors),
        };
        if errors.is_empty() { Ok(written) } else { Err(errors) }
    }
}

fn close<R: Line>(log: &mut Option<LogWriter<R>>, errors: &mut Vec<LogError>) -> u64 {
    match log.take().map(LogWriter::finish) {
        None => 0,
        Some(Ok(written)) => written,
        Some(Err(error)) => {
            errors.push(error);
            0
        }
    }
}

pub(super) fn offer(record: &Record, observer: &mut dyn Observe) {
    match record {
        Record::Client(record) => observer.client(record),
        Record::Attempt(record) => observer.attempt(record),
        Record::Fault(record) => observer.fault(record),
        Record::Sample(record) => observer.sample(record),
        Record::Ledger(record) => observer.ledger(record),
    }
}
