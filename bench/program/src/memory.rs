//! Resident memory of this process.

use crate::detail;
use std::time::Duration;

/// Watches resident memory until it has stopped growing.
#[derive(Debug)]
pub struct Settling {
    before: Usage,
    last: Usage,
    quiet: u32,
}

#[derive(Clone, Copy, Debug)]
struct Usage {
    resident: u64,
    tables: u64,
}

impl Usage {
    fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
            1024 * kilobytes.map_or(0, |text| text.parse::<u64>().expect("a number"))
        };
        Usage {
            resident: field("VmRSS:"),
            tables: field("VmPTE:"),
        }
    }
}

impl Settling {
    /// How long to sleep between two calls of [`has_settled`](Self::has_settled).
    pub const PAUSE: Duration = Duration::from_millis(100);

    /// From what there is now.
    #[must_use]
    pub fn start() -> Self {
        let now = Usage::now();
        Settling {
            before: now,
            last: now,
            quiet: 0,
        }
    }

    /// Looks: has there been no growth to speak of in three looks?
    pub fn has_settled(&mut self) -> bool {
        let now = Usage::now();
        let still = now.resident.abs_diff(self.last.resident) < 1 << 20;
        self.quiet = if still { self.quiet + 1 } else { 0 };
        self.last = now;
        self.quiet >= 3
    }

    /// The growth, in bytes for each of so many. Reports page tables apart.
    #[must_use]
    pub fn bytes_each(&self, count: u64) -> f64 {
        let growth = |before: u64, now: u64| (now as f64 - before as f64) / count as f64;
        detail("page_tables", growth(self.before.tables, self.last.tables));
        growth(self.before.resident, self.last.resident)
    }
}
