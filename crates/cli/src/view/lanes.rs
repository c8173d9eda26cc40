//! Lanes: what a goroutine, or a processor, does one after the other, without gaps. A
//! lane with more parts than a page should have is told less finely: parts shorter than
//! some limit are put together until they are as long as that, with the time that each
//! state has in them. So no sum over a lane ever changes.

use super::bytes::Bytes;

/// What happens in a part of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// The goroutine could run; the number of who made it ready.
    Ready { by: u64 },
    /// It runs on a processor.
    Running { processor: u32 },
    /// It runs without a processor.
    Outside,
    /// It waits.
    Waiting { site: u32 },
    /// Nobody runs on the processor.
    Idle,
    /// A goroutine does.
    Turn { goroutine: u64 },
}

/// A part of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) what: What,
}

/// Parts put together: nanoseconds of each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Mixed {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) running: u64,
    pub(crate) outside: u64,
    pub(crate) ready: u64,
    pub(crate) waiting: u64,
    /// How often somebody ran.
    pub(crate) turns: u64,
}

impl Mixed {
    fn add(&mut self, part: &Part) {
        let time = part.end - part.start;
        self.end = part.end;
        match part.what {
            What::Ready { .. } => self.ready += time,
            What::Outside => self.outside += time,
            What::Waiting { .. } => self.waiting += time,
            What::Idle => {}
            What::Running { .. } | What::Turn { .. } => {
                self.running += time;
                self.turns += 1;
            }
        }
    }
}

/// One part, or many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece {
    One(Part),
    Many(Mixed),
}

/// Puts parts shorter than `limit` together. With 0 all stay what they are.
pub(crate) fn merge(parts: impl Iterator<Item = Part>, limit: u64, mut tell: impl FnMut(Piece)) {
    // Short parts so far: the first, and all of them.
    let mut short: Option<(Part, Mixed, u32)> = None;
    let flush =
        |short: &mut Option<(Part, Mixed, u32)>, tell: &mut dyn FnMut(Piece)| match short.take() {
            Some((first, _, 1)) => tell(Piece::One(first)),
            Some((_, mixed, _)) => tell(Piece::Many(mixed)),
            None => {}
        };
    for part in parts {
        if part.end - part.start >= limit {
            flush(&mut short, &mut tell);
            tell(Piece::One(part));
            continue;
        }
        let (_, mixed, count) = short.get_or_insert((
            part,
            Mixed {
                start: part.start,
                ..Mixed::default()
            },
            0,
        ));
        mixed.add(&part);
        *count += 1;
        if mixed.end - mixed.start >= limit {
            flush(&mut short, &mut tell);
        }
    }
    flush(&mut short, &mut tell);
}

/// How many pieces that makes.
pub(crate) fn count(parts: impl Iterator<Item = Part>, limit: u64) -> usize {
    let mut pieces = 0;
    merge(parts, limit, |_| pieces += 1);
    pieces
}

/// Lanes in bytes: what, how long, and what else there is to say, each on its own, since
/// like goes well with like when it is compressed.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    /// Start and number of pieces of each lane.
    heads: Bytes,
    kinds: Bytes,
    durations: Bytes,
    details: Bytes,
    /// Pieces, in all.
    pub(crate) pieces: usize,
    lanes: u64,
}

impl Lanes {
    pub(crate) fn add(&mut self, parts: impl Iterator<Item = Part>, limit: u64) {
        let (mut start, mut pieces) = (None, 0);
        merge(parts, limit, |piece| {
            pieces += 1;
            let (from, to) = match piece {
                Piece::One(part) => (part.start, part.end),
                Piece::Many(mixed) => (mixed.start, mixed.end),
            };
            start.get_or_insert(from);
            self.durations.number(to - from);
            self.piece(piece);
        });
        self.heads.number(start.unwrap_or(0));
        self.heads.number(pieces);
        self.pieces += pieces as usize;
        self.lanes += 1;
    }

