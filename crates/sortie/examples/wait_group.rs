//! Waiting for goroutines with a wait group: one for each page that is fetched.
//!
//! Nobody computes here, everybody waits for a server; so on one CPU too, all pages
//! together take as long as the slowest. The group counts who is not done yet. Its
//! goroutines own what they use; where they should borrow there is `sortie::scope`,
//! which waits for them by itself.

use sortie::sync::WaitGroup;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Stands for a request: takes its time, and returns a page.
fn fetch(url: &str) -> String {
    sortie::sleep(Duration::from_millis(50));
    format!("<title>{url}</title>")
}

/// The pages of all addresses, in their order.
pub(crate) fn fetch_urls(urls: &[&'static str]) -> Vec<String> {
    let pages = Arc::new(Mutex::new(vec![String::new(); urls.len()]));
    let group = WaitGroup::new();
    for (i, &url) in urls.iter().enumerate() {
        let pages = pages.clone();
        group.go(move || {
            let page = fetch(url);
            pages.lock().unwrap()[i] = page;
        });
    }
    group.wait();
    std::mem::take(&mut *pages.lock().unwrap())
}

#[sortie::main]
pub(crate) fn main() {
    let start = Instant::now();
    let urls = ["go.dev", "rust-lang.org", "crates.io", "docs.rs"];
    for page in fetch_urls(&urls) {
        println!("{page}");
    }
    println!("{} pages in {:.0?}", urls.len(), start.elapsed());
}
