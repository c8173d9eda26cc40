//! A lock to an OS thread belongs to the goroutine that took it.
fn main() {
    sortie::run(|| {
        let lock = sortie::runtime::lock_os_thread();
        sortie::go(move || drop(lock));
    });
}
