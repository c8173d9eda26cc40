#![allow(missing_docs, clippy::print_stdout)]
use std::sync::atomic::{AtomicUsize,Ordering::*};
use std::time::Instant;
static N: AtomicUsize = AtomicUsize::new(0);
fn main(){
 sortie::run(||{
  let h=sortie::go(||42); println!("{}",h.join().unwrap());
  for _ in 0..std::env::args().nth(1).map_or(4,|a|a.parse().unwrap()) {
    let n=1_000_000; N.store(n,SeqCst); let t=Instant::now();
    for _ in 0..n { sortie::go(||{N.fetch_sub(1,SeqCst);}); }
    while N.load(SeqCst)!=0 { sortie::yield_now(); }
    println!("spawn {:.1} ns", t.elapsed().as_nanos() as f64/n as f64);
  }
  for _ in 0..std::env::args().nth(1).map_or(4,|a|a.parse().unwrap()) {
    let t=Instant::now();
    let hs:Vec<_>=(0..100).map(|_|sortie::go(||{for _ in 0..20000{sortie::yield_now();}})).collect();
    for h in hs {h.join().unwrap();}
    println!("yield {:.1} ns", t.elapsed().as_nanos() as f64/2e6);
  }
  println!("{:?}",sortie::runtime::metrics());
 });
}
