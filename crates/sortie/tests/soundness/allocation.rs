//! Memory allocated on one thread and freed on another, by the million.

use crate::common::on_goroutines;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn a_million_blocks_cross_threads() {
    const GOROUTINES: usize = 64;
    const BLOCKS: usize = 16_000;
    let freed = AtomicUsize::new(0);
    let market: Vec<Mutex<Vec<Vec<u8>>>> = (0..GOROUTINES).map(|_| Mutex::default()).collect();
    on_goroutines(GOROUTINES, |index| {
        let mut random = index as u32 + 1;
        for block in 0..BLOCKS {
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            let size = match random % 100 {
                0..80 => random as usize % 200,
                80..99 => random as usize % 5_000,
                _ => random as usize % 100_000,
            };
            let memory = vec![block as u8; size];
            let stall = &market[random as usize % GOROUTINES];
            stall.lock().unwrap().push(memory);
            let taken = market[index].lock().unwrap().pop();
            if let Some(taken) = taken {
                assert!(taken.iter().all(|&byte| Some(&byte) == taken.first()));
                freed.fetch_add(1, Ordering::Relaxed);
            }
            if block % 16 == 0 {
                sortie::yield_now();
            }
        }
    });
    let left: usize = market.iter().map(|stall| stall.lock().unwrap().len()).sum();
    assert_eq!(freed.load(Ordering::Relaxed) + left, GOROUTINES * BLOCKS);
}
