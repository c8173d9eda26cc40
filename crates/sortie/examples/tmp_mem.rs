#![allow(missing_docs, clippy::print_stdout)]
use std::time::{Duration,Instant};
fn rss()->usize{ let s=std::fs::read_to_string("/proc/self/status").unwrap(); s.lines().find(|l|l.starts_with("VmRSS")).unwrap().split_whitespace().nth(1).unwrap().parse::<usize>().unwrap()*1024 }
fn pte()->usize{ let s=std::fs::read_to_string("/proc/self/status").unwrap(); s.lines().find(|l|l.starts_with("VmPTE")).unwrap().split_whitespace().nth(1).unwrap().parse::<usize>().unwrap()*1024 }
fn main(){
 let n: usize=std::env::args().nth(1).map_or(1_000_000,|a|a.parse().unwrap());
 sortie::run(||{
  let base=rss();
  let t=Instant::now();
  let hs:Vec<_>=(0..n).map(|_|sortie::go(||{sortie::sleep(Duration::from_secs(60));})).collect();
  println!("spawned {:?}",t.elapsed());
  sortie::sleep(Duration::from_millis(1500));
  println!("{:?} rss {} MB, per goroutine {} pte {}",t.elapsed(),rss()>>20,(rss()-base)/n,pte()/n);
  println!("{:?}",sortie::runtime::metrics());
  for h in hs {h.join().unwrap();}
  println!("joined {:?} rss {} MB",t.elapsed(),rss()>>20);
  for _ in 0..5 { sortie::sleep(Duration::from_millis(1000)); println!("rss {} MB",rss()>>20);}
  println!("{:?}",sortie::runtime::metrics());
  println!("maps {}",std::fs::read_to_string("/proc/self/maps").unwrap().lines().count());
 });
}
