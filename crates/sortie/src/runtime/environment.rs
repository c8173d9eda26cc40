//! Settings from the environment.

use super::builder::StartError;
use std::env;
use std::path::PathBuf;
use std::time::Duration;

/// What the environment says.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Environment {
    pub(super) max_procs: Option<usize>,
    pub(super) stack_size: Option<usize>,
    pub(super) schedtrace: Option<Duration>,
    pub(super) trace: Option<PathBuf>,
    pub(super) socket: Option<SocketPlace>,
}

/// Where the socket is to be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SocketPlace {
    Default,
    At(PathBuf),
}

/// Reads it.
pub(super) fn read() -> Result<Environment, StartError> {
    parse(|name| env::var(name).ok().filter(|value| !value.is_empty()))
}

fn parse(get: impl Fn(&str) -> Option<String>) -> Result<Environment, StartError> {
    let mut result = Environment::default();
    for name in ["SORTIE_MAXPROCS", "GOMAXPROCS"] {
        if let Some(value) = get(name) {
            result.max_procs = Some(count(name, &value)?);
            break;
        }
    }
    if let Some(value) = get("SORTIE_STACK_SIZE") {
        result.stack_size = Some(bytes(&value)?);
    }
    result.trace = get("SORTIE_TRACE").map(PathBuf::from);
    result.socket = get("SORTIE_SOCKET").and_then(|value| match &*value {
        "0" => None,
        "1" => Some(SocketPlace::Default),
        _ => Some(SocketPlace::At(PathBuf::from(value))),
    });
    for item in get("SORTIE_DEBUG").unwrap_or_default().split(',') {
        match item.split_once('=') {
            Some(("schedtrace", value)) => {
                let pace = value.parse().ok().filter(|&pace| pace > 0).ok_or_else(|| {
                    StartError::Invalid(
                        "SORTIE_DEBUG",
                        format!("`schedtrace={value}`: expected milliseconds, like 1000"),
                    )
                })?;
                result.schedtrace = Some(Duration::from_millis(pace));
            }
            _ if item.is_empty() => {}
            _ => {
                return Err(StartError::Invalid(
                    "SORTIE_DEBUG",
                    format!("`{item}` is not known; known is `schedtrace=MILLISECONDS`"),
                ));
            }
        }
    }
    Ok(result)
}

fn count(name: &'static str, value: &str) -> Result<usize, StartError> {
    value
        .trim()
        .parse()
        .ok()
        .filter(|&count| count > 0)
        .ok_or_else(|| {
            StartError::Invalid(name, format!("`{value}`: expected a number, 1 at least"))
        })
}

fn bytes(value: &str) -> Result<usize, StartError> {
    let text = value.trim().to_ascii_lowercase();
    let (digits, unit) = match text.strip_suffix(['k', 'm']) {
        Some(digits) if text.ends_with('k') => (digits, 1 << 10),
        Some(digits) => (digits, 1 << 20),
        None => (text.as_str(), 1),
    };
    digits
        .parse::<usize>()
        .ok()
        .and_then(|number| number.checked_mul(unit))
        .filter(|&size| (1..=1 << 40).contains(&size))
        .ok_or_else(|| {
            StartError::Invalid(
                "SORTIE_STACK_SIZE",
                format!("`{value}`: expected bytes, like 65536, 256k or 1m"),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<Environment, String> {
        parse(|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| value.to_string())
        })
        .map_err(|error| error.to_string())
    }

    #[test]
    fn reads_what_is_there() {
        assert_eq!(with(&[]).unwrap(), Environment::default());
        let all = with(&[
            ("SORTIE_MAXPROCS", "3"),
            ("GOMAXPROCS", "5"),
            ("SORTIE_STACK_SIZE", "64K"),
            ("SORTIE_DEBUG", "schedtrace=250"),
        ])
        .unwrap();
        assert_eq!(all.max_procs, Some(3));
        assert_eq!(all.stack_size, Some(64 << 10));
        assert_eq!(all.schedtrace, Some(Duration::from_millis(250)));
        assert_eq!(with(&[("GOMAXPROCS", " 5 ")]).unwrap().max_procs, Some(5));
        let size = |text| with(&[("SORTIE_STACK_SIZE", text)]).unwrap().stack_size;
        assert_eq!(size("1m"), Some(1 << 20));
        assert_eq!(size("70000"), Some(70_000));
    }

    #[test]
    fn knows_where_the_socket_is_to_be() {
        let socket = |text| with(&[("SORTIE_SOCKET", text)]).unwrap().socket;
        assert_eq!(socket("0"), None);
        assert_eq!(socket("1"), Some(SocketPlace::Default));
        let path = PathBuf::from("/run/my.sock");
        assert_eq!(socket("/run/my.sock"), Some(SocketPlace::At(path)));
    }

    #[test]
    fn refuses_nonsense_and_says_what_it_wants() {
        for (name, value) in [
            ("SORTIE_MAXPROCS", "0"),
            ("GOMAXPROCS", "many"),
            ("SORTIE_STACK_SIZE", "-1"),
            ("SORTIE_STACK_SIZE", "99999999m"),
            ("SORTIE_DEBUG", "schedtrace=0"),
            ("SORTIE_DEBUG", "sched=1"),
        ] {
            let message = with(&[(name, value)]).unwrap_err();
            assert!(message.starts_with(name), "{message}");
            assert!(
                message.contains("expected") || message.contains("known"),
                "{message}"
            );
        }
    }
}
