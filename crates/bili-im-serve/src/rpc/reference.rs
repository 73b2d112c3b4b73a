//! The description of the methods, and their page of docs.

use std::fmt::Write;

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::method::Method;

/// The page of docs.
pub(super) fn page(methods: impl Iterator<Item = &'static Method>) -> String {
    let mut page = String::from(
        "# Methods of `bili-im serve`\n\n\
         JSON-RPC 2.0, by `POST /rpc` with `Content-Type: application/json`; batches too. Also over a \
         WebSocket at `/rpc`, a call or a batch in each text, and over standard input with `bili-im \
         serve --stdio`, in each line. There answers come when they are ready, in any order. `cargo \
         xtask docs` writes this page.\n\n\
         `account` names the account. It can be left out when there is one. A number can be given as \
         its digits in a text, and is given so where it may exceed 2^53. `numbers` is a list of \
         them, and `talker` is `{\"user\":\"UID\"}` or `{\"group\":\"ID\"}`. Results are the \
         program's JSON: see [its page](../crates/bili-im-cli/README.md).\n\n\
         Errors have JSON-RPC's codes; -32001 when the token may not do this; and -32000 with the \
         program's error object in `data` (`kind`, `code`, `message`, `advice`, \
         `retry_after_seconds`, `exit_code`; `stored` when it is what an earlier `send` with the \
         same key came to).\n",
    );
    for method in methods {
        // Writing into memory cannot fail.
        let _in_memory = write(&mut page, method);
    }
    page
}

fn write(page: &mut String, method: &Method) -> std::fmt::Result {
    writeln!(page, "\n## `{}`\n", method.name)?;
    let (first, rest) = method.about.split_at_checked(1).unwrap_or_default();
    let first = first.to_uppercase();
    write!(page, "{first}{rest}. {}\n\n", method.needs())?;
    if method.params().next().is_some() {
        page.push_str("| parameter | type | default | |\n|---|---|---|---|\n");
    }
    for param in method.params() {
        let default = match (param.is_needed, param.default()) {
            (true, _) => "needed".to_owned(),
            (false, default) => default.map(|value| value.to_string()).unwrap_or_default(),
        };
        let (name, kind, about) = (param.name, param.kind.word(), param.about);
        writeln!(page, "| `{name}` | {kind} | {default} | {about} |")?;
    }
    if method.params().next().is_some() {
        page.push('\n');
    }
    writeln!(page, "Result: {}.", method.result)
}

/// The description in the form of OpenRPC.
pub(super) fn open_rpc(methods: impl Iterator<Item = &'static Method>) -> Value {
    let mut settings = SchemaSettings::draft07().for_serialize();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    let methods = methods.map(|method| {
        let params = method.params().map(|param| {
            json!({
                "name": param.name,
                "summary": param.about,
                "required": param.is_needed,
                "schema": param.schema(),
            })
        });
        json!({
            "name": method.name,
            "summary": method.about,
            "description": method.needs(),
            "paramStructure": "by-name",
            "params": params.collect::<Vec<_>>(),
            "result": {
                "name": "result",
                "summary": method.result,
                "schema": (method.answers.schema)(&mut generator),
            },
        })
    });
    let methods = methods.collect::<Vec<_>>();
    json!({
        "openrpc": "1.3.2",
        "info": { "title": "bili-im serve", "version": env!("CARGO_PKG_VERSION") },
        "methods": methods,
        "components": { "schemas": generator.take_definitions(true) },
    })
}
