//! The procedural macros of sortie: `#[sortie::main]`, `#[sortie::test]`, and what
//! is behind `select!`.
//!
//! Use them through the `sortie` crate, which documents them.

mod select;

use proc_macro::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Error, ItemFn, ReturnType, parse_macro_input};

/// Runs a program's `main` as the main goroutine.
///
/// The function may return anything that a `main` may: `()`, an exit code, a
/// `Result`.
#[proc_macro_attribute]
pub fn main(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item as ItemFn);
    if function.sig.ident != "main" {
        let message = "#[sortie::main] is for the function `main`; \
                       for tests there is #[sortie::test]";
        return refuse(&function.sig.ident, message);
    }
    expand("#[sortie::main]", arguments, &function, false)
}

/// Runs a test as a goroutine.
///
/// Attributes of the test harness, like `#[should_panic]` and `#[ignore]`, go on
/// the same function.
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item as ItemFn);
    expand("#[sortie::test]", arguments, &function, true)
}

/// What `sortie::chan::select!` passes its tokens on to.
#[doc(hidden)]
#[proc_macro]
pub fn __select(input: TokenStream) -> TokenStream {
    parse_macro_input!(input as select::Select).expand().into()
}

fn refuse(at: &impl Spanned, message: &str) -> TokenStream {
    Error::new(at.span(), message).into_compile_error().into()
}

fn expand(name: &str, arguments: TokenStream, function: &ItemFn, test: bool) -> TokenStream {
    let signature = &function.sig;
    if let Some(argument) = arguments.into_iter().next() {
        let message = format!("{name} takes no arguments");
        return Error::new(argument.span().into(), message)
            .into_compile_error()
            .into();
    }
    if let Some(keyword) = &signature.asyncness {
        let message = "goroutines run plain blocking code: remove `async`, and `.await` with it";
        return refuse(keyword, message);
    }
    if !signature.inputs.is_empty() {
        return refuse(
            &signature.inputs,
            &format!("a function under {name} takes no arguments"),
        );
    }
    if !signature.generics.params.is_empty() {
        return refuse(
            &signature.generics,
            &format!("a function under {name} is not generic"),
        );
    }
    let attributes = &function.attrs;
    let visibility = &function.vis;
    let identifier = &signature.ident;
    let body = &function.block;
    let harness = test.then(|| quote!(#[::core::prelude::v1::test]));
    // A result need not be `Send`; the exit code that it stands for is.
    let expanded = match &signature.output {
        ReturnType::Default => quote! {
            #harness
            #(#attributes)*
            #visibility fn #identifier() {
                ::sortie::run(|| #body)
            }
        },
        ReturnType::Type(_, output) => quote! {
            #harness
            #(#attributes)*
            #visibility fn #identifier() -> ::std::process::ExitCode {
                ::sortie::run(|| {
                    let main = || -> #output { #body };
                    ::std::process::Termination::report(main())
                })
            }
        },
    };
    expanded.into()
}
