//! A select without cases would wait for ever.
use sortie::chan::select;

fn main() {
    select! {}
}
