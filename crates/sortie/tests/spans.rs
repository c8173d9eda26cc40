//! Spans of goroutines, by the feature `tracing`.

use sortie::chan::bounded;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// What happened, in words.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

#[derive(Default)]
struct Fields(HashMap<String, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let mut text = String::new();
        write!(text, "{value:?}").unwrap();
        self.0.insert(field.name().into(), text);
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Log {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        context.span(id).unwrap().extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        let mut extensions = span.extensions_mut();
        record.record(extensions.get_mut::<Fields>().unwrap());
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let scope = context.event_scope(event).into_iter();
        let spans: Vec<String> = scope
            .flat_map(|scope| scope.from_root())
            .map(|span| {
                let extensions = span.extensions();
                let fields = &extensions.get::<Fields>().unwrap().0;
                match (fields.get("id"), fields.get("name")) {
                    (Some(id), Some(name)) => format!("{} {id} {name}", span.name()),
                    (Some(id), None) => format!("{} {id}", span.name()),
                    _ => span.name().to_string(),
                }
            })
            .collect();
        let mut text = format!("{} > {}", spans.join(" > "), fields.0["message"]);
        if let Some(panic) = fields.0.get("panic") {
            text.push_str(&format!(" ({}, {panic})", event.metadata().target()));
        }
        self.0.lock().unwrap().push(text);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).unwrap();
        let extensions = span.extensions();
        let fields = &extensions.get::<Fields>().unwrap().0;
        if let Some(place) = fields.get("created_at") {
            assert!(place.contains("spans.rs:"), "{place}");
            assert_eq!(span.metadata().target(), "sortie");
            let line = format!("{} ends", fields["id"]);
            self.0.lock().unwrap().push(line);
        }
    }
}

/// One test, since there is one subscriber: what goroutines log tells who they are, and
/// where they came from.
#[test]
fn goroutines_are_inside_their_spans() {
    let log = Log::default();
    let subscriber = tracing_subscriber::registry().with(log.clone());
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let (child, second, panicked) = sortie::run(|| {
        tracing::info!("begin");
        let request = tracing::info_span!("request");
        let entered = request.enter();
        let (sender, receiver) = bounded::<()>(0);
        let child = sortie::task::Builder::new()
            .name("child")
            .spawn(move || {
                tracing::info!("before");
                receiver.recv().unwrap();
                // It is still inside, wherever it runs now.
                tracing::info!("after");
                let grandchild = sortie::go(|| tracing::info!("deep"));
                let id = grandchild.goroutine().id();
                grandchild.join().unwrap();
                id
            })
            .unwrap();
        let id = child.goroutine().id();
        drop(entered);
        sender.send(()).unwrap();
        let second = child.join().unwrap();
        let panicked = sortie::go(|| panic!("on purpose"));
        let third = panicked.goroutine().id();
        panicked.join().unwrap_err();
        // That is no panic.
        sortie::go(|| -> () { sortie::task::exit() })
            .join()
            .unwrap_err();
        // Started by nobody.
        let (sender, receiver) = bounded(1);
        let timer = sortie::time::Timer::after_func(std::time::Duration::ZERO, move || {
            tracing::info!("alone");
            sender.send(()).unwrap();
        });
        receiver.recv().unwrap();
        drop(timer);
        (id, second, third)
    });
    let log = log.0.lock().unwrap();
    let all: Vec<&str> = log.iter().map(String::as_str).collect();
    let has = |line: &str| {
        let found = all.iter().position(|other| *other == line);
        found.unwrap_or_else(|| panic!("`{line}` is not in {all:#?}"))
    };
    let child_span = format!("goroutine 1 > request > goroutine {child} \"child\"");
    has("goroutine 1 > begin");
    has(&format!("{child_span} > before"));
    has(&format!("{child_span} > after"));
    has(&format!("{child_span} > goroutine {second} > deep"));
    has(&format!(
        "goroutine 1 > goroutine {panicked} > goroutine panicked (sortie, \"on purpose\")"
    ));
    // The child's span ends after its children's, since they are inside it.
    assert!(has(&format!("{second} ends")) < has(&format!("{child} ends")));
    has(&format!("{panicked} ends"));
    assert_eq!(
        all.iter().filter(|line| line.contains("panicked")).count(),
        1
    );
    let alone = all.iter().find(|line| line.ends_with("> alone")).unwrap();
    assert!(
        alone.starts_with("goroutine ") && !alone.contains("goroutine 1 >"),
        "{alone}"
    );
}
