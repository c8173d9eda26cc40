//! Calls with the same key at the same time are made once.
//!
//! A *flight* is one call that is under way. Whoever finds none for his key starts
//! one, puts it into the map, and makes the call; others join it, until it has landed.
//! Then the first
//!
//! 1. notes, with the flight's lock held, that it has *landed*: nobody joins it any
//!    more;
//! 2. leaves the outcome in the flight, if anybody has joined it, and wakes them;
//! 3. takes the flight out of the map, if it is still there.
//!
//! A flight that has landed counts as none even if it is in the map. So it does not
//! matter when it is taken out, nor whether comparing keys panics then.
//!
//! Keys are hashed and compared with the map's lock held. That is a lock of std, so
//! that foreign code may do there what it likes.

use crate::base::lock::Lock;
use crate::chan::{Receiver, RecvTimeoutError, Sender, bounded};
use crate::context::{Context, ContextError, RecvContextError};
use crate::goroutine::WaitReason;
use crate::park::Place;
use crate::park::wait_queue::{self, End, Queued, ToReady, Until, WaitQueue};
use crate::task;
use std::any::Any;
use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::panic::{self, AssertUnwindSafe, Location, RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// Calls with the same key at the same time are made once, and all get the result:
/// Go's `singleflight.Group` (of `golang.org/x/sync`).
///
/// It is what a cache needs against a stampede: when an entry is missing, a hundred
/// who want it cause one request instead of a hundred. It is no cache: once a call has
/// returned, the next with its key is made again. Results are cloned for all who get
/// them; an [`Arc`] makes that cheap, and a [`Result`] may be a value too.
///
/// A clone is another handle of the same calls.
///
/// | Go | here |
/// |----|------|
/// | `v, err, shared := g.Do(key, fn)` | [`let (v, shared) = g.call(key, f)`](Self::call) |
/// | `g.DoChan(key, fn)` | [`g.call_chan(key, f)`](Self::call_chan) |
/// | `g.Forget(key)` | [`g.forget(&key)`](Self::forget) |
///
/// # Examples
/// ```
/// use sortie::sync::SingleFlight;
/// use std::time::Duration;
///
/// # sortie::run(|| {
/// let flights = SingleFlight::new();
/// sortie::scope(|s| {
///     for _ in 0..10 {
///         s.go(|| {
///             let (value, _shared) = flights.call("key", || {
///                 sortie::sleep(Duration::from_millis(5)); // a request
///                 42
///             });
///             assert_eq!(value, 42);
///         });
///     }
/// });
/// # });
/// ```
pub struct SingleFlight<K, V> {
    flights: Flights<K, V>,
}

type Flights<K, V> = Arc<Mutex<HashMap<K, Arc<Flight<V>>>>>;

/// A call that is under way.
struct Flight<V> {
    state: Lock<State<V>>,
    /// For those who wait in the queue; there before they are woken.
    outcome: OnceLock<Outcome<V>>,
}

struct State<V> {
    /// Those who wait for it.
    queue: WaitQueue,
    /// Those who get it by a channel.
    channels: Vec<Sender<(V, bool)>>,
    landed: bool,
}

impl<V> Queued for State<V> {
    fn queue(&self) -> &WaitQueue {
        &self.queue
    }
}

/// What came of a call.
enum Outcome<V> {
    Value(V),
    /// It panicked, and this is what it said.
    Panicked(String),
    /// It ended its goroutine, by `task::exit`.
    Exited,
}

/// What somebody finds who wants to make a call.
enum Role<K: Eq + Hash, V> {
    /// Nobody makes it: he is to.
    Pilot(Pilot<K, V>),
    /// Somebody makes it.
    Passenger(Arc<Flight<V>>),
}

/// Who makes the call. Dropped without that, it ends the flight.
struct Pilot<K: Eq + Hash, V> {
    flights: Flights<K, V>,
    key: K,
    flight: Arc<Flight<V>>,
    landed: bool,
}

/// A call has come to nothing.
#[track_caller]
fn not_landed() -> ! {
    panic!("the call panicked, or has ended its goroutine");
}

impl<K, V> UnwindSafe for SingleFlight<K, V> {}
impl<K, V> RefUnwindSafe for SingleFlight<K, V> {}

impl<K, V> SingleFlight<K, V> {
    /// Without any calls.
    pub fn new() -> Self {
        SingleFlight {
            flights: Arc::default(),
        }
    }

    /// Lets the next call of this key be made, whether one is under way or not. Those
    /// who wait for that get its result nevertheless.
    pub fn forget<Q>(&self, key: &Q)
    where
        K: Borrow<Q> + Eq + Hash,
        Q: Eq + Hash + ?Sized,
    {
        let forgotten = locked(&self.flights).remove_entry(key);
        // Foreign destructors run here, with the lock free.
        drop(forgotten);
    }
}

impl<K: Clone + Eq + Hash, V: Clone> SingleFlight<K, V> {
    /// Calls `f` and returns its result; or, if a call of the same key is under way,
    /// waits for that and returns a clone of its result. The second value tells whether
    /// the result was given to several callers.
    ///
    /// If `f` panics all callers panic: the one who called `f` with that panic, the
    /// others with its message. If it ends its goroutine by
    /// [`task::exit`] all callers end so; but those that are no
    /// goroutines panic.
    ///
    /// # Blocking
    /// Parks the calling goroutine, or blocks the calling OS thread, while somebody
    /// else makes the call. To wait for a time at most, or until a context ends, there are
    /// [`call_timeout`](Self::call_timeout) and [`call_ctx`](Self::call_ctx). A call of the
    /// same key from within `f` waits for itself.
    ///
    /// # Panics
    /// If `f` panics.
    #[track_caller]
    pub fn call<F>(&self, key: K, f: F) -> (V, bool)
    where
        F: FnOnce() -> V,
    {
        let place = Place {
            reason: WaitReason::SingleFlight,
            location: Location::caller(),
            origin: None,
        };
        loop {
            match self.role(&key) {
                Role::Pilot(pilot) => return pilot.fly(f),
                Role::Passenger(flight) => {
                    if let Some(outcome) = flight.join(place) {
                        return (outcome.value(), true);
                    }
                }
            }
        }
    }

    /// As [`call`](Self::call), but returns at once, and the result comes by a channel.
    /// If the call is not under way, `f` runs on a goroutine of its own.
    ///
    /// If the call panics, or ends its goroutine, the channel is closed without a
    /// message.
    ///
    /// # Panics
    /// As [`sortie::go`](crate::go).
    ///
    /// # Examples
    /// ```
    /// use sortie::sync::SingleFlight;
    /// use std::time::Duration;
    ///
    /// # sortie::run(|| {
    /// let flights = SingleFlight::new();
    /// let result = flights.call_chan("slow", || {
    ///     sortie::sleep(Duration::from_millis(20));
    ///     1
    /// });
    /// // It goes on, for whoever is more patient.
    /// assert!(result.recv_timeout(Duration::from_millis(1)).is_err());
    /// assert_eq!(flights.call("slow", || unreachable!()), (1, true));
    /// assert_eq!(result.recv(), Ok((1, true)));
    /// # });
    /// ```
    #[track_caller]
    pub fn call_chan<F>(&self, key: K, f: F) -> Receiver<(V, bool)>
    where
        K: Send + 'static,
        V: Send + Sync + 'static,
        F: FnOnce() -> V + Send + 'static,
    {
        let (sender, receiver) = bounded(1);
        loop {
            match self.role(&key) {
                Role::Pilot(pilot) => {
                    // The channel has room, and nobody minds if it is not read.
                    task::go(move || sender.send(pilot.fly(f)));
                    return receiver;
                }
                Role::Passenger(flight) => {
                    let mut state = flight.state.lock();
                    if !state.landed {
                        state.channels.push(sender);
                        return receiver;
                    }
                }
            }
        }
    }

    /// As [`call`](Self::call), but waits for `timeout` at most. `f` runs on a goroutine of
    /// its own, and goes on when time has run out, for whoever is more patient.
    ///
    /// # Blocking
    /// Parks the calling goroutine, or blocks the calling OS thread, until the result is
    /// there or time has run out.
    ///
    /// # Panics
    /// If the call panics, or ends its goroutine.
    ///
    /// # Examples
    /// ```
    /// use sortie::sync::SingleFlight;
    /// use std::time::Duration;
    ///
    /// # sortie::run(|| {
    /// let flights = SingleFlight::new();
    /// let slow = || {
    ///     sortie::sleep(Duration::from_millis(20));
    ///     1
    /// };
    /// assert_eq!(flights.call_timeout("slow", Duration::from_millis(1), slow), None);
    /// assert_eq!(flights.call("slow", || unreachable!()), (1, true));
    /// # });
    /// ```
    #[track_caller]
    pub fn call_timeout<F>(&self, key: K, timeout: Duration, f: F) -> Option<(V, bool)>
    where
        K: Send + 'static,
        V: Send + Sync + 'static,
        F: FnOnce() -> V + Send + 'static,
    {
        match self.call_chan(key, f).recv_timeout(timeout) {
            Ok(result) => Some(result),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => not_landed(),
        }
    }

    /// As [`call`](Self::call), but waits until `context` ends at most. `f` runs on a
    /// goroutine of its own, and goes on when the context has ended. If it has ended
    /// already nothing is called.
    ///
    /// # Blocking
    /// Parks the calling goroutine, or blocks the calling OS thread, until the result is
    /// there or the context has ended.
    ///
    /// # Errors
    /// Why `context` ended.
    ///
    /// # Panics
    /// If the call panics, or ends its goroutine.
    #[track_caller]
    pub fn call_ctx<F>(&self, key: K, context: &Context, f: F) -> Result<(V, bool), ContextError>
    where
        K: Send + 'static,
        V: Send + Sync + 'static,
        F: FnOnce() -> V + Send + 'static,
    {
        context.err().map_or(Ok(()), Err)?;
        match self.call_chan(key, f).recv_ctx(context) {
            Ok(result) => Ok(result),
            Err(RecvContextError::Ended(error)) => Err(error),
            Err(RecvContextError::Disconnected) => not_landed(),
        }
    }

    /// Looks whether the call is under way, and if not, says so to others.
    fn role(&self, key: &K) -> Role<K, V> {
        let mut flights = locked(&self.flights);
        if let Some(flight) = flights.get(key)
            && !flight.state.lock().landed
        {
            return Role::Passenger(flight.clone());
        }
        let flight = Arc::new(Flight::new());
        let landed = flights.insert(key.clone(), flight.clone());
        drop(flights);
        drop(landed);
        Role::Pilot(Pilot {
            flights: self.flights.clone(),
            key: key.clone(),
            flight,
            landed: false,
        })
    }
}

fn locked<K, V>(flights: &Flights<K, V>) -> MutexGuard<'_, HashMap<K, Arc<Flight<V>>>> {
    // What panics in there is comparing keys, which leaves the map as good as it was.
    flights.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K: Eq + Hash, V: Clone> Pilot<K, V> {
    /// Makes the call, and gives its result to all who have joined it.
    fn fly(mut self, f: impl FnOnce() -> V) -> (V, bool) {
        let result = panic::catch_unwind(AssertUnwindSafe(f));
        let channels = self.flight.land();
        self.landed = true;
        let result = result.and_then(|value| {
            // Cloning is foreign code that may panic, while others wait.
            panic::catch_unwind(AssertUnwindSafe(|| self.flight.share(value, channels)))
        });
        if let Err(cause) = &result {
            self.flight.tell(if task::is_exit(&**cause) {
                Outcome::Exited
            } else {
                Outcome::Panicked(message(&**cause))
            });
        }
        drop(self);
        result.unwrap_or_else(|cause| panic::resume_unwind(cause))
    }
}

impl<K: Eq + Hash, V> Drop for Pilot<K, V> {
    fn drop(&mut self) {
        if !self.landed {
            drop(self.flight.land());
            let reason = "its goroutine could not be started".to_owned();
            self.flight.tell(Outcome::Panicked(reason));
        }
        let mut flights = locked(&self.flights);
        let own = flights.get(&self.key);
        let own = own.is_some_and(|flight| Arc::ptr_eq(flight, &self.flight));
        let removed = own.then(|| flights.remove_entry(&self.key));
        drop(flights);
        // Foreign destructors run here, with the lock free.
        drop(removed);
    }
}

/// What a panic says.
fn message(cause: &(dyn Any + Send)) -> String {
    let text = cause.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| cause.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "(a value that is no string)".to_owned())
}

