//! What tests of traces share.

use sortie_cli::file::Trace;
use sortie_cli::model::Model;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A file in memory.
#[derive(Clone, Default)]
pub(crate) struct Memory(pub(crate) Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One trace at a time: there is one recorder.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A complete trace without contradictions.
pub(crate) fn read(bytes: &[u8]) -> (Trace, Model) {
    let trace = Trace::read(bytes).unwrap();
    assert!(trace.complete);
    assert_eq!((trace.unread, trace.lost), (0, 0));
    let model = Model::of(&trace);
    assert_eq!(model.contradictions, 0);
    (trace, model)
}
