//! Sockets.

#[path = "../../examples/echo_server.rs"]
mod echo_server;
#[path = "../../examples/fetch_urls.rs"]
mod fetch_urls;
#[path = "../../examples/web_server.rs"]
mod web_server;

use crate::program::programs;
use sortie::net::TcpListener;
use std::time::Duration;

programs! {
    examples {
        echo_server: ["1000 of 1000 clients were echoed"],
        fetch_urls: ["100 pages", "the last: context deadline exceeded", "this is server 0"],
        web_server: ["you asked for /hello"],
    }
    checks {
        everybody_hears_their_own_echo,
        pages_come_in_order,
        each_path_has_its_page,
    }
}

fn everybody_hears_their_own_echo() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    sortie::go(move || echo_server::serve(&listener));
    assert_eq!(echo_server::clients(address, 100).unwrap(), 100);
}

fn pages_come_in_order() {
    let names = ["a", "b", "c"];
    let addresses = names.map(|name| fetch_urls::server(name.into(), Duration::ZERO).unwrap());
    let pages = fetch_urls::fetch_all(&addresses, Duration::from_secs(60));
    let pages: Vec<_> = pages.into_iter().map(|page| page.unwrap()).collect();
    assert_eq!(pages, ["this is a", "this is b", "this is c"]);
}

fn each_path_has_its_page() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    sortie::go(move || web_server::serve(&listener));
    for path in ["/", "/a", "/b?c=d"] {
        let page = web_server::get(&address, path).unwrap();
        assert_eq!(page, format!("you asked for {path}\n"));
    }
}
