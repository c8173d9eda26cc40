//! `select!`: reads the cases, and writes calls of `sortie::chan::__macros`.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Error, Expr, Ident, LitBool, Pat, Result, Token, token};

/// What is in the braces, after what the wrapping macro says.
pub(crate) struct Select {
    /// Path of the crate: `$crate`.
    krate: TokenStream,
    biased: LitBool,
    cases: Vec<Case>,
    default: Option<Default>,
}

struct Case {
    half: Expr,
    /// The message, of a case that sends.
    message: Option<Expr>,
    result: Pat,
    body: TokenStream,
}

struct Default {
    timeout: Option<Expr>,
    body: TokenStream,
}

const EXPECTED: &str = "expected `recv(receiver) -> result => body`, \
     `send(sender, message) -> result => body`, `default => body` or \
     `default(timeout) => body`";

impl Parse for Select {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let (krate, biased);
        syn::parenthesized!(krate in input);
        syn::parenthesized!(biased in input);
        let mut select = Select {
            krate: krate.parse()?,
            biased: biased.parse()?,
            cases: Vec::new(),
            default: None,
        };
        while !input.is_empty() {
            select.parse_case(input)?;
        }
        if select.cases.is_empty() && select.default.is_none() {
            return Err(Error::new(
                Span::call_site(),
                "a select without cases would wait for ever",
            ));
        }
        Ok(select)
    }
}

impl Select {
    fn parse_case(&mut self, input: ParseStream<'_>) -> Result<()> {
        let keyword: Ident = input
            .parse()
            .map_err(|error| Error::new(error.span(), EXPECTED))?;
        match keyword.to_string().as_str() {
            "recv" => {
                let arguments = arguments(input, &keyword, "(receiver)")?;
                let [half] = exactly(arguments, &keyword, "one argument, the receiver")?;
                let result = result(input, &keyword)?;
                let body = body(input)?;
                self.cases.push(Case {
                    half,
                    message: None,
                    result,
                    body,
                });
            }
            "send" => {
                let arguments = arguments(input, &keyword, "(sender, message)")?;
                let [half, message] = exactly(
                    arguments,
                    &keyword,
                    "two arguments, the sender and the message",
                )?;
                let result = result(input, &keyword)?;
                let body = body(input)?;
                self.cases.push(Case {
                    half,
                    message: Some(message),
                    result,
                    body,
                });
            }
            "default" => {
                if self.default.is_some() {
                    return Err(Error::new(
                        keyword.span(),
                        "there can be only one `default` case in a `select!`",
                    ));
                }
                let mut timeout = None;
                if input.peek(token::Paren) {
                    let arguments = arguments(input, &keyword, "(timeout)")?;
                    if !arguments.is_empty() {
                        let [only] = exactly(arguments, &keyword, "one argument, the time-out")?;
                        timeout = Some(only);
                    }
                }
                if input.peek(Token![->]) {
                    return Err(input.error("`default` has no result: expected `=>`"));
                }
                let body = body(input)?;
                self.default = Some(Default { timeout, body });
            }
            _ => return Err(Error::new(keyword.span(), EXPECTED)),
        }
        Ok(())
    }
}

fn arguments(input: ParseStream<'_>, keyword: &Ident, form: &str) -> Result<Vec<Expr>> {
    if !input.peek(token::Paren) {
        return Err(input.error(format!("expected `{form}` after `{keyword}`")));
    }
    let inner;
    syn::parenthesized!(inner in input);
    let list = Punctuated::<Expr, Token![,]>::parse_terminated(&inner)?;
    Ok(list.into_iter().collect())
}

fn exactly<const N: usize>(arguments: Vec<Expr>, keyword: &Ident, what: &str) -> Result<[Expr; N]> {
    arguments
        .try_into()
        .map_err(|_| Error::new(keyword.span(), format!("`{keyword}` takes {what}")))
}

/// `-> pattern`
fn result(input: ParseStream<'_>, keyword: &Ident) -> Result<Pat> {
    if !input.peek(Token![->]) {
        return Err(input.error(format!(
            "expected `-> result` after `{keyword}(...)`, where `result` is a pattern for what \
             `{keyword}` returns"
        )));
    }
    input.parse::<Token![->]>()?;
    Pat::parse_single(input)
}

