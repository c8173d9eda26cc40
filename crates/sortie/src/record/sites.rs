//! Places in the code by small numbers: where goroutines are made, and where and for
//! what they wait.
//!
//! Looking one up takes no lock. One that is new is added under a lock; it stays for
//! ever. When the table is full, further ones have the number 0, which names no place.

use crate::base::atomic::{AtomicPtr, AtomicU8, AtomicU32, Ordering};
use crate::base::lock::Lock;
use std::panic::Location;
use std::ptr;

/// Places at most.
const SITES: usize = 8192;
/// Twice as many, so that a search is short.
const INDEX: usize = 2 * SITES;
/// Stands for no reason to wait.
pub(crate) const NO_REASON: u8 = u8::MAX;

struct Entry {
    reason: AtomicU8,
    place: AtomicPtr<Location<'static>>,
    origin: AtomicPtr<Location<'static>>,
}

static ENTRIES: [Entry; SITES] = [const {
    Entry {
        reason: AtomicU8::new(0),
        place: AtomicPtr::new(ptr::null_mut()),
        origin: AtomicPtr::new(ptr::null_mut()),
    }
}; SITES];
/// Numbers by hash; 0 where there is none.
static NUMBERS: [AtomicU32; INDEX] = [const { AtomicU32::new(0) }; INDEX];
/// How many there are. Number `n` is entry `n - 1`.
static COUNT: Lock<u32> = Lock::new(0);

/// A place, read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site {
    pub(crate) number: u32,
    /// A number of a `WaitReason`, or [`NO_REASON`].
    pub(crate) reason: u8,
    pub(crate) place: &'static Location<'static>,
    pub(crate) origin: Option<&'static Location<'static>>,
}

/// The number of a place.
#[inline]
pub(crate) fn number(
    reason: u8,
    place: &'static Location<'static>,
    origin: Option<&'static Location<'static>>,
) -> u64 {
    let origin = origin.map_or(ptr::null(), ptr::from_ref);
    let mut slot = hash(reason, place, origin);
    loop {
        match NUMBERS[slot].load(Ordering::Acquire) {
            0 => return u64::from(add(reason, place, origin)),
            number if matches(number, reason, place, origin) => return u64::from(number),
            _ => slot = (slot + 1) % INDEX,
        }
    }
}

fn hash(reason: u8, place: *const Location<'static>, origin: *const Location<'static>) -> usize {
    let mixed = (place as usize)
        .wrapping_add((origin as usize).rotate_left(24))
        .wrapping_add(usize::from(reason) << 3)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed >> 40 & (INDEX - 1)
}

fn matches(
    number: u32,
    reason: u8,
    place: *const Location<'static>,
    origin: *const Location<'static>,
) -> bool {
    let entry = &ENTRIES[number as usize - 1];
    ptr::eq(entry.place.load(Ordering::Relaxed), place)
        && ptr::eq(entry.origin.load(Ordering::Relaxed), origin)
        && entry.reason.load(Ordering::Relaxed) == reason
}

#[cold]
#[inline(never)]
fn add(reason: u8, place: &'static Location<'static>, origin: *const Location<'static>) -> u32 {
    let mut count = COUNT.lock();
    let mut slot = hash(reason, place, origin);
    loop {
        match NUMBERS[slot].load(Ordering::Relaxed) {
            0 => break,
            number if matches(number, reason, place, origin) => return number,
            _ => slot = (slot + 1) % INDEX,
        }
    }
    if *count as usize == SITES {
        return 0;
    }
    let entry = &ENTRIES[*count as usize];
    entry.reason.store(reason, Ordering::Relaxed);
    entry
        .place
        .store(ptr::from_ref(place).cast_mut(), Ordering::Relaxed);
    entry.origin.store(origin.cast_mut(), Ordering::Relaxed);
    *count += 1;
    // Release: who finds the number finds the entry complete.
    NUMBERS[slot].store(*count, Ordering::Release);
    *count
}

/// The places behind the first `known`.
pub(crate) fn since(known: u32) -> Vec<Site> {
    let count = *COUNT.lock();
    (known..count)
        .filter_map(|index| {
            let entry = &ENTRIES[index as usize];
            // SAFETY: only `add` sets them, from `&'static`s, under the lock that we
            // had just now.
            unsafe {
                Some(Site {
                    number: index + 1,
                    reason: entry.reason.load(Ordering::Relaxed),
                    place: entry.place.load(Ordering::Relaxed).as_ref()?,
                    origin: entry.origin.load(Ordering::Relaxed).as_ref(),
                })
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_keeps_its_number() {
        let here = Location::caller();
        let plain = number(NO_REASON, here, None);
        assert_ne!(plain, 0);
        assert_eq!(number(NO_REASON, here, None), plain);
        assert_ne!(number(3, here, None), plain);
        assert_ne!(number(3, here, Some(here)), number(3, here, None));
        let all = since(0);
        let found = all.iter().find(|site| u64::from(site.number) == plain);
        assert_eq!(found.unwrap().place.line(), here.line());
    }
}
