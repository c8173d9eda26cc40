//! Go's time/tick_test.go (BSD-style licence, The Go Authors).
//!
//! <https://github.com/golang/go/blob/master/src/time/tick_test.go>

use crate::parked::{until_all_parked, until_parked};
use crate::{HOUR, MILLISECOND, NANOSECOND, a_moment};
use sortie::chan::{self, Receiver, bounded, select};
use sortie::time::{Instant, Ticker, Timer, sleep, sleep_until};
use std::collections::VecDeque;
use std::time::Duration;

/// TestTicker: as long as it should at least, also after its period was changed; then
/// no more when it was stopped.
#[sortie::test]
fn ticks_take_their_time() {
    const COUNT: u32 = 5;
    const PERIOD: Duration = Duration::from_millis(2);
    let start = Instant::now();
    let ticker = Ticker::new(PERIOD);
    let mut last = start;
    for tick in ticker.chan().iter().take(COUNT as usize) {
        assert!(tick >= last + PERIOD);
        last = tick;
    }
    assert!(start.elapsed() >= COUNT * PERIOD);
    let middle = Instant::now();
    ticker.reset(2 * PERIOD);
    ticker.chan().iter().take(COUNT as usize).for_each(drop);
    assert!(middle.elapsed() >= COUNT * 2 * PERIOD);
    ticker.stop();
    sleep(4 * PERIOD);
    assert!(ticker.chan().try_recv().is_err(), "it was stopped");
}

/// TestTeardown.
#[sortie::test]
fn made_and_stopped() {
    for _ in 0..3 {
        let ticker = Ticker::new(2 * MILLISECOND);
        ticker.chan().recv().unwrap();
        ticker.stop();
    }
}

/// TestNewTickerLtZeroDuration.
#[test]
#[should_panic(expected = "a ticker without period")]
fn there_is_no_ticker_without_period() {
    let _ticker = Ticker::new(Duration::ZERO);
}

/// TestTickerResetLtZeroDuration.
#[test]
#[should_panic(expected = "a ticker without period")]
fn a_period_of_zero_is_refused() {
    Ticker::new(HOUR).reset(Duration::ZERO);
}

/// TestLongAdjustTimers: timers are looked after although goroutines keep each other
/// busy, and there were thousands before.
#[sortie::test]
fn after_thousands_of_timers() {
    const COUNT: usize = 5000;
    sortie::scope(|s| {
        for _ in 0..COUNT {
            s.go(|| sleep(Duration::from_micros(10)));
        }
        for _ in 0..COUNT {
            sleep(Duration::from_micros(1));
        }
        let (input, inputs) = bounded::<u32>(0);
        let (output, outputs) = bounded::<u32>(0);
        s.go(move || {
            let mut queue = VecDeque::new();
            // Where nobody receives.
            let (nowhere, _open) = bounded(0);
            loop {
                let first = queue.front().copied();
                let output = if first.is_some() { &output } else { &nowhere };
                select! {
                    send(output, first.unwrap()) -> sent => {
                        if sent.is_ok() {
                            queue.pop_front();
                        }
                    }
                    recv(inputs) -> message => match message {
                        Ok(message) => queue.push_back(message),
                        Err(_) => return,
                    },
                }
            }
        });
        for _ in 0..2000 {
            for i in 0..20 {
                input.send(i).unwrap();
            }
            for i in 0..20 {
                select! {
                    recv(outputs) -> message => assert_eq!(message, Ok(i)),
                    recv(chan::after(HOUR)) -> _ => unreachable!("an hour"),
                }
            }
        }
    });
}

/// A timer or a ticker.
trait Clockwork: Sync {
    fn make() -> Self;
    const IS_TICKER: bool;
    fn chan(&self) -> &Receiver<Instant>;
    /// Stops it. Whether it was set.
    fn stop(&self) -> bool;
    /// Sets it anew. Whether it was set.
    fn reset(&self, duration: Duration) -> bool;
}

impl Clockwork for Timer {
    const IS_TICKER: bool = false;

    fn make() -> Self {
        Timer::new(3 * HOUR)
    }

    fn chan(&self) -> &Receiver<Instant> {
        Timer::chan(self)
    }

    fn stop(&self) -> bool {
        Timer::stop(self)
    }

    fn reset(&self, duration: Duration) -> bool {
        Timer::reset(self, duration)
    }
}

/// A ticker that knows whether it was stopped.
struct Known {
    ticker: Ticker,
    stopped: std::sync::atomic::AtomicBool,
}

impl Known {
    fn set(&self, stopped: bool) -> bool {
        !self
            .stopped
            .swap(stopped, std::sync::atomic::Ordering::SeqCst)
    }
}

impl Clockwork for Known {
    const IS_TICKER: bool = true;

    fn make() -> Self {
        Known {
            ticker: Ticker::new(3 * HOUR),
            stopped: false.into(),
        }
    }

    fn chan(&self) -> &Receiver<Instant> {
        self.ticker.chan()
    }

    fn stop(&self) -> bool {
        self.ticker.stop();
        self.set(true)
    }

