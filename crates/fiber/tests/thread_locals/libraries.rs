//! Libraries with thread-locals that are loaded while the program runs. Each
//! test has a process of its own, so that it decides what is loaded when.

use crate::process::alone;
use crate::threads::Worker;
use sortie_fiber::{Fiber, Progress, Suspender};
use std::ffi::{CStr, CString, c_void};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Gets, and sets, two variables of the calling thread: one with an initial
/// value, one large without.
const SOURCE: &str = "
    static __thread long initialised MODEL = 4711;
    static __thread long zero[SIZE] MODEL;
    long exchange(long value) {
        long old = initialised;
        if (old != 4711 && zero[SIZE - 1] != old) return -1;
        if (old == 4711 && zero[SIZE - 1] != 0) return -2;
        initialised = zero[SIZE - 1] = value;
        return old;
    }
    void *address(void) { return &initialised; }
";
const INITIAL: i64 = 4711;

/// A folder of libraries, removed at the end.
struct Workshop(PathBuf);

impl Workshop {
    fn new() -> Self {
        let folder = format!("sortie-fiber-libraries-{}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        Workshop(folder)
    }

    /// Compiles a library whose thread-locals follow a certain model.
    fn build(&self, name: &str, model: &str, size: usize) -> PathBuf {
        let source = self.0.join(name).with_extension("c");
        let library = source.with_extension("so");
        std::fs::write(&source, SOURCE).unwrap();
        let output = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1"])
            .arg(format!("-DSIZE={size}"))
            .arg(format!("-DMODEL=__attribute__((tls_model(\"{model}\")))"))
            .arg("-o")
            .args([&library, &source])
            .output()
            .expect("these tests need a C compiler, `cc`");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        library
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A loaded library; stays loaded unless closed.
#[derive(Clone, Copy)]
struct Library {
    handle: usize,
    exchange: Exchange,
    address: Address,
}

type Exchange = unsafe extern "C" fn(i64) -> i64;
type Address = unsafe extern "C" fn() -> *const i64;

impl Library {
    fn open(path: &Path) -> Result<Self, String> {
        let path = CString::new(path.to_str().unwrap()).unwrap();
        // SAFETY: a library of ours, without constructors; the symbols have
        // these types in SOURCE.
        unsafe {
            let handle = libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL);
            if handle.is_null() {
                return Err(CStr::from_ptr(libc::dlerror()).to_str().unwrap().into());
            }
            let symbol = |name: &CStr| libc::dlsym(handle, name.as_ptr());
            let (exchange, address) = (symbol(c"exchange"), symbol(c"address"));
            assert!(!exchange.is_null() && !address.is_null());
            Ok(Library {
                handle: handle.addr(),
                exchange: std::mem::transmute::<*mut c_void, Exchange>(exchange),
                address: std::mem::transmute::<*mut c_void, Address>(address),
            })
        }
    }

    /// Sets the calling thread's variables; returns what they were.
    fn exchange(self, value: i64) -> i64 {
        // SAFETY: the library is loaded.
        unsafe { (self.exchange)(value) }
    }

    fn address(self) -> usize {
        // SAFETY: as above.
        unsafe { (self.address)() }.addr()
    }

    fn close(self) {
        // SAFETY: a handle from dlopen; its functions are not called any more.
        let result = unsafe { libc::dlclose(std::ptr::without_provenance_mut(self.handle)) };
        assert_eq!(result, 0);
    }
}

/// The variables are per fiber, stay where they are, and are new for the next
/// fiber on a stack.
fn works(library: Library) {
    let workers = [Worker::start(), Worker::start()];
    for round in 1..=20 {
        let make = |number: i64| {
            Fiber::<(), (), ()>::new(move |suspender: &Suspender<(), ()>, ()| {
                assert_eq!(library.exchange(number), INITIAL);
                let address = library.address();
                for step in 0..4 {
                    suspender.suspend(());
                    assert_eq!(library.address(), address);
                    assert_eq!(library.exchange(number + step + 1), number + step);
                }
            })
            .unwrap()
        };
        let mut fibers = [make(1000 * round), make(1_000_000 * round)];
        for step in 0..5 {
            fibers = fibers.map(|fiber| {
                let (fiber, progress) = workers[step % 2].resume(fiber, ());
                assert_eq!(progress == Progress::Returned(()), step == 4);
                fiber
            });
        }
    }
    assert!(workers.iter().all(|worker| {
        worker.run(move || library.exchange(5) == INITIAL && library.exchange(INITIAL) == 5)
    }));
}

/// A fiber that asks for the library's variables whenever it is resumed.
fn asks() -> Fiber<Library, i64, i64> {
    Fiber::new(|suspender: &Suspender<Library, i64>, first: Library| {
        let mut library = suspender.suspend(first.exchange(1));
        for value in 2.. {
            library = suspender.suspend(library.exchange(value));
        }
        unreachable!()
    })
    .unwrap()
}

#[test]
fn loaded_before_the_first_fiber() {
    alone("libraries::loaded_before_the_first_fiber", || {
        let workshop = Workshop::new();
        let libraries = [
            ("global-dynamic", 10),
            ("global-dynamic", 10_000),
            ("initial-exec", 10),
        ]
        .map(|(model, size)| {
            let path = workshop.build(&format!("{model}-{size}"), model, size);
            let library = Library::open(&path).unwrap();
            assert_eq!(library.exchange(99), INITIAL);
            library
        });
        for library in libraries {
            works(library);
            assert_eq!(library.exchange(100), 99);
        }
    });
}

#[test]
fn loaded_after_the_first_fiber() {
    alone("libraries::loaded_after_the_first_fiber", || {
        sortie_fiber::check().unwrap();
        let workshop = Workshop::new();
        for size in [1, 10, 10_000] {
            let path = workshop.build(&format!("dynamic-{size}"), "global-dynamic", size);
            works(Library::open(&path).unwrap());
        }
    });
}

#[test]
fn loaded_while_a_fiber_is_suspended() {
    alone("libraries::loaded_while_a_fiber_is_suspended", || {
        let workshop = Workshop::new();
        let path = workshop.build("first", "global-dynamic", 10);
        let mut fiber = asks();
        let first = Library::open(&path).unwrap();
        assert_eq!(fiber.resume(first), Progress::Suspended(INITIAL));
        let path = workshop.build("second", "global-dynamic", 10);
        let second = Library::open(&path).unwrap();
        assert_eq!(fiber.resume(second), Progress::Suspended(INITIAL));
        assert_eq!(fiber.resume(first), Progress::Suspended(1));
        assert_eq!(fiber.resume(second), Progress::Suspended(2));
    });
}

#[test]
fn loaded_by_a_fiber() {
    alone("libraries::loaded_by_a_fiber", || {
        let workshop = Workshop::new();
        let path = workshop.build("by_a_fiber", "global-dynamic", 10);
        let mut fiber = Fiber::<(), Library, i64>::new(move |suspender, ()| {
            let library = Library::open(&path).unwrap();
            assert_eq!(library.exchange(5), INITIAL);
            suspender.suspend(library);
            library.exchange(6)
        })
        .unwrap();
        let Progress::Suspended(library) = fiber.resume(()) else {
            panic!("it suspends");
        };
        works(library);
        assert!(matches!(fiber.resume(()), Progress::Returned(5)));
    });
}

#[test]
fn loaded_and_unloaded_again_and_again() {
    alone("libraries::loaded_and_unloaded_again_and_again", || {
        let workshop = Workshop::new();
        let path = workshop.build("comes_and_goes", "global-dynamic", 10);
        let mut fiber = asks();
        for _ in 0..50 {
            let library = Library::open(&path).unwrap();
            // Its variables are gone with it, so they begin anew.
            assert_eq!(fiber.resume(library), Progress::Suspended(INITIAL));
            let mut other = asks();
            assert_eq!(other.resume(library), Progress::Suspended(INITIAL));
            library.close();
        }
    });
}

#[test]
fn one_that_insists_on_static_memory_comes_too_late() {
    alone(
        "libraries::one_that_insists_on_static_memory_comes_too_late",
        || {
            sortie_fiber::check().unwrap();
            let mut fiber = Fiber::<(), (), ()>::new(|suspender, ()| {
                suspender.suspend(());
            })
            .unwrap();
            fiber.resume(());
            let workshop = Workshop::new();
            // Not even the smallest finds room.
            for (name, source) in [
                (
                    "byte",
                    "__thread char c __attribute__((tls_model(\"initial-exec\"))) = 1; char *address(void) { return &c; }",
                ),
                (
                    "word",
                    "__thread long c __attribute__((tls_model(\"initial-exec\"))) = 1; long *address(void) { return &c; }",
                ),
                (
                    "many",
                    "__thread long c[99] __attribute__((tls_model(\"initial-exec\"))); long *address(void) { return c; }",
                ),
            ] {
                let path = workshop.0.join(name);
                std::fs::write(path.with_extension("c"), source).unwrap();
                let status = Command::new("cc")
                    .args(["-shared", "-fPIC", "-o"])
                    .args([path.with_extension("so"), path.with_extension("c")])
                    .status();
                assert!(status.unwrap().success());
                let Err(error) = Library::open(&path.with_extension("so")) else {
                    panic!("`{name}` was loaded");
                };
                assert!(error.contains("static TLS"), "{error}");
            }
        },
    );
}

/// So many copies of a library, each a module of its own.
fn copies(workshop: &Workshop, count: usize) -> Vec<Library> {
    let original = workshop.build("copied", "global-dynamic", 2);
    (0..count)
        .map(|number| {
            let path = workshop.0.join(format!("copy-{number}.so"));
            std::fs::copy(&original, &path).unwrap();
            Library::open(&path).unwrap()
        })
        .collect()
}

#[test]
fn nine_hundred_loaded_after_the_first_fiber() {
    alone(
        "libraries::nine_hundred_loaded_after_the_first_fiber",
        || {
            let mut before = asks();
            let workshop = Workshop::new();
            let libraries = copies(&workshop, 900);
            let last = *libraries.last().unwrap();
            assert_eq!(before.resume(last), Progress::Suspended(INITIAL));
            // All of them by one fiber, and by the next on its stack.
            for _ in 0..3 {
                let libraries = libraries.clone();
                let mut fiber = Fiber::<(), (), ()>::new(move |suspender, ()| {
                    for (value, library) in (0..).zip(&libraries) {
                        assert_eq!(library.exchange(value), INITIAL);
                    }
                    suspender.suspend(());
                    for (value, library) in (0..).zip(&libraries) {
                        assert_eq!(library.exchange(0), value);
                    }
                })
                .unwrap();
                fiber.resume(());
                assert_eq!(fiber.resume(()), Progress::Returned(()));
            }
            assert_eq!(before.resume(last), Progress::Suspended(1));
            works(last);
        },
    );
}

#[test]
fn three_hundred_loaded_before_the_first_fiber() {
    alone(
        "libraries::three_hundred_loaded_before_the_first_fiber",
        || {
            let workshop = Workshop::new();
            let libraries = copies(&workshop, 300);
            works(libraries[0]);
            works(libraries[299]);
        },
    );
}

#[test]
fn loaded_into_a_namespace_of_its_own_before_the_first_fiber() {
    alone(
        "libraries::loaded_into_a_namespace_of_its_own_before_the_first_fiber",
        || {
            /// With a libc of its own, whose thread-locals are static.
            const SOURCE: &str = "
                #include <errno.h>
                #include <stdlib.h>
                static __thread long calls;
                long parse(const char *text) {
                    errno = 0;
                    long number = strtol(text, 0, 10);
                    if (errno == ERANGE) return -1;
                    char *copy = malloc(number);
                    if (!copy) return -2;
                    free(copy);
                    return number + ++calls;
                }
            ";
            let workshop = Workshop::new();
            let (source, library) = (workshop.0.join("apart.c"), workshop.0.join("apart.so"));
            std::fs::write(&source, SOURCE).unwrap();
            let status = Command::new("cc")
                .args(["-shared", "-fPIC", "-o"])
                .args([&library, &source])
                .status();
            assert!(status.unwrap().success());
            let name = CString::new(library.to_str().unwrap()).unwrap();
            // SAFETY: a library of ours, whose function has that type.
            let parse: unsafe extern "C" fn(*const i8) -> i64 = unsafe {
                let handle = libc::dlmopen(libc::LM_ID_NEWLM, name.as_ptr(), libc::RTLD_NOW);
                assert!(!handle.is_null());
                let symbol = libc::dlsym(handle, c"parse".as_ptr());
                assert!(!symbol.is_null());
                std::mem::transmute::<*mut c_void, _>(symbol)
            };
            // SAFETY: a C string.
            let parse = move |text: &CStr| unsafe { parse(text.as_ptr()) };
            for _ in 0..100 {
                let mut fiber = Fiber::<(), (), ()>::new(move |suspender, ()| {
                    for calls in 1..10 {
                        assert_eq!(parse(c"4000"), 4000 + calls);
                        suspender.suspend(());
                    }
                    assert_eq!(parse(c"99999999999999999999"), -1);
                })
                .unwrap();
                let mut thread = 0;
                while let Progress::Suspended(()) = fiber.resume(()) {
                    thread += 1;
                }
                assert_eq!(thread, 9);
            }
            assert_eq!(parse(c"4000"), 4001);
        },
    );
}
