//! Goroutines need no `async`.
#[sortie::main]
async fn main() {}