/// `=> body`, with the comma after it.
fn body(input: ParseStream<'_>) -> Result<TokenStream> {
    if !input.peek(Token![=>]) {
        return Err(input.error("expected `=> body`"));
    }
    input.parse::<Token![=>]>()?;
    if input.peek(token::Brace) {
        let block: TokenTree = input.parse()?;
        if input.peek(Token![;]) {
            return Err(input.error("expected a comma, or nothing, after `}`"));
        }
        input.parse::<Option<Token![,]>>()?;
        return Ok(quote!(#block));
    }
    if input.is_empty() {
        return Err(input.error("expected an expression after `=>`"));
    }
    let expression: Expr = input.parse()?;
    if !input.is_empty() {
        if !input.peek(Token![,]) {
            return Err(input.error("expected a comma after the body of the case"));
        }
        input.parse::<Token![,]>()?;
    }
    Ok(quote!({ #expression }))
}

impl Select {
    pub(crate) fn expand(self) -> TokenStream {
        let Select {
            krate,
            biased,
            cases,
            default,
        } = self;
        if let [
            Case {
                half,
                message: None,
                result,
                body,
            },
        ] = cases.as_slice()
        {
            return single(&krate, (half, result, body), default.as_ref());
        }
        let macros = quote!(#krate::chan::__macros);
        let hidden = |name: &str| Ident::new(name, Span::mixed_site());
        let (list, operation, outcome) = (hidden("cases"), hidden("operation"), hidden("outcome"));
        let halves: Vec<Ident> = (0..cases.len())
            .map(|index| format_ident!("half_{index}", span = Span::mixed_site()))
            .collect();
        let mut bindings = Vec::new();
        let mut entries = Vec::new();
        let mut arms = Vec::new();
        for (index, (case, half)) in cases.iter().zip(&halves).enumerate() {
            let Case { result, body, .. } = case;
            let (kind, make, complete) = match &case.message {
                None => (
                    quote!(Receiver),
                    quote!(receive),
                    quote!(#operation.recv(#half)),
                ),
                Some(message) => (
                    quote!(Sender),
                    quote!(send),
                    quote!(#operation.send(#half, #message)),
                ),
            };
            let found = at(half, &case.half);
            bindings.push(quote!(let #half: &#krate::chan::#kind<_> = #found;));
            entries.push(quote!(#macros::Case::#make(#half, #index)));
            arms.push(quote! {
                #index => {
                    let #outcome = #complete;
                    let #result = #outcome;
                    #body
                }
            });
        }
        let complete = quote! {
            match #operation.index() {
                #(#arms)*
                _ => ::core::unreachable!("there is no such case"),
            }
        };
        let choose = match &default {
            None => quote! {{
                let #operation = #macros::select(&mut #list, #biased);
                #complete
            }},
            Some(Default { timeout, body }) => {
                let call = match timeout {
                    None => quote!(#macros::try_select(&mut #list, #biased)),
                    Some(timeout) => {
                        quote!(#macros::select_timeout(&mut #list, #timeout, #biased))
                    }
                };
                quote! {
                    match #call {
                        ::core::option::Option::Some(#operation) => #complete,
                        ::core::option::Option::None => #body
                    }
                }
            }
        };
        let count = cases.len();
        let inner = quote! {{
            #(#bindings)*
            let mut #list: [#macros::Case<'_>; #count] = [#(#entries),*];
            #choose
        }};
        // Temporaries in the expressions live until the end, as in a `match`.
        cases
            .iter()
            .zip(&halves)
            .rev()
            .fold(inner, |inner, (case, half)| {
                let expression = &case.half;
                quote!(match #expression { ref #half => #inner })
            })
    }
}

/// The same name, at the place of the expression whose value it has: there the
/// compiler says that it is of the wrong type.
fn at(name: &Ident, expression: &Expr) -> Ident {
    let mut name = name.clone();
    name.set_span(name.span().located_at(expression.span()));
    name
}

/// With one case, which receives, there is nothing to choose.
fn single(
    krate: &TokenStream,
    (half, result, body): (&Expr, &Pat, &TokenStream),
    default: Option<&Default>,
) -> TokenStream {
    let receiver = Ident::new("receiver", Span::mixed_site());
    let found = at(&receiver, half);
    let outcome = Ident::new("outcome", Span::mixed_site());
    let chan = quote!(#krate::chan);
    let choose = match default {
        None => quote! {{
            let #outcome = #receiver.recv();
            let #result = #outcome;
            #body
        }},
        Some(default) => {
            let (call, nothing) = match &default.timeout {
                None => (quote!(try_recv()), quote!(TryRecvError::Empty)),
                Some(timeout) => (
                    quote!(recv_timeout(#timeout)),
                    quote!(RecvTimeoutError::Timeout),
                ),
            };
            let otherwise = &default.body;
            quote! {
                match #receiver.#call {
                    ::core::result::Result::Err(#chan::#nothing) => #otherwise
                    #outcome => {
                        let #outcome = #outcome.map_err(|_| #chan::RecvError);
                        let #result = #outcome;
                        #body
                    }
                }
            }
        }
    };
    quote! {
        match #half {
            ref #receiver => {
                let #receiver: &#chan::Receiver<_> = #found;
                #choose
            }
        }
    }
}
