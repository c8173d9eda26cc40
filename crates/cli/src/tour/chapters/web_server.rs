use sortie::net::{TcpListener, TcpStream};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::time::Duration;

fn handle_connection(stream: &TcpStream) -> io::Result<()> {
    let mut request = String::new();
    BufReader::new(stream).read_line(&mut request)?;
    let path = request.split(' ').nth(1).unwrap_or("/");
    sortie::sleep(Duration::from_millis(10)); // ask a database, say
    let body = format!("you asked for {path}");
    let mut writer = stream;
    write!(writer, "HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn serve(listener: &TcpListener) {
    for stream in listener.incoming().flatten() {
        sortie::go(move || handle_connection(&stream)); // Go's go handleConnection(conn)
    }
}

fn get(address: &str, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.lines().last().unwrap_or("").to_string())
}

#[sortie::main]
fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = &listener.local_addr()?.to_string();
    sortie::go(move || serve(&listener));
    // A hundred users at once.
    let answers: Vec<_> = sortie::scope(|s| {
        let path = |user| format!("/users/{user}");
        let users: Vec<_> = (1..=100).map(|u| s.go(move || get(address, &path(u)))).collect();
        users.into_iter().map(|user| user.join().unwrap()).collect()
    });
    let good: Vec<_> = answers.into_iter().flatten().collect();
    println!("{} answers; the first: {}", good.len(), good[0]);
    Ok(())
}
