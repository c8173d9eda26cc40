//! Figures by the `metrics` crate, by the feature of that name.

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use sortie::chan::bounded;
use sortie::runtime::publish::Publisher;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Keeps the last value of each name with its labels; of histograms, how many.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<BTreeMap<String, f64>>>);

struct One {
    kept: Kept,
    name: String,
}

impl One {
    fn change(&self, change: impl FnOnce(&mut f64)) {
        change(
            self.kept
                .0
                .lock()
                .unwrap()
                .entry(self.name.clone())
                .or_default(),
        );
    }
}

impl CounterFn for One {
    fn increment(&self, value: u64) {
        self.change(|old| *old += value as f64);
    }

    fn absolute(&self, value: u64) {
        self.change(|old| *old = old.max(value as f64));
    }
}

impl GaugeFn for One {
    fn increment(&self, value: f64) {
        self.change(|old| *old += value);
    }

    fn decrement(&self, value: f64) {
        self.change(|old| *old -= value);
    }

    fn set(&self, value: f64) {
        self.change(|old| *old = value);
    }
}

impl HistogramFn for One {
    fn record(&self, value: f64) {
        assert!(value > 0.0 && value < 60.0, "{value} seconds");
        self.change(|old| *old += 1.0);
    }
}

impl Kept {
    fn one(&self, key: &Key) -> Arc<One> {
        let mut name = key.name().to_string();
        for label in key.labels() {
            name.push_str(&format!(" {}={}", label.key(), label.value()));
        }
        Arc::new(One {
            kept: self.clone(),
            name,
        })
    }

    fn get(&self, name: &str) -> Option<f64> {
        self.0.lock().unwrap().get(name).copied()
    }
}

impl Recorder for Kept {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.one(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.one(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.one(key))
    }
}

/// One test at a time: they count all goroutines.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn figures_reach_the_recorder() {
    let _alone = alone();
    let kept = Kept::default();
    let mut publisher = Publisher::new();
    let mut publish = || metrics::with_local_recorder(&kept, || publisher.publish());
    let waiting = "sortie_goroutines_waiting reason=chan receive";
    let (sender, receiver) = bounded::<()>(0);
    let goroutines: Vec<_> = (0..5)
        .map(|_| {
            let receiver = receiver.clone();
            sortie::go(move || receiver.recv().is_err())
        })
        .collect();
    while kept.get(waiting) != Some(5.0) {
        publish();
    }
    assert_eq!(kept.get("sortie_goroutines state=waiting"), Some(5.0));
    let procs = |state: &str| kept.get(&format!("sortie_procs state={state}")).unwrap();
    assert_eq!(
        procs("in_use") + procs("idle"),
        sortie::runtime::max_procs() as f64
    );
    assert!(kept.get("sortie_goroutines_created_total").unwrap() >= 5.0);
    assert!(kept.get("sortie_turns_total").unwrap() >= 5.0);
    assert_eq!(kept.get("sortie_proc_queue proc=0"), Some(0.0));
    assert!(kept.get("sortie_cpu_seconds").unwrap() > 0.0);
    drop(sender);
    for goroutine in goroutines {
        assert!(goroutine.join().unwrap());
    }
    // What is no more is told, too.
    publish();
    assert_eq!(kept.get(waiting), Some(0.0));
    // Latencies are recorded once.
    let count = || kept.get("sortie_sched_latency_seconds").unwrap_or(0.0);
    sortie::run(|| {
        for _ in 0..1_000 {
            sortie::go(|| ()).join().unwrap();
        }
    });
    publish();
    let first = count();
    assert!(first > 0.0);
    publish();
    assert_eq!(count(), first);
}

#[test]
fn again_and_again_until_dropped() {
    let _alone = alone();
    let kept = Kept::default();
    metrics::set_global_recorder(kept.clone()).unwrap_or_else(|_| panic!("the only one"));
    let publishing = Publisher::new().every(Duration::from_millis(1)).unwrap();
    let gauge = "sortie_goroutines_waiting reason=sleep";
    let goroutine = sortie::go(|| sortie::sleep(Duration::from_millis(100)));
    while kept.get(gauge) != Some(1.0) {
        std::thread::yield_now();
    }
    goroutine.join().unwrap();
    while kept.get(gauge) != Some(0.0) {
        std::thread::yield_now();
    }
    drop(publishing);
    kept.0.lock().unwrap().clear();
    sortie::go(|| ()).join().unwrap();
    assert_eq!(kept.get(gauge), None);
    // However long the period is, the end is not.
    let publishing = Publisher::new().every(Duration::from_secs(3600)).unwrap();
    drop(publishing);
}