impl<V> Flight<V> {
    fn new() -> Self {
        Flight {
            state: Lock::new(State {
                queue: WaitQueue::new(),
                channels: Vec::new(),
                landed: false,
            }),
            outcome: OnceLock::new(),
        }
    }

    /// Waits for its outcome. `None` if it has landed already.
    fn join(&self, place: Place) -> Option<&Outcome<V>> {
        let state = self.state.lock();
        if state.landed {
            return None;
        }
        wait_queue::wait(&self.state, state, End::Back, 0, Until::GRANTED, place);
        self.outcome.get()
    }

    /// Lets nobody join any more. Returns those who get a result by a channel.
    fn land(&self) -> Vec<Sender<(V, bool)>> {
        let mut state = self.state.lock();
        state.landed = true;
        std::mem::take(&mut state.channels)
    }

    /// Leaves the outcome to those who wait, and wakes them.
    fn tell(&self, outcome: Outcome<V>) {
        let first = self.outcome.set(outcome).is_ok();
        debug_assert!(first, "told twice");
        let mut ready = ToReady::new();
        let state = self.state.lock();
        state.queue.grant_all(0, &mut ready);
        drop(state);
        drop(ready);
    }
}

impl<V: Clone> Flight<V> {
    /// Gives the result to all who have joined.
    fn share(&self, value: V, channels: Vec<Sender<(V, bool)>>) -> (V, bool) {
        let waiting = !self.state.lock().queue.is_empty();
        let shared = waiting || !channels.is_empty();
        for channel in channels {
            // It has room; and somebody may have given up.
            let _ = channel.send((value.clone(), true));
        }
        if waiting {
            self.tell(Outcome::Value(value.clone()));
        }
        (value, shared)
    }
}

impl<V: Clone> Outcome<V> {
    #[track_caller]
    fn value(&self) -> V {
        match self {
            Outcome::Value(value) => value.clone(),
            Outcome::Panicked(message) => {
                panic!("the call that this one shares panicked: {message}")
            }
            Outcome::Exited if task::current().is_some() => task::exit(),
            Outcome::Exited => {
                panic!("the call that this one shares ended its goroutine, by `task::exit`")
            }
        }
    }
}

impl<K, V> Default for SingleFlight<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> Clone for SingleFlight<K, V> {
    /// Another handle of the same calls.
    fn clone(&self) -> Self {
        SingleFlight {
            flights: self.flights.clone(),
        }
    }
}

impl<K, V> fmt::Debug for SingleFlight<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleFlight")
            .field("under_way", &locked(&self.flights).len())
            .finish_non_exhaustive()
    }
}
