//! Waiting until somebody else waits, without sleeping in the hope of it.

use sortie::task::GoId;

/// Returns once this goroutine waits for `reason`, in the words that dumps use.
pub(crate) fn until_parked(id: GoId, reason: &str) {
    until_all_parked(&[id], reason);
}

/// Returns once all these goroutines wait for `reason`.
pub(crate) fn until_all_parked(ids: &[GoId], reason: &str) {
    let (alone, among) = (format!("[{reason}]"), format!("[{reason},"));
    loop {
        let dump = sortie::runtime::dump().to_string();
        let parked = |id: &GoId| {
            let start = format!("goroutine {id} ");
            dump.lines()
                .filter(|line| line.starts_with(&start))
                .any(|line| line.contains(&alone) || line.contains(&among))
        };
        if ids.iter().all(parked) {
            return;
        }
        pause();
    }
}

/// Lets others run.
fn pause() {
    if sortie::task::current().is_some() {
        sortie::yield_now();
    } else {
        std::thread::yield_now();
    }
}
