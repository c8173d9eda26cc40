//! Redis by the crate `redis` as everybody uses it, synchronously and over std's sockets, in
//! a thousand goroutines at once.
//!
//! The sockets are std's, so a goroutine that waits for an answer holds its thread. It does
//! not hold up others: its processor goes to another thread. A pool of fewer connections,
//! here a channel, is how one does it usually; goroutines wait for a connection without a
//! thread.
//!
//! ```text
//! redis_client ADDRESS [GOROUTINES [CONNECTIONS [ROUNDS]]]
//! ```

use redis::{Client, Commands, Connection, RedisResult};
use sortie::chan::{Receiver, Sender, bounded};
use std::error::Error;
use std::time::Instant;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Connections that nobody uses at the moment.
struct Pool {
    give: Sender<Connection>,
    take: Receiver<Connection>,
}

impl Pool {
    fn new(client: &Client, size: usize) -> Result<Pool> {
        let (give, take) = bounded(size);
        for _ in 0..size {
            give.send(client.get_connection()?)?;
        }
        Ok(Pool { give, take })
    }

    /// Waits for a connection, and calls `f` with it.
    fn with<T>(&self, f: impl FnOnce(&mut Connection) -> RedisResult<T>) -> Result<T> {
        let mut connection = self.take.recv()?;
        let done = f(&mut connection)?;
        self.give.send(connection)?;
        Ok(done)
    }
}

struct Work {
    pool: Pool,
    goroutines: usize,
    rounds: usize,
    /// Of all keys, so that they are nobody else's.
    prefix: String,
}

impl Work {
    fn key(&self, name: impl std::fmt::Display) -> String {
        format!("{}:{name}", self.prefix)
    }

    /// Each goroutine counts up the same number, and writes and reads a key of its own.
    /// Returns all the numbers that they were told.
    fn count(&self) -> Result<Vec<u64>> {
        sortie::scope(|s| {
            let goroutines = 0..self.goroutines;
            let goroutines = goroutines.map(|i| s.go(move || self.count_by(i)));
            let goroutines: Vec<_> = goroutines.collect();
            let mut all = Vec::new();
            for goroutine in goroutines {
                all.extend(goroutine.join().expect("no panic")?);
            }
            Ok(all)
        })
    }

    fn count_by(&self, goroutine: usize) -> Result<Vec<u64>> {
        let (total, mine) = (self.key("total"), self.key(goroutine));
        let round = |round| {
            let text = format!("{goroutine} was here {round} times");
            let told = self.pool.with(|redis| redis.incr(&total, 1))?;
            self.pool
                .with(|redis| redis.set::<_, _, ()>(&mine, &text))?;
            let read: String = self.pool.with(|redis| redis.get(&mine))?;
            if read == text {
                Ok(told)
            } else {
                Err(format!("wrote {text:?}, read {read:?}").into())
            }
        };
        (0..self.rounds).map(round).collect()
    }

    /// All connections wait for something at the same time, until it is there. Returns how
    /// many threads that took.
    fn wait(&self, connections: usize, client: &Client) -> Result<usize> {
        let queue = &self.key("queue");
        sortie::scope(|s| {
            let wait = || {
                let took = |redis: &mut Connection| redis.blpop(queue, 0.0);
                let (_, item): (String, usize) = self.pool.with(took)?;
                Ok(item)
            };
            let waiting: Vec<_> = (0..connections).map(|_| s.go(wait)).collect();
            let mut redis = client.get_connection()?;
            while blocked_clients(&mut redis)? < connections {
                sortie::yield_now();
            }
            let threads = threads()?;
            let items: Vec<usize> = (0..connections).collect();
            redis.rpush::<_, _, ()>(queue, &items)?;
            let mut took = Vec::new();
            for one in waiting {
                let item: Result<usize> = one.join().expect("no panic");
                took.push(item?);
            }
            took.sort_unstable();
            if took == items {
                Ok(threads)
            } else {
                Err("an item got lost, or was taken twice".into())
            }
        })
    }

    /// Deletes what was written.
    fn clean(&self) -> Result<()> {
        let mut keys: Vec<_> = (0..self.goroutines).map(|i| self.key(i)).collect();
        keys.push(self.key("total"));
        self.pool.with(|redis| redis.del(&keys))
    }
}

/// How many clients wait in the server for something to come.
fn blocked_clients(redis: &mut Connection) -> Result<usize> {
    let info: String = redis::cmd("INFO").arg("clients").query(redis)?;
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix("blocked_clients:"));
    Ok(line.ok_or("the server does not tell")?.trim().parse()?)
}

/// How many threads this process has.
fn threads() -> Result<usize> {
    Ok(std::fs::read_dir("/proc/self/task")?.count())
}

fn run() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: redis_client ADDRESS [GOROUTINES [CONNECTIONS [ROUNDS]]]";
    let address = arguments.next().ok_or(usage)?;
    let mut number = |default: usize| match arguments.next() {
        Some(text) => text.parse().map_err(|_| usage),
        None => Ok(default),
    };
    let goroutines = number(1000)?;
    let connections = number(goroutines)?;
    let rounds = number(20)?;
    let client = Client::open(format!("redis://{address}/"))?;
    let work = Work {
        pool: Pool::new(&client, connections)?,
        goroutines,
        rounds,
        prefix: format!("sortie:{}", std::process::id()),
    };
    println!("{goroutines} goroutines, {connections} connections");
    let threads = work.wait(connections, &client)?;
    println!("all connections wait at once: {threads} threads");

    let start = Instant::now();
    let mut told = work.count()?;
    let seconds = start.elapsed().as_secs_f64();
    let per_second = (3 * told.len()) as f64 / seconds;
    told.sort_unstable();
    let all = (goroutines * rounds) as u64;
    if !told.into_iter().eq(1..=all) {
        return Err("a number was told twice, or never".into());
    }
    println!(
        "{} requests, all answers correct: {per_second:.0} requests/s",
        3 * all
    );
    work.clean()
}

#[sortie::main]
fn main() {
    if let Err(error) = run() {
        eprintln!("redis_client: {error}");
        std::process::exit(1);
    }
}
