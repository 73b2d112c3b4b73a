//! Whether a value is as a JSON schema says, and has no field that it does not name.

use std::collections::BTreeSet;

use serde_json::Value;

/// Checks a value; `root` is the document that references are in.
pub(crate) fn check(value: &Value, schema: &Value, root: &Value) -> Result<(), String> {
    let named = named_fields(value, schema, root)?;
    let fields = value.as_object().into_iter().flatten();
    match fields
        .map(|(name, _)| name)
        .find(|name| !named.contains(*name))
    {
        Some(name) => Err(format!("{name} is not in {schema}")),
        None => Ok(()),
    }
}

/// Whether a value is of the type, in the list, or the constant that a schema names.
fn is_of_type(value: &Value, schema: &Value) -> bool {
    let is_a = |word: &Value| match word.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_u64() || value.is_i64(),
        Some("number") => value.is_number(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        word => panic!("{word:?}"),
    };
    let is_right = match &schema["type"] {
        Value::Null => true,
        Value::Array(words) => words.iter().any(is_a),
        word => is_a(word),
    };
    let words = schema["enum"].as_array();
    let is_allowed = words.is_none_or(|words| words.contains(value));
    let is_constant = schema.get("const").is_none_or(|constant| constant == value);
    is_right && is_allowed && is_constant
}

/// The fields that a schema names, when the value is as it says.
fn named_fields(value: &Value, schema: &Value, root: &Value) -> Result<BTreeSet<String>, String> {
    let mut named = BTreeSet::new();
    if let Some(reference) = schema["$ref"].as_str() {
        let place = reference.strip_prefix('#').unwrap();
        let target = root.pointer(place);
        let target = target.ok_or_else(|| format!("{reference} is missing"))?;
        named.append(&mut named_fields(value, target, root)?);
    }
    if !is_of_type(value, schema) {
        return Err(format!("{value} is not {schema}"));
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        if value.is_object() && value.get(name.as_str().unwrap()).is_none() {
            return Err(format!("{name} is missing in {value}"));
        }
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        named.insert(name.clone());
        if let Some(value) = value.get(name) {
            check(value, field, root)?;
        }
    }
    if let Some(others) = schema
        .get("additionalProperties")
        .filter(|one| **one != false)
    {
        for (name, value) in value.as_object().into_iter().flatten() {
            if named.insert(name.clone()) {
                check(value, others, root)?;
            }
        }
    }
    for item in value.as_array().into_iter().flatten() {
        check(item, &schema["items"], root)?;
    }
    for parts in ["allOf", "anyOf", "oneOf"] {
        let Some(schemas) = schema[parts].as_array() else {
            continue;
        };
        let fits = schemas.iter().map(|part| named_fields(value, part, root));
        let fits: Vec<_> = fits.collect();
        let must_all_fit = parts == "allOf" || !fits.iter().any(Result::is_ok);
        if let Some(Err(why)) = fits.iter().find(|fit| must_all_fit && fit.is_err()) {
            return Err(why.clone());
        }
        fits.into_iter()
            .flatten()
            .for_each(|mut more| named.append(&mut more));
    }
    // Any value at all.
    if *schema == true || schema.as_object().is_some_and(serde_json::Map::is_empty) {
        named.extend(
            value
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, _)| name.clone()),
        );
    }
    Ok(named)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_schema_does_not_allow_is_noticed() {
        let root = json!({ "here": { "type": "string" } });
        let schema = json!({
            "type": "object",
            "required": ["a"],
            "properties": { "a": { "$ref": "#/here" }, "b": { "type": ["integer", "null"] } },
            "oneOf": [
                { "properties": { "kind": { "const": "x" }, "x": true } },
                { "properties": { "kind": { "const": "y" } } },
            ],
        });
        let fits = |value: Value| check(&value, &schema, &root).is_ok();
        assert!(fits(
            json!({ "a": "1", "b": null, "kind": "x", "x": { "any": 1 } })
        ));
        for wrong in [
            json!({}),
            json!([]),
            json!({ "a": 1 }),
            json!({ "a": "1", "b": "2" }),
            json!({ "a": "1", "c": 1 }),
            json!({ "a": "1", "kind": "z" }),
            json!({ "a": "1", "kind": "y", "x": 1 }),
        ] {
            assert!(!fits(wrong.clone()), "{wrong}");
        }
    }
}