    fn piece(&mut self, piece: Piece) {
        let (kind, detail) = match piece {
            Piece::One(part) => match part.what {
                What::Ready { by } => (0, Some(by)),
                What::Running { processor } => (1, Some(u64::from(processor))),
                What::Outside => (2, None),
                What::Waiting { site } => (3, Some(u64::from(site))),
                What::Idle => (4, None),
                What::Turn { goroutine } => (5, Some(goroutine)),
            },
            Piece::Many(_) => (6, None),
        };
        self.kinds.byte(kind);
        if let Some(detail) = detail {
            self.details.number(detail);
        }
        if let Piece::Many(mixed) = piece {
            for number in [
                mixed.running,
                mixed.outside,
                mixed.ready,
                mixed.waiting,
                mixed.turns,
            ] {
                self.details.number(number);
            }
        }
    }

    /// The number of lanes and of pieces, heads, kinds, durations, details.
    pub(crate) fn finish(&self, out: &mut Bytes) {
        out.number(self.lanes);
        out.number(self.pieces as u64);
        for column in [&self.heads, &self.kinds, &self.durations, &self.details] {
            out.number(column.len() as u64);
            out.append(column);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(durations: &[u64]) -> Vec<Part> {
        let mut now = 100;
        let mut parts = Vec::new();
        for (index, duration) in durations.iter().enumerate() {
            parts.push(Part {
                start: now,
                end: now + duration,
                what: match index % 4 {
                    0 => What::Ready { by: 1 },
                    1 => What::Running { processor: 0 },
                    2 => What::Waiting { site: 7 },
                    _ => What::Outside,
                },
            });
            now += duration;
        }
        parts
    }

    fn merged(parts: &[Part], limit: u64) -> Vec<Piece> {
        let mut pieces = Vec::new();
        merge(parts.iter().copied(), limit, |piece| pieces.push(piece));
        pieces
    }

    #[test]
    fn without_a_limit_nothing_is_put_together() {
        let parts = lane(&[1, 2, 3, 4, 5]);
        let expected: Vec<_> = parts.iter().map(|part| Piece::One(*part)).collect();
        assert_eq!(merged(&parts, 0), expected);
        assert_eq!(count(parts.iter().copied(), 0), 5);
    }

    #[test]
    fn long_parts_stay_and_short_ones_keep_their_time() {
        let parts = lane(&[100, 1, 2, 3, 4, 50, 1, 30]);
        let pieces = merged(&parts, 10);
        assert_eq!(pieces[0], Piece::One(parts[0]));
        let Piece::Many(mixed) = pieces[1] else {
            panic!("{pieces:?}");
        };
        assert_eq!((mixed.start, mixed.end), (200, 210));
        assert_eq!(
            (mixed.running, mixed.waiting, mixed.outside, mixed.ready),
            (1, 2, 3, 4)
        );
        assert_eq!(mixed.turns, 1);
        // One short part alone stays what it is.
        assert_eq!(pieces[2..], [5, 6, 7].map(|index| Piece::One(parts[index])));
    }

    #[test]
    fn a_limit_bounds_the_pieces_and_keeps_all_sums() {
        let durations: Vec<u64> = (0..10_000).map(|i| 1 + i * i % 37).collect();
        let parts = lane(&durations);
        let whole: u64 = durations.iter().sum();
        for limit in [1, 2, 8, 32, 64, 1000, 100_000, 1 << 40] {
            let pieces = merged(&parts, limit);
            assert!(pieces.len() as u64 <= 2 * whole / limit + 2);
            let (mut now, mut running) = (100, 0);
            for piece in pieces {
                let (start, end) = match piece {
                    Piece::One(part) => {
                        if matches!(part.what, What::Running { .. }) {
                            running += part.end - part.start;
                        }
                        (part.start, part.end)
                    }
                    Piece::Many(mixed) => {
                        running += mixed.running;
                        (mixed.start, mixed.end)
                    }
                };
                assert_eq!(start, now);
                now = end;
            }
            assert_eq!(now, 100 + whole);
            let expected: u64 = durations.iter().skip(1).step_by(4).sum();
            assert_eq!(running, expected);
        }
    }
}
