use sortie::chan::bounded;
use sortie::sync::Mutex;
use std::collections::BTreeMap;

// State of its own: a mutex inside, which nobody outside sees.
#[derive(Default)]
struct Tally(Mutex<BTreeMap<String, u32>>);

impl Tally {
    fn count(&self, word: &str) {
        *self.0.lock().entry(word.to_string()).or_default() += 1;
    }
}

#[sortie::main]
fn main() {
    let text = ["the cat", "the dog", "a cat", "the end"];
    let tally = Tally::default();
    // Lines change hands: a channel gives each to one reader.
    let (desk, lines) = bounded::<String>(2);
    sortie::scope(|s| {
        for _ in 0..3 {
            let (lines, tally) = (lines.clone(), &tally);
            s.go(move || {
                for line in lines {
                    line.split(' ').for_each(|word| tally.count(word));
                }
            });
        }
        for line in text {
            desk.send(line.to_string()).unwrap();
        }
        drop(desk);
    });
    for (word, count) in tally.0.into_inner() {
        println!("{count} {word}");
    }
}