    fn reset(&self, duration: Duration) -> bool {
        self.ticker.reset(duration);
        self.set(false)
    }
}

/// TestChan: all that may be asked of the channel of a timer, or a ticker.
fn keeps_its_promises<C: Clockwork>() {
    let clockwork = C::make();
    let channel = clockwork.chan();
    let nothing = || assert!(channel.try_recv().is_err(), "there should be nothing");
    let start = |channel: Receiver<Instant>| sortie::go(move || channel.recv().unwrap());

    // Stopped or put off before anybody looked.
    clockwork.stop();
    nothing();
    clockwork.reset(3 * HOUR);
    nothing();

    // Over: there is a message, which cannot be seen but received.
    clockwork.reset(NANOSECOND);
    a_moment();
    let [length, room] = [channel.len(), channel.capacity().unwrap()];
    assert_eq!([length, room], [0, 0]);
    assert!(channel.is_empty() && channel.is_full());
    channel.try_recv().unwrap();

    // What was due before is not received any more.
    a_moment();
    clockwork.reset(3 * HOUR);
    nothing();

    // While somebody waits: put off, then put forward.
    let waiting = start(channel.clone());
    until_parked(waiting.goroutine().id(), "chan receive");
    assert!(clockwork.reset(6 * HOUR));
    until_parked(waiting.goroutine().id(), "chan receive");
    let now = Instant::now();
    assert!(clockwork.reset(NANOSECOND));
    let time = waiting.join().unwrap();
    assert!(time > now && time <= Instant::now());
    if C::IS_TICKER {
        channel.recv().unwrap();
    } else {
        nothing();
    }
    clockwork.stop();
    nothing();

    // Two who select; of a timer's message one gets it.
    clockwork.reset(3 * HOUR);
    let (stop, stopped) = bounded::<()>(0);
    let select = |channel: &Receiver<Instant>, stopped: &Receiver<()>| {
        let (channel, stopped) = (channel.clone(), stopped.clone());
        sortie::go(move || {
            select! {
                recv(channel) -> time => time.is_ok(),
                recv(stopped) -> _ => false,
            }
        })
    };
    let two = [(); 2].map(|()| select(channel, &stopped));
    until_all_parked(&two.each_ref().map(|one| one.goroutine().id()), "select");
    clockwork.reset(Duration::from_micros(10));
    let finished = || two.iter().filter(|one| one.is_finished()).count();
    while finished() == 0 {
        sortie::yield_now();
    }
    clockwork.stop();
    drop(stop);
    let received = two.map(|one| one.join().unwrap());
    let count = received.iter().filter(|&&received| received).count();
    assert!(count == 1 || C::IS_TICKER && count == 2);
    nothing();

    // Two who wait for what is stopped.
    let (stop, stopped) = bounded::<()>(0);
    let two = [(); 2].map(|()| select(channel, &stopped));
    until_all_parked(&two.each_ref().map(|one| one.goroutine().id()), "select");
    drop(stop);
    assert_eq!(two.map(|one| one.join().unwrap()), [false, false]);

    // What is due is taken back by stopping, and by setting anew.
    clockwork.reset(NANOSECOND);
    a_moment();
    assert!(clockwork.stop());
    nothing();
    assert!(!clockwork.reset(HOUR));
    nothing();
    assert!(clockwork.reset(NANOSECOND));
    a_moment();
    channel.try_recv().unwrap();
    a_moment();
    if C::IS_TICKER {
        channel.try_recv().unwrap();
        a_moment();
    } else {
        nothing();
    }
    assert_eq!(clockwork.reset(HOUR), C::IS_TICKER);
    nothing();
}

#[sortie::test]
fn timers_keep_their_promises() {
    keeps_its_promises::<Timer>();
}

#[sortie::test]
fn tickers_keep_their_promises() {
    keeps_its_promises::<Known>();
}

/// TestAfterTimes: the message is the time that was set, however late it is received.
#[sortie::test]
fn the_message_is_when_it_was_due() {
    let start = Instant::now();
    let timer = Timer::new(2 * MILLISECOND);
    let end = Instant::now();
    sleep_until(end + 10 * MILLISECOND);
    let time = timer.chan().try_recv().unwrap();
    assert!(time >= start + 2 * MILLISECOND && time <= end + 2 * MILLISECOND);
}

/// TestTickTimes: the same for a ticker, whose later ticks keep in step.
#[sortie::test]
fn ticks_keep_in_step() {
    const PERIOD: Duration = Duration::from_millis(2);
    let ticker = Ticker::new(PERIOD);
    let first = ticker.chan().recv().unwrap();
    sleep_until(first + 5 * PERIOD + PERIOD / 2);
    // All of those that were missed are one, the first.
    let missed = ticker.chan().try_recv().unwrap();
    assert_eq!(missed, first + PERIOD);
    let next = ticker.chan().recv().unwrap();
    let periods = (next - first).as_nanos() / PERIOD.as_nanos();
    assert!(periods >= 6);
    assert_eq!(next, first + u32::try_from(periods).unwrap() * PERIOD);
}
