//! The guard of a reentrant mutex stays with the goroutine that locked it.
use sortie::sync::ReentrantMutex;

fn main() {
    let mutex = ReentrantMutex::new(0);
    let guard = mutex.lock();
    sortie::scope(|s| {
        s.go(move || drop(guard));
    });
}
