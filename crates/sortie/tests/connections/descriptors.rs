//! Descriptors of this process, and memory.

use std::net::SocketAddr;

/// How many are open.
pub(crate) fn open() -> usize {
    // One of them is for looking.
    std::fs::read_dir("/proc/self/fd").unwrap().count() - 1
}

/// How many are registered with pollers.
pub(crate) fn registered() -> usize {
    let infos = std::fs::read_dir("/proc/self/fdinfo").unwrap();
    let text = infos.filter_map(|info| std::fs::read_to_string(info.ok()?.path()).ok());
    text.map(|text| text.lines().filter(|line| line.starts_with("tfd:")).count())
        .sum()
}

/// How many there may be.
pub(crate) fn limit() -> libc::rlimit {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: writes the limit.
    let result = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) };
    assert_eq!(result, 0);
    limit
}

/// Allows so many.
pub(crate) fn set_limit(soft: usize, hard: usize) -> std::io::Result<()> {
    let limit = libc::rlimit {
        rlim_cur: soft as u64,
        rlim_max: hard as u64,
    };
    // SAFETY: reads the limit.
    match unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// Allows `wanted`, or as many as the system lets us. Returns how many are allowed.
pub(crate) fn allow(wanted: usize) -> usize {
    let now = limit();
    if (now.rlim_cur as usize) < wanted && set_limit(wanted, wanted).is_err() {
        let hard = now.rlim_max as usize;
        set_limit(hard, hard).unwrap();
    }
    limit().rlim_cur as usize
}

/// Addresses on the loopback network, so many that a port for each connection is found
/// easily: each has all of them.
pub(crate) fn loopback(count: u8) -> impl Iterator<Item = SocketAddr> {
    (1..=count).map(|i| SocketAddr::from(([127, 0, 1, i], 0)))
}

/// Resident memory of this process, in bytes.
pub(crate) fn resident() -> usize {
    const PAGE: usize = 4096;
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages = statm.split_whitespace().nth(1).unwrap();
    pages.parse::<usize>().unwrap() * PAGE
}
