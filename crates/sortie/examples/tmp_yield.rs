#![allow(missing_docs, clippy::print_stdout)]
use std::time::Instant;
fn main(){
 sortie::run(||{
  for _ in 0..4 {
    let t=Instant::now();
    let hs:Vec<_>=(0..100).map(|_|sortie::go(||{for _ in 0..20000{sortie::yield_now();}})).collect();
    for h in hs {h.join().unwrap();}
    println!("yield {:.1} ns", t.elapsed().as_nanos() as f64/2e6);
    println!("{:?}",sortie::runtime::metrics());
  }
 });
}
