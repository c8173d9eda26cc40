//! What goes to the operating system: threads, processes, names, backtraces.

use crate::common::{move_about, on_goroutines};
use std::cell::Cell;
use std::io::{Read, Write};
use std::net::ToSocketAddrs;
use std::process::Command;

thread_local! {
    static MARK: Cell<u32> = const { Cell::new(0) };
}

#[test]
fn threads_are_spawned_and_joined() {
    on_goroutines(30, |index| {
        MARK.set(1);
        move_about(1);
        let thread = std::thread::spawn(move || {
            assert_eq!(MARK.get(), 0, "a thread has its own");
            MARK.set(2);
            vec![index; 1000]
        });
        assert_eq!(thread.join().unwrap(), vec![index; 1000]);
        let mut sum = 0;
        std::thread::scope(|s| {
            s.spawn(|| sum += index);
        });
        assert_eq!(sum, index);
        assert_eq!(MARK.get(), 1);
    });
}

#[test]
fn processes_run() {
    on_goroutines(10, |index| {
        move_about(1);
        let output = Command::new("echo")
            .arg(index.to_string())
            .output()
            .unwrap();
        assert_eq!(output.stdout, format!("{index}\n").as_bytes());
        let status = Command::new("sh").args(["-c", "exit 3"]).status().unwrap();
        assert_eq!(status.code(), Some(3));
    });
}

#[test]
fn a_forked_child_runs_rust_before_exec() {
    use std::os::unix::process::CommandExt;
    on_goroutines(5, |_| {
        MARK.set(5);
        move_about(1);
        let mut command = Command::new("true");
        // SAFETY: what runs in the child allocates nothing.
        unsafe {
            command.pre_exec(|| {
                assert_eq!(MARK.get(), 5);
                Ok(())
            });
        }
        assert!(command.status().unwrap().success());
    });
}

#[test]
fn names_are_resolved() {
    on_goroutines(10, |_| {
        for _ in 0..3 {
            let mut found = ("localhost", 80).to_socket_addrs().unwrap();
            assert!(found.any(|address| address.ip().is_loopback()));
            move_about(1);
        }
    });
}

#[test]
fn errors_are_read_after_other_goroutines_failed_otherwise() {
    on_goroutines(20, |index| {
        let code = if index % 2 == 0 {
            libc::ENOENT
        } else {
            libc::EBADF
        };
        for _ in 0..20 {
            // SAFETY: calls that fail without touching memory.
            unsafe {
                if index % 2 == 0 {
                    libc::chdir(c"/no/such/directory".as_ptr());
                } else {
                    libc::close(-1);
                }
            }
            move_about(1);
            assert_eq!(std::io::Error::last_os_error().raw_os_error(), Some(code));
        }
    });
}

#[test]
fn backtraces_are_captured() {
    on_goroutines(10, |_| {
        move_about(1);
        let text = std::backtrace::Backtrace::force_capture().to_string();
        assert!(text.contains("backtraces_are_captured"), "{text}");
    });
}

#[test]
fn files_and_pipes_work() {
    on_goroutines(10, |index| {
        let (mut reader, mut writer) = std::io::pipe().unwrap();
        let text = format!("goroutine {index}");
        writer.write_all(text.as_bytes()).unwrap();
        drop(writer);
        move_about(1);
        let mut read = String::new();
        reader.read_to_string(&mut read).unwrap();
        assert_eq!(read, text);
    });
}

#[test]
fn locales_belong_to_their_goroutine() {
    unsafe extern "C" {
        fn newlocale(mask: i32, name: *const libc::c_char, base: usize) -> usize;
        fn uselocale(locale: usize) -> usize;
        fn freelocale(locale: usize);
    }
    on_goroutines(20, |index| {
        // SAFETY: the locale is freed after it is no longer in use.
        unsafe {
            let before = uselocale(0);
            if index % 2 == 1 {
                move_about(2);
                assert_eq!(uselocale(0), before);
                return;
            }
            const LC_ALL_MASK: i32 = 0x1fbf;
            let mine = newlocale(LC_ALL_MASK, c"C".as_ptr(), 0);
            assert_ne!(mine, 0);
            uselocale(mine);
            move_about(2);
            assert_eq!(uselocale(before), mine);
            freelocale(mine);
        }
    });
}

#[test]
fn user_ids_are_set_for_all_threads() {
    // glibc does it by a signal to each of its threads, which may run goroutines.
    let set = || {
        // SAFETY: sets what is set already.
        unsafe {
            assert_eq!(libc::setgid(libc::getgid()), 0);
            assert_eq!(libc::setuid(libc::getuid()), 0);
        }
    };
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|s| {
        s.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::SeqCst) {
                set();
            }
        });
        on_goroutines(20, |index| {
            for _ in 0..10 {
                if index % 4 == 0 {
                    set();
                }
                move_about(1);
            }
        });
        stop.store(true, std::sync::atomic::Ordering::SeqCst);
    });
}

#[test]
fn deep_recursion_fits_the_stack() {
    fn depth(n: usize) -> usize {
        let frame = std::hint::black_box([n; 16]);
        if n == 0 {
            0
        } else {
            depth(n - 1) + frame[3] - n + 1
        }
    }
    on_goroutines(20, |_| {
        move_about(1);
        assert_eq!(depth(300), 300);
    });
}
